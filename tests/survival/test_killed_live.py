"""Killed at any moment, a run into a live server leaves whole steps, and ends the same when resumed."""

from __future__ import annotations

import pytest

from tests.examples import SOAKING, some_of
from tests.stories.servers import MARKS
from tests.survival.children import begun, counted, died_of, ended
from tests.survival.conftest import Made
from tests.survival.live import LiveStage
from tests.survival.outages import Outages, chosen
from tests.survival.scenes import POLICIES

UNLOGGED = 2
"""Moments in a database without a log."""
FEW = ("hsplit", "synonyms", "agroups")
"""Tables for the kind that takes its time."""
KINDS = [pytest.param(kind, marks=MARKS[kind]) for kind in some_of(("informix", "postgresql"), 2)]
CLOSEST = ("inserting", "committing", "ending")
IN_TRANSACTION = {"locking", "looking", "deleting", "inserting", "committing", "beginning", "ending", "marking open"}


def stage_of(staged: Made, kind: str) -> LiveStage:
    """Make a pair."""
    return staged(kind, tables=FEW) if kind == "informix" else staged(kind)


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_a_moment(staged: Made, kind: str) -> None:
    """Killed before or after any operation, a run leaves each step whole or not written, and resume ends it."""
    stage = stage_of(staged, kind)
    for policy in POLICIES if SOAKING else POLICIES[:1]:
        outages = Outages(stage, stage.expected(policy))
        moments = counted(outages.order(None))
        stage.reset()
        for fatal in chosen(moments, 0, seed=2, firsts=CLOSEST):
            assert died_of(outages.order(fatal)), fatal
            outages.resumed()
            stage.reset()


@pytest.mark.soak
@pytest.mark.informix
@pytest.mark.sampled
def test_killed_where_nothing_is_logged(staged: Made) -> None:
    """Killed in a database without transactions, where half a step may stay, a run is resumed to the same end."""
    stage = staged("informix", tables=FEW, consent=True)
    stage.shim.set("unlogged", True)
    outages = Outages(stage, stage.expected("replace"), logged=False)
    moments = counted(outages.order(None))
    stage.reset()
    inside = [number for number, phase in enumerate(moments, start=1) if phase in IN_TRANSACTION]
    for number in chosen([moments[one - 1] for one in inside], UNLOGGED, seed=4, firsts=()):
        fatal = inside[number - 1]
        assert died_of(outages.order(fatal)), fatal
        outages.resumed()
        stage.reset()


@pytest.mark.soak
@pytest.mark.postgresql
def test_a_reader_sees_whole_steps(staged: Made) -> None:
    """A reader of the target during a run finds each bucket as before or as after it, never half written."""
    stage = staged("postgresql")
    expected = stage.expected("replace")
    outages = Outages(stage, expected)
    process = begun(outages.order(None))
    try:
        while process.is_alive():
            expected.buckets_whole(stage.target())
    finally:
        assert not ended(process)
    assert stage.target() == expected.after
