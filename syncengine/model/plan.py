"""What a run would do, as data: printing it is the dry run, executing it does the same steps."""

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

PLAN_VERSION = 3
PeriodPlace = tuple[Role, str, int | None, date | None]
"""A server, a table, an ACD and the first day of a period."""


class Action(StrEnum):
    """What a step does to a bucket."""

    REPLACE_BUCKETS = "replace buckets"
    ADD_BUCKETS = "add buckets"
    REPLACE_GROUPS = "replace key groups"
    ADD_GROUPS = "add key groups"
    REPAIR_CUTS = "repair cut rows"
    """Replace the pieces of a login or a call by the whole, over buckets and days, all in one transaction."""
    RESTORE_GROUPS = "restore key groups"
    """For an undo: key groups that differ from the journal in any column get its rows."""

    @property
    def by_group(self) -> bool:
        """Say whether it writes only some key groups of a bucket."""
        return self in (Action.REPLACE_GROUPS, Action.ADD_GROUPS, Action.REPAIR_CUTS, Action.RESTORE_GROUPS)


class OtherGroups(StrEnum):
    """What a step does to the key groups of a bucket that no outage cut, if an outage cut others of them."""

    LEAVE = "leave"
    ADD = "add"
    REPLACE = "replace"


class SkipReason(StrEnum):
    """Why a bucket that differs is skipped."""

    SOURCE_BLIND = "the source was blind there"
    SOURCE_BROKEN = "the source's rows are broken there, the target's less so"
    LOST = "broken on both servers: lost"
    OUTSIDE = "outside the time for which the source has rows"
    FILL_ONLY = "fill adds missing rows and changes nothing"
    LENGTHS_DIFFER = "the servers' interval lengths differ there"
    CHANGING = "it changed while it was being compared"
    REPEATED_HOUR = "the clock showed this hour twice, and the source may lack one of them"
    UNARCHIVED = "not known to be archived on both servers"
    SOURCE_EMPTY = "the source is empty, and that is no reason to delete rows"
    INTERVALS_DISAGREE = "its intervals differ, or were not compared"
    NOT_COMPARED = "not compared"
    """The whole table: it is not known whether it differs."""
    UNWRITABLE = "it cannot be written there"
    """A view, a computed column, row security: see `model.surroundings`."""
    UNDECIDED = "it is not known which server is right"
    NOT_COPIED = "not synchronised by copying"
    CHANGED_SINCE = "changed since by another program or user"
    WRITTEN_SINCE = "a later run has written it since"
    UNKNOWN = "the outcome of the step that wrote it is not known"
    CONFLICT = "changed on the target since both were last alike; choose which version wins"
    PREFERRED = "the target's version is preferred"
    REMOVAL = "users that only the target has are removed only with `remove_users=True`"
    PURGED = "the target no longer stores rows of that age"
    MIXED = "its rows differed before, and cannot be distinguished now"
    UNSCHEDULED = "no schedule there, so it does not run there"
    """A timetable whose schedule is missing and could not be made (rule 18)."""
    CUT_ON_BOTH = "cut on both servers: lost"
    CUT_NOT_OVER = "cut, and not over yet"
    CUT_NO_WHOLE = "cut, and not whole on the other server"
    CUT_UNCLEAR = "cut, but not as an outage cuts"
    CUT_ON_SOURCE = "cut on the source: pieces never replace or join a whole row"


@dataclass(frozen=True, slots=True)
class RestoreRange:
    """The requested and the actual restore range of one table and ACD (rule 4).

    `actual` is None if the source has no rows in it; for plans in both directions, and for an undo, if nothing is
    written. `pieces` are the times that are written, neighbours joined; `notes` say how far was compared.
    """

    table: str
    acd: int | None
    requested: Window | None
    actual: Window | None
    notes: tuple[str, ...] = ()
    pieces: tuple[Window, ...] = ()
    requested_parts: tuple[Window, ...] = ()
    """The parts of the range that were requested, like outages; none means all of it."""


