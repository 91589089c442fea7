"""What differs between source and target, as observed."""

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
    """How a verdict was reached."""

    FINGERPRINT = "fingerprint"
    """Fingerprints of every bucket, rows of those that differ."""
    EVERY_ROW = "every-row"
    """Every row of every bucket."""


class TableState(StrEnum):
    """Whether a table could be compared at all."""

    COMPARED = "compared"
    NOT_COMPARABLE = "not-comparable"
    """Its columns differ, or one server lacks it."""
    NOT_READ = "not-read"
    """A server did not let it be read, or failed at it."""
    ABSENT = "absent"
    """Neither server has it."""
    NOTHING = "nothing-to-compare"
    """What was asked for selects nothing of it that both servers can be asked about."""
    NEVER = "never-compared"
    """It belongs to one server (rules 1 and 8)."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that differ: in a key group the smaller surplus is changed, the rest missing or extra."""

    missing: int = 0
    extra: int = 0
    changed: int = 0
    in_missing_groups: int = field(default=0, compare=False)
    """Those of the missing rows whose whole key group the target lacks."""

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

    `source` and `target` cover the compared columns; the guards cover all columns and are what a write
    is held against.
    """

    bucket: Bucket
    source: BucketState = EMPTY
    target: BucketState = EMPTY
    counts: Counts = Counts()
    source_guard: BucketState = EMPTY
    target_guard: BucketState = EMPTY
    stretch: Stretch | None = None
    """Where it lies in a time that is cut into intervals of different lengths: all of that is decided as one."""
    changing: bool = False
    """It changed while it was being compared, twice."""
    only_cuts: bool = False
    """It lies outside what is compared, and counts only what an outage inside has cut (rule 4)."""
    span: Window | None = field(default=None, compare=False)
    """The interval, day, week or month it lies in; None for rows without a time."""


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One column of a key group with one row on each side."""

    column: str
    source: Value
    target: Value


@dataclass(frozen=True, slots=True)
class KeyGroupDrift:
    """A key group that differs, for people to look at."""

    bucket: Bucket
    key: tuple[tuple[str, Value], ...]
    source_rows: int
    target_rows: int
    changes: tuple[ChangedValue, ...] = ()


GroupKey = tuple[str | None, ...]
"""The values of a key as text, which name a key group in any file or database."""


class ChangedBy(StrEnum):
    """Which server's rows of a key group are no longer those that both had."""

    SOURCE = "source"
    TARGET = "target"
    BOTH = "both"
    UNKNOWN = "unknown"
    """Nothing is remembered of the group."""


