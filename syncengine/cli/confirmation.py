"""Confirmation by the user at the terminal, before anything is written."""

from __future__ import annotations

import sys

from syncengine.model.errors import InputError
from syncengine.model.progress import Progress

ANSWERS = {"y": True, "yes": True, "n": False, "no": False, "": False}


class NoTerminal(KeyboardInterrupt):  # it stops a command, as Ctrl-C does: no other fault of a display may
    """No terminal to confirm at, and something long would begin."""


class _RefusingProgress:
    """A display that lets nothing long begin: the options are checked, and nothing is compared in vain."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Refuse to begin."""
        del what, total, done
        raise NoTerminal

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


def progress_for_writing(*, consent: bool, json: bool) -> Progress:
    """Return the display of a command that asks before it writes, unless it has `consent` or writes nothing.

    Without a terminal it raises `NoTerminal` as soon as something long would begin.
    """
    if not consent and _no_terminal(json=json):
        return _RefusingProgress()
    from syncengine.cli.terminal import progress

    return progress()


def refuse_without_terminal(*, json: bool) -> None:
    """Refuse to write without consent where no question can be asked: in a pipe, or with --json."""
    if _no_terminal(json=json):
        raise no_terminal_error()


def refuse_removal_without_terminal(*, json: bool) -> None:
    """Refuse to remove a run without consent where no question can be asked."""
    if _no_terminal(json=json):
        raise InputError("Cannot ask for confirmation: no terminal.", hint="Add --yes to remove the run.")


def _no_terminal(*, json: bool) -> bool:
    return json or not sys.stdin.isatty()


def no_terminal_error() -> InputError:
    """Return the error of a command that cannot ask before it writes."""
    return InputError(
        "Cannot ask for confirmation: no terminal.", hint="Add --yes to write, or --dry-run to see the plan."
    )


def confirmed(question: str) -> bool:
    """Ask until the answer is yes or no, and return it; Enter alone is no, and so is the end of the input.

    The question goes to standard error, so that it is seen when the report goes to a file.
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