@dataclass(frozen=True, slots=True)
class BucketWrite:
    """One bucket that a step writes, and the state it must still have on both servers then."""

    bucket: Bucket
    source: BucketState
    target: BucketState
    counts: Counts
    """Rows that are written, by kind of difference."""
    skipped_groups: tuple[GroupKey, ...] = ()
    """Key groups of the bucket that are not written."""
    repaired_groups: tuple[GroupKey, ...] = ()
    """Key groups that always get the source's rows: pieces of cut rows, and the whole rows for them."""
    other_groups: OtherGroups = OtherGroups.LEAVE
    """What happens to the other key groups, if some are repaired."""
    span: Window | None = field(default=None, compare=False)
    """The interval, day, week or month it lies in; None for rows without a time."""


@dataclass(frozen=True, slots=True)
class TablePart:
    """What a step does to one table. It includes everything the work needs, so that a plan is self-contained."""

    table: str
    action: Action
    buckets: tuple[BucketWrite, ...]
    bucket_columns: BucketColumns
    columns: tuple[FingerprintColumn, ...]
    compared: tuple[FingerprintColumn, ...]
    key: tuple[str, ...]
    row_number: str | None = None
    beyond_fingerprint: bool = False
    """No fingerprint covers some of its columns, so digests of all rows are compared too."""
    excluded: KeyGroups | None = None
    """Rows that belong to each server, which are neither read nor written."""
    only: KeyGroups | None = None
    """The only rows it reads and writes, if its buckets have others: key groups as they are stored."""
    whole: bool = False
    """Its buckets are written together or not at all: pieces and whole rows are in different ones."""

    @property
    def counts(self) -> Counts:
        """Rows that differ in the part's buckets."""
        total = Counts()
        for write in self.buckets:
            total += write.counts
        return total

    def effect(self, counts: Counts) -> Counts:
        """Return how many rows of the target change if so many differ, without skipped ones."""
        if self.deletes:
            return counts
        return Counts(missing=counts.in_missing_groups if self.action is Action.ADD_GROUPS else counts.missing)

    @property
    def deletes(self) -> bool:
        """Say whether rows that only the target has are deleted."""
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
    """Yield each bucket that steps write, with its step and table part."""
    return ((step, part, write) for step in steps for part in step.parts for write in part.buckets)


def places_of(steps: Iterable[Step]) -> frozenset[PeriodPlace]:
    """Return the servers, tables, ACDs and days that steps write."""
    return frozenset(
        (step.into, part.table, write.bucket.acd, write.bucket.row_date) for step, part, write in written_by(steps)
    )


