"""What can go wrong, as one tree.

    SyncError
    ├── InputError            what was typed or written down is wrong
    │   ├── WindowError       a time that cannot be meant
    │   ├── UnknownTableError a table, set or ACD nobody knows
    │   └── FaultsError       a file, each of its faults with its place
    │       ├── PairFileError
    │       └── SpecError     a table spec
    ├── RefusedError          it is forbidden, by a rule of the domain most often: `syncengine.model.refusals`
    ├── OccupiedError         another run writes to the pair
    ├── ServerError           a server did not do what was asked
    │   ├── ServerUnreachableError
    │   ├── ServerLockedError
    │   ├── ServerReadOnlyError
    │   ├── ServerSlowError       it took longer than it may
    │   └── UnknownOutcomeError   a commit was sent and its answer never came
    ├── ExecutorError         an executor from outside did not do what it was handed
    ├── HookFailedError       a hook that was to do a line of a checklist did not
    ├── StagingError          the staging folder
    ├── OutputError           what there is to say could not be written
    ├── ChangedSincePlanError            source or target changed under a step
    ├── StillOpenError        a step that was cut short may still be going on in the server
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

    `hint` says what to try, and is empty where there is nothing to say. It is pickled and copied with all it tells,
    whatever a subclass takes to be made; what caused it is left behind, since that may be of a driver.
    """

    message: str
    hint: str = field(default="", kw_only=True)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self.args), vars(self)


class InputError(SyncError):
    """What the user typed or wrote down cannot be meant."""


class WindowError(InputError):
    """A window that is not a time, runs backwards, or lies where no data can be."""


class UnknownTableError(InputError):
    """A table or set that the catalogue does not hold."""


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
    """What was asked for is forbidden; nothing was written. Each kind of refusal is a class of its own below it."""

    rule: ClassVar[Rule | None] = None
    """The rule of the domain that forbids it; None where it is no rule, but how things are."""
    temporary = False
    """The same may be allowed a little later: it is worth waiting."""


class OccupiedError(SyncError):
    """Another run writes to this pair, and is named; nothing was written."""


@dataclass(eq=False, repr=False, kw_only=True)
class ServerError(SyncError):
    """A server did not do what was asked of it.

    `transient` says that the same again may succeed: what was begun has been rolled back. `crowded` says that
    the server ran out of locks or log for the transaction, or that others held its rows too long: a smaller
    one may get through. `of_whole_server` says that it is no matter of the one table that was asked about.
    """

    transient: bool = False
    retry_smaller: bool = False
    of_whole_server = False


class ServerUnreachableError(ServerError):
    """No connection to the server."""

    of_whole_server = True


class ServerLockedError(ServerError):
    """Another process holds the database."""


class ServerReadOnlyError(ServerError):
    """The server takes no writes."""

    of_whole_server = True


class ServerSlowError(ServerError):
    """A server took longer than it may; what it was asked for was given up."""


class UnknownOutcomeError(ServerError):
    """A commit was sent and nobody knows whether it was done; never retried blindly."""

    of_whole_server = True


class ExecutorError(SyncError):
    """An executor from outside did not do what it was handed: it was shut down, or a process of it ended."""


class HookFailedError(SyncError):
    """A hook that was to carry out a line of a checklist failed; the line is not ticked."""


class StagingError(SyncError):
    """The staging folder cannot be used: missing, full, or held by another run."""


class OutputError(SyncError):
    """Standard output cannot be written: the disk is full, or what it goes to has failed."""


class ChangedSincePlanError(SyncError):
    """Rows changed between the plan and the step that would have written them."""


class StillOpenError(SyncError):
    """The session of a step that was cut short is not known to be gone, so that nothing may touch its rows yet."""


class CancelledError(SyncError):
    """The user stopped the run."""


def _rebuilt(kind: type[SyncError], args: tuple[object, ...]) -> SyncError:
    """Return an error of a kind without what it tells, which is put into it afterwards."""
    return kind.__new__(kind, *args)
