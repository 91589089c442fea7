"""Asking the person at the terminal for consent before anything is written."""

from __future__ import annotations

import sys

from syncengine.model.errors import InputError
from syncengine.model.progress import Progress

ANSWERS = {"y": True, "yes": True, "n": False, "no": False, "": False}


class NobodyToAsk(KeyboardInterrupt):  # it stops a command, as Ctrl-C does: no other fault of a display may
    """Nobody can be asked before writing, and something long would begin."""


class _Unattended:
    """A display that lets nothing long begin: what was typed is looked at, and nothing is compared in vain."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Refuse to begin."""
        del what, total, done
        raise NobodyToAsk

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


def progress_before(*, consent: bool, json: bool) -> Progress:
    """Return the display of a command that asks before it writes, unless it has `consent` or only looks.

    Where nobody can be asked it raises `NobodyToAsk` as soon as something long would begin.
    """
    if not consent and _nobody_there(json=json):
        return _Unattended()
    from syncengine.cli.terminal import progress

    return progress()


def refuse_nobody_to_ask(*, json: bool) -> None:
    """Refuse to write without consent where nobody can be asked for it: in a pipe, or where JSON is wanted."""
    if _nobody_there(json=json):
        raise nobody_to_ask()


def refuse_nobody_to_ask_of_removal(*, json: bool) -> None:
    """Refuse to remove a run without consent where nobody can be asked for it."""
    if _nobody_there(json=json):
        raise InputError("There is nobody to ask before it is removed.", hint="Add --yes to remove it.")


def _nobody_there(*, json: bool) -> bool:
    return json or not sys.stdin.isatty()


def nobody_to_ask() -> InputError:
    """Return what is said where nobody can be asked before writing."""
    return InputError("There is nobody to ask before writing.", hint="Add --yes to write, or --dry-run to look.")


def agreed(question: str) -> bool:
    """Ask until the answer is yes or no, and return it; nothing but Enter is no, as is the end of the input.

    The question goes to standard error, so that it is seen where the report goes to a file.
    """
    while True:
        sys.stdout.flush()
        sys.stderr.write(f"{question} [y/N]: ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer:
            sys.stderr.write("\n")
            return False
        told = ANSWERS.get(answer.strip().casefold())
        if told is not None:
            return told
        sys.stderr.write("Type y for yes or n for no.\n")
