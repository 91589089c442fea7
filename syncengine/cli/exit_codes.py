"""The one place where errors become exit codes."""

from __future__ import annotations

from enum import IntEnum

from syncengine.model.errors import (
    CancelledError,
    ChangedSincePlanError,
    InputError,
    OccupiedError,
    RefusedError,
    StillOpenError,
    SyncError,
)


class ExitCode(IntEnum):
    """The exit codes of commands."""

    DONE = 0
    """In sync, or done."""
    ERROR = 1
    """A server or the staging folder failed."""
    USAGE = 2
    """The command line or a file is invalid."""
    DRIFT = 3
    """Drift was found, or remains."""
    REFUSED = 4
    """A rule forbids it, or another run writes to the pair; nothing was written."""
    PARTLY = 5
    """Some steps were done, others were not."""
    CANCELLED = 130
    """The user stopped it."""


def exit_code_of(error: SyncError) -> ExitCode:
    """Return the exit code of an error, most specific first."""
    match error:
        case CancelledError():
            return ExitCode.CANCELLED
        case RefusedError() | OccupiedError():
            return ExitCode.REFUSED
        case InputError():
            return ExitCode.USAGE
        case ChangedSincePlanError() | StillOpenError():
            return ExitCode.PARTLY
        case _:
            return ExitCode.ERROR
