"""Oracle 5: days, weeks and months that were recomputed are the truth; those that could not be are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from syncengine.model.spec import Rollup, TableSpec
from tests.world.acts import CODES
from tests.world.oracle import Violation
from tests.world.rollups import LONGER, Period, longer_tables, period_of, rolled, true_rows
from tests.world.schedule import TIME
from tests.world.tables import world_catalogue
from tests.world.values import SERVERS, Bag, Row, Server, other

if TYPE_CHECKING:
    from tests.world.ending import Ending
    from tests.world.world import World

REPAIRS = ("resync", "backfill")
"""The commands after which a period that was summed before is recomputed or named."""
OVERRULING = ("--take-broken", "fill", "copy", "rows")
"""Words of a command after which intervals may be other than the truth, as the operator chose."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The rows of one period of an ACD in a table."""

    table: str
    acd: int
    first: date


def judge_rollups(world: World, ending: Ending) -> Iterator[Violation]:
    """Yield what is wrong with the days, weeks and months of both servers after a command."""
    if ending.died or ending.command.verb not in REPAIRS:
        return
    overruled = any(word in OVERRULING for one in world.endings for word in one.words)
    overruled |= any(word in OVERRULING for word in ending.words)
    for server in SERVERS:
        written = set(_written(world, ending, server))
        if not overruled:
            yield from _not_true(world, ending, server, written)
        yield from _not_of_its_intervals(world, ending, server, written)
        yield from _not_named(world, ending, server, written)


def _written(world: World, ending: Ending, server: Server) -> Iterator[Place]:
    """Yield where the command changed daily, weekly or monthly rows: what the server itself did is left out."""
    for spec in _longer(world):
        for values in _changed_rows(world, ending, server, spec.name):
            row = _named_values(world, server, spec.name, values)
            yield Place(spec.name, row["acd"], row["row_date"])


def _changed_rows(world: World, ending: Ending, server: Server, table: str) -> Iterable[tuple[Any, ...]]:
    inserted, deleted = world.site.changes(server, table, ending.before.at, ending.after.at)
    before, after = ending.before.bags[server][table], ending.after.bags[server][table]
    return ((after - before) - inserted) + ((before - after) - deleted)


def _not_true(world: World, ending: Ending, server: Server, written: Iterable[Place]) -> Iterator[Violation]:
    """Yield the periods that were recomputed, though not to what whole intervals make of them."""
    for place in sorted(written):
        spec = world_catalogue(world.scenario.whole).table(place.table)
        assert spec.archive is not None
        period = period_of(spec.archive, place.first)
        if period.first < world.scenario.start:
            # The world has only some of its days.
            continue
        rows = true_rows(world.scenario, world.perfect[server], place.table).get(period, [])
        names = _compared(world, spec, place.acd)
        expected = _bag((row for row in rows if row["acd"] == place.acd), names)
        found = _bag(_rows(world, ending.after.bags[server], server, place), names)
        if found != expected:
            yield Violation(
                5, f"{server} {_shown(place)} was recomputed and is not the truth: {_unlike(found, expected)}"
            )


def _not_of_its_intervals(
    world: World, ending: Ending, server: Server, written: Iterable[Place]
) -> Iterator[Violation]:
    """Yield the periods that were recomputed, though not to what the server's own intervals make of them."""
    if "copy" in ending.words:
        return
    for place in sorted(written):
        spec = world_catalogue(world.scenario.whole).table(place.table)
        names = [column.name for column in spec.columns if column.rollup is not Rollup.LATEST]
        found = _bag(_rows(world, ending.after.bags[server], server, place), names)
        computed = _bag(_own(world, ending.after.bags[server], server, place), names)
        if found != computed and found != _bag(_rows(world, ending.before.bags[server], server, place), names):
            yield Violation(5, f"{server} {_shown(place)} is not what its intervals make: {_unlike(found, computed)}")


