"""A run, and the comparison of the pair after it."""

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
    """A run, and the comparison of the pair after it."""

    plan: Plan
    """For a backfill, the plan of the last portion."""
    outcome: RunOutcome
    after: Observation | None = None
    unlike: tuple[str, ...] = ()
    """After an undo: the tables whose buckets are not as before, though they were restored."""
    notes: tuple[str, ...] = ()
    """What else was done: old runs removed, open steps of earlier runs resolved."""
    portions: tuple[PortionOutcome, ...] = ()
    """The portions of a backfill that were compared this time."""
    earlier_portions: tuple[PortionRecord, ...] = ()
    """The portions that a backfill finished earlier."""
    not_counted: tuple[str, ...] = ()
    """Tables that a backfill could not count: days that only they have were not compared."""
    wrote: bool = False
    """Whether a backfill has written anything, this time or earlier."""
    hooks: tuple[HookRecord, ...] = ()
    """The hooks that ran this time."""
    rollups: Plan | None = None
    """The second portion, which repairs days, weeks and months; Data Summarizing has to be rerun for its `stale`."""
    side_effects: tuple[TableSideEffect, ...] = ()
    """Its side effects on other rows, which an undo does not restore."""
    side_effects_unknown: tuple[SideEffectsUnknown, ...] = ()
    """Tables for which the side effects of their last batch are not known."""
    needs: Permission = NO_PERMISSION
    """Side effects that a resume has to allow, if the run stopped because of them."""
    by_hand: tuple[tuple[ChecklistLine, str], ...] = ()
    """What people have to do after it, each with why its hook failed, if it was run."""

    @property
    def kind(self) -> RunKind:
        """The kind of the run."""
        return self.plan.run_kind

    @property
    def every_portion(self) -> tuple[PortionRecord | PortionOutcome, ...]:
        """All finished portions of a backfill, from earlier and this time: resuming does not change the result."""
        return (*self.earlier_portions, *self.portions)
