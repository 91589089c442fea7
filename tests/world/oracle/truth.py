"""What the servers of a world have by themselves, and what was to be seen: the truth that rows are compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.world.clock import MINUTE
from tests.world.oracle.tables import Judged, Layout, text
from tests.world.values import SERVERS, Bag, ClockSet, Recorded, Restored, Server, Span

QUARTER = 15
Known = tuple[str | None, ...]
"""The values of a row that its server gives it, as text, in the order of `Recordings.columns`."""


class Recordings:
    """All rows of one table that the two servers write by themselves, and those of their perfect twins."""

    def __init__(self, world: Judged, layout: Layout) -> None:
        self.layout = layout
        self.own: dict[Server, tuple[Recorded, ...]] = _of_table(world.records, layout.spec.name)
        self.perfect: dict[Server, tuple[Recorded, ...]] = _of_table(world.perfect, layout.spec.name)
        given: set[str] = set(layout.columns)
        for one in (*self.own["primary"][:1], *self.own["secondary"][:1], *self.perfect["primary"][:1]):
            given &= set(one.row)
        beside = getattr(world.site, "beside", None)
        self._beside: Callable[[Server, str, int, int], Bag] = beside or (lambda *_: Counter())
        self.columns = tuple(name for name in layout.columns if name in given and name not in layout.own)
        self._at = [layout.at(name) for name in self.columns]

    def known(self, line: tuple[Any, ...]) -> Known:
        """Return the values of a row in a table that its server gave it."""
        return tuple(text(line[at]) for at in self._at)

    def known_of(self, one: Recorded) -> Known:
        """Return the values of a row as its server writes it."""
        return tuple(text(one.row[name]) for name in self.columns)

    def bag(self, lines: Bag) -> Counter[Known]:
        """Return rows of a table by what their server gave them."""
        found: Counter[Known] = Counter()
        for line, count in lines.items():
            found[self.known(line)] += count
        return found

    def written(self, server: Server, after: int, until: int) -> Counter[Known]:
        """Return the rows that a server writes by itself after a second and up to another, and other sessions."""
        found = Counter(self.known_of(one) for one in self.own[server] if after < one.at <= until)
        return found + self.bag(self.beside(server, after, until))

    def beside(self, server: Server, after: int, until: int) -> Bag:
        """Return the rows that other sessions wrote on a server after a second and up to another."""
        return self._beside(server, self.layout.spec.name, after, until)


def _of_table(records: dict[Server, tuple[Recorded, ...]], table: str) -> dict[Server, tuple[Recorded, ...]]:
    return {server: tuple(one for one in records[server] if one.table == table) for server in SERVERS}


@dataclass(slots=True)
class Unit:
    """A time of an ACD's clock between two boundaries that both servers share, and what they have of it."""

    acd: int
    day: date
    first: int
    """The quarter of the day that it begins with."""
    past: int
    spans: dict[Server, list[Span]] = field(default_factory=lambda: {"primary": [], "secondary": []})
    """The seconds of each server's intervals."""
    ready: int = 0
    """From which second on both have archived all of it."""
    whole: dict[Server, bool] = field(default_factory=lambda: {"primary": True, "secondary": True})
    unclear: bool = False
    """The clock shows it more than once, or was set in it: no row tells which time it is about."""

    @property
    def named(self) -> str:
        """Its name for people."""
        times = [f"{at * QUARTER // 60:02d}:{at * QUARTER % 60:02d}" for at in (self.first, self.past)]
        return f"ACD {self.acd}, {self.day} {times[0]} to {times[1]}"

    def holds(self, acd: int | None, day: Any, label: int | None) -> bool:
        """Say whether a bucket is in it."""
        return acd == self.acd and day == self.day and label is not None and self.first <= quarter(label) < self.past


def quarter(label: int) -> int:
    """Return the quarter of the day that a label is in."""
    return label // 100 * 4 + label % 100 // QUARTER


def units(world: Judged) -> tuple[Unit, ...]:
    """Return the times that are compared as one, from how both servers cut time."""
    from tests.world.intervals import intervals

    found: list[Unit] = []
    sets = [one.at for one in world.scenario.happenings if isinstance(one, ClockSet)]
    for acd in world.scenario.acds:
        cut = {server: intervals(world.scenario, world.views[server], acd) for server in SERVERS}
        inner: set[tuple[date, int]] = set()
        quarters: set[tuple[date, int]] = set()
        for server in SERVERS:
            for one in cut[server]:
                first = quarter(one.label)
                places = [(one.day, first + more) for more in range(one.minutes // QUARTER)]
                quarters.update(places)
                inner.update(places[1:])
        of: dict[tuple[date, int], Unit] = {}
        for day, number in sorted(quarters):
            if (day, number) in inner and (day, number - 1) in of:
                unit = of[day, number - 1]
                unit.past = number + 1
            else:
                unit = Unit(acd.number, day, number, number + 1)
                found.append(unit)
            of[day, number] = unit
        for server in SERVERS:
            labels: set[tuple[date, int]] = set()
            for one in cut[server]:
                unit = of[one.day, quarter(one.label)]
                unit.spans[server].append((one.begin, one.end))
                unit.ready = max(unit.ready, one.at)
                unit.whole[server] = unit.whole[server] and one.whole
                short = one.end - one.begin != one.minutes * MINUTE
                again = (one.day, one.label) in labels
                unit.unclear = unit.unclear or short or again or any(one.begin <= at <= one.end for at in sets)
                labels.add((one.day, one.label))
            for unit in found:
                if unit.acd == acd.number and not unit.spans[server]:
                    unit.unclear = True
    return tuple(found)


@dataclass(slots=True)
class Whole:
    """A login, a call or a work state: as it was, and which pieces each server has of it by itself."""

    of: Hashable
    perfect: Recorded
    pieces: dict[Server, list[Recorded]] = field(default_factory=lambda: {"primary": [], "secondary": []})

    def whole_on(self, server: Server, until: int) -> bool:
        """Say whether a server has written all of it as one row by a second."""
        pieces = self.pieces[server]
        return len(pieces) == 1 and pieces[0].span == self.perfect.span and pieces[0].at <= until


def wholes(recordings: Recordings) -> dict[Hashable, Whole]:
    """Return each login, call or work state of a table that is over, by what it is."""
    found: dict[Hashable, Whole] = {}
    for one in recordings.perfect["primary"]:
        found.setdefault(one.of, Whole(one.of, one))
    for server in SERVERS:
        for one in recordings.own[server]:
            if one.of in found:
                found[one.of].pieces[server].append(one)
    return found


def length_of(spans: Iterable[Span]) -> tuple[int, int]:
    """Return how long spans are together, and how long the time is that they cover."""
    total = covered = 0
    latest: int | None = None
    for begin, end in sorted(spans):
        total += end - begin
        if latest is None or begin >= latest:
            covered += end - begin
        elif end > latest:
            covered += end - latest
        latest = end if latest is None else max(latest, end)
    return total, covered


def restored(world: Judged, until: int) -> Iterator[Server]:
    """Yield the servers that were restored from a tape up to a second."""
    yield from sorted(
        {one.server for one in world.scenario.happenings if isinstance(one, Restored) and one.at <= until}
    )
