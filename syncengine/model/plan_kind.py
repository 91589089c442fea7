"""The kinds of plan, each with what only plans of that kind have. Whoever asks for the kind meets all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from syncengine.model.policy import Policy, Rollups, UnknownColumns
from syncengine.model.surroundings import TableSideEffect
from syncengine.model.timetable_flag import FlagEdit


@dataclass(frozen=True, slots=True)
class Copy:
    """What differs is copied, and comparing both servers again tells whether it came out."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class Resync(Copy):
    """History of a time is copied."""

    rollups: Rollups = Rollups.LIST
    """What is asked for about stale periods: a second portion does it, planned when the steps of this plan are done."""
    unknown_columns: UnknownColumns = UnknownColumns.REFUSE
    """Of rows that are recomputed then."""
    name: Literal["resync"] = "resync"


@dataclass(frozen=True, slots=True)
class BackfillPortion(Copy):
    """History is copied in bulk: one portion of it."""

    name: Literal["backfill"] = "backfill"


@dataclass(frozen=True, slots=True)
class Sync(Copy):
    """Administration is copied, and what both servers then have alike is remembered."""

    schedules: FlagEdit | None = None
    """The schedules of timetables that the target lacks and gets: their flags on the other server, and then."""
    name: Literal["sync"] = "sync"


@dataclass(frozen=True, slots=True)
class RollupRepair:
    """Days, weeks and months are repaired after their intervals: the second portion of a resync."""

    copied: bool
    """They are taken from the other server; else they are recomputed from the target's own intervals."""
    unknown_columns: UnknownColumns
    name: Literal["rollups"] = "rollups"


@dataclass(frozen=True, slots=True)
class RunOnEdit:
    """The guide's global edit: where timetables run is set in the target's own rows."""

    edit: FlagEdit
    schedules: FlagEdit | None = None
    """The schedules that the target lacks and gets, made from the other server's."""
    name: Literal["timetables"] = "timetables"


@dataclass(frozen=True, slots=True)
class Undo:
    """What a run has changed is put back from its journal."""

    run: str
    edit: FlagEdit | None = None
    """The flags of timetables that are put back, where that run has set any: all else of their rows stays."""
    not_undone: tuple[TableSideEffect, ...] = ()
    """What that run had set off beside the rows it wrote."""
    name: Literal["undo"] = "undo"


PlanKind = Resync | BackfillPortion | Sync | RollupRepair | RunOnEdit | Undo
