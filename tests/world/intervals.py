"""How a server cuts time: its intervals by the clock, and what of each it saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tests.world.clock import HOUR, MINUTE
from tests.world.history import quiet_spans
from tests.world.values import SERVERS, Acd, LengthSet, LinkDown, Scenario, Server, Span, View

LOWEST_DELAY, HIGHEST_DELAY = MINUTE, 4 * MINUTE
"""How long an archive takes after the end of its interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of an ACD on a server, archived `at` a second; a clock that is set may cut it short."""

    acd: int
    begin: int
    end: int
    day: date
    label: int
    minutes: int
    """Its nominal length."""
    at: int
    parts: tuple[Span, ...]
    """What the server saw of it."""
    quiet: bool
    """Nobody called and nobody was logged on in all of it."""

    @property
    def whole(self) -> bool:
        """Whether the server saw all of it."""
        return self.parts == ((self.begin, self.end),)

    @property
    def recorded(self) -> bool:
        """Whether the server has rows of it."""
        return bool(self.parts) and not self.quiet


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return spans sorted, with those that overlap or touch as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif begin < end:
            found.append((begin, end))
    return tuple(found)


def seen(span: Span, blind: Sequence[Span]) -> tuple[Span, ...]:
    """Return the parts of a span that were not blind."""
    at, end = span
    parts = []
    for down, up in blind:
        if up <= at:
            continue
        if down >= end:
            break
        if at < down:
            parts.append((at, down))
        at = up
    if at < end:
        parts.append((at, end))
    return tuple(parts)


def views(scenario: Scenario) -> dict[Server, View]:
    """Return what each server can see of the switch, and how it cuts time."""
    return {server: _view(scenario, server) for server in SERVERS}


def _view(scenario: Scenario, server: Server) -> View:
    blind: dict[int, tuple[Span, ...]] = {}
    lengths: dict[int, tuple[tuple[int, int], ...]] = {}
    for acd in scenario.acds:
        spans = [
            (one.at, one.at + one.seconds)
            for one in scenario.happenings
            if isinstance(one, LinkDown) and one.server == server and one.acd in (None, acd.number)
        ]
        blind[acd.number] = merged([*spans, *scenario.down(server)])
        lengths[acd.number] = _lengths(scenario, server, acd)
    return View(server, blind, lengths)


def _lengths(scenario: Scenario, server: Server, acd: Acd) -> tuple[tuple[int, int], ...]:
    since = {0: acd.minutes}
    sets = [one for one in scenario.happenings if isinstance(one, LengthSet) and one.acd == acd.number]
    for one in sorted(sets, key=lambda one: one.at):
        hour = _following_hour(scenario, one.at)
        if server in one.servers and hour is not None:
            since[hour] = one.minutes
    found: list[tuple[int, int]] = []
    for at, minutes in sorted(since.items()):
        if not found or found[-1][1] != minutes:
            found.append((at, minutes))
    return tuple(found)


def _following_hour(scenario: Scenario, at: int) -> int | None:
    """Return when the clock shows a full hour for the first time after a second."""
    clock = scenario.clock
    for begin, end in clock.stretches(scenario.last):
        if end <= at:
            continue
        first = max(begin, at + 1)
        shown = clock.shown(first)
        hour = first + -(shown.minute * MINUTE + shown.second) % HOUR
        if hour < end:
            return hour
    return None


def down_times(scenario: Scenario, view: View) -> tuple[Span, ...]:
    """Return when the server itself is down; the perfect one never is."""
    if not any(view.blind.values()):
        return ()
    return merged(scenario.down(view.server))


def available(at: int, down: Sequence[Span]) -> int:
    """Return when a server can write what it would write at a second."""
    return next((up for begin, up in down if begin <= at < up), at)


def delay(view: View, acd: int, begin: int, lowest: int = LOWEST_DELAY, highest: int = HIGHEST_DELAY) -> int:
    """Return a number of seconds that depends on nothing but numbers."""
    mixed = (begin * 2654435761 + acd * 40503 + SERVERS.index(view.server) * 97) & 0xFFFFFFFF
    mixed ^= mixed >> 15
    mixed = mixed * 2246822519 & 0xFFFFFFFF
    mixed ^= mixed >> 13
    return lowest + mixed % (highest - lowest)


def intervals(scenario: Scenario, view: View, acd: Acd) -> tuple[Interval, ...]:
    """Return every interval of an ACD that ends by the end of the world, also those without a row."""
    down = down_times(scenario, view)
    quiet = quiet_spans(scenario.clock, acd, scenario.last)
    blind = view.blind[acd.number]
    found: list[Interval] = []
    latest = 0
    for begin, end, day, label, minutes in _cuts(scenario, view, acd):
        wait = delay(view, acd.number, begin)
        latest = max(latest, end + wait if available(end + wait, down) == end + wait else available(end, down) + wait)
        still = any(first <= begin and end <= until for first, until in quiet)
        found.append(Interval(acd.number, begin, end, day, label, minutes, latest, seen((begin, end), blind), still))
    return tuple(found)


def _cuts(scenario: Scenario, view: View, acd: Acd) -> Iterator[tuple[int, int, date, int, int]]:
    """Yield begin, end, day, label and length: an interval ends where the clock is set."""
    clock, lengths = scenario.clock, view.lengths[acd.number]
    for first, last in clock.stretches(scenario.last):
        at = first
        shown = clock.shown(first)
        while at < last:
            minutes = next(length for since, length in reversed(lengths) if since <= at)
            seconds = shown.hour * HOUR + shown.minute * MINUTE + shown.second
            inside = seconds % (minutes * MINUTE)
            following = at + minutes * MINUTE - inside
            following = min([following, last, *(since for since, _ in lengths if at < since < following)])
            start = seconds - inside
            if following < scenario.last or following == at + minutes * MINUTE - inside:
                yield at, following, shown.date(), start // HOUR * 100 + start % HOUR // MINUTE, minutes
            shown += timedelta(seconds=following - at)
            at = following
