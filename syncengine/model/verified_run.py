"""A run and what a fresh look at the pair found after it."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.checklist import ChecklistLine
from syncengine.model.drift import Observation
from syncengine.model.hooks import HookRecord
from syncengine.model.outcome import RunOutcome
from syncengine.model.permission import NO_PERMISSION, Permission
from syncengine.model.plan import Plan
from syncengine.model.portions import PortionOutcome, PortionRecord
from syncengine.model.run import RunKind
from syncengine.model.surroundings import SideEffectsUnknown, TableSideEffect


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    """A run and what a fresh look at the pair found after it."""

    plan: Plan
    """Of a backfill, that of the last portion."""
    outcome: RunOutcome
    after: Observation | None = None
    unlike: tuple[str, ...] = ()
    """After an undo: the tables whose buckets are not as they were, though they were put back."""
    notes: tuple[str, ...] = ()
    """What was done beside: old runs removed, open steps of earlier runs resolved."""
    portions: tuple[PortionOutcome, ...] = ()
    """Those of a backfill that were looked at this time."""
    earlier_portions: tuple[PortionRecord, ...] = ()
    """Portions that a backfill had done before."""
    not_counted: tuple[str, ...] = ()
    """Tables that a backfill could not count: days that only they have were not looked at."""
    wrote: bool = False
    """Whether a backfill has written anything, this time or before."""
    hooks: tuple[HookRecord, ...] = ()
    """The hooks that were run this time."""
    rollups: Plan | None = None
    """The second portion, which mends days, weeks and months; its `stale` are left to Data Summarizing."""
    side_effects: tuple[TableSideEffect, ...] = ()
    """What it has set off beside the rows it wrote, which no undo puts back."""
    side_effects_unknown: tuple[SideEffectsUnknown, ...] = ()
    """Tables of which it is not known what their last batch set off."""
    needs: Permission = NO_PERMISSION
    """What a resume has to be told to allow, where it ended for that."""
    by_hand: tuple[tuple[ChecklistLine, str], ...] = ()
    """What is left to be done by hand after it, each with why its hook has not done it, if it was tried."""

    @property
    def kind(self) -> RunKind:
        """What it was begun as."""
        return self.plan.run_kind

    @property
    def every_portion(self) -> tuple[PortionRecord | PortionOutcome, ...]:
        """Those of a backfill that are done, before or this time: how it ends is the same in one go or in many."""
        return (*self.earlier_portions, *self.portions)
