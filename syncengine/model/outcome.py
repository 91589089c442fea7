"""What became of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StepState(StrEnum):
    """How a step ended."""

    DONE = "done"
    CHANGED = "moved"
    """A server no longer held what the plan was made on; nothing was written of those buckets, nor after them."""
    FAILED = "failed"
    """The server did not do it; what was begun of it is rolled back, and whole buckets before that are written."""
    UNKNOWN = "unknown"
    """Its commit was sent, and the target holds neither what was before nor what should be after."""
    PARTLY = "partly"
    """Some of its buckets are written, and those whole; the rest are untouched."""
    WAITING = "waiting"
    """Not begun: a step it needs was not done, or the run was stopped."""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What became of one step."""

    number: int
    state: StepState
    deleted: int = 0
    inserted: int = 0
    why: str = ""
    portion: int = 1
    """Of a backfill; a resync has one."""
    tables: tuple[str, ...] = ()
    """What it writes."""

    @property
    def wrote(self) -> bool:
        """Say whether it wrote, or may have written."""
        return self.state in (StepState.DONE, StepState.PARTLY, StepState.UNKNOWN) or self.inserted + self.deleted > 0


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What became of a run. `stopped` is why it ended early, if it did."""

    run_id: str
    steps: tuple[StepOutcome, ...]
    stopped: str = ""
    cancelled: bool = False
    saved: bool = True
    """Its folder is still there: it can be gone on with."""

    @property
    def done(self) -> bool:
        """Say whether every step was done."""
        return all(step.state is StepState.DONE for step in self.steps)

    @property
    def deleted(self) -> int:
        """Rows deleted by the steps done."""
        return sum(step.deleted for step in self.steps)

    @property
    def inserted(self) -> int:
        """Rows inserted by the steps done."""
        return sum(step.inserted for step in self.steps)
