"""A run as recorded in its folder: its request, the result of each batch, how it ended."""

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
    """The kind of a run."""

    RESYNC = "resync"
    SYNC = "sync"
    BACKFILL = "backfill"
    UNDO = "undo"
    TIMETABLES = "timetables"
    """An edit of where timetables run."""


class RunState(StrEnum):
    """The state of a run."""

    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly done"
    """It ended, and some of its steps were not done: their rows had changed, or it was stopped."""
    CUT_SHORT = "cut short"
    """Its process ended without recording that."""
    DAMAGED = "damaged"
    """A file of its folder is damaged or missing: it can neither be resumed nor undone."""


class BatchState(StrEnum):
    """The last known state of a batch."""

    OPEN = "open"
    """Its transaction was begun; the target's rows show whether it was committed."""
    DONE = "done"
    CHANGED = "changed"
    FAILED = "failed"
    """The server failed, and it is rolled back."""
    ROLLED_BACK = "rolled back"
    """Checked after a crash: the target is as before."""
    UNKNOWN = "unknown"
    """Checked after a crash: the target is neither as before nor as it should be after it."""


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
        """Return the image that `as_data` was called on."""
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
    """Which buckets of which step of which portion a batch writes: those from `first` up to before `past`."""

    portion: int
    step: int
    first: int
    past: int

    def piece(self, table: str) -> str:
        """Return the beginning of the file names of its pieces."""
        return f"{self.portion:04d}-{self.step:05d}-{self.first:04d}-{self.past:04d}-{file_name(table)}"


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One batch, as recorded in the marks."""

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

    @property
    def places(self) -> frozenset[tuple[Role, str, int | None, date | None]]:
        """The servers, tables, ACDs and days that it writes, or has rows of."""
        return frozenset(
            (self.into, part.table, bucket.acd, bucket.row_date)
            for part in self.parts
            for image in (part.before, part.after)
            for bucket, *_ in image.states
        )


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What is recorded when a run begins. `number` orders runs, independent of the clock; 0 is unknown."""

    id: str
    number: int
    kind: RunKind
    begun: datetime
    seed: int
    about: str
    """The request, for people."""
    undoes: str = ""
    request: BackfillRequest | None = None
    """The request of a backfill."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as recorded in its folder. The numbers of a damaged one are those that can still be read."""

    header: RunHeader
    state: RunState
    steps: int = 0
    """Steps of all portions planned so far."""
    portions: int = 0
    """Portions whose plan is saved."""
    portions_planned: int = 1
    is_cut: bool = False
    """Whether it is a backfill that is cut into portions, so that it can be resumed before any is planned."""
    portions_saved: tuple[int, ...] = ()
    """The numbers of these portions."""
    portion_records: tuple[PortionRecord, ...] = ()
    """Portions of a backfill that were done and compared again."""
    batches: tuple[BatchRecord, ...] = ()
    """The last record of each batch, in the order they were begun."""
    steps_done: int = 0
    ended: datetime | None = None
    stopped: str = ""
    waiting: str = ""
    """What it waits for now, while it runs."""
    in_sync: bool | None = None
    """The result of the comparison after it; None if there was none."""
    differs: bool | None = None
    """Whether anything differed then, in the tables that could be compared."""
    not_compared: tuple[str, ...] = ()
    """The tables that could not be compared then."""
    hooks: tuple[HookRecord, ...] = ()
    """Each run of a hook, in order."""
    bytes_saved: int = 0
    problem: str = ""
    """What is wrong with its folder, for a damaged run."""
    unsure: bool = False
    """Whether its marks are unreliable: it may have written, or be writing, rows that they do not record."""
    side_effects: tuple[TableSideEffect, ...] = ()
    """Its side effects on other rows, as found when it wrote: no journal has these rows."""
    side_effects_unknown: tuple[SideEffectsUnknown, ...] = ()
    """The tables for which the side effects of their last batch are not known."""
    granted: Permission = NO_PERMISSION
    """Side effects allowed beyond those in its plans: when a backfill was begun, or by a resume."""
    needs: Permission = NO_PERMISSION
    """Side effects to allow before it can be resumed, if it stopped because of them."""
    lost_journals: tuple[str, ...] = ()
    """Its journals that are missing or damaged, as far as they were checked: it cannot be undone."""

    @property
    def id(self) -> str:
        """Its id."""
        return self.header.id

    @property
    def portions_done(self) -> tuple[int, ...]:
        """The numbers of the portions of a backfill that were done and compared again."""
        return tuple(found.number for found in self.portion_records)

    @property
    def header_known(self) -> bool:
        """Say whether the request of the run is known."""
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
        """Say whether a hook after the run may not be done, so that it can be run again."""
        return any(record.state is not HookState.DONE for record in in_effect(self.hooks).values())

    @property
    def planned(self) -> bool:
        """Say whether it is known what it should write."""
        return self.portions > 0 or self.is_cut

    @property
    def resumable(self) -> bool:
        """Say whether it can be resumed; steps whose rows have changed since planning are not retried."""
        return self.state is RunState.CUT_SHORT or (self.state is RunState.PARTLY and bool(self.stopped))


def undone_by(run: RunRecord, runs: Iterable[RunRecord]) -> str:
    """Return the id of the last run that has undone something of another one, or nothing."""
    return next((one.id for one in reversed(tuple(runs)) if one.header.undoes == run.id and one.done), "")


def resumable_runs(runs: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    """Return the runs that can be resumed, in order: undone ones are not included."""
    return tuple(run for run in runs if run.resumable and run.planned and not undone_by(run, runs))


def left_in_single_user_mode(runs: Iterable[RunRecord], lists: Iterable[HookRecord] = ()) -> tuple[Role, ...]:
    """Return the servers that a hook has put in single-user mode, and none has returned to multi-user mode."""
    ended = [run for run in runs if run.state is not RunState.RUNNING]
    return in_single_user_mode(sorted_by_number((*(one for run in ended for one in run.hooks), *lists)))