@dataclass(frozen=True, slots=True)
class Skipped:
    """Buckets of one table and ACD that differ and are not written, and why."""

    table: str
    acd: int | None
    reason: SkipReason
    spans: tuple[Window, ...]
    """Their times, neighbours joined; empty for tables without time."""
    counts: Counts
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A key group of an administration table that differs, who changed it, and why if it is skipped (rule 15)."""

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
    """What the run does after its intervals are repaired; with `list`, Data Summarizing has to be rerun."""
    why: str = ""
    """Why Data Summarizing has to be rerun though more was requested, for all or some of its columns."""

    @property
    def place(self) -> PeriodPlace:
        """Where it is."""
        return self.into, self.table, self.acd, self.row_date

    @property
    def order(self) -> tuple[Role, str, date, int]:
        """A sort key: server, table, period and ACD."""
        return self.into, self.table, self.row_date, -1 if self.acd is None else self.acd


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run would do."""

    kind: PlanKind
    seed: int
    as_of: datetime
    target: Role
    """The server it writes to; if it writes to both, the one with most of the written rows."""
    zone: str
    identities: tuple[tuple[Role, str], ...]
    tables: tuple[str, ...]
    """Every table that was compared."""
    requested: Window | None = None
    ranges: tuple[RestoreRange, ...] = ()
    steps: tuple[Step, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    stale: tuple[StaleRollup, ...] = ()
    notes: tuple[str, ...] = ()
    acds: tuple[int, ...] = ()
    """The requested ACDs; none means all."""
    checklist: Checklist = field(default_factory=Checklist)
    """What people have to do, since no table can."""
    changes: tuple[PlannedChange, ...] = ()
    """Differing key groups of administration: all that the target changed, and some of the others."""
    side_effects: tuple[TableSideEffect, ...] = ()
    """The side effects of its writes."""
    not_included: tuple[str, ...] = ()
    """What was requested and is not part of it, as sentences without full stops: too early, or not known."""
    allowed: Permission = NO_PERMISSION
    """The side effects a user allows: those in `side_effects` at the named tables, and no later ones."""

    @property
    def source(self) -> Role:
        """The other server: a copy reads its rows."""
        return self.target.other

    @property
    def run_kind(self) -> RunKind:
        """The kind of a run of it, which is the name of its command."""
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
        """How it copies, if comparing its tables again shows whether it succeeded."""
        match self.kind:
            case Copy():
                return self.kind
            case RollupRepair() | RunOnEdit() | Undo():
                return None

    @property
    def undoes(self) -> str:
        """The run that it undoes, or nothing."""
        match self.kind:
            case Undo(run=run):
                return run
            case Copy() | RollupRepair() | RunOnEdit():
                return ""

    @property
    def edit(self) -> FlagEdit | None:
        """The flags of timetables that it sets or restores in existing rows of the target."""
        match self.kind:
            case RunOnEdit(edit=edit) | Undo(edit=edit):
                return edit
            case Copy() | RollupRepair():
                return None

    @property
    def not_undone(self) -> tuple[TableSideEffect, ...]:
        """For an undo: side effects of the undone run on other rows, which stay."""
        match self.kind:
            case Undo(not_undone=effects):
                return effects
            case Copy() | RollupRepair() | RunOnEdit():
                return ()

    @property
    def schedules(self) -> FlagEdit | None:
        """The schedules of timetables that are added to the target: their flags on the other server, and then here."""
        match self.kind:
            case Sync(schedules=made) | RunOnEdit(schedules=made):
                return made
            case Resync() | BackfillPortion() | RollupRepair() | Undo():
                return None

    @property
    def to_roll_up(self) -> Resync | None:
        """The resync, if it requests that a second portion repairs stale periods and any can be repaired."""
        match self.kind:
            case Resync():
                return self.kind if any(one.then is not Rollups.LIST for one in self.stale) else None
            case BackfillPortion() | Sync() | RollupRepair() | RunOnEdit() | Undo():
                return None

    @property
    def remembers(self) -> bool:
        """Whether rows that both servers share after it are remembered: the next sync then knows who changed what."""
        match self.kind:
            case Sync():
                return True
            case Resync() | BackfillPortion() | RollupRepair() | RunOnEdit() | Undo():
                return False

    @property
    def conflicts(self) -> tuple[PlannedChange, ...]:
        """Key groups that the target has changed too, if the user has not chosen which version wins (rule 15)."""
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
        """The timetables that have no schedule on the target, and to which none is added."""
        return tuple(one for one in self.skipped if one.reason is SkipReason.UNSCHEDULED)

    @property
    def effects_on_rows(self) -> tuple[TableSideEffect, ...]:
        """The allowed side effects on rows that it does not write itself; an undo does not restore these rows."""
        return tuple(one for one in self.side_effects if one.effect.changes_rows)

    @property
    def permission(self) -> Permission:
        """The permission for its execution: the side effects it lists, each by its own name."""
        return NO_PERMISSION.with_approved(self.effects_on_rows)

    @property
    def unwritable(self) -> tuple[str, ...]:
        """Tables with skipped rows that cannot be written."""
        return tuple(dict.fromkeys(one.table for one in self.skipped if one.reason is SkipReason.UNWRITABLE))

    @property
    def not_as_before(self) -> bool:
        """Say whether an undo leaves something otherwise than before the run: skipped rows and side effects."""
        skipped = len(self.skipped) > len(self.unscheduled)
        return bool(skipped or self.not_undone or (self.undoes and self.effects_on_rows))

    @property
    def deletions(self) -> int:
        """Rows that only the target has and that would be deleted (rule 13)."""
        return sum(part.counts.extra for step in self.steps for part in step.parts if part.deletes)
