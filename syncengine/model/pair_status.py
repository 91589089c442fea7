"""How a pair stands: its runs, who writes to it now, and how both servers have been."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.daily_check import DailyCheck
from syncengine.model.hooks import HookRecord
from syncengine.model.pair import Role
from syncengine.model.run import RunRecord, left_in_single_user_mode, resumable_runs


@dataclass(frozen=True, slots=True)
class PairStatus:
    """What is known of a pair without comparing it, and its daily check where the servers were asked."""

    runs: tuple[RunRecord, ...]
    """Every run that is kept, in the order they were begun."""
    writing_now: str = ""
    """Who writes to the pair now, in words."""
    checklist_hooks: tuple[HookRecord, ...] = ()
    """Every time a checklist has run a hook; those of runs stand with the runs."""
    daily: DailyCheck | None = None
    """None where the servers were not queried: nobody wanted it, or a run is writing."""

    @property
    def resumable_runs(self) -> tuple[RunRecord, ...]:
        """The runs that can be gone on with."""
        return resumable_runs(self.runs)

    @property
    def in_single_user_mode(self) -> tuple[Role, ...]:
        """The servers that a hook has put in single-user mode, and none has put back."""
        return left_in_single_user_mode(self.runs, self.checklist_hooks)


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run with all that is kept of it but its plans: its journals were looked at byte by byte."""

    run: RunRecord
    outputs: tuple[tuple[HookRecord, str], ...] = ()
    """Its hooks, each with what it said."""
