"""SQL text, built apart from where it runs, so that it can be printed and tested.

Values are always bound. The only numbers in the text are the fingerprint's own coefficients. Names come
from the specs and the live catalogue, where they were checked, and are quoted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from syncengine.model.bucket import EPOCH_DAY, QUANTUM_SECONDS, Bucket, BucketColumns, BucketState
from syncengine.model.fingerprint import FingerprintColumn, FingerprintParameters, FingerprintQuery, parameters
from syncengine.model.interval import QUANTUM, label_at
from syncengine.model.selection import Selection, Value
from syncengine.model.window import Window


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where kinds of servers spell the same thing differently."""

    coalesce: str = "COALESCE"
    character: str = "ASCII(SUBSTR({text}, {place}, 1))"
    trimmed: str = "RTRIM({text}, ' ')"
    sum: str = "CAST(SUM({value}) AS BIGINT)"
    day_number: str = f"({{date}} - DATE '{EPOCH_DAY.isoformat()}')"
    same: str = "{column} IS NOT DISTINCT FROM ?"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text and the values to bind, in order."""

    text: str
    values: tuple[Value, ...] = ()


DUCKDB = Dialect()
LONGEST = 2**31


def quoted(name: str) -> str:
    """Return a name as a quoted identifier; a quote inside it is refused."""
    if '"' in name or not name:
        raise ValueError(f"{name!r} cannot be the name of a table or column")
    return f'"{name}"'


def fingerprint_statement(query: FingerprintQuery, dialect: Dialect = DUCKDB, source: str | None = None) -> Statement:
    """Return the grouped query of bucket states.

    Its rows are (row_date, slot, acd, rows, sum, incomplete, shortest, longest, overlong).

    `source` replaces the table, where rows lie in a staged piece.
    """
    numbers = parameters(query.seed)
    where = predicate(query.selection, dialect)
    buckets = query.buckets
    terms = [
        _term(column, numbers, dialect)
        for column in query.columns
        if column.folded and column.name not in buckets.whole
    ]
    incomplete = quoted(query.incomplete) if query.incomplete else "NULL"
    interval = quoted(query.interval) if query.interval else "NULL"
    overlong = _overlong(query.columns, dialect)
    inner = (
        f"SELECT {_bucket_date(buckets)} AS b_date, {slot_expression(buckets)} AS b_slot, "
        f"{_bucket_acd(buckets)} AS b_acd, "
        f"{incomplete} AS b_incomplete, {interval} AS b_interval, {overlong} AS b_overlong, "
        f"MOD(MOD({' + '.join(terms) or 'CAST(0 AS BIGINT)'}, {numbers.p0}) + {numbers.p0}, {numbers.p0}) AS x "
        f"FROM {source or quoted(query.selection.table)} WHERE {where.text}"
    )
    passed = "b_date, b_slot, b_acd, b_incomplete, b_interval, b_overlong"
    for offset, prime in ((numbers.c1, numbers.p1), (numbers.c2, numbers.p2)):
        inner = f"SELECT {passed}, MOD((x + {offset}) * (x + {offset}), {prime}) AS x FROM ({inner}) AS folded"
    text = (
        f"SELECT b_date, b_slot, b_acd, COUNT(*), {dialect.sum.format(value='x')}, "
        f"MAX(b_incomplete), MIN(b_interval), MAX(b_interval), {dialect.sum.format(value='b_overlong')} "
        f"FROM ({inner}) AS squared GROUP BY b_date, b_slot, b_acd"
    )
    return Statement(text, where.values)


def bucket_state(row: tuple[Any, ...]) -> tuple[Bucket, BucketState]:
    """Return the bucket and its state of one row of a fingerprint statement."""
    row_date, slot, acd, rows, hash_sum, incomplete, shortest, longest, overlong = row
    lengths = None if shortest is None else (shortest, longest)
    return Bucket(row_date, slot, acd), BucketState(rows, hash_sum or 0, incomplete, lengths, overlong or 0)


def bounds_statement(table: str, buckets: BucketColumns, dialect: Dialect = DUCKDB) -> Statement:
    """Return the query whose rows are (acd, rows, first, last, untimed), the bounds as one number each.

    The number is day times 10,000 plus label, or the epoch second, or the day.
    """
    if buckets.epoch is not None:
        moment = quoted(buckets.epoch)
    elif buckets.date is None:
        moment = "NULL"
    else:
        day = f"CAST({dialect.day_number.format(date=quoted(buckets.date))} AS BIGINT)"
        label = f"{dialect.coalesce}({quoted(buckets.label)}, 0)" if buckets.label else "0"
        moment = f"{day} * 10000 + {label}"
    untimed = dialect.sum.format(value=f"CASE WHEN {_untimed(buckets)} THEN 1 ELSE 0 END")
    acd = _bucket_acd(buckets)
    group = f" GROUP BY {acd}" if buckets.acd else ""
    return Statement(f"SELECT {acd}, COUNT(*), MIN({moment}), MAX({moment}), {untimed} FROM {quoted(table)}{group}")


def _untimed(buckets: BucketColumns) -> str:
    """Return the condition that a row has NULL in a time column."""
    times = [quoted(column) for column in (buckets.date, buckets.label, buckets.epoch) if column is not None]
    return " OR ".join(f"{time} IS NULL" for time in times) or "1 = 0"


def predicate(selection: Selection, dialect: Dialect = DUCKDB) -> Statement:
    """Return the condition that selects the rows of a selection."""
    columns = selection.columns
    conditions: list[Statement] = []
    if selection.acds is not None and columns.acd is not None:
        conditions.append(_in(quoted(columns.acd), selection.acds))
    if selection.except_acds is not None and columns.acd is not None:
        others = _in(quoted(columns.acd), selection.except_acds)
        conditions.append(Statement(f"(NOT ({others.text}) OR {quoted(columns.acd)} IS NULL)", others.values))
    if selection.window is not None:
        conditions.append(_in_window(columns, selection.window))
    if selection.epochs is not None and columns.epoch is not None:
        epoch = quoted(columns.epoch)
        ranges = " OR ".join(f"({epoch} >= ? AND {epoch} < ?)" for _ in selection.epochs) or "1 = 0"
        conditions.append(Statement(f"({ranges})", tuple(end for span in selection.epochs for end in span)))
    if selection.dates is not None and columns.date is not None:
        day = quoted(columns.date)
        conditions.append(Statement(f"{day} >= ? AND {day} < ?", selection.dates))
    if selection.untimed:
        conditions.append(Statement(f"({_untimed(columns)})"))
    if selection.buckets is not None:
        conditions.append(_in_buckets(columns, selection.buckets))
    if selection.groups is not None:
        conditions.append(_in_groups(selection.group_columns, selection.groups, dialect))
    text = " AND ".join(condition.text for condition in conditions) or "1 = 1"
    return Statement(text, tuple(value for condition in conditions for value in condition.values))


def slot_expression(buckets: BucketColumns) -> str:
    """Return the slot of a row's bucket, as SQL. Never a division: servers round it differently."""
    if buckets.epoch is not None:
        epoch = quoted(buckets.epoch)
        return f"{epoch} - MOD({epoch}, {QUANTUM_SECONDS})"
    if buckets.label is None:
        return "NULL"
    label = quoted(buckets.label)
    return f"{label} - MOD(MOD({label}, 100), {QUANTUM})" if buckets.quarters else label


