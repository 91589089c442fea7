"""The result of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StepState(StrEnum):
    """How a step ended."""

    DONE = "done"
    CHANGED = "changed"
    """A server had changed since the plan was made; these buckets and all later ones were not written."""
    FAILED = "failed"
    """The server failed; the open transaction is rolled back, and whole buckets before that are written."""
    UNKNOWN = "unknown"
    """Its commit was sent, and the target has neither the rows from before nor the new ones."""
    PARTLY = "partly"
    """Some of its buckets are written, each as a whole; the others are unchanged."""
    WAITING = "waiting"
    """Not started: a step it needs was not done, or the run was stopped."""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """The result of one step."""

    number: int
    state: StepState
    deleted: int = 0
    inserted: int = 0
    why: str = ""
    portion: int = 1
    """The number of its portion; a resync has one portion."""
    tables: tuple[str, ...] = ()
    """The tables it writes."""

    @property
    def wrote(self) -> bool:
        """Say whether it wrote, or may have written."""
        return self.state in (StepState.DONE, StepState.PARTLY, StepState.UNKNOWN) or self.inserted + self.deleted > 0


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The result of a run. `stopped` is why it ended early, if it did."""

    run_id: str
    steps: tuple[StepOutcome, ...]
    stopped: str = ""
    cancelled: bool = False
    saved: bool = True
    """Its folder is still there, so that it can be resumed."""

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
