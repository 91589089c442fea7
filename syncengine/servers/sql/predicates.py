"""The condition that selects rows, as SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import groupby

from syncengine.model.bucket import QUANTUM_SECONDS, Bucket, BucketColumns
from syncengine.model.interval import QUANTUM, label_at
from syncengine.model.selection import FarDate, KeyGroups, Selection, Value
from syncengine.model.window import Window
from syncengine.servers.sql.buckets import labelled, undated, unlabelled, untimed
from syncengine.servers.sql.dialect import DUCKDB, Dialect, Statement


def predicate(selection: Selection, dialect: Dialect = DUCKDB) -> Statement:
    """Return the condition that selects the rows of a selection."""
    columns = selection.columns
    conditions: list[Statement] = []
    if selection.acds is not None and columns.acd is not None:
        conditions.append(_in(dialect.name(columns.acd), selection.acds))
    if selection.except_acds is not None and columns.acd is not None:
        others = _in(dialect.name(columns.acd), selection.except_acds)
        conditions.append(Statement(f"(NOT ({others.text}) OR {dialect.name(columns.acd)} IS NULL)", others.values))
    if selection.window is not None:
        conditions.append(_in_window(columns, selection.window, dialect))
    if selection.epochs is not None and columns.epoch is not None:
        epoch = dialect.name(columns.epoch)
        ranges = " OR ".join(f"({epoch} >= ? AND {epoch} < ?)" for _ in selection.epochs) or "1 = 0"
        conditions.append(Statement(f"({ranges})", tuple(end for span in selection.epochs for end in span)))
    if selection.dates is not None and columns.date is not None:
        day = dialect.name(columns.date)
        conditions.append(Statement(f"{day} >= ? AND {day} < ?", selection.dates))
    if selection.untimed:
        conditions.append(Statement(f"({untimed(columns, dialect)})"))
    if selection.buckets is not None:
        conditions.append(_in_buckets(columns, selection.buckets, dialect))
    if selection.groups is not None:
        conditions.append(_in_groups(selection.group_columns, selection.groups, dialect))
    if selection.excluded is not None:
        conditions.append(_not_in_groups(selection.excluded, dialect))
    text = " AND ".join(condition.text for condition in conditions) or "1 = 1"
    return Statement(text, tuple(value for condition in conditions for value in condition.values))


def _in(column: str, values: tuple[Value, ...]) -> Statement:
    present = tuple(value for value in values if value is not None)
    parts = []
    if len(present) == 1:
        parts.append(f"{column} = ?")
    elif present:
        parts.append(f"{column} IN ({', '.join('?' * len(present))})")
    if len(present) < len(values):
        parts.append(f"{column} IS NULL")
    return Statement(f"({' OR '.join(parts)})" if len(parts) > 1 else (parts or ["1 = 0"])[0], present)


def _on(column: str, dates: tuple[date | None, ...], dialect: Dialect) -> Statement:
    """Return the condition on the date of a bucket, None for invalid dates."""
    present = tuple(day for day in dates if day is not None)
    if len(present) == len(dates):
        return _in(dialect.name(column), dates)
    if not present:
        return Statement(undated(column, dialect))
    among = _in(dialect.name(column), present)
    return Statement(f"({among.text} OR {undated(column, dialect)})", among.values)


def _in_window(columns: BucketColumns, window: Window, dialect: Dialect) -> Statement:
    """Compare (date, label) with both ends, without row values, which Informix lacks."""
    day = dialect.name(columns.date or "")
    label = dialect.name(columns.label or "")
    first, last = window.start.date(), window.stop.date()
    start, stop = label_at(window.start), label_at(window.stop)
    after = Statement(f"({day} > ? OR ({day} = ? AND {label} >= ?))", (first, first, start))
    if start == 0:
        after = Statement(f"{day} >= ?", (first,))
    before = Statement(f"({day} < ? OR ({day} = ? AND {label} < ?))", (last, last, stop))
    if stop == 0:
        before = Statement(f"{day} < ?", (last,))
    # The plain date range lets the server use the index on row_date. An invalid time of day is in no window.
    timed = labelled(columns.label or "", dialect)
    text = f"{day} >= ? AND {day} <= ? AND {timed} AND {after.text} AND {before.text}"
    return Statement(text, (first, last, *after.values, *before.values))


def _in_buckets(columns: BucketColumns, buckets: tuple[Bucket, ...], dialect: Dialect) -> Statement:
    """Group buckets by date and ACD, so that slots become one list each."""
    by_place: dict[tuple[date | None, int | None], list[int | None]] = defaultdict(list)
    for bucket in sorted(set(buckets), key=lambda b: b.order):
        by_place[bucket.row_date, bucket.acd].append(bucket.slot)
    by_slots: dict[tuple[tuple[int | None, ...], int | None], list[date | None]] = defaultdict(list)
    for (row_date, acd), slots in by_place.items():
        by_slots[tuple(slots), acd].append(row_date)
    alternatives: list[Statement] = []
    for (slot_values, acd), dates in by_slots.items():
        parts: list[Statement] = []
        if columns.date is not None:
            parts.append(_on(columns.date, tuple(dates), dialect))
        if columns.acd is not None:
            parts.append(_in(dialect.name(columns.acd), (acd,)))
        if columns.epoch is not None or columns.label is not None:
            parts.append(_in_slots(columns, slot_values, dialect))
        text = " AND ".join(part.text for part in parts) or "1 = 1"
        alternatives.append(Statement(f"({text})", tuple(v for part in parts for v in part.values)))
    if not alternatives:
        return Statement("1 = 0")
    text = "(" + " OR ".join(a.text for a in alternatives) + ")"
    values = tuple(v for a in alternatives for v in a.values)
    days = [bucket.row_date for bucket in buckets if bucket.row_date is not None]
    if columns.date is None or len(days) < len(buckets):
        return Statement(text, values)
    # The plain date range lets the server skip other rows without evaluating every alternative.
    day = dialect.name(columns.date)
    return Statement(f"{day} >= ? AND {day} <= ? AND {text}", (min(days), max(days), *values))


def _in_slots(columns: BucketColumns, slots: tuple[int | None, ...], dialect: Dialect) -> Statement:
    column = dialect.name(columns.epoch or columns.label or "")
    present = [slot for slot in slots if slot is not None]
    lost = f"{column} IS NULL" if columns.epoch is not None else unlabelled(columns.label or "", dialect)
    if not columns.quarters and columns.epoch is None:
        if not present:
            return Statement(lost)
        among = _in(column, tuple(present))
        return among if len(present) == len(slots) else Statement(f"({among.text} OR {lost})", among.values)
    span = QUANTUM_SECONDS if columns.epoch is not None else QUANTUM
    parts: list[str] = []
    values: list[Value] = []
    for start, past in _runs(present, span):
        parts.append(f"({column} >= ? AND {column} < ?)")
        values += [start, past]
    if None in slots:
        parts.append(lost)
    return Statement(f"({' OR '.join(parts)})", tuple(values))


def _runs(slots: list[int], span: int) -> Iterable[tuple[int, int]]:
    """Yield half-open ranges that cover slots of a span, neighbours joined. Labels 45 and 100 do not touch."""
    for _, run in groupby(enumerate(sorted(slots)), key=lambda item: item[1] - item[0] * span):
        found = [slot for _, slot in run]
        yield found[0], found[-1] + span


def _in_groups(columns: tuple[str, ...], groups: tuple[tuple[Value, ...], ...], dialect: Dialect) -> Statement:
    """Match whole key groups, NULL with NULL. Informix has no NULL-safe comparison, so NULL is written out."""
    alternatives: list[str] = []
    values: list[Value] = []
    for group in groups:
        conditions = [_same(dialect, column, value) for column, value in zip(columns, group, strict=True)]
        alternatives.append(f"({' AND '.join(conditions)})")
        values += [dialect.bound(value) for value in group if value is not None]
    return Statement(f"({' OR '.join(alternatives) or '1 = 0'})", tuple(values))


def _not_in_groups(groups: KeyGroups, dialect: Dialect) -> Statement:
    """Exclude whole key groups. Rows with NULL in their key are in none of them."""
    found = _in_groups(groups.columns, groups.values, dialect)
    nulls = "".join(f" OR {dialect.name(column)} IS NULL" for column in groups.columns)
    return Statement(f"(NOT {found.text}{nulls})", found.values)


def _same(dialect: Dialect, column: str, value: Value) -> str:
    name = dialect.name(column)
    if value is None:
        return f"{name} IS NULL"
    if isinstance(value, FarDate):
        return f"{name} = CAST(? AS DATE)"
    return dialect.same_text.format(column=name) if isinstance(value, str) else f"{name} = ?"