@dataclass(frozen=True, slots=True)
class Versions:
    """One column of a key group: its value when both were last alike, and on either server now.

    None also stands where there is no row, or more than one; the group's counts tell which.
    """

    column: str
    last: Value
    source: Value
    target: Value


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A key group that differs, and who changed it."""

    bucket: Bucket
    key: tuple[tuple[str, Value], ...]
    group_key: GroupKey
    changed_by: ChangedBy
    counts: Counts
    last_rows: int
    """Rows both had when they were last alike; 0 too where nothing is remembered."""
    source_rows: int
    target_rows: int
    versions: tuple[Versions, ...] = ()
    """The columns in which they differ, where no side has more than one row."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Up to when a server may have dropped rows that the other holds, or that were asked for (rule 12)."""

    before: datetime
    why: str

    @property
    def note(self) -> str:
        """What is left of the window, for people."""
        return f"compared from {self.before:%Y-%m-%d %H:%M}: {self.why}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a table is compared for some ACDs.

    `acd` None stands for rows of no or of unknown ACDs. `requested` is the typed window aligned to whole
    intervals; `window` what of it both servers can be asked for. Administration tables have neither.
    """

    acd: int | None
    requested: Window | None = None
    window: Window | None = None
    notes: tuple[str, ...] = ()
    dropped: Dropped | None = None
    """What is left out at the old end; the notes say so too."""


@dataclass(frozen=True, slots=True)
class BucketExtent:
    """The buckets of one ACD inside its window that a server holds at all: how many, first and last."""

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
    """ACDs that differ outside the ones asked for."""
    source_extents: tuple[BucketExtent, ...] = ()
    source_rows: int = 0
    target_rows: int = 0
    samples: tuple[KeyGroupDrift, ...] = ()
    notes: tuple[str, ...] = ()
    changes: tuple[GroupChange, ...] | None = None
    """Of an administration table that is copied: the key groups that differ, all that the target changed or only it
    has, and some of the others. None where nobody asked who changed what."""
    excluded: KeyGroups | None = None
    """Rows that are each server's own, which were not compared."""
    remembered: RememberedCounts = ALL_READ
    """What was not read again, since it is remembered as equal; not among the counts."""
    expected: tuple[ExpectedDifference, ...] = ()
    """What differs as it should: no drift, and never written."""
    overlaps: tuple[Overlap, ...] = ()
    """Rows that begin inside another row of the same key, on either server."""
    cuts: tuple[Cut, ...] = ()
    """Logins, calls and states that an outage has cut on one server or on both; their rows are among the drift."""
    unwritable: str = ""
    """Why no copy can write it to the target, where that was asked; empty where one can, or nobody asked."""

    @property
    def counts(self) -> Counts:
        """Differing rows of all buckets."""
        return sum((drift.counts for drift in self.differing), Counts())

    @property
    def not_compared(self) -> bool:
        """Say whether it should have been compared and could not be, so that nobody knows whether it differs."""
        return self.state in (TableState.NOT_COMPARABLE, TableState.NOT_READ)

    @property
    def differs(self) -> bool:
        """Say whether something unexpected was found in it."""
        return bool(self.differing or self.overlaps)

    @property
    def empty(self) -> bool:
        """Say whether neither server has a row of it in what was compared: that is no proof of anything."""
        compared = self.rows_compared or self.remembered.rows or self.expected or self.excluded is not None
        return self.state is TableState.COMPARED and not (compared or self.differs or self.other_acds)

    @property
    def cut_sentences(self) -> tuple[str, ...]:
        """What outages have cut, for people."""
        return tuple(cut_sentences(self.spec.name, self.spec.pieces.of, self.cuts)) if self.spec.pieces else ()

    @property
    def overlap_sentences(self) -> tuple[str, ...]:
        """Which intervals overlap on which server, for people."""
        return tuple(overlap_sentences(self.spec.name, self.overlaps))

    @property
    def in_sync(self) -> bool:
        """Say whether nothing unexpected was found."""
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
    """The ACDs asked for; none means all."""
    notes: tuple[str, ...] = field(kw_only=True, default=())
    """What no table shows, like the files beside the tables of a set."""
    timetables: TimetableListing | None = field(kw_only=True, default=None)
    """The timetables of both servers, where their tasks were compared."""
    files: tuple[CompanionFile, ...] = field(kw_only=True, default=())
    """The files that go with rows of its tables, or that make up a set: nobody has looked at them."""
    excluded_tables: tuple[TableObservation, ...] = field(kw_only=True, default=())
    """Tables of a set that are no part of it on this pair, each with why: nobody has looked at them."""
    by_hand: tuple[ChecklistLine, ...] = field(kw_only=True, default=())
    """What a verify leaves to people: what no copy is meant to make alike."""
    interval_lengths: tuple[tuple[int, int], ...]
    """The length each ACD's intervals are aligned to, in minutes."""

    @property
    def source(self) -> Role:
        """The server whose rows are held to be right."""
        return self.facts.source_role

    @property
    def target(self) -> Role:
        """The server that would be written to."""
        return self.facts.target_role

    @property
    def in_sync(self) -> bool:
        """Say whether nothing differs and no table that should have been compared could not be."""
        return all(table.in_sync for table in self.tables) and not (self.unscheduled or self.only_files)

    @property
    def only_files(self) -> bool:
        """Say whether what was asked for is files alone: nobody knows whether they are alike."""
        return bool(self.files) and not self.tables

    @property
    def unscheduled(self) -> tuple[Timetable, ...]:
        """Timetables that are there on the target without a schedule, which the source has: they do not run there."""
        if self.timetables is None or not any(table.spec.name == SCHEDULES for table in self.tables):
            return ()
        return self.timetables.unscheduled(self.target)

    @property
    def empty(self) -> bool:
        """Say whether there was nothing to judge: every table that was compared is empty on both servers."""
        compared = [table for table in self.tables if table.state is TableState.COMPARED]
        return not (self.not_compared or self.unscheduled) and all(table.empty for table in compared)

    @property
    def differing(self) -> tuple[TableObservation, ...]:
        """The tables in which something unexpected was found."""
        return tuple(table for table in self.tables if table.differs)

    @property
    def not_compared(self) -> tuple[TableObservation, ...]:
        """The tables that could not be compared."""
        return tuple(table for table in self.tables if table.not_compared)

    @property
    def without_acd(self) -> tuple[TableObservation, ...]:
        """The tables that were not looked at, since single ACDs were asked for and their rows are of none (rule 3)."""
        nothing = (table for table in self.tables if table.state is TableState.NOTHING)
        return tuple(table for table in nothing if self.acds and table.spec.acd is None)

    @property
    def remembered(self) -> RememberedCounts:
        """What of all tables was not read again."""
        return sum((table.remembered for table in self.tables if table.remembered.tables), ALL_READ)

    def length(self, acd: int | None) -> int:
        """Return the interval length of an ACD; for rows of no ACD, the longest of all."""
        lengths = dict(self.interval_lengths)
        if acd in lengths:
            return lengths[acd]
        return max(lengths.values(), default=30)
