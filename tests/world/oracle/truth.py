"""What the servers of a world have by themselves, and what was to be seen: the truth that rows are compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from tests.world.clock import MINUTE
from tests.world.oracle.tables import Judged, Layout, Line, rows_of, text
from tests.world.values import SERVERS, Bag, ClockSet, Recorded, Restored, Server, Snapshot, Span

QUARTER = 15
Known = tuple[str | None, ...]
"""The values of a row that its server gives it, as text, in the order of `Recordings.columns`."""
Found = TypeVar("Found")


class _Derived:
    """What follows from one world alone and never changes in it, for the world that was judged last."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._found: dict[Hashable, Any] = {}

    def get(self, world: Judged, what: Hashable, make: Callable[[], Found]) -> Found:
        """Return what is derived already, or make it."""
        sources = (world.records, world.perfect, world.views)
        of = (world.scenario, *(one[server] for one in sources for server in SERVERS if server in one))
        if len(of) != len(self._of) or any(one is not two for one, two in zip(of, self._of, strict=True)):
            self._of, self._found = of, {}
        if what not in self._found:
            self._found[what] = make()
        found: Found = self._found[what]
        return found


_DERIVED = _Derived()


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
        self._known: dict[Line, Known] = {}
        self._known_of: dict[int, Known] = {}
        self._highest: dict[tuple[str, ...], dict[tuple[Any, Any], list[int]]] = {}
        self._bags: dict[tuple[int, Server], tuple[Snapshot, Counter[Known]]] = {}

    @cached_property
    def wholes(self) -> dict[Hashable, Whole]:
        """Each login, call or work state of the table that is over, by what it is."""
        return wholes(self)

    @cached_property
    def pieces(self) -> dict[Known, tuple[Hashable, Recorded]]:
        """Which login, call or work state each row is of, and the first that either server wrote of such rows."""
        found: dict[Known, tuple[Hashable, Recorded]] = {}
        for server in SERVERS:
            for one in self.own[server]:
                found.setdefault(self.known_of(one), (one.of, one))
        return found

    def highest(self, names: tuple[str, ...]) -> dict[tuple[Any, Any], list[int]]:
        """Return the highest total of some columns of each day of an ACD that any server, or a perfect one, has."""
        if names not in self._highest:
            most: dict[tuple[Any, Any], list[int]] = {}
            for rows in (*self.perfect.values(), *self.own.values()):
                totals: dict[tuple[Any, Any], list[int]] = {}
                for one in rows:
                    sums = totals.setdefault((one.acd, one.row["row_date"]), [0] * len(names))
                    for place, name in enumerate(names):
                        sums[place] += int(one.row[name] or 0)
                for day, sums in totals.items():
                    most[day] = [max(pair) for pair in zip(most.get(day, sums), sums, strict=True)]
            self._highest[names] = most
        return self._highest[names]

    def known(self, line: Line) -> Known:
        """Return the values of a row in a table that its server gave it."""
        found = self._known.get(line)
        if found is None:
            found = self._known[line] = tuple([text(line[at]) for at in self._at])
        return found

    def known_of(self, one: Recorded) -> Known:
        """Return the values of a row as its server writes it; one of those that were given at the beginning."""
        found = self._known_of.get(id(one))
        if found is None:
            found = self._known_of[id(one)] = tuple([text(one.row[name]) for name in self.columns])
        return found

    def bag(self, lines: Bag) -> Counter[Known]:
        """Return rows of a table by what their server gave them."""
        found: Counter[Known] = Counter()
        for line, count in lines.items():
            found[self.known(line)] += count
        return found

    def bag_of(self, snapshot: Snapshot, server: Server) -> Counter[Known]:
        """Return the rows of a server in a snapshot by what their server gave them."""
        place = (id(snapshot), server)
        if place not in self._bags:
            # The snapshot stays with it, so that no other gets its identity.
            self._bags[place] = snapshot, self.bag(rows_of(self.layout, snapshot, server))
        return self._bags[place][1]

    def written(self, server: Server, after: int, until: int) -> Counter[Known]:
        """Return the rows that a server writes by itself after a second and up to another, and other sessions."""
        found = Counter(self.known_of(one) for one in self.own[server] if after < one.at <= until)
        return found + self.bag(self.beside(server, after, until))

    def beside(self, server: Server, after: int, until: int) -> Bag:
        """Return the rows that other sessions wrote on a server after a second and up to another."""
        return self._beside(server, self.layout.spec.name, after, until)


def recordings_of(world: Judged, layout: Layout) -> Recordings:
    """Return the recordings of a table of a world, which are made once."""
    return _DERIVED.get(world, (layout.spec.name, layout.columns), lambda: Recordings(world, layout))


def units_of(world: Judged) -> tuple[Unit, ...]:
    """Return the units of a world, which are made once."""
    return _DERIVED.get(world, "units", lambda: units(world))


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
