"""What the daily, weekly and monthly rows of a period are, in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from syncengine.model.grain import Archive
from syncengine.model.spec import Rollup, TableSpec
from tests.world.tables import world_catalogue
from tests.world.values import Recorded, Row, Scenario

LONGER = (Archive.DAILY, Archive.WEEKLY, Archive.MONTHLY)


@dataclass(frozen=True, slots=True)
class Period:
    """A day, week (from Sunday on) or month, by its first day and the first day after it."""

    archive: Archive
    first: date
    past: date

    @property
    def days(self) -> tuple[date, ...]:
        """All its days."""
        return tuple(self.first + timedelta(days=one) for one in range((self.past - self.first).days))

    @property
    def summed(self) -> datetime:
        """What the clock shows when a server sums it, by its schedule."""
        hour, minute = {Archive.DAILY: (0, 35), Archive.WEEKLY: (2, 35), Archive.MONTHLY: (4, 35)}[self.archive]
        return datetime(self.past.year, self.past.month, self.past.day, hour, minute)


def period_of(archive: Archive, day: date) -> Period:
    """Return the period that a day belongs to."""
    if archive is Archive.DAILY:
        return Period(archive, day, day + timedelta(days=1))
    if archive is Archive.WEEKLY:
        first = day - timedelta(days=(day.weekday() + 1) % 7)
        return Period(archive, first, first + timedelta(days=7))
    first = day.replace(day=1)
    return Period(archive, first, (first + timedelta(days=31)).replace(day=1))


def periods(scenario: Scenario, archive: Archive) -> tuple[Period, ...]:
    """Return the periods that end within a world, also the one that ends as it begins; in order."""
    day, last = scenario.start, scenario.clock.shown(scenario.last).date()
    found = []
    while day <= last:
        period = period_of(archive, day)
        found.append(period)
        day = period.past
    return tuple(found)


def longer_tables(archive: Archive, *, whole: bool = False) -> tuple[TableSpec, ...]:
    """Return the tables of an archive that are summed from intervals."""
    return tuple(one for one in world_catalogue(whole).tables if one.archive is archive and one.rolled_from)


def source_of(spec: TableSpec, *, whole: bool = False) -> TableSpec:
    """Return the table that a server sums one from: intervals into days, days into weeks and months.

    Where a world has no table of days, weeks and months are summed from intervals.
    """
    assert spec.rolled_from is not None
    catalogue = world_catalogue(whole)
    daily = next((one for one in catalogue.tables if one.name == f"d{spec.name[1:]}"), None)
    if spec.archive is Archive.DAILY or daily is None:
        return catalogue.table(spec.rolled_from)
    return daily


def rolled(rows: Iterable[Row], shorter: TableSpec, longer: TableSpec, first: date) -> list[Row]:
    """Return the rows of one period, of all ACDs: `rows` are those of a shorter archive within it."""
    assert longer.acd is not None
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        values = (row[longer.acd], *(row[name] for name in longer.key))
        groups.setdefault(tuple(_plain(value) for value in values), []).append(row)
    names = (longer.acd, *longer.key)
    return [
        {**dict(zip(names, group, strict=True)), "row_date": first, **_values(groups[group], shorter, longer)}
        for group in sorted(groups)
    ]


def _values(rows: Sequence[Row], shorter: TableSpec, longer: TableSpec) -> dict[str, Any]:
    found: dict[str, Any] = {}
    latest = max(rows, key=_moment)
    for column in longer.columns:
        values = [value for row in rows if (value := row.get(column.name)) is not None]
        if column.rollup is Rollup.SUM:
            found[column.name] = sum(values)
        elif column.rollup is Rollup.MAX:
            found[column.name] = max(values, default=0)
        elif column.rollup is Rollup.LATEST:
            found[column.name] = latest.get(column.name, 0)
        elif column.rollup is Rollup.BROKEN:
            found[column.name] = sum(values) if shorter.rolled_from else _broken(rows, column.name)
    return found


def _broken(rows: Sequence[Row], name: str) -> int:
    """Return how many intervals are broken: several rows of one label are one."""
    return len({_moment(row) for row in rows if row.get(name)})


def _moment(row: Row) -> tuple[date, int]:
    return row["row_date"], row.get("starttime", 0)


def _plain(value: Any) -> Any:
    return value.rstrip(" ") if isinstance(value, str) else value


def true_rows(scenario: Scenario, perfect: Iterable[Recorded], table: str) -> Mapping[Period, list[Row]]:
    """Return what a longer table holds once every interval is whole: by period, those of the world that are over."""
    longer = world_catalogue(scenario.whole).table(table)
    assert longer.rolled_from is not None
    assert longer.archive is not None
    shorter = world_catalogue(scenario.whole).table(longer.rolled_from)
    names = [column.name for column in shorter.columns]
    by_day: dict[date, list[Row]] = {}
    for one in perfect:
        if one.table == shorter.name:
            row = {name: one.row.get(name, 0) for name in names}
            by_day.setdefault(one.row["row_date"], []).append(row)
    found = {}
    for period in periods(scenario, longer.archive):
        rows = [row for day in period.days for row in by_day.get(day, ())]
        found[period] = rolled(rows, shorter, longer, period.first)
    return found