def _not_named(world: World, ending: Ending, server: Server, written: set[Place]) -> Iterator[Violation]:
    """Yield the periods whose intervals were repaired after they were summed, that are wrong now and nowhere named."""
    plans = (*ending.plans, *([rollups] if (rollups := getattr(ending.result, "rollups", None)) else []))
    if not plans:
        return
    named = {Place(one.table, one.acd or 0, one.row_date) for plan in plans for one in plan.stale if one.into == server}
    for place in sorted(_stale(world, ending, server) - written - named):
        spec = world_catalogue(world.scenario.whole).table(place.table)
        names = [column.name for column in spec.columns if column.rollup is not Rollup.LATEST]
        found = _bag(_rows(world, ending.after.bags[server], server, place), names)
        computed = _bag(_own(world, ending.after.bags[server], server, place), names)
        if found != computed:
            yield Violation(
                5, f"{server} {_shown(place)} is neither recomputed nor named, and is {_unlike(found, computed)}"
            )


def _stale(world: World, ending: Ending, server: Server) -> set[Place]:
    """Return the periods that a server had summed before the command changed intervals of theirs."""
    found = set()
    until = _summed_until(world, ending, server)
    for spec in _longer(world):
        assert spec.rolled_from is not None
        assert spec.archive is not None
        for values in _changed_rows(world, ending, server, spec.rolled_from):
            row = _named_values(world, server, spec.rolled_from, values)
            period = period_of(spec.archive, row["row_date"])
            last = until.get((row["acd"], CODES[spec.archive]))
            if last is not None and period.past <= last.date() and period.first >= world.scenario.start:
                found.add(Place(spec.name, row["acd"], period.first))
    return found


def _summed_until(world: World, ending: Ending, server: Server) -> dict[tuple[int, str], datetime]:
    """Return when each archive of each ACD had run before the command."""
    rows = (_named_values(world, server, "arch_stat", one) for one in ending.before.bags[server]["arch_stat"])
    return {(row["acd"], row["arch_type"]): datetime.strptime(row["last_time"], TIME) for row in rows}


def _own(world: World, bags: Mapping[str, Bag], server: Server, place: Place) -> Iterable[Row]:
    """Return what the intervals that a server has make of a period."""
    catalogue = world_catalogue(world.scenario.whole)
    spec = catalogue.table(place.table)
    assert spec.archive is not None
    shorter = catalogue.table(spec.rolled_from or "")
    period: Period = period_of(spec.archive, place.first)
    rows = (_named_values(world, server, shorter.name, values) for values in bags[shorter.name].elements())
    own = [row for row in rows if row["acd"] == place.acd and period.first <= row["row_date"] < period.past]
    return rolled(own, shorter, spec, place.first)


def _rows(world: World, bags: Mapping[str, Bag], server: Server, place: Place) -> Iterator[Row]:
    for values in bags[place.table].elements():
        row = _named_values(world, server, place.table, values)
        if (row["acd"], row["row_date"]) == (place.acd, place.first):
            yield row


def _compared(world: World, spec: TableSpec, acd: int) -> list[str]:
    """Return the columns that must be the truth: of lengths that are unlike only the sums are alike."""
    lengths = {tuple(world.views[server].lengths[acd]) for server in (SERVERS[0], other(SERVERS[0]))}
    left_out = (Rollup.LATEST,) if len(lengths) == 1 else (Rollup.LATEST, Rollup.MAX, Rollup.BROKEN, Rollup.BUSY_HOUR)
    return [column.name for column in spec.columns if column.rollup not in left_out]


def _longer(world: World) -> tuple[TableSpec, ...]:
    return tuple(spec for archive in LONGER for spec in longer_tables(archive, whole=world.scenario.whole))


def _named_values(world: World, server: Server, table: str, values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(world.site.databases[server].columns(table), values, strict=False))


def _bag(rows: Iterable[Row], names: Iterable[str]) -> Bag:
    chosen = tuple(names)
    return Counter(tuple(row.get(name, 0) for name in chosen) for row in rows)


def _shown(place: Place) -> str:
    return f"{place.table} ACD {place.acd} {place.first}"


def _unlike(found: Bag, expected: Bag) -> str:
    more, fewer = (sorted(one.elements(), key=repr)[:2] for one in (found - expected, expected - found))
    return f"{more} not {fewer}"
