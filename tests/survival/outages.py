"""Kills a run at chosen moments, checks the rows, resumes it, and checks again."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from syncengine.app import Pair, VerifiedRun
from syncengine.model.errors import InputError, StagingError
from syncengine.model.run import BatchState, RunState
from tests.examples import SOAKING
from tests.survival.children import Order, opened
from tests.survival.scenes import Expected, RowsByBucket


class Stage(Protocol):
    """A pair that can be restored to its state before any run."""

    @property
    def pair_file(self) -> Path:
        """The pair file."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What the pair file's urls take from the environment."""

    def reset(self) -> None:
        """Restore both servers, and remove the staging folder."""

    def target(self) -> RowsByBucket:
        """Return the rows of the target, past the code under test."""

    def source(self) -> object:
        """Return the rows of the source, to compare."""


@dataclass
class Outages:
    """Cases on one stage, and what they have to come to."""

    stage: Stage
    expected: Expected
    logged: bool = True

    def order(self, fatal: int | None, only: str = "") -> Order:
        """Return the order to do the plan, up to a moment, of all or of one phase."""
        return Order(self.stage.pair_file, self.expected.plan, fatal, self.stage.environment, only)

    def resume_order(self, fatal: int | None) -> Order:
        """Return the order to resume, up to a moment."""
        return Order(self.stage.pair_file, None, fatal, self.stage.environment)

    def resumed(self) -> None:
        """Check the rows after a killed run, resume it, and check again; fails where they do not fit."""
        pair = opened(self.stage.pair_file, self.stage.environment)
        source = self.stage.source()
        if self.logged:
            done = self.expected.steps_done(self.stage.target())
            recorded = {batch.place.step for run in pair.runs() for batch in run.done}
            assert recorded <= done, "a step is marked done that is not"
        ran = finished(pair, self.expected)
        assert ran is None or ran.outcome.done, ran
        assert self.stage.target() == self.expected.after
        assert self.stage.source() == source
        runs = [run for run in pair.runs() if run.state is not RunState.DAMAGED]
        assert runs[-1].state is RunState.DONE
        assert all(batch.state in (BatchState.DONE, BatchState.ROLLED_BACK) for run in runs for batch in run.batches)
        assert {batch.place.step for run in runs for batch in run.done} == {s.number for s in self.expected.plan.steps}


def finished(pair: Pair, expected: Expected) -> VerifiedRun | None:
    """Resume the last run, or where it had planned nothing yet, run its command again; None where it is done."""
    try:
        return pair.resume()
    except InputError as error:
        if "is done" in error.message:
            return None
        if "planned anything" not in error.message and "No run" not in error.message:
            raise
    except StagingError:
        # Killed while it made its folder.
        if any(run.batches for run in pair.runs()):
            raise
    return pair.execute(expected.plan)


def chosen(moments: Sequence[str], more: int, seed: int, firsts: Collection[str] | None = None) -> list[int]:
    """Return moments by number, in a soak all: the first of each phase, and `more` spread evenly and at random.

    Where phases are given as `firsts`, only the first moments of these.
    """
    if SOAKING:
        return list(range(1, len(moments) + 1))
    dice = random.Random(seed)  # noqa: S311  # the same each time
    wanted = set(moments) if firsts is None else firsts
    first = {phase: number for number, phase in reversed(list(enumerate(moments, start=1))) if phase in wanted}
    left = [number for number in range(1, len(moments) + 1) if number not in first.values()]
    width = len(left) / max(more, 1)
    return sorted({*first.values(), *(left[int(at * width + dice.random() * width)] for at in range(more))})
