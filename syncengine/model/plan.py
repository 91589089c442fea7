"""What a run would do, as data: explaining it is the dry run, executing it does the same steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.checklist import Checklist
from syncengine.model.drift import Counts, GroupChange, GroupKey
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.grain import Archive
from syncengine.model.pair import Role
from syncengine.model.permission import NO_PERMISSION, Permission
from syncengine.model.plan_kind import BackfillPortion, Copy, PlanKind, Resync, RollupRepair, RunOnEdit, Sync, Undo
from syncengine.model.policy import Rollups
from syncengine.model.run import RunKind
from syncengine.model.selection import KeyGroups
from syncengine.model.surroundings import TableSideEffect
from syncengine.model.timetable_flag import FlagEdit
from syncengine.model.window import Window

PLAN_VERSION = 2
PeriodPlace = tuple[Role, str, int | None, date | None]
"""A server, a table, an ACD and the first day of a period."""


class Action(StrEnum):
    """What a step does to a bucket."""

    REPLACE_BUCKETS = "replace buckets"
    ADD_BUCKETS = "add buckets"
    REPLACE_GROUPS = "replace key groups"
    ADD_GROUPS = "add key groups"
    REPAIR_CUTS = "repair what an outage cut"
    """Replace the pieces of a login or a call by the whole, over buckets and days, all in one transaction."""
    RESTORE_GROUPS = "put back key groups"
    """Of an undo: key groups that are not as the journal has them, in any column, become so."""

    @property
    def by_group(self) -> bool:
        """Say whether it leaves the key groups of a bucket alone that it need not write."""
        return self in (Action.REPLACE_GROUPS, Action.ADD_GROUPS, Action.REPAIR_CUTS, Action.RESTORE_GROUPS)


class OtherGroups(StrEnum):
    """What becomes of the key groups of a bucket that no outage cut, where it holds some that one did."""

    LEAVE = "leave"
    ADD = "add"
    REPLACE = "replace"


class SkipReason(StrEnum):
    """Why a bucket that differs is left as it is."""

    SOURCE_BLIND = "the source was blind there"
    SOURCE_BROKEN = "the source's rows are broken there, the target's less so"
    LOST = "broken on both servers: lost"
    OUTSIDE = "outside what the source holds"
    FILL_ONLY = "fill adds what is not there and changes nothing"
    LENGTHS_DIFFER = "the servers' interval lengths differ there"
    CHANGING = "it changed while it was being compared"
    REPEATED_HOUR = "the clock showed this hour twice, and the source may have missed one"
    UNARCHIVED = "not known to be archived on both servers"
    SOURCE_EMPTY = "the source is empty, and nothing is deleted because of that"
    INTERVALS_DISAGREE = "its intervals disagree, or were not looked at"
    NOT_COMPARED = "not compared"
    """The whole table: nobody knows whether it differs."""
    UNWRITABLE = "it cannot be written there"
    """A view, a computed column, row security: see `model.surroundings`."""
    UNDECIDED = "nothing shows which server is right"
    NOT_COPIED = "not kept in step by copying"
    CHANGED_SINCE = "somebody else has changed it since"
    WRITTEN_SINCE = "a later run has written it since"
    UNKNOWN = "nobody can say what became of the step that wrote it"
    CONFLICT = "changed there since both were last alike, and nothing says which version wins"
    PREFERRED = "the version there is preferred"
    REMOVAL = "whoever is only there is removed when told, with `remove_users=True`"
    PURGED = "the target no longer keeps rows of that age"
    MIXED = "its rows were not alike before, and cannot be told apart now"
    UNSCHEDULED = "no schedule there, so that it does not run there"
    """A timetable whose schedule is missing and could not be made (rule 18)."""
    CUT_ON_BOTH = "cut on both servers: lost"
    CUT_NOT_OVER = "cut, and not over yet: it waits for its end"
    CUT_NO_WHOLE = "cut, and the other server does not hold it whole"
    CUT_UNCLEAR = "cut, and its pieces are not what an outage leaves"
    CUT_ON_SOURCE = "cut on the source: pieces are never written over or beside a whole"


@dataclass(frozen=True, slots=True)
class RestoreRange:
    """The requested and the actual restore range of one table and ACD (rule 4).

    `actual` is None where the source holds nothing of it; in both directions, and for an undo, where nothing is
    written. `pieces` are what of it is written, neighbours joined; `notes` say how far comparing reached.
    """

    table: str
    acd: int | None
    requested: Window | None
    actual: Window | None
    notes: tuple[str, ...] = ()
    pieces: tuple[Window, ...] = ()
    requested_parts: tuple[Window, ...] = ()
    """The parts of the requested range that were asked for, as outages are; none means all of it."""


@dataclass(frozen=True, slots=True)
class BucketWrite:
    """One bucket a step writes, and what both servers must still hold when it does."""

    bucket: Bucket
    source: BucketState
    target: BucketState
    counts: Counts
    """Of what is written."""
    skipped_groups: tuple[GroupKey, ...] = ()
    """Key groups of the bucket that are left as they are."""
    repaired_groups: tuple[GroupKey, ...] = ()
    """Key groups that become the source's whatever becomes of the others: pieces and what was whole."""
    other_groups: OtherGroups = OtherGroups.LEAVE
    """What becomes of those that are neither, where some are repaired."""
    span: Window | None = field(default=None, compare=False)
    """The interval, day, week or month it lies in; None for rows without a time."""


