"""Asking the person at the terminal for consent before anything is written."""

from __future__ import annotations

import sys

from syncengine.model.errors import InputError
from syncengine.model.progress import Progress

ANSWERS = {"y": True, "yes": True, "n": False, "no": False, "": False}


class NoTerminal(KeyboardInterrupt):  # it stops a command, as Ctrl-C does: no other fault of a display may
    """Nobody can be asked before writing, and something long would begin."""


class _RefusingProgress:
    """A display that lets nothing long begin: what was typed is looked at, and nothing is compared in vain."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Refuse to begin."""
        del what, total, done
        raise NoTerminal

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


def progress_for_writing(*, consent: bool, json: bool) -> Progress:
    """Return the display of a command that asks before it writes, unless it has `consent` or only looks.

    Where nobody can be asked it raises `NoTerminal` as soon as something long would begin.
    """
    if not consent and _no_terminal(json=json):
        return _RefusingProgress()
    from syncengine.cli.terminal import progress

    return progress()


def refuse_without_terminal(*, json: bool) -> None:
    """Refuse to write without consent where nobody can be asked for it: in a pipe, or where JSON is wanted."""
    if _no_terminal(json=json):
        raise no_terminal_error()


def refuse_removal_without_terminal(*, json: bool) -> None:
    """Refuse to remove a run without consent where nobody can be asked for it."""
    if _no_terminal(json=json):
        raise InputError("There is nobody to ask before it is removed.", hint="Add --yes to remove it.")


def _no_terminal(*, json: bool) -> bool:
    return json or not sys.stdin.isatty()


def no_terminal_error() -> InputError:
    """Return what is said where nobody can be asked before writing."""
    return InputError("There is nobody to ask before writing.", hint="Add --yes to write, or --dry-run to look.")


def confirmed(question: str) -> bool:
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
        agreement = ANSWERS.get(answer.strip().casefold())
        if agreement is not None:
            return agreement
        sys.stderr.write("Type y for yes or n for no.\n")
