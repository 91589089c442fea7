"""A run as the ledger has it: what it was begun for, what became of each batch, how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.file_checksum import FileChecksum
from syncengine.model.hooks import HookRecord, HookState, in_effect, in_single_user_mode, sorted_by_number
from syncengine.model.names import file_name
from syncengine.model.pair import Role
from syncengine.model.permission import NO_PERMISSION, Permission
from syncengine.model.portions import BackfillRequest, PortionRecord
from syncengine.model.surroundings import SideEffectsUnknown, TableSideEffect


class RunKind(StrEnum):
    """What a run was begun as."""

    RESYNC = "resync"
    SYNC = "sync"
    BACKFILL = "backfill"
    UNDO = "undo"
    TIMETABLES = "timetables"
    """An edit of where timetables run."""


class RunState(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly done"
    """It ended, and some of its steps were left: their rows had moved, or it was stopped."""
    CUT_SHORT = "cut short"
    """Its process ended without a word."""
    DAMAGED = "damaged"
    """A file of its folder is not as it was written, or gone: it is neither gone on with nor taken back."""


class BatchState(StrEnum):
    """The last that is known of a batch."""

    OPEN = "open"
    """Its transaction was begun; whether it was committed the target tells."""
    DONE = "done"
    CHANGED = "moved"
    FAILED = "failed"
    """The server did not do it, and it is rolled back."""
    ROLLED_BACK = "rolled back"
    """Looked at after a crash: the target is as it was before."""
    UNKNOWN = "unknown"
    """Looked at after a crash: the target is neither as before nor as it should be."""


@dataclass(frozen=True, slots=True)
class Image:
    """Rows, fingerprint and digest of each bucket of a table's part that has rows, in order."""

    states: tuple[tuple[Bucket, int, int, str], ...]

    def by_bucket(self) -> dict[Bucket, BucketState]:
        """Return the states by bucket, as a plan has them."""
        return {bucket: BucketState(rows, total, digest=digest) for bucket, rows, total, digest in self.states}

    def as_data(self) -> list[list[Any]]:
        """Return it as plain data for a mark."""
        return [
            [b.row_date.isoformat() if b.row_date else None, b.slot, b.acd, rows, total, digest]
            for b, rows, total, digest in self.states
        ]

    @classmethod
    def from_data(cls, data: list[list[Any]]) -> Image:
        """Return what `as_data` was made from."""
        return cls(
            tuple(
                (Bucket(date.fromisoformat(day) if day else None, slot, acd), rows, total, digest)
                for day, slot, acd, rows, total, digest in data
            )
        )


@dataclass(frozen=True, slots=True)
class PartRecord:
    """What a batch does to one table: its rows before and after, how many are deleted and inserted, and their files."""

    table: str
    before: Image
    after: Image
    deleted: int
    inserted: int
    journal: FileChecksum
    insert: FileChecksum


