"""How a command ends that did not do what it should: its exit code, one sentence, and with --json a document."""

from __future__ import annotations

import re
import sys
import traceback
from dataclasses import dataclass
from typing import Any

import typer

from syncengine.cli.exit_codes import ExitCode, exit_code_of
from syncengine.cli.streams import print_document, warn
from syncengine.model.errors import FaultsError, OutputError, RefusedError, SyncError
from syncengine.model.rules import Rule

USAGE_ERROR = next(one for one in typer.BadParameter.__mro__ if one.__name__ == "ClickException")
"""What typer raises for a command line it cannot read; it names the class nowhere in public."""

FAULT = "This is a fault of syncengine"
NO_THREADS = "can't start new thread"
REWORDED = {
    r"Value error, ": "",
    r"(Input should be|\S+ is not) a valid integer.*": "that is not a whole number",
    r"(Input should be|\S+ is not) a valid (number|float).*": "that is no number",
    r"Input should be greater than or equal to (-?\d+).*": r"that is less than \1",
    r"\S+ is not in the range x>=(-?\d+).*": r"that is less than \1",
}
"""What stands for words of the library that reads the command line, in each of its releases."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What is said of an error; `rule` is the one that forbids what was asked."""

    code: ExitCode
    message: str
    hint: str = ""
    rule: Rule | None = None
    faults: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is said of it on standard error: a sentence, what to do, then faults or rule on lines of their own."""
        rule = [f"({self.rule})"] if self.rule else []
        return "\n".join([f"{self.message} {self.hint}".strip(), *(f"  {fault}" for fault in self.faults), *rule])

    @property
    def document(self) -> dict[str, Any]:
        """What is said of it with --json."""
        return {
            "format": "syncengine.error",
            "version": 1,
            "code": int(self.code),
            "message": self.message,
            "hint": self.hint,
            "rule": self.rule and self.rule.number,
            "rule_name": self.rule and self.rule.name,
            "faults": list(self.faults),
        }


def ending_of(error: BaseException) -> Ending:
    """Return what is said of whatever a command has raised."""
    match error:
        case SyncError():
            rule = error.rule if isinstance(error, RefusedError) else None
            faults = error.faults if isinstance(error, FaultsError) else ()
            return Ending(exit_code_of(error), error.message, error.hint, rule, faults)
        case KeyboardInterrupt() | typer.Abort():
            return Ending(ExitCode.CANCELLED, "Stopped; nothing was written.")
        case MemoryError():
            return Ending(
                ExitCode.ERROR, "The system gives no more memory.", "Set limits.memory_mb lower, or allow it more."
            )
        case OSError():
            return Ending(ExitCode.ERROR, f"The system does not do what was asked: {_of_system(error)}.")
        case _ if isinstance(error, USAGE_ERROR):
            return _of_usage(error)
        case RuntimeError() if str(error) == NO_THREADS:
            return Ending(
                ExitCode.ERROR,
                "The system gives no more threads.",
                "Allow this user more (`ulimit -u`).",
            )
        case _:
            what = traceback.format_exception_only(error)[-1].strip()
            return Ending(
                ExitCode.ERROR,
                f"{FAULT}: {what}.",
                "Nothing more is done. Run it again with -vv and report what that shows; `syncengine runs` says "
                "what was done before.",
            )


def end(error: BaseException, arguments: list[str]) -> ExitCode:
    """Say what a command ends with, and return its exit code; -vv shows the trace behind it."""
    ending = ending_of(error)
    if _wants_trace(arguments) and isinstance(error, Exception):
        warn("".join(traceback.format_exception(error)).rstrip())
    if "--json" in arguments and not isinstance(error, OutputError):
        try:
            print_document(ending.document)
            sys.stdout.flush()
        except OutputError as unwritten:
            ending = ending_of(unwritten)
    warn(ending.text)
    return ending.code


def _of_system(error: OSError) -> str:
    """Return what the system said, and of which file."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{reason} ({error.filename})" if isinstance(error.filename, str) else reason


def _of_usage(error: BaseException) -> Ending:
    """Return what is said of a command line that cannot be read."""
    formatted = str(error.format_message())  # type: ignore[attr-defined]  # typer's errors have it, and are not exported
    if type(error).__name__ == "NoArgsIsHelpError":
        return Ending(ExitCode.USAGE, formatted)
    message = " ".join(formatted.split())
    for words, ours in REWORDED.items():
        message = re.sub(words, ours, message)
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "syncengine")
    return Ending(ExitCode.USAGE, f"{message.rstrip('.')}.", f"`{path} --help` says what can be typed.")


def _wants_trace(arguments: list[str]) -> bool:
    """Say whether -v was given twice, in any spelling."""
    short = sum(word.count("v") for word in arguments if re.fullmatch("-v+", word))
    return short + arguments.count("--verbose") > 1
