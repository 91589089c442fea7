"""Killed at any moment, a run on embedded servers leaves whole steps, and comes to the same end when resumed."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.survival.children import counted, died_of, killed_after, opened
from tests.survival.embedded import EmbeddedStage
from tests.survival.outages import Outages, chosen
from tests.survival.scenes import POLICIES

GROUPS = 3
"""Tests the moments of a policy are dealt out to, so that they can run beside each other."""
AT_LEAST = 105
"""Moments a policy."""
TIMES = 8
"""Kills from outside a policy."""
NEEDED = {
    *("staging", "journalling", "numbering", "flushing", "renaming", "beginning", "locking", "looking", "deleting"),
    *("inserting", "committing", "ending", "dropping", "marking begun", "marking planned", "marking open"),
    *("marking done", "marking step", "marking checked", "marking ended"),
    *("half marking open", "half marking done", "half marking step"),
}


def stage_of(folder: Path, policy: str) -> Outages:
    """Build the pair."""
    stage = EmbeddedStage(folder)
    return Outages(stage, stage.expected(policy))


@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.parametrize("policy", POLICIES)
def test_killed_at_a_moment(tmp_path: Path, policy: str, group: int) -> None:
    """Killed before or after anything it does, a run leaves each step whole or not there, and resume ends it."""
    outages = stage_of(tmp_path, policy)
    moments = counted(outages.order(None))
    outages.stage.reset()
    assert set(moments) >= NEEDED
    for fatal in chosen(moments, AT_LEAST, seed=1)[group::GROUPS]:
        died = died_of(outages.order(fatal))
        assert died, fatal
        outages.resumed()
        outages.stage.reset()


@pytest.mark.parametrize("policy", POLICIES)
def test_killed_at_any_time(tmp_path: Path, policy: str) -> None:
    """Killed from outside at random times, in the middle of whatever it was doing, a run is resumed to the same end."""
    outages = stage_of(tmp_path, policy)
    dice = random.Random(policy)  # noqa: S311  # the same each time
    begun = time.monotonic()
    assert counted(outages.order(None))
    usual = time.monotonic() - begun
    killed = 0
    for _ in range(TIMES):
        outages.stage.reset()
        killed += killed_after(outages.order(None), dice.random() * usual)
        outages.resumed()
    assert killed


def test_killed_again_and_again(tmp_path: Path) -> None:
    """A run whose resume is killed too, and the resume of that, comes to the same end."""
    outages = stage_of(tmp_path, "rows")
    dice = random.Random("again")  # noqa: S311  # the same each time
    assert died_of(outages.order(dice.randrange(60, 90)))
    for _ in range(6):
        died_of(outages.resume_order(dice.randrange(5, 60)))
    outages.resumed()


@pytest.mark.parametrize(("nth", "at"), [(14, "inserting"), (5, "committing"), (5, "marking done")])
def test_undone_after_it_was_killed(tmp_path: Path, nth: int, at: str) -> None:
    """A run that was killed is taken back without being gone on with: its open step is resolved first."""
    outages = stage_of(tmp_path, "replace")
    assert died_of(outages.order(nth, at))
    pair = opened(outages.stage.pair_file, {})

    undone = pair.execute(pair.plan_undo())

    assert undone.outcome.done
    assert not undone.unlike
    assert outages.stage.target() == outages.expected.before