@dataclass(frozen=True, slots=True)
class TablePart:
    """What a step does to one table. It names everything the work needs, so that a plan stands alone."""

    table: str
    action: Action
    buckets: tuple[BucketWrite, ...]
    bucket_columns: BucketColumns
    columns: tuple[FingerprintColumn, ...]
    compared: tuple[FingerprintColumn, ...]
    key: tuple[str, ...]
    row_number: str | None = None
    beyond_fingerprint: bool = False
    """Some of it no fingerprint can fold in, so digests of all rows are held too."""
    excluded: KeyGroups | None = None
    """Rows that are each server's own, which are neither read nor written."""
    only: KeyGroups | None = None
    """The rows it is about, where others of its buckets are neither read nor written: key groups as they are stored."""
    whole: bool = False
    """Its buckets are written together or not at all: pieces and what they are of lie in several."""

    @property
    def counts(self) -> Counts:
        """Rows that differ in the part's buckets."""
        total = Counts()
        for write in self.buckets:
            total += write.counts
        return total

    def effect(self, counts: Counts) -> Counts:
        """Return what becomes of the target's rows where so many differ, without those that are left as they are."""
        if self.deletes:
            return counts
        return Counts(missing=counts.in_missing_groups if self.action is Action.ADD_GROUPS else counts.missing)

    @property
    def deletes(self) -> bool:
        """Say whether rows that only the target holds are deleted."""
        return self.action not in (Action.ADD_BUCKETS, Action.ADD_GROUPS)


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction's worth of work on one server; `after` names the steps it needs done."""

    number: int
    into: Role
    parts: tuple[TablePart, ...]
    after: tuple[int, ...] = ()

    @property
    def rows(self) -> int:
        """Rows the step reads from both servers."""
        return sum(write.source.rows + write.target.rows for part in self.parts for write in part.buckets)


def written_by(steps: Iterable[Step]) -> Iterator[tuple[Step, TablePart, BucketWrite]]:
    """Yield each bucket that steps write, with its step and what that does to its table."""
    return ((step, part, write) for step in steps for part in step.parts for write in part.buckets)


def places_of(steps: Iterable[Step]) -> frozenset[PeriodPlace]:
    """Return the servers, tables, ACDs and days that steps write."""
    return frozenset(
        (step.into, part.table, write.bucket.acd, write.bucket.row_date) for step, part, write in written_by(steps)
    )


