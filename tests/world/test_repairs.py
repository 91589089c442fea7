"""Whatever is cut out of two servers' days, a repair loses nothing, doubles nothing and invents nothing."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.world.clock import DAY, HOUR, MINUTE
from tests.world.ending import Ending
from tests.world.scenarios import STARTS, scenarios
from tests.world.values import Acd, Command, LinkDown, Scenario
from tests.world.world import World

REPAIR = ("--outages", "--allow-deletions", "1000000", "--yes")


def repaired_twice_and_undone(scenario: Scenario) -> tuple[Ending, Ending, Ending | None]:
    """Repair all outages as the world ends, once more, and undo it; the oracle judges each command."""
    with tempfile.TemporaryDirectory(prefix="world-") as folder:
        world = World(replace(scenario, commands=(), faults=()), Path(folder))
        try:
            commands = [Command(scenario.last, "resync", REPAIR)] * 2
            commands.append(Command(scenario.last, "undo", ("{run 0}", "--yes")))
            first, second, undone = (world.carry_out(command, place) for place, command in enumerate(commands))
        finally:
            world.close()
    assert first is not None
    assert second is not None
    return first, second, undone


@examples(2)
@given(scenario=scenarios(1), night=st.sampled_from(STARTS))
def test_a_repair_is_complete_and_can_be_undone(scenario: Scenario, night: tuple[str, date]) -> None:
    """What one server recorded whole is whole on both, a second repair writes nothing, and undo restores all rows."""
    zone, start = night
    first, second, undone = repaired_twice_and_undone(replace(scenario, zone=zone, start=start))
    assert second.after.bags == second.before.bags == first.after.bags
    assert not any(plan.steps for plan in second.plans)
    assert (undone is None) == (first.run_id == "")
    if undone is not None:
        assert undone.code == 0
        assert undone.after.bags == first.before.bags


IN_THE_REPEATED_HOUR = Scenario(
    seed=3,
    start=date(2000, 10, 28),
    zone="America/Denver",
    acds=(Acd(splits=1, calls_an_hour=3),),
    happenings=(
        LinkDown("primary", DAY + 55 * MINUTE, 62 * MINUTE),
        LinkDown("primary", DAY + 2 * HOUR + 17 * MINUTE, 73 * MINUTE),
    ),
)
"""The primary has of a login only what the clock shows to end (1:17) before it began (1:57)."""


def test_a_piece_that_ends_before_it_begins_is_not_doubled() -> None:
    """A login that is cut on both sides of the moment in which a clock goes back is never beside its own piece."""
    first, second, undone = repaired_twice_and_undone(IN_THE_REPEATED_HOUR)
    clock = IN_THE_REPEATED_HOUR.clock
    piece = (clock.epoch(DAY + 117 * MINUTE), clock.epoch(DAY + 137 * MINUTE))
    assert any(set(piece) <= set(row) for row in first.before.bags["primary"]["haglog"])
    assert second.after.bags == first.after.bags
    assert undone is not None
    assert undone.after.bags == first.before.bags
