"""What can go wrong, as one tree.

    SyncError
    ├── InputError            something typed, or written in a file, is wrong
    │   ├── WindowError       not a valid time
    │   ├── UnknownTableError a table, set or ACD that is not known
    │   └── FaultsError       a file with faults, each with its place
    │       ├── PairFileError
    │       └── SpecError     a table spec
    ├── RefusedError          forbidden, mostly by a rule of the domain: `syncengine.model.refusals`
    ├── OccupiedError         another run writes to the pair
    ├── ServerError           a server failed
    │   ├── ServerUnreachableError
    │   ├── ServerLockedError
    │   ├── ServerReadOnlyError
    │   ├── ServerSlowError       it took longer than it may
    │   └── UnknownOutcomeError   a commit was sent and never answered
    ├── ExecutorError         an executor of the caller's failed
    ├── HookFailedError       a hook for a line of a checklist failed
    ├── StagingError          the staging folder
    ├── OutputError           the output could not be written
    ├── ChangedSincePlanError source or target changed since the plan was made
    ├── StillOpenError        a step that was cut short may still be running on the server
    └── CancelledError        the user stopped it

Every error is one sentence that says what is wrong and where, and, as `hint`, what to type instead.
Exit codes are given in one place, `syncengine.cli.exit_codes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from syncengine.model.rules import Rule


@dataclass(eq=False, repr=False)
class SyncError(Exception):
    """Anything syncengine raises on purpose.

    `hint` says what to try instead, and may be empty. Errors are pickled and copied with all their attributes, whatever
    arguments a subclass takes; their cause is not pickled, since it may be an error of a driver.
    """

    message: str
    hint: str = field(default="", kw_only=True)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self.args), vars(self)


class InputError(SyncError):
    """Something the user typed, or wrote in a file, is wrong."""


class WindowError(InputError):
    """A window that is not a time, runs backwards, or is outside the years a CMS can have."""


class UnknownTableError(InputError):
    """A table or set that the catalogue does not have."""


@dataclass(eq=False, repr=False)
class FaultsError(InputError):
    """A file with faults; `faults` lists every one of them with its place."""

    faults: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {fault}" for fault in self.faults)])


class PairFileError(FaultsError):
    """A pair file with faults."""


class SpecError(FaultsError):
    """Table specs with faults."""


class RefusedError(SyncError):
    """The request is forbidden; nothing was written. Each kind of refusal is a subclass."""

    rule: ClassVar[Rule | None] = None
    """The rule of the domain that forbids it; None if the state of the pair does, not a rule."""
    temporary = False
    """The same request may be allowed a little later: it is worth waiting."""


class OccupiedError(SyncError):
    """Another run writes to this pair; nothing was written."""


@dataclass(eq=False, repr=False, kw_only=True)
class ServerError(SyncError):
    """A server failed.

    `transient` says that a retry may succeed: the transaction has been rolled back. `retry_smaller` says that
    the server ran out of locks or log for the transaction, or that others locked its rows too long: a smaller
    transaction may succeed. `of_whole_server` says that the fault is not limited to the table of the query.
    """

    transient: bool = False
    retry_smaller: bool = False
    of_whole_server = False


class ServerUnreachableError(ServerError):
    """No connection to the server."""

    of_whole_server = True


class ServerLockedError(ServerError):
    """Another process has locked the database."""


class ServerReadOnlyError(ServerError):
    """The server takes no writes."""

    of_whole_server = True


class ServerSlowError(ServerError):
    """A server took longer than it may; the query was cancelled."""


class UnknownOutcomeError(ServerError):
    """A commit was sent and it is not known whether it was done; never retried blindly."""

    of_whole_server = True


class ExecutorError(SyncError):
    """An executor of the caller's failed: it was shut down, or one of its processes ended."""


class HookFailedError(SyncError):
    """A hook for a line of a checklist failed; the line is not ticked."""


class StagingError(SyncError):
    """The staging folder cannot be used: missing, full, or in use by another run."""


class OutputError(SyncError):
    """Standard output cannot be written: the disk is full, or the receiver has failed."""


class ChangedSincePlanError(SyncError):
    """Rows changed between the plan and the step that would have written them."""


class StillOpenError(SyncError):
    """The session of a step that was cut short may still be active, so that its rows must not be written yet."""


class CancelledError(SyncError):
    """The user stopped the run."""


def _rebuilt(kind: type[SyncError], args: tuple[object, ...]) -> SyncError:
    """Return an error of a kind without attributes; unpickling sets them afterwards."""
    return kind.__new__(kind, *args)