@dataclass(frozen=True, slots=True, order=True)
class BatchPlace:
    """Which buckets of which step of which portion a batch holds: those from `first` up to before `past`."""

    portion: int
    step: int
    first: int
    past: int

    def piece(self, table: str) -> str:
        """Return what the names of its pieces begin with."""
        return f"{self.portion:04d}-{self.step:05d}-{self.first:04d}-{self.past:04d}-{file_name(table)}"


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """What the marks say of one batch."""

    place: BatchPlace
    state: BatchState
    at: datetime
    into: Role
    session: str
    parts: tuple[PartRecord, ...]
    seconds: float = 0.0
    why: str = ""

    @property
    def deleted(self) -> int:
        """Rows it deletes."""
        return sum(part.deleted for part in self.parts)

    @property
    def inserted(self) -> int:
        """Rows it inserts."""
        return sum(part.inserted for part in self.parts)


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What is known of a run from its beginning. `number` orders runs, whatever the clock was set to; 0 is unknown."""

    id: str
    number: int
    kind: RunKind
    begun: datetime
    seed: int
    about: str
    """What was asked for, for people."""
    undoes: str = ""
    request: BackfillRequest | None = None
    """What a backfill was asked for."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as its folder tells it. Of a damaged one all numbers are of what can still be read."""

    header: RunHeader
    state: RunState
    steps: int = 0
    """Steps of all portions that were planned so far."""
    portions: int = 0
    """Portions whose plan is kept."""
    portions_planned: int = 1
    is_cut: bool = False
    """Whether it is a backfill that is cut into portions, so that it can be gone on with before any is planned."""
    portions_saved: tuple[int, ...] = ()
    """Their numbers."""
    portion_records: tuple[PortionRecord, ...] = ()
    """Portions of a backfill that were done and looked at afresh."""
    batches: tuple[BatchRecord, ...] = ()
    """One a batch: the last that is known of it, in the order they were begun."""
    steps_done: int = 0
    ended: datetime | None = None
    stopped: str = ""
    waiting: str = ""
    """What it waits for at this moment, while it runs."""
    in_sync: bool | None = None
    """What the fresh look after it found; None where there was none."""
    differs: bool | None = None
    """Whether anything differed then, of what could be compared."""
    not_compared: tuple[str, ...] = ()
    """The tables that could not be compared then."""
    hooks: tuple[HookRecord, ...] = ()
    """Every time a hook was run, in order."""
    bytes_saved: int = 0
    problem: str = ""
    """What is wrong with its folder, for a damaged run."""
    unsure: bool = False
    """Whether its marks cannot be relied on: it may have written, or be in the middle of writing, what is not told."""
    side_effects: tuple[TableSideEffect, ...] = ()
    """What it has set off beside the rows it wrote, as it was found when they were written: no journal holds that."""
    side_effects_unknown: tuple[SideEffectsUnknown, ...] = ()
    """The tables of which it is not known what their last batch set off."""
    granted: Permission = NO_PERMISSION
    """What was allowed to be set off beside what its plans name: when a backfill was begun, or by a resume."""
    needs: Permission = NO_PERMISSION
    """What has to be allowed before it can go on, where it ended for that."""
    lost_journals: tuple[str, ...] = ()
    """Which of its journals are gone or not as they were written, as far as was looked: it cannot be taken back."""

    @property
    def id(self) -> str:
        """Its id."""
        return self.header.id

    @property
    def portions_done(self) -> tuple[int, ...]:
        """The numbers of the portions of a backfill that were done and looked at afresh."""
        return tuple(found.number for found in self.portion_records)

    @property
    def header_known(self) -> bool:
        """Say whether it is known what the run was begun for."""
        return self.header.number > 0

    @property
    def unresolved(self) -> tuple[BatchRecord, ...]:
        """Batches whose outcome is not known."""
        return tuple(batch for batch in self.batches if batch.state is BatchState.OPEN)

    @property
    def done(self) -> tuple[BatchRecord, ...]:
        """Batches that were committed, in order."""
        return tuple(batch for batch in self.batches if batch.state is BatchState.DONE)

    @property
    def hooks_open(self) -> bool:
        """Say whether a hook that comes after the run is not known to be done, so that it can be tried again."""
        return any(record.state is not HookState.DONE for record in in_effect(self.hooks).values())

    @property
    def planned(self) -> bool:
        """Say whether it is known what it was to write."""
        return self.portions > 0 or self.is_cut

    @property
    def resumable(self) -> bool:
        """Say whether something of it is left that can be done: not what was left since its rows had moved."""
        return self.state is RunState.CUT_SHORT or (self.state is RunState.PARTLY and bool(self.stopped))


def undone_by(run: RunRecord, runs: Iterable[RunRecord]) -> str:
    """Return the last run that has taken back something of another one, or nothing."""
    return next((one.id for one in reversed(tuple(runs)) if one.header.undoes == run.id and one.done), "")


def resumable_runs(runs: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    """Return the runs that can be gone on with, in order: one that was taken back is not among them."""
    return tuple(run for run in runs if run.resumable and run.planned and not undone_by(run, runs))


def left_in_single_user_mode(runs: Iterable[RunRecord], lists: Iterable[HookRecord] = ()) -> tuple[Role, ...]:
    """Return the servers that a hook of a run or of a checklist has put in single-user mode, and none has put back."""
    ended = [run for run in runs if run.state is not RunState.RUNNING]
    return in_single_user_mode(sorted_by_number((*(one for run in ended for one in run.hooks), *lists)))
