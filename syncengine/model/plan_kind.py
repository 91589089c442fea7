"""The kinds of plan, each with the fields that only this kind has. A `match` over the kind has to cover them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from syncengine.model.policy import Policy, Rollups, UnknownColumns
from syncengine.model.surroundings import TableSideEffect
from syncengine.model.timetable_flag import FlagEdit


@dataclass(frozen=True, slots=True)
class Copy:
    """Differences are copied, and comparing both servers again shows whether that succeeded."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class Resync(Copy):
    """History of a window is copied."""

    rollups: Rollups = Rollups.LIST
    """What to do about stale periods: a second portion does it, planned when the steps of this plan are done."""
    unknown_columns: UnknownColumns = UnknownColumns.REFUSE
    """For the rows that are recomputed then."""
    name: Literal["resync"] = "resync"


@dataclass(frozen=True, slots=True)
class BackfillPortion(Copy):
    """History is copied in bulk: one portion of it."""

    name: Literal["backfill"] = "backfill"


@dataclass(frozen=True, slots=True)
class Sync(Copy):
    """Administration is copied, and the rows that both servers then share are remembered."""

    schedules: FlagEdit | None = None
    """The schedules of timetables that are added to the target: their flags on the other server, and then here."""
    name: Literal["sync"] = "sync"


@dataclass(frozen=True, slots=True)
class RollupRepair:
    """Days, weeks and months are repaired after their intervals: the second portion of a resync."""

    copied: bool
    """They are copied from the other server; else they are recomputed from the target's own intervals."""
    unknown_columns: UnknownColumns
    name: Literal["rollups"] = "rollups"


@dataclass(frozen=True, slots=True)
class RunOnEdit:
    """The guide's global edit: it sets where timetables run, in the target's own rows."""

    edit: FlagEdit
    schedules: FlagEdit | None = None
    """The schedules that are added to the target, made from those of the other server."""
    name: Literal["timetables"] = "timetables"


@dataclass(frozen=True, slots=True)
class Undo:
    """The rows that a run changed are restored from its journal."""

    run: str
    edit: FlagEdit | None = None
    """The flags of timetables to restore, if that run has set any: other columns of their rows stay."""
    not_undone: tuple[TableSideEffect, ...] = ()
    """Side effects of that run on other rows, which stay."""
    name: Literal["undo"] = "undo"


PlanKind = Resync | BackfillPortion | Sync | RollupRepair | RunOnEdit | Undo