@dataclass(frozen=True, slots=True)
class Skipped:
    """Buckets of one table and ACD that differ and are left as they are, and why."""

    table: str
    acd: int | None
    reason: SkipReason
    spans: tuple[Window, ...]
    """When, neighbours joined; empty for tables without time."""
    counts: Counts
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A key group of an administration table that differs, who changed it, and why it is left if it is (rule 15)."""

    table: str
    group: GroupChange
    skip_reason: SkipReason | None


@dataclass(frozen=True, slots=True)
class StaleRollup:
    """A period a server had summarised before its intervals were repaired there (rule 10)."""

    table: str
    archive: Archive
    acd: int | None
    row_date: date
    into: Role
    """The server that has to summarise it again."""
    then: Rollups = Rollups.LIST
    """What the run does about it after its intervals are repaired; `list` leaves it to Data Summarizing."""
    why: str = ""
    """Why it is left to Data Summarizing though more was asked for, or what of it is."""

    @property
    def place(self) -> PeriodPlace:
        """Where it is."""
        return self.into, self.table, self.acd, self.row_date

    @property
    def order(self) -> tuple[Role, str, date, int]:
        """What lists of them are sorted by: server, table, period and ACD."""
        return self.into, self.table, self.row_date, -1 if self.acd is None else self.acd


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run would do."""

    kind: PlanKind
    seed: int
    as_of: datetime
    target: Role
    """The server it writes to; where it writes to both, the one that rows are mostly written to."""
    zone: str
    identities: tuple[tuple[Role, str], ...]
    tables: tuple[str, ...]
    """Every table that was looked at."""
    requested: Window | None = None
    ranges: tuple[RestoreRange, ...] = ()
    steps: tuple[Step, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    stale: tuple[StaleRollup, ...] = ()
    notes: tuple[str, ...] = ()
    acds: tuple[int, ...] = ()
    """The ACDs asked for; none means all."""
    checklist: Checklist = field(default_factory=Checklist)
    """What has to be done by hand, which no table can do."""
    changes: tuple[PlannedChange, ...] = ()
    """Key groups of administration that differ: all that the target changed, and some of the others."""
    side_effects: tuple[TableSideEffect, ...] = ()
    """What its writes set off or meet at their tables."""
    not_included: tuple[str, ...] = ()
    """What was asked for and is not in it, as sentences without their ends: it is too early, or nobody knows."""
    allowed: Permission = NO_PERMISSION
    """The tables at which what is set off may be: all that `meets` names, and nothing that comes later."""

    @property
    def source(self) -> Role:
        """The other server: where it copies, rows are read from that."""
        return self.target.other

    @property
    def run_kind(self) -> RunKind:
        """What a run of it is begun as, which is the name of its command."""
        match self.kind:
            case Resync() | RollupRepair():
                return RunKind.RESYNC
            case BackfillPortion():
                return RunKind.BACKFILL
            case Sync():
                return RunKind.SYNC
            case RunOnEdit():
                return RunKind.TIMETABLES
            case Undo():
                return RunKind.UNDO

    @property
    def title(self) -> str:
        """What it does, for people."""
        match self.kind:
            case Copy(policy=policy):
                both = policy.both_directions
                return f"{policy} {'in both directions' if both else f'from {self.source} to {self.target}'}"
            case RollupRepair(copied=copied):
                return f"days, weeks and months {'copied from the other server' if copied else 'recomputed'}"
            case RunOnEdit(edit=edit):
                return edit.about
            case Undo(run=run):
                return f"undo of run {run}"

    @property
    def copy(self) -> Copy | None:
        """How it copies, where comparing what it names tells whether it came out."""
        match self.kind:
            case Copy():
                return self.kind
            case RollupRepair() | RunOnEdit() | Undo():
                return None

    @property
    def undoes(self) -> str:
        """The run that it takes back, or nothing."""
        match self.kind:
            case Undo(run=run):
                return run
            case Copy() | RollupRepair() | RunOnEdit():
                return ""

    @property
    def edit(self) -> FlagEdit | None:
        """The flags of timetables that it sets or puts back in the rows that the target has."""
        match self.kind:
            case RunOnEdit(edit=edit) | Undo(edit=edit):
                return edit
            case Copy() | RollupRepair():
                return None

    @property
    def not_undone(self) -> tuple[TableSideEffect, ...]:
        """Of an undo: what the run that is undone had set off beside the rows it wrote."""
        match self.kind:
            case Undo(not_undone=left):
                return left
            case Copy() | RollupRepair() | RunOnEdit():
                return ()

    @property
    def schedules(self) -> FlagEdit | None:
        """The schedules of timetables that the target lacks and gets: their flags on the other server, and then."""
        match self.kind:
            case Sync(schedules=made) | RunOnEdit(schedules=made):
                return made
            case Resync() | BackfillPortion() | RollupRepair() | Undo():
                return None

    @property
    def to_roll_up(self) -> Resync | None:
        """The resync that has asked for stale periods to be repaired by a second portion, where any can be."""
        match self.kind:
            case Resync():
                return self.kind if any(one.then is not Rollups.LIST for one in self.stale) else None
            case BackfillPortion() | Sync() | RollupRepair() | RunOnEdit() | Undo():
                return None

    @property
    def remembers(self) -> bool:
        """Whether what both servers have alike after it is remembered, so that the next sync knows who changed what."""
        match self.kind:
            case Sync():
                return True
            case Resync() | BackfillPortion() | RollupRepair() | RunOnEdit() | Undo():
                return False

    @property
    def conflicts(self) -> tuple[PlannedChange, ...]:
        """Key groups that the target has changed, too, and of which nobody has said which version wins (rule 15)."""
        return tuple(change for change in self.changes if change.skip_reason is SkipReason.CONFLICT)

    @property
    def writes_to(self) -> frozenset[Role]:
        """The servers that steps write to."""
        return frozenset(step.into for step in self.steps)

    @property
    def servers(self) -> frozenset[Role]:
        """The servers it needs: an edit of one server's own rows is done while the other is down."""
        match self.kind:
            case RunOnEdit(schedules=None) | Undo(edit=FlagEdit()):
                return frozenset({self.target})
            case Copy() | RollupRepair() | RunOnEdit() | Undo():
                return frozenset(Role)

    @property
    def unscheduled(self) -> tuple[Skipped, ...]:
        """The timetables that have no schedule on the target and get none."""
        return tuple(one for one in self.skipped if one.reason is SkipReason.UNSCHEDULED)

    @property
    def effects_on_rows(self) -> tuple[TableSideEffect, ...]:
        """What its writes set off beside the rows they write, which was allowed and which no undo puts back."""
        return tuple(meeting for meeting in self.side_effects if meeting.effect.changes_rows)

    @property
    def permission(self) -> Permission:
        """What may be set off when it is carried out: what it names, each by its own name."""
        return NO_PERMISSION.with_approved(self.effects_on_rows)

    @property
    def unwritable(self) -> tuple[str, ...]:
        """Tables of which something was left since they cannot be written."""
        return tuple(dict.fromkeys(one.table for one in self.skipped if one.reason is SkipReason.UNWRITABLE))

    @property
    def not_as_before(self) -> bool:
        """Say whether something stays otherwise than an undo was to leave it: what is kept, and what was set off."""
        left = len(self.skipped) > len(self.unscheduled)
        return bool(left or self.not_undone or (self.undoes and self.effects_on_rows))

    @property
    def deletions(self) -> int:
        """Rows that only the target holds and that would be deleted (rule 13)."""
        return sum(part.counts.extra for step in self.steps for part in step.parts if part.deletes)
