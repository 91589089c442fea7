"""What differs between source and target."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from syncengine.model.bucket import EMPTY, Bucket, BucketState
from syncengine.model.checklist import ChecklistLine
from syncengine.model.cuts import Cut, cut_sentences
from syncengine.model.expected import ExpectedDifference
from syncengine.model.facts import ServerFacts
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.pair import Role
from syncengine.model.remembered_days import ALL_READ, RememberedCounts
from syncengine.model.selection import KeyGroups, Value
from syncengine.model.sides import Sides
from syncengine.model.spec import CompanionFile, TableSpec
from syncengine.model.stretch import Overlap, Stretch, overlap_sentences
from syncengine.model.timetables import SCHEDULES, Timetable, TimetableListing
from syncengine.model.window import Window


class Strength(StrEnum):
    """How a table was compared."""

    FINGERPRINT = "fingerprint"
    """Fingerprints of every bucket, rows of those that differ."""
    EVERY_ROW = "every-row"
    """Every row of every bucket."""


class TableState(StrEnum):
    """Whether a table could be compared."""

    COMPARED = "compared"
    NOT_COMPARABLE = "not-comparable"
    """Its columns differ, or one server lacks it."""
    NOT_READ = "not-read"
    """A server refused to read it, or failed."""
    ABSENT = "absent"
    """Neither server has it."""
    NOTHING = "nothing-to-compare"
    """The request selects no rows of it that both servers can have."""
    NEVER = "never-compared"
    """It belongs to one server (rules 1 and 8)."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that differ: in a key group the smaller surplus counts as changed, the rest as missing or extra."""

    missing: int = 0
    extra: int = 0
    changed: int = 0
    in_missing_groups: int = field(default=0, compare=False)
    """Missing rows whose key group has no row on the target."""

    @property
    def total(self) -> int:
        """All differing rows."""
        return self.missing + self.extra + self.changed

    def __sub__(self, other: Counts) -> Counts:
        return Counts(
            self.missing - other.missing,
            self.extra - other.extra,
            self.changed - other.changed,
            self.in_missing_groups - other.in_missing_groups,
        )

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.missing + other.missing,
            self.extra + other.extra,
            self.changed + other.changed,
            self.in_missing_groups + other.in_missing_groups,
        )


