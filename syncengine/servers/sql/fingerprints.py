"""The fingerprint of buckets as one grouped query (docs/explanation/fingerprint.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.fingerprint import FingerprintColumn, FingerprintParameters, FingerprintQuery, parameters
from syncengine.servers.sql.buckets import bucket_terms, dated, labelled
from syncengine.servers.sql.dialect import DUCKDB, NO_NUMBER, Dialect, Statement
from syncengine.servers.sql.predicates import predicate

LONGEST = 2**31
SUMMED_AT_ONCE = 16


def fingerprint_statement(query: FingerprintQuery, dialect: Dialect = DUCKDB, source: str | None = None) -> Statement:
    """Return the grouped query of bucket states.

    Its rows are (row_date, slot, acd, rows, sum, incomplete, shortest, longest, overlong).

    `source` replaces the table, where the rows are in a staged piece or the table needs its owner.
    """
    numbers = parameters(query.seed)
    where = predicate(query.selection, dialect)
    buckets = query.buckets
    timed = buckets.whole & {buckets.date, buckets.label}
    terms = [
        _outside(column, buckets, numbers, dialect) if column.name in timed else term(column, numbers, dialect)
        for column in query.columns
        if column.covered and column.name not in buckets.whole - timed
    ]
    day, slot, acd = bucket_terms(buckets, dialect)
    incomplete = dialect.name(query.incomplete) if query.incomplete else NO_NUMBER
    interval = dialect.name(query.interval) if query.interval else NO_NUMBER
    inner = (
        f"SELECT {day} AS b_date, {slot} AS b_slot, {acd} AS b_acd, "
        f"{incomplete} AS b_incomplete, {interval} AS b_interval, {_overlong(query.columns, dialect)} AS b_overlong, "
        f"MOD(MOD({summed(terms) or 'CAST(0 AS BIGINT)'}, {numbers.p0}) + {numbers.p0}, {numbers.p0}) AS x "
        f"FROM {source or dialect.name(query.selection.table)} WHERE {where.text}{dialect.fence}"
    )
    passed = "b_date, b_slot, b_acd, b_incomplete, b_interval, b_overlong"
    for offset, prime in ((numbers.c1, numbers.p1), (numbers.c2, numbers.p2)):
        inner = (
            f"SELECT {passed}, MOD((x + {offset}) * (x + {offset}), {prime}) AS x "
            f"FROM ({inner}) AS folded{dialect.fence}"
        )
    text = (
        f"SELECT b_date, b_slot, b_acd, COUNT(*), {dialect.sum.format(value='x')}, "
        f"MAX(b_incomplete), MIN(b_interval), MAX(b_interval), {dialect.sum.format(value='b_overlong')} "
        f"FROM ({inner}) AS squared GROUP BY b_date, b_slot, b_acd"
    )
    return Statement(text, where.values)


def summed(terms: Sequence[str]) -> str:
    """Return the sum of terms, as a tree of small sums: a chain of many hundred is too deep for a server to parse."""
    while len(terms) > SUMMED_AT_ONCE:
        groups = [terms[at : at + SUMMED_AT_ONCE] for at in range(0, len(terms), SUMMED_AT_ONCE)]
        terms = [f"({' + '.join(group)})" for group in groups]
    return " + ".join(terms)


def bucket_state(row: tuple[Any, ...]) -> tuple[Bucket, BucketState]:
    """Return the bucket and its state of one row of a fingerprint statement."""
    row_date, slot, acd, rows, hash_sum, incomplete, shortest, longest, overlong = row
    lengths = None if shortest is None else (shortest, longest)
    return Bucket(row_date, slot, acd), BucketState(rows, hash_sum or 0, incomplete, lengths, overlong or 0)


def _outside(
    column: FingerprintColumn, buckets: BucketColumns, numbers: FingerprintParameters, dialect: Dialect
) -> str:
    """Return the term of the date or label of a bucket: zero where the bucket determines it."""
    fixes = dated if column.name == buckets.date else labelled
    return f"CASE WHEN {fixes(column.name, dialect)} THEN 0 ELSE {term(column, numbers, dialect)} END"


def term(column: FingerprintColumn, numbers: FingerprintParameters, dialect: Dialect) -> str:
    """Return the term of one column in the sum of its row."""
    name, p0 = dialect.name(column.name), numbers.p0
    null = numbers.coefficient(column.name, "null")
    value = numbers.coefficient(column.name, "value")
    match column.type.name:
        case "smallint":
            number = f"{value} * CAST({name} AS BIGINT)"
        case "integer":
            number = f"MOD({value} * CAST({name} AS BIGINT), {p0})"
        case "int8" | "bigint":
            number = f"MOD({value} * MOD({name}, {p0}), {p0})"
        case "date":
            number = f"MOD({value} * CAST({dialect.day_number.format(date=name)} AS BIGINT), {p0})"
        case _:
            places = {place: numbers.coefficient(column.name, str(place)) for place in range(1, column.characters + 1)}
            return dialect.text_term.format(
                name=name, term=f"MOD({_characters(_compared(column, dialect), places, dialect)}, {p0})", null=null
            )
    return f"{dialect.coalesce}({number}, {null})"


def _compared(column: FingerprintColumn, dialect: Dialect) -> str:
    """Return a text as it is compared: without trailing blanks."""
    name = dialect.name(column.name)
    return dialect.trimmed.format(text=name) if column.padded else name


def _characters(text: str, places: Mapping[int, int], dialect: Dialect) -> str:
    """Return the sum of a text's characters, each times the number of its place."""
    if not dialect.character:
        return dialect.characters.format(text=text, numbers=", ".join(map(str, places.values())))
    return " + ".join(
        f"{number} * CAST({dialect.character.format(text=text, place=place)} AS BIGINT)"
        for place, number in places.items()
    )


def _overlong(columns: Iterable[FingerprintColumn], dialect: Dialect) -> str:
    """Return 1 for a row with text longer than the width that the fingerprint covers, else 0."""
    checks = [
        f"LENGTH({_compared(column, dialect)}) > {column.type.width}"
        for column in columns
        if column.covered and column.type.is_text and (column.significant or LONGEST) > column.type.width
    ]
    return f"CASE WHEN {' OR '.join(checks)} THEN 1 ELSE 0 END" if checks else "0"
