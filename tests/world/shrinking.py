"""Reduces a scenario in which something is wrong to as little as still shows it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import hypothesis
from hypothesis import Phase, given, settings

from tests.world.clock import DAY, HOUR, MINUTE
from tests.world.drawing import QUIET, drawn, strategy_of, without_constants
from tests.world.scenarios import LEVELS
from tests.world.values import Edit, Happening, LinkDown, Restored, Scenario, ServerDown, Unreadable


def shrunk(
    scenario: Scenario,
    fails: Callable[[Scenario], bool],
    seconds: float,
    seed: int | None = None,
    level: int = max(LEVELS),
) -> Scenario:
    """Return the smallest scenario found in some time that fails: by hypothesis if its seed is given, then by pieces.

    Nothing is known of a scenario but that it fails; another fault may be reached on the way.
    """
    until, soon = time.monotonic() + seconds, time.monotonic() + seconds / 2
    if seed is not None and drawn(seed, level, scenario.shape) == scenario:
        scenario = _by_hypothesis(scenario, fails, seed, level, soon)
    return _by_pieces(scenario, fails, until)


class _TimeOver(BaseException):  # no error: hypothesis would shrink on with an `Exception`
    """There is no time to go on."""


def _by_hypothesis(
    scenario: Scenario, fails: Callable[[Scenario], bool], seed: int, level: int, until: float
) -> Scenario:
    """Return the smallest scenario that hypothesis reaches from that of a seed."""
    smallest = [scenario]

    @hypothesis.seed(seed)
    @settings(QUIET, max_examples=2, phases=(Phase.generate, Phase.shrink))
    @given(strategy_of(seed, level, scenario.shape))
    def fail(candidate: Scenario) -> None:
        if time.monotonic() > until:
            raise _TimeOver
        if candidate == scenario or fails(candidate):
            smallest[0] = candidate
            raise AssertionError

    with contextlib.suppress(AssertionError, hypothesis.errors.Flaky, _TimeOver), without_constants():
        fail()
    return smallest[0]


def _by_pieces(scenario: Scenario, fails: Callable[[Scenario], bool], until: float) -> Scenario:
    """Leave out and simplify one thing after the other, as long as it still fails, until nothing more can be."""
    refused: set[Scenario] = set()
    again = True
    while again:
        again = False
        for candidate in _simpler(scenario):
            if time.monotonic() > until:
                return scenario
            if candidate in refused or candidate == scenario:
                continue
            if fails(candidate):
                scenario, again = candidate, True
                break
            refused.add(candidate)
    return scenario


def _simpler(scenario: Scenario) -> Iterator[Scenario]:  # noqa: PLR0912  # a list, not a decision
    """Yield scenarios that are simpler by one thing, the largest steps first."""
    yield replace(scenario, shape="")
    number = len(scenario.commands)
    yield from (_without_commands(scenario, *span) for span in _spans(number))
    for name in ("happenings", "faults"):
        values = getattr(scenario, name)
        for first, past in _spans(len(values)):
            yield _with(scenario, name, (*values[:first], *values[past:]))
    if len(scenario.acds) > 1:
        for acd in scenario.acds:
            yield replace(scenario, acds=(acd,))
    if scenario.days > 1:
        last = (scenario.days - 1) * DAY
        if all(one.at < last for one in (*scenario.happenings, *scenario.commands)):
            yield replace(scenario, days=scenario.days - 1)
    yield replace(scenario, whole=False)
    yield replace(scenario, zone="UTC")
    yield replace(scenario, zone="UTC", start=Scenario().start)
    yield replace(scenario, seed=0)
    for place, acd in enumerate(scenario.acds):
        for name, value in SIMPLEST_ACD:
            # No calls, then one an hour: never from none to one, or it would go round for ever.
            if getattr(acd, name) not in {0, value}:
                yield _placed(scenario, "acds", place, _with(acd, name, value))
    for place, command in enumerate(scenario.commands):
        if "--json" in command.options:
            options = tuple(word for word in command.options if word != "--json")
            yield _placed(scenario, "commands", place, replace(command, options=options))
    for place, happening in enumerate(scenario.happenings):
        for simpler in _simpler_happening(happening):
            yield _placed(scenario, "happenings", place, simpler)


SIMPLEST_ACD: tuple[tuple[str, Any], ...] = (
    ("splits", 1),
    ("agents", 1),
    ("vdns", 1),
    ("trunk_groups", 1),
    ("calls_an_hour", 0),
    ("calls_an_hour", 1),
    ("quiet", (0, 0)),
    ("minutes", 30),
)


def _simpler_happening(happening: Happening) -> Iterator[Happening]:
    """Yield what happens for all ACDs, shorter, and at the full hour, the quarter or the minute before."""
    if isinstance(happening, LinkDown):
        yield replace(happening, acd=None)
    if isinstance(happening, LinkDown | ServerDown | Unreadable):
        for seconds in (HOUR, 15 * MINUTE, MINUTE):
            if seconds < happening.seconds:
                yield replace(happening, seconds=seconds)
        if happening.seconds % MINUTE and happening.seconds > MINUTE:
            yield replace(happening, seconds=happening.seconds // MINUTE * MINUTE)
    if isinstance(happening, Edit):
        yield replace(happening, seed=0)
    for unit in (HOUR, 15 * MINUTE, MINUTE):
        at = happening.at // unit * unit
        # Nothing is restored to a time that is yet to come.
        if at != happening.at and not (isinstance(happening, Restored) and happening.to > at):
            yield replace(happening, at=at)


def _spans(length: int) -> Iterator[tuple[int, int]]:
    """Yield places to leave out: all, each half, then each by itself, the last first."""
    size = length
    while size:
        for first in reversed(range(0, length, size)):
            yield first, min(first + size, length)
        size //= 2


def _placed(scenario: Scenario, name: str, place: int, value: Any) -> Scenario:
    """Return a scenario with one of its values replaced."""
    values = list(getattr(scenario, name))
    values[place] = value
    changed: Scenario = _with(scenario, name, tuple(values))
    return changed


def _without_commands(scenario: Scenario, first: int, past: int) -> Scenario:
    """Return a scenario without some commands; the faults of the others stay with them."""
    if first == past:
        return scenario
    commands = (*scenario.commands[:first], *scenario.commands[past:])
    faults = tuple(
        one if one.command < first else replace(one, command=one.command - (past - first))
        for one in scenario.faults
        if not first <= one.command < past
    )
    return replace(scenario, commands=commands, faults=faults)


def _with(value: Any, name: str, changed: Any) -> Any:
    return replace(value, **{name: changed})