@dataclass(frozen=True, slots=True)
class BucketDrift:
    """One bucket that differs.

    `source` and `target` cover the compared columns; the guards cover all columns, and a write is compared
    with them.
    """

    bucket: Bucket
    source: BucketState = EMPTY
    target: BucketState = EMPTY
    counts: Counts = Counts()
    source_guard: BucketState = EMPTY
    target_guard: BucketState = EMPTY
    stretch: Stretch | None = None
    """The time with intervals of different lengths it is part of: all of that is decided as one."""
    changing: bool = False
    """It changed while it was being compared, twice."""
    only_cuts: bool = False
    """It is outside the compared window, and counts only rows that an outage inside has cut (rule 4)."""
    span: Window | None = field(default=None, compare=False)
    """The interval, day, week or month it is part of; None for rows without a time."""


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One column of a key group with one row on each side."""

    column: str
    source: Value
    target: Value


@dataclass(frozen=True, slots=True)
class KeyGroupDrift:
    """A key group that differs, as a sample for people."""

    bucket: Bucket
    key: tuple[tuple[str, Value], ...]
    source_rows: int
    target_rows: int
    changes: tuple[ChangedValue, ...] = ()


GroupKey = tuple[str | None, ...]
"""The values of a key as text: they identify a key group in any file or database."""


class ChangedBy(StrEnum):
    """Which server has changed a key group since both were last alike."""

    SOURCE = "source"
    TARGET = "target"
    BOTH = "both"
    UNKNOWN = "unknown"
    """No earlier state of the group is remembered."""


@dataclass(frozen=True, slots=True)
class Versions:
    """One column of a key group: its value when both were last alike, and on either server now.

    None also if there is no row, or more than one; the group's counts show which.
    """

    column: str
    last: Value
    source: Value
    target: Value


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A key group that differs, and which server changed it."""

    bucket: Bucket
    key: tuple[tuple[str, Value], ...]
    group_key: GroupKey
    changed_by: ChangedBy
    counts: Counts
    last_rows: int
    """Rows both had when they were last alike; also 0 if nothing is remembered."""
    source_rows: int
    target_rows: int
    versions: tuple[Versions, ...] = ()
    """The columns in which they differ, if no side has more than one row."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The time before which a server may have dropped rows that the other has, or that were requested (rule 12)."""

    before: datetime
    why: str

    @property
    def note(self) -> str:
        """The part of the window that was compared, for people."""
        return f"compared from {self.before:%Y-%m-%d %H:%M}: {self.why}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a table that is compared for one ACD.

    `acd` None is for rows without an ACD or with an unknown one. `requested` is the typed window aligned to whole
    intervals; `window` the part of it that both servers can have. Administration tables have neither.
    """

    acd: int | None
    requested: Window | None = None
    window: Window | None = None
    notes: tuple[str, ...] = ()
    dropped: Dropped | None = None
    """The old end that is not compared; it is in the notes too."""


@dataclass(frozen=True, slots=True)
class BucketExtent:
    """The buckets of one ACD inside its window of which a server has rows: how many, first and last."""

    acd: int | None
    buckets: int
    first: Bucket
    last: Bucket


@dataclass(frozen=True, slots=True)
class TableObservation:
    """One table, compared."""

    spec: TableSpec
    state: TableState
    problem: str = ""
    hint: str = ""
    """What to do about the problem."""
    scopes: tuple[Scope, ...] = ()
    compared: tuple[FingerprintColumn, ...] = ()
    all_columns: tuple[FingerprintColumn, ...] = ()
    uncovered: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Columns no spec describes; compared all the same."""
    strength: Strength = Strength.FINGERPRINT
    buckets_compared: int = 0
    rows_compared: int = 0
    differing: tuple[BucketDrift, ...] = ()
    other_acds: tuple[int | None, ...] = ()
    """ACDs that differ and were not requested."""
    source_extents: tuple[BucketExtent, ...] = ()
    source_rows: int = 0
    target_rows: int = 0
    samples: tuple[KeyGroupDrift, ...] = ()
    notes: tuple[str, ...] = ()
    changes: tuple[GroupChange, ...] | None = None
    """For administration tables that are copied: all key groups that the target changed or only it has, and some of
    the others that differ. None unless a sync compares them with their last synced version."""
    excluded: KeyGroups | None = None
    """Rows that belong to each server, which were not compared."""
    remembered: RememberedCounts = ALL_READ
    """What was not read again, since it is remembered as equal; not included in the counts."""
    expected: tuple[ExpectedDifference, ...] = ()
    """Expected differences: no drift, and never written."""
    overlaps: tuple[Overlap, ...] = ()
    """Rows that begin inside another row of the same key, on either server."""
    cuts: tuple[Cut, ...] = ()
    """Logins, calls and states that an outage has cut on one server or on both; their rows are part of the drift."""
    unwritable: str = ""
    """Why it cannot be written to the target, if that was checked; else empty."""

    @property
    def counts(self) -> Counts:
        """Differing rows of all buckets."""
        return sum((drift.counts for drift in self.differing), Counts())

    @property
    def not_compared(self) -> bool:
        """Say whether it should have been compared and could not be, so that it is not known whether it differs."""
        return self.state in (TableState.NOT_COMPARABLE, TableState.NOT_READ)

    @property
    def differs(self) -> bool:
        """Say whether it has unexpected differences."""
        return bool(self.differing or self.overlaps)

    @property
    def empty(self) -> bool:
        """Say whether neither server has a row of it in the compared window: that proves nothing."""
        compared = self.rows_compared or self.remembered.rows or self.expected or self.excluded is not None
        return self.state is TableState.COMPARED and not (compared or self.differs or self.other_acds)

    def cut_sentences(self, *, times: bool = True) -> tuple[str, ...]:
        """Return what outages have cut, for people; `times` says whether with the times of each."""
        pieces = self.spec.pieces
        return tuple(cut_sentences(self.spec.name, pieces.of, self.cuts, times=times)) if pieces else ()

    @property
    def overlap_sentences(self) -> tuple[str, ...]:
        """Which intervals overlap on which server, for people."""
        return tuple(overlap_sentences(self.spec.name, self.overlaps))

    @property
    def in_sync(self) -> bool:
        """Say whether it was compared where possible and has no unexpected differences."""
        return not (self.not_compared or self.differs)


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything a run needs to know, frozen at one moment."""

    as_of: datetime
    seed: int
    requested: Window | None
    facts: Sides[ServerFacts]
    tables: tuple[TableObservation, ...]
    zone: str
    acds: tuple[int, ...]
    """The requested ACDs; none means all."""
    notes: tuple[str, ...] = field(kw_only=True, default=())
    """Remarks on what no table shows, like the files that go with a set."""
    timetables: TimetableListing | None = field(kw_only=True, default=None)
    """The timetables of both servers, if their tasks were compared."""
    files: tuple[CompanionFile, ...] = field(kw_only=True, default=())
    """The files that go with rows of its tables, or that make up a set: they are not compared."""
    excluded_tables: tuple[TableObservation, ...] = field(kw_only=True, default=())
    """Tables of a set that this pair does not have as part of it, each with why: they are not compared."""
    by_hand: tuple[ChecklistLine, ...] = field(kw_only=True, default=())
    """What people have to make alike, since it is not synchronised by copying."""
    interval_lengths: tuple[tuple[int, int], ...]
    """The interval length each ACD's times are aligned to, in minutes."""

    @property
    def source(self) -> Role:
        """The server whose rows are taken as right."""
        return self.facts.source_role

    @property
    def target(self) -> Role:
        """The server that would be written to."""
        return self.facts.target_role

    @property
    def in_sync(self) -> bool:
        """Say whether nothing differs and every table that should be compared was."""
        return all(table.in_sync for table in self.tables) and not (self.unscheduled or self.only_files)

    @property
    def only_files(self) -> bool:
        """Say whether only files were requested: it is not known whether they are alike."""
        return bool(self.files) and not self.tables

    @property
    def unscheduled(self) -> tuple[Timetable, ...]:
        """Timetables without a schedule on the target, though the source has one: they do not run there."""
        if self.timetables is None or not any(table.spec.name == SCHEDULES for table in self.tables):
            return ()
        return self.timetables.unscheduled(self.target)

    @property
    def empty(self) -> bool:
        """Say whether there were no rows to compare: every compared table is empty on both servers."""
        compared = [table for table in self.tables if table.state is TableState.COMPARED]
        return not (self.not_compared or self.unscheduled) and all(table.empty for table in compared)

    @property
    def differing(self) -> tuple[TableObservation, ...]:
        """The tables with unexpected differences."""
        return tuple(table for table in self.tables if table.differs)

    @property
    def not_compared(self) -> tuple[TableObservation, ...]:
        """The tables that could not be compared."""
        return tuple(table for table in self.tables if table.not_compared)

    @property
    def without_acd(self) -> tuple[TableObservation, ...]:
        """The tables that were not compared, since single ACDs were requested and their rows have no ACD (rule 3)."""
        nothing = (table for table in self.tables if table.state is TableState.NOTHING)
        return tuple(table for table in nothing if self.acds and table.spec.acd is None)

    @property
    def remembered(self) -> RememberedCounts:
        """What was not read again, for all tables together."""
        return sum((table.remembered for table in self.tables if table.remembered.tables), ALL_READ)

    def length(self, acd: int | None) -> int:
        """Return the interval length of an ACD; for rows of no ACD, the longest of all."""
        lengths = dict(self.interval_lengths)
        if acd in lengths:
            return lengths[acd]
        return max(lengths.values(), default=30)
