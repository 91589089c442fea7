"""The status of a pair: its runs, who writes to it now, and the daily check of both servers."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.daily_check import DailyCheck
from syncengine.model.hooks import HookRecord
from syncengine.model.pair import Role
from syncengine.model.run import RunRecord, left_in_single_user_mode, resumable_runs


@dataclass(frozen=True, slots=True)
class PairStatus:
    """What is known of a pair without comparing it, and its daily check if that was made."""

    runs: tuple[RunRecord, ...]
    """Every stored run, in the order they were begun."""
    writing_now: str = ""
    """Who writes to the pair now, for people."""
    checklist_hooks: tuple[HookRecord, ...] = ()
    """Each run of a hook by a checklist; hooks of runs are in the runs."""
    daily: DailyCheck | None = None
    """None if it was not made: not requested, or a run is writing."""

    @property
    def resumable_runs(self) -> tuple[RunRecord, ...]:
        """The runs that can be resumed."""
        return resumable_runs(self.runs)

    @property
    def in_single_user_mode(self) -> tuple[Role, ...]:
        """The servers that a hook has put in single-user mode, and none has returned to multi-user mode."""
        return left_in_single_user_mode(self.runs, self.checklist_hooks)


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run with all that is stored of it except its plans; its journals were checked byte by byte."""

    run: RunRecord
    outputs: tuple[tuple[HookRecord, str], ...] = ()
    """Its hooks, each with its output."""
