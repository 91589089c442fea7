"""Scenarios are drawn alike everywhere, reduced to a few steps, printed as tests; each command is typed and ends."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from syncengine.cli.exit_codes import ExitCode
from tests.world import commands, values
from tests.world.drawing import drawn
from tests.world.operator import operate, resolved
from tests.world.printed import as_commands, as_test
from tests.world.scenarios import LEVELS
from tests.world.shrinking import shrunk
from tests.world.values import Acd, Command, Fault, FaultKind, LinkDown, Scenario
from tests.world.world import World

SEEDS = 16
DIGEST = f"""
from tests.world.test_operator import digest
print(digest(range({SEEDS})))
"""
OUTAGE = LinkDown("secondary", 10 * 3600 + 17 * 60, 1300)
WORLD = Scenario(acds=(Acd(splits=1, agents=2, vdns=1, calls_an_hour=2),), happenings=(OUTAGE,))
GROUPS = (
    commands.READING,
    commands.BADLY_TYPED,
    commands.REPAIRING,
    commands.ROLLING_UP,
    commands.ADMINISTERING,
    commands.UNDOING,
)
VERBS = {words[0]: words for group in GROUPS for words in reversed(group)}


def digest(seeds: range) -> str:
    """Return a checksum of the scenarios of some seeds."""
    text = "".join(repr(drawn(seed, level)) for seed in seeds for level in LEVELS)
    return hashlib.sha256(text.encode()).hexdigest()


def _evaluated(text: str) -> Scenario:
    """Return the scenario that the text of a test runs."""
    found: list[Scenario] = []
    names = {**vars(values), "date": date, "run_right": found.append}
    exec(text, names)  # noqa: S102  # as_test wrote it
    names["test_a_world"]()
    return found[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a small world after its only outage."""
    made = World(WORLD, tmp_path_factory.mktemp("world"))
    made.site.advance(86400 + 15 * 3600)
    yield made
    made.close()


@pytest.mark.soak("2")
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_draws_the_same_scenario_in_every_process(hash_seed: str) -> None:
    """No order of a set and no state of a process has a part in what is drawn."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    printed = subprocess.run(
        [sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == digest(range(SEEDS))


def test_drawn_scenarios_have_everything_in_order() -> None:
    """Commands and happenings are sorted by time and inside the world, and each fault has its command."""
    for seed in range(SEEDS):
        scenario = drawn(seed)
        for dated in (scenario.commands, scenario.happenings):
            times = [one.at for one in dated]
            assert times == sorted(times)
            assert all(0 <= at < scenario.last for at in times)
        assert all(one.command < len(scenario.commands) for one in scenario.faults)


def _overlaps(scenario: Scenario) -> bool:
    outages = [one for one in scenario.happenings if isinstance(one, LinkDown)]
    return any(
        first.server != second.server and first.at < second.at + second.seconds and second.at < first.at + first.seconds
        for first in outages
        for second in outages
    )


def test_outages_of_both_servers_often_overlap() -> None:
    """What neither server saw is not left to chance."""
    assert sum(_overlaps(drawn(seed, 1)) for seed in range(SEEDS)) >= SEEDS // 4


@pytest.mark.parametrize("by_hypothesis", [False, True])
def test_a_failing_scenario_shrinks_to_a_few_steps(by_hypothesis: bool) -> None:
    """Only what makes it fail remains."""

    def fails(scenario: Scenario) -> bool:
        return _overlaps(scenario) and any(one.verb == "undo" for one in scenario.commands)

    seed = next(seed for seed in range(1000) if fails(drawn(seed, 2)))
    small = shrunk(drawn(seed, 2), fails, 4, seed if by_hypothesis else None, 2)
    assert fails(small)
    assert [one.verb for one in small.commands] == ["undo"]
    assert len(small.happenings) == 2
    assert (small.faults, small.whole, small.zone, small.seed) == ((), False, "UTC", 0)
    assert len(small.acds) == 1


def test_a_fault_stays_with_its_command_when_others_are_left_out() -> None:
    """A reduced scenario injects the fault into the same command."""
    scenario = Scenario(
        commands=(Command(1, "verify"), Command(2, "status"), Command(3, "undo")),
        faults=(Fault(0, 7, FaultKind.DIES), Fault(2, 5, FaultKind.DIES)),
    )

    def fails(candidate: Scenario) -> bool:
        return any(candidate.commands[one.command].verb == "undo" for one in candidate.faults)

    small = shrunk(scenario, fails, 10)
    assert small.commands == (Command(3, "undo"),)
    assert small.faults == (Fault(0, 5, FaultKind.DIES),)


def test_the_text_of_a_test_runs_the_same_scenario() -> None:
    """What is printed of a failure can be stored as a test as it is."""
    for seed in range(0, SEEDS, 4):
        scenario = drawn(seed)
        assert _evaluated(as_test(scenario)) == scenario


def test_a_scenario_is_printed_as_commands() -> None:
    """Each line has the time that the switch's clock shows, and what stands in braces is filled in."""
    command = Command(86400, "resync", ("--window", "{outage secondary -1}", "--yes"))
    scenario = replace(WORLD, commands=(command,), faults=(Fault(0, 3, FaultKind.DIES),))
    assert as_commands(scenario).splitlines()[2:] == [
        "06-05 10:17:00  secondary: its links down until 06-05 10:38:40",
        "06-06 00:00:00  $ syncengine resync --window '2000-06-05 10:17..2000-06-05 10:38' --yes",
        "06-06 00:00:00      at its call 3: the process dies",
    ]


def test_what_is_not_there_cannot_be_filled_in() -> None:
    """A command that names an outage or a run that never was does not apply."""
    for word in ("{run -1}", "{outage secondary -2}", "{outage primary -2}"):
        with pytest.raises(LookupError):
            resolved(WORLD, WORLD.last - 1, [], word)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_each_verb_ends_with_a_documented_code_and_the_source_untouched(world: World, verb: str) -> None:
    """Every command of the operator can be typed in a world; only a repair writes, and only the target."""
    ending = operate(world.scenario, world.site, Command(world.now, *_split(VERBS[verb])), 0)
    if ending is None:
        assert verb == "undo"
        return
    assert ending.code in set(ExitCode)
    assert ending.said
    assert "Traceback" not in ending.said
    assert ending.after.bags["primary"] == ending.before.bags["primary"]


def _split(words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    return words[0], words[1:]
