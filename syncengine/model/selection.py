"""A selection of rows of a table, as a value that each kind of server turns into its own SQL."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from syncengine.model.bucket import Bucket, BucketColumns
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window

DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class FarDate:
    """A date that Python has none for, as DuckDB writes it: 10000-01-01, 0044-03-15 (BC), infinity."""

    text: str

    def __str__(self) -> str:
        return self.text


def date_of(text: str) -> date | FarDate:
    """Return the date of a text as DuckDB writes it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return FarDate(text)


Value = int | str | float | date | FarDate | None


Epochs = tuple[int, int]
"""A half-open range of epoch seconds."""


@dataclass(frozen=True, slots=True)
class KeyGroups:
    """Key groups by the values, as they are stored, of some columns."""

    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of one table: all given conditions apply.

    `window` selects by date and label, `epochs` by epoch seconds, `dates` by row_date alone (half-open).
    `untimed` selects the rows that no window can: those with NULL in a time column, or a date or second
    in no window. `acds` selects ACDs,
    `except_acds` all others and NULL. `buckets` are exact. `groups` are values of `group_columns`,
    matched NULL-safely. `excluded` are key groups whose rows are never selected.
    """

    table: str
    columns: BucketColumns
    window: Window | None = None
    epochs: tuple[Epochs, ...] | None = None
    dates: tuple[date, date] | None = None
    untimed: bool = False
    acds: tuple[int, ...] | None = None
    except_acds: tuple[int, ...] | None = None
    buckets: tuple[Bucket, ...] | None = None
    group_columns: tuple[str, ...] = ()
    groups: tuple[tuple[Value, ...], ...] | None = None
    excluded: KeyGroups | None = None


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """Rows to read; `columns` empty means all of the table, in its own order."""

    selection: Selection
    columns: tuple[str, ...] = ()


def epochs_of(window: Window, zone: str) -> tuple[Epochs, ...]:
    """Return the epoch seconds whose wall clock in a zone lies in a window.

    An hour the clocks repeat comes as two ranges where the window cuts it, an hour they skip as none, so
    that windows which tile have ranges which tile.
    """
    tz = ZoneInfo(zone)
    low = int(window.start.replace(tzinfo=UTC).timestamp()) - DAY_SECONDS
    high = int(window.stop.replace(tzinfo=UTC).timestamp()) + DAY_SECONDS
    found: list[Epochs] = []
    for first, past in _constant_offsets(tz, low, high):
        offset = _offset(tz, first)
        start = max(first, low + DAY_SECONDS - offset)
        stop = min(past, high - DAY_SECONDS - offset)
        if start < stop and found and found[-1][1] == start:
            found[-1] = (found[-1][0], stop)
        elif start < stop:
            found.append((start, stop))
    return tuple(found)


def _constant_offsets(tz: ZoneInfo, low: int, high: int) -> Iterator[Epochs]:
    """Yield ranges in which the zone does not change its clocks; none does so twice in a day."""
    first = low
    for at in range(low, high, DAY_SECONDS):
        past = min(at + DAY_SECONDS, high)
        before = _offset(tz, at)
        if _offset(tz, past) != before:
            change = _changed_at(tz, at, past, before)
            yield (first, change)
            first = change
    yield (first, high)


def _changed_at(tz: ZoneInfo, low: int, high: int, before: int) -> int:
    """Return the first moment from `low` on at which the offset is another than `before`."""
    return low + bisect_left(range(low, high), True, key=lambda moment: _offset(tz, moment) != before)


def _offset(tz: ZoneInfo, epoch: int) -> int:
    return int((datetime.fromtimestamp(epoch, tz).utcoffset() or timedelta(0)).total_seconds())


def select_window(
    spec: TableSpec,
    window: Window,
    *,
    zone: str,
    acds: tuple[int, ...] | None = None,
    except_acds: tuple[int, ...] | None = None,
) -> Selection | None:
    """Return the rows of a historical table that a window selects, or None when it selects none.

    A window shorter than a day, week or month selects no row of that archive (rule 5).
    """
    columns = BucketColumns.of(spec)
    base = Selection(spec.name, columns, acds=acds, except_acds=except_acds)
    if columns.epoch is not None:
        return replace(base, epochs=epochs_of(window, zone))
    if columns.label is not None:
        return replace(base, window=window)
    dates = spec.grain.unit.whole(window)
    return None if dates is None else replace(base, dates=dates)
