"""Reads the rows of a bucket that differs again, in the same way as samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from syncengine.diffing.buckets import BucketPair
from syncengine.diffing.paired_rows import alone_statement, pairs_statement, placed_statement
from syncengine.model.bucket import EMPTY, BucketState
from syncengine.model.bucket_rows import BucketRows, ChangedRow, Exact, RowColumn
from syncengine.model.drift import BucketDrift
from syncengine.model.errors import ChangedSincePlanError
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.selection import date_of
from syncengine.observe.comparison import (
    Comparison,
    find_surplus,
    fingerprints,
    question_of,
    remove_expected,
    selection_of,
)
from syncengine.observe.expected_differences import ExpectedCounts

Row = tuple[Exact, ...]


def rows_of(comparison: Comparison, drift: BucketDrift, limit: int) -> BucketRows:
    """Return up to `limit` rows of each kind; raises `ChangedSincePlanError` where the bucket has changed since.

    No more rows than those are in memory: the bucket is compared in the cache.
    """
    before, cache, question = (
        BucketPair(drift.bucket, drift.source, drift.target),
        comparison.cache,
        question_of(comparison),
    )
    find_surplus(comparison, (before,))
    remove_expected(comparison, ExpectedCounts(comparison.expectations))
    found = fingerprints(comparison, selection_of(comparison, (before,)), comparison.verdict.compared)
    now = next(iter(found), BucketPair(drift.bucket, EMPTY, EMPTY))
    if not (_alike(now.source, before.source) and _alike(now.target, before.target)):
        raise ChangedSincePlanError(
            f"{comparison.spec.name} has changed since it was compared, in the requested bucket.",
            hint="Compare it again.",
        )
    cache.run(placed_statement(question))
    columns, most = question.columns, limit + 1
    source, target = (
        tuple(islice(_repeated(cache.rows(alone_statement(question, at_source=side, most=most)), columns), most))
        for side in (True, False)
    )
    pairs = tuple(_changed(row, columns) for row in cache.rows(pairs_statement(question, most)))
    return BucketRows(
        table=comparison.spec.name,
        bucket=drift.bucket,
        columns=tuple(RowColumn(column.name, column.type) for column in columns),
        key=question.key,
        missing=source[:limit],
        extra=target[:limit],
        changed=pairs[:limit],
        more=any(len(rows) > limit for rows in (source, target, pairs)),
    )


def _alike(now: BucketState, before: BucketState) -> bool:
    return (now.rows, now.hash_sum) == (before.rows, before.hash_sum)


def _repeated(found: Iterable[tuple[Any, ...]], columns: Sequence[FingerprintColumn]) -> Iterator[Row]:
    for times, *values in found:
        row = _exact(values, columns)
        yield from (row for _ in range(times))


def _changed(found: tuple[Any, ...], columns: Sequence[FingerprintColumn]) -> ChangedRow:
    source, target = (_exact(side, columns) for side in (found[: len(columns)], found[len(columns) :]))
    return ChangedRow(
        source,
        target,
        tuple(column.name for column, one, other in zip(columns, source, target, strict=True) if one != other),
    )


def _exact(values: Iterable[Any], columns: Sequence[FingerprintColumn]) -> Row:
    """Return values as they are; dates come as text, since Python cannot represent them all."""
    return tuple(
        date_of(value) if column.type.name == "date" and isinstance(value, str) else value
        for value, column in zip(values, columns, strict=True)
    )