def _bucket_date(buckets: BucketColumns) -> str:
    return quoted(buckets.date) if buckets.date else "NULL"


def _bucket_acd(buckets: BucketColumns) -> str:
    return quoted(buckets.acd) if buckets.acd else "NULL"


def _term(column: FingerprintColumn, numbers: FingerprintParameters, dialect: Dialect) -> str:
    name, p0 = quoted(column.name), numbers.p0
    null = numbers.coefficient(column.name, "null")
    value = numbers.coefficient(column.name, "value")
    match column.type.name:
        case "smallint":
            term = f"{value} * CAST({name} AS BIGINT)"
        case "integer":
            term = f"MOD({value} * CAST({name} AS BIGINT), {p0})"
        case "int8" | "bigint":
            term = f"MOD({value} * MOD({name}, {p0}), {p0})"
        case "date":
            term = f"MOD({value} * CAST({dialect.day_number.format(date=name)} AS BIGINT), {p0})"
        case _:
            trimmed = dialect.trimmed.format(text=name)
            characters = (
                f"{numbers.coefficient(column.name, str(place))} * "
                f"CAST({dialect.character.format(text=trimmed, place=place)} AS BIGINT)"
                for place in range(1, column.characters + 1)
            )
            term = f"MOD({' + '.join(characters)}, {p0})"
    return f"{dialect.coalesce}({term}, {null})"


