"""The kinds of plan, each with what only plans of that kind have. Whoever asks for the kind meets all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from syncengine.model.policy import Policy, Rollups, UnknownColumns
from syncengine.model.surroundings import Meeting
from syncengine.model.timetable_flag import FlagEdit


@dataclass(frozen=True, slots=True)
class Resync:
    """History that differs in a time is copied."""

    policy: Policy = Policy.REPLACE
    rollups: Rollups = Rollups.LIST
    """What is asked for about stale periods: a second portion does it, planned when the steps of this plan are done."""
    unknown_columns: UnknownColumns = UnknownColumns.REFUSE
    """Of rows that are recomputed then."""
    tag: Literal["resync"] = "resync"


@dataclass(frozen=True, slots=True)
class BackfillPortion:
    """History is copied in bulk: one portion of it."""

    policy: Policy
    tag: Literal["backfill"] = "backfill"


@dataclass(frozen=True, slots=True)
class Sync:
    """Administration is copied, and what both servers then have alike is remembered."""

    policy: Policy = Policy.REPLACE
    schedules: FlagEdit | None = None
    """The schedules of timetables that the target lacks and gets: their flags on the other server, and then."""
    tag: Literal["sync"] = "sync"


@dataclass(frozen=True, slots=True)
class RollupRepair:
    """Days, weeks and months are repaired after their intervals: the second portion of a resync."""

    copied: bool
    """They are taken from the other server; else they are recomputed from the target's own intervals."""
    unknown_columns: UnknownColumns
    tag: Literal["rollups"] = "rollups"


@dataclass(frozen=True, slots=True)
class RunOnEdit:
    """The guide's global edit: where timetables of one server run is set in its own rows."""

    edit: FlagEdit
    schedules: FlagEdit | None = None
    """The schedules that the server lacks and gets, made from the other's."""
    tag: Literal["timetables"] = "timetables"


@dataclass(frozen=True, slots=True)
class Undo:
    """What a run has changed is put back from its journal."""

    run: str
    not_put_back: tuple[Meeting, ...] = ()
    """What that run had set off beside the rows it wrote."""
    tag: Literal["undo"] = "undo"


@dataclass(frozen=True, slots=True)
class UndoOfEdit:
    """The flags of timetables that a run has set are put back; the schedules it made, as its journal has them."""

    run: str
    edit: FlagEdit
    not_put_back: tuple[Meeting, ...] = ()
    """What that run had set off beside the rows it wrote."""
    tag: Literal["timetables-undo"] = "timetables-undo"


Copy = Resync | BackfillPortion | Sync
"""What differs is copied by a policy, and comparing both servers again tells whether it came out."""
PlanKind = Copy | RollupRepair | RunOnEdit | Undo | UndoOfEdit
