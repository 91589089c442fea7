"""Killed at any moment, a run on embedded servers leaves whole steps, and ends the same when resumed."""

from __future__ import annotations

import random
import time
from collections.abc import Collection

import pytest

from tests.examples import SOAK_SEED, SOAKING, some_of
from tests.survival.children import counted, died_of, killed_after, opened, warm
from tests.survival.conftest import Embedded
from tests.survival.outages import chosen
from tests.survival.scenes import POLICIES

TIMES = 120 if SOAKING else 2
"""Kills from outside a policy."""
AGAIN = 40 if SOAKING else 2
"""Kills of one run's resumes."""
NEEDED = {
    *("staging", "journalling", "numbering", "flushing", "renaming", "beginning", "locking", "looking", "deleting"),
    *("inserting", "committing", "ending", "dropping", "marking begun", "marking planned", "marking open"),
    *("marking done", "marking step", "marking checked", "marking ended"),
    *("half marking open", "half marking done", "half marking step"),
}
AROUND_A_COMMIT = ("inserting", "committing", "marking done", "half marking done")


@pytest.mark.sampled
@pytest.mark.parametrize(("policy", "firsts", "more"), some_of([("replace", AROUND_A_COMMIT, 0), ("rows", (), 1)], 2))
def test_killed_at_a_moment(embedded: Embedded, policy: str, firsts: Collection[str], more: int) -> None:
    """Killed before or after any operation, a run leaves each step whole or not written, and resume ends it."""
    outages = embedded(policy)
    moments = counted(outages.order(None))
    outages.stage.reset()
    assert set(moments) >= NEEDED
    for fatal in chosen(moments, more, seed=1, firsts=firsts):
        died = died_of(outages.order(fatal))
        assert died, fatal
        outages.resumed()
        outages.stage.reset()


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize("policy", some_of(POLICIES, 2))
def test_killed_at_any_time(embedded: Embedded, policy: str) -> None:
    """Killed from outside at random times, a run is resumed to the same end."""
    outages = embedded(policy)
    dice = random.Random(f"{policy}{SOAK_SEED}")  # noqa: S311  # the same each time
    warm()
    begun = time.monotonic()
    assert counted(outages.order(None))
    usual = time.monotonic() - begun
    killed = 0
    for _ in range(TIMES):
        outages.stage.reset()
        killed += killed_after(outages.order(None), dice.random() * usual)
        outages.resumed()
    assert killed


@pytest.mark.soak
@pytest.mark.sampled
def test_killed_again_and_again(embedded: Embedded) -> None:
    """A run whose resume is killed too, and the resume of that, comes to the same end."""
    outages = embedded("rows")
    dice = random.Random(f"again{SOAK_SEED}")  # noqa: S311  # the same each time
    assert died_of(outages.order(dice.randrange(60, 90)))
    for _ in range(AGAIN):
        died_of(outages.resume_order(dice.randrange(5, 60)))
    outages.resumed()


@pytest.mark.sampled
@pytest.mark.parametrize(("nth", "at"), some_of([(14, "inserting"), (5, "marking done"), (5, "committing")], 2))
def test_undone_after_it_was_killed(embedded: Embedded, nth: int, at: str) -> None:
    """A run that was killed is undone without being resumed: its open step is resolved first."""
    outages = embedded("replace")
    assert died_of(outages.order(nth, at))
    pair = opened(outages.stage.pair_file, {})

    undone = pair.execute(pair.plan_undo())

    assert undone.outcome.done
    assert not undone.unlike
    assert outages.stage.target() == outages.expected.before
