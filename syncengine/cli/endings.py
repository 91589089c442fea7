"""How a command that fails ends: its exit code, one sentence, and with --json a document."""

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
"""What typer raises for a command line it cannot read; the class is not public."""

FAULT = "This is a bug in syncengine"
NO_THREADS = "can't start new thread"
REWORDED = {
    r"Value error, ": "",
    r"(Input should be|\S+ is not) a valid integer.*": "not a whole number",
    r"(Input should be|\S+ is not) a valid (number|float).*": "not a number",
    r"Input should be greater than or equal to (-?\d+).*": r"less than \1",
    r"\S+ is not in the range x>=(-?\d+).*": r"less than \1",
}
"""Plain words in place of those of the library that reads the command line, in each of its releases."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an error is reported; `rule` is the one that forbids it."""

    code: ExitCode
    message: str
    hint: str = ""
    rule: Rule | None = None
    faults: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text on standard error: a sentence, what to do, then faults or rule on lines of their own."""
        rule = [f"({self.rule})"] if self.rule else []
        return "\n".join([f"{self.message} {self.hint}".strip(), *(f"  {fault}" for fault in self.faults), *rule])

    @property
    def document(self) -> dict[str, Any]:
        """The document printed with --json."""
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
    """Return how an error of a command is reported."""
    match error:
        case SyncError():
            rule = error.rule if isinstance(error, RefusedError) else None
            faults = error.faults if isinstance(error, FaultsError) else ()
            return Ending(exit_code_of(error), error.message, error.hint, rule, faults)
        case KeyboardInterrupt() | typer.Abort():
            return Ending(ExitCode.CANCELLED, "Stopped; nothing was written.")
        case MemoryError():
            return Ending(ExitCode.ERROR, "Out of memory.", "Set limits.memory_mb lower, or allow the process more.")
        case OSError():
            return Ending(ExitCode.ERROR, f"The system reports an error: {_of_system(error)}.")
        case _ if isinstance(error, USAGE_ERROR):
            return _of_usage(error)
        case RuntimeError() if str(error) == NO_THREADS:
            return Ending(
                ExitCode.ERROR,
                "The system allows no more threads.",
                "Allow this user more (`ulimit -u`).",
            )
        case _:
            what = traceback.format_exception_only(error)[-1].strip()
            return Ending(
                ExitCode.ERROR,
                f"{FAULT}: {what}.",
                "It has stopped. Run it again with -vv and report the output; `syncengine runs` lists what was done "
                "before.",
            )


def end(error: BaseException, arguments: list[str]) -> ExitCode:
    """Report an error and return its exit code; -vv shows the trace behind it."""
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
    """Return the message of the system, and the file."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{reason} ({error.filename})" if isinstance(error.filename, str) else reason


def _of_usage(error: BaseException) -> Ending:
    """Return how a command line that cannot be read is reported."""
    formatted = str(error.format_message())  # type: ignore[attr-defined]  # typer's errors have it, and are not exported
    if type(error).__name__ == "NoArgsIsHelpError":
        return Ending(ExitCode.USAGE, formatted)
    message = " ".join(formatted.split())
    for words, ours in REWORDED.items():
        message = re.sub(words, ours, message)
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "syncengine")
    return Ending(ExitCode.USAGE, f"{message.rstrip('.')}.", f"`{path} --help` lists the options.")


def _wants_trace(arguments: list[str]) -> bool:
    """Return whether -v was given twice, in any spelling."""
    short = sum(word.count("v") for word in arguments if re.fullmatch("-v+", word))
    return short + arguments.count("--verbose") > 1