def _overlong(columns: Iterable[FingerprintColumn], dialect: Dialect) -> str:
    """Return 1 for a row with text past the width the fingerprint folds in, else 0."""
    checks = [
        f"LENGTH({dialect.trimmed.format(text=quoted(column.name))}) > {column.type.width}"
        for column in columns
        if column.folded and column.type.is_text and (column.significant or LONGEST) > column.type.width
    ]
    return f"CASE WHEN {' OR '.join(checks)} THEN 1 ELSE 0 END" if checks else "0"


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


def _in_window(columns: BucketColumns, window: Window) -> Statement:
    """Compare (date, label) with both ends, without row values, which Informix lacks."""
    day = quoted(columns.date or "")
    label = quoted(columns.label or "")
    first, last = window.start.date(), window.stop.date()
    start, stop = label_at(window.start), label_at(window.stop)
    after = Statement(f"({day} > ? OR ({day} = ? AND {label} >= ?))", (first, first, start))
    if start == 0:
        after = Statement(f"{day} >= ?", (first,))
    before = Statement(f"({day} < ? OR ({day} = ? AND {label} < ?))", (last, last, stop))
    if stop == 0:
        before = Statement(f"{day} < ?", (last,))
    # The plain date range lets the server use the index on row_date. A NULL label is of no time.
    text = f"{day} >= ? AND {day} <= ? AND {label} IS NOT NULL AND {after.text} AND {before.text}"
    return Statement(text, (first, last, *after.values, *before.values))


def _in_buckets(columns: BucketColumns, buckets: tuple[Bucket, ...]) -> Statement:
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
            parts.append(_in(quoted(columns.date), tuple(dates)))
        if columns.acd is not None:
            parts.append(_in(quoted(columns.acd), (acd,)))
        if columns.epoch is not None or columns.label is not None:
            parts.append(_in_slots(columns, slot_values))
        text = " AND ".join(part.text for part in parts) or "1 = 1"
        alternatives.append(Statement(f"({text})", tuple(v for part in parts for v in part.values)))
    if not alternatives:
        return Statement("1 = 0")
    text = "(" + " OR ".join(a.text for a in alternatives) + ")"
    values = tuple(v for a in alternatives for v in a.values)
    days = [bucket.row_date for bucket in buckets if bucket.row_date is not None]
    if columns.date is None or len(days) < len(buckets):
        return Statement(text, values)
    # The plain date range lets the server skip what lies outside without looking at every alternative.
    day = quoted(columns.date)
    return Statement(f"{day} >= ? AND {day} <= ? AND {text}", (min(days), max(days), *values))


def _in_slots(columns: BucketColumns, slots: tuple[int | None, ...]) -> Statement:
    column = quoted(columns.epoch or columns.label or "")
    if not columns.quarters and columns.epoch is None:
        return _in(column, slots)
    span = QUANTUM_SECONDS if columns.epoch is not None else QUANTUM
    parts: list[str] = []
    values: list[Value] = []
    for start, past in _runs([slot for slot in slots if slot is not None], span):
        parts.append(f"({column} >= ? AND {column} < ?)")
        values += [start, past]
    if None in slots:
        parts.append(f"{column} IS NULL")
    return Statement(f"({' OR '.join(parts)})", tuple(values))


def _runs(slots: list[int], span: int) -> Iterable[tuple[int, int]]:
    """Yield half-open ranges that cover slots of a span, neighbours joined. Labels 45 and 100 do not touch."""
    for _, run in groupby(enumerate(sorted(slots)), key=lambda item: item[1] - item[0] * span):
        found = [slot for _, slot in run]
        yield found[0], found[-1] + span


def _in_groups(columns: tuple[str, ...], groups: tuple[tuple[Value, ...], ...], dialect: Dialect) -> Statement:
    if not groups:
        return Statement("1 = 0")
    one = "(" + " AND ".join(dialect.same.format(column=quoted(column)) for column in columns) + ")"
    return Statement("(" + " OR ".join([one] * len(groups)) + ")", tuple(v for group in groups for v in group))
