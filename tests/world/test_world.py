"""A fixed sample of worlds, in a soak many at random, and how one in which something is wrong is shown."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.examples import SOAK_SEED, SOAKING
from tests.world import __main__ as command
from tests.world import many
from tests.world.clock import DAY, HOUR
from tests.world.drawing import drawn
from tests.world.many import run
from tests.world.scenarios import LEVELS
from tests.world.values import Acd, Command, LinkDown, Scenario
from tests.world.world import Tally

SAMPLE = ((1, 148), (2, 346), (3, 169), (4, 319))
"""Levels and seeds of worlds that are small, but have outages, repairs, undos and syncs."""
SOAKED = 200
"""So many worlds of each level are run in a soak."""


def seeds() -> list[tuple[int, int]]:
    """Return the levels and seeds to run: the sample, and in a soak those that follow from its seed."""
    if not SOAKING:
        return list(SAMPLE)
    first = int(SOAK_SEED) * 1000
    return [*SAMPLE, *((level, first + number) for level in LEVELS for number in range(SOAKED))]


@pytest.mark.sampled
@pytest.mark.parametrize(("level", "seed"), seeds())
def test_nothing_is_wrong_in_a_world(level: int, seed: int) -> None:
    """The oracle finds nothing wrong after any command of a world, whatever happens in it."""
    found = run(drawn(seed, level))[1]
    assert not found, f"python -m tests.world --level {level} --seed {seed}\n{found}"


SMALL = Scenario(
    days=1,
    acds=(Acd(splits=1, agents=1, calls_an_hour=1),),
    happenings=(LinkDown("secondary", 9 * HOUR, HOUR),),
    commands=(Command(DAY // 2, "outages"), Command(DAY // 2, "resync", ("--outages", "--yes"))),
)
"""A world of one outage, whose repair the oracle is made to find wrong."""


def test_a_world_that_is_wrong_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong is reduced to what it needs, and printed as commands and as a plain test; it ends with 1."""

    def wrong(scenario: Scenario) -> tuple[Tally, str]:
        repairs = [one for one in scenario.commands if one.verb == "resync"]
        return Tally(worlds=1), "After command 1 (resync):\n  oracle 1: it says so" if repairs else ""

    monkeypatch.setattr(command, "run", wrong)
    monkeypatch.setattr(many, "run", wrong)
    assert command.show(SMALL, 17, max(LEVELS), shrink=True) == 1
    printed = capsys.readouterr().out
    assert "secondary: its links down until 06-05 10:00:00" in printed
    assert "06-05 12:00:00  $ syncengine resync --outages --yes" in printed
    reduced = printed.partition("Reduced:")[2]
    assert "syncengine outages" not in reduced
    test = reduced.partition("As a test:")[2]
    given: list[Scenario] = []
    values = {one.__name__: one for one in (Acd, Command, LinkDown, Scenario)}
    names: dict[str, Any] = {**values, "date": date, "run_right": given.append}
    exec(test.strip(), names)  # noqa: S102  # it is a test to run
    names["test_a_world"]()
    assert [one.verb for one in given[0].commands] == ["resync"]
