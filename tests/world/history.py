"""What the switch does: calls, logins, work modes and exceptions, event by event from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from tests.world.clock import HOUR, WallClock
from tests.world.events import Exceeded, Login, Segment, WorkState
from tests.world.switch import Switch
from tests.world.values import Acd, Scenario, Span


@dataclass(frozen=True, slots=True)
class History:
    """All that happened at the switch; each part is sorted by its begin."""

    logins: tuple[Login, ...]
    states: tuple[WorkState, ...]
    segments: tuple[Segment, ...]
    exceptions: tuple[Exceeded, ...]


@lru_cache(maxsize=8)
def quiet_spans(clock: WallClock, acd: Acd, last: int) -> tuple[Span, ...]:
    """Return when nobody calls an ACD and nobody is logged on, by the hours that the clock shows."""
    first, until = acd.quiet
    if first == until:
        return ()
    found: list[Span] = []
    for begin, end in clock.stretches(last):
        at = begin
        while at < end:
            shown = clock.shown(at)
            following = min(end, at + HOUR - shown.minute * 60 - shown.second)
            hour = shown.hour
            if first <= hour < until if first < until else hour >= first or hour < until:
                if found and found[-1][1] == at:
                    found[-1] = (found[-1][0], following)
                else:
                    found.append((at, following))
            at = following
    return tuple(found)


def history(scenario: Scenario) -> History:
    """Return what the switch of a scenario does: the same for the same scenario, on every machine."""
    logins: list[Login] = []
    states: list[WorkState] = []
    segments: list[Segment] = []
    exceptions: list[Exceeded] = []
    for acd in scenario.acds:
        chance = Random(scenario.seed * 64 + acd.number)  # noqa: S311
        quiet = quiet_spans(scenario.clock, acd, scenario.last)
        switch = Switch(acd, scenario.clock, scenario.last, quiet, chance)
        switch.run()
        logins += switch.logins
        states += switch.states
        segments += switch.segments
        exceptions += switch.exceptions
    return History(
        tuple(sorted(logins, key=lambda one: (one.begin, one.acd, one.logid, one.split))),
        tuple(sorted(states, key=lambda one: (one.begin, one.acd, one.logid, one.number))),
        tuple(sorted(segments, key=lambda one: (one.begin, one.acd, one.callid, one.segment))),
        tuple(sorted(exceptions, key=lambda one: (one.at, one.acd, one.logid, one.split))),
    )
