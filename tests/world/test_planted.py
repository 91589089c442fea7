"""The list of planted faults fits to the product as it is, and their judges find what they are there for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.guards.guard import ROOT
from tests.world.ending import Ending
from tests.world.faults import FaultPlan
from tests.world.oracle.rows import judge_locks
from tests.world.planted import PLANTED
from tests.world.planted.planted_fault import PlantedFault
from tests.world.shapes import shape_named
from tests.world.values import Command, Fault, FaultKind, Snapshot
from tests.world.world import World

LEAST = 30
NO_WORLD: World = None  # type: ignore[assignment]  # that judge needs none
EMPTY = Snapshot(0, {})


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.change.name)
def test_the_lines_of_a_fault_are_in_the_product(planted: PlantedFault) -> None:
    """Each change of a planted fault replaces lines that are there once, by others that are Python."""
    texts: dict[Path, str] = {}
    for one in planted.changes:
        text = texts.get(one.path) or (ROOT / one.path).read_text()
        texts[one.path] = one.removed_from(text)
        compile(texts[one.path], one.file, "exec")


def test_there_are_enough_faults() -> None:
    """At least thirty faults are planted, each of a name of its own."""
    assert len({one.change.name for one in PLANTED}) == len(PLANTED) >= LEAST


def test_the_shape_of_a_fault_is_one() -> None:
    """The shape in which a fault is likely to show exists, and worlds of the fault's level may have it."""
    for planted in PLANTED:
        if planted.shape:
            assert shape_named(planted.shape).level <= planted.level, planted.change.name


class _Nothing:
    """Surroundings in which nothing happens."""

    def __getattr__(self, name: str) -> object:
        return lambda *_: None


def test_a_fault_waits_for_a_call_at_which_it_can_happen() -> None:
    """What goes wrong in a commit, planned at a call before it, goes wrong in that commit, and once."""
    plan = FaultPlan((Fault(0, 1, FaultKind.UNKNOWN_COMMIT),), _Nothing())  # type: ignore[arg-type]
    calls = ("primary begin", "primary lock in session", "primary insert in session", "primary commit")
    found = [plan.reached(call) for call in (*calls, *calls)]
    assert [place for place, one in enumerate(found) if one is not None] == [3]


def test_writing_without_a_lock_is_found() -> None:
    """A transaction that deletes or inserts before it has locked anything is a violation."""
    ending = Ending(0, Command(0, "resync"), ("resync",), EMPTY, EMPTY)
    right = ("primary begin", "primary lock in session", "primary delete in session", "primary insert in session")
    assert not list(judge_locks(NO_WORLD, replace(ending, calls=right)))
    wrong = (*right, "primary commit", "primary begin", "primary insert in session")
    assert list(judge_locks(NO_WORLD, replace(ending, calls=wrong)))
