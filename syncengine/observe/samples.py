"""Picks a few differing key groups to show to people."""

from __future__ import annotations

import math

from syncengine.diffing.bag_difference import BagQuestion, shown_groups_statement, shown_rows_statement
from syncengine.model.bucket import Bucket
from syncengine.model.drift import ChangedValue, KeyGroupDrift
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.selection import Value, date_of
from syncengine.staging.cache import Cache


def sample_groups(cache: Cache, question: BagQuestion, most: int) -> list[KeyGroupDrift]:
    """Return up to `most` differing key groups, from the surplus just computed."""
    if most <= 0:
        return []
    samples = []
    for row in cache.rows(shown_groups_statement(question, most)):
        row_date, slot, acd, *key, over, under = row
        changes: tuple[ChangedValue, ...] = ()
        if over == under == 1:
            changes = _changes(cache, question, (row_date, slot, acd, *key))
        samples.append(
            KeyGroupDrift(
                bucket=Bucket(row_date, slot, acd),
                key=tuple(
                    (column.name, as_told(column, value))
                    for column, value in zip(question.key_columns, key, strict=True)
                ),
                source_rows=over,
                target_rows=under,
                changes=changes,
            )
        )
    return samples


def _changes(cache: Cache, question: BagQuestion, group: tuple[object, ...]) -> tuple[ChangedValue, ...]:
    """Return the columns in which the one surplus row of each side differ."""
    rows = {surplus: values for surplus, *values in cache.rows(shown_rows_statement(question), group)}
    if set(rows) != {1, -1}:
        return ()
    told = (
        ChangedValue(column.name, as_told(column, source), as_told(column, target))
        for column, source, target in zip(question.columns, rows[1], rows[-1], strict=True)
    )
    return tuple(one for one in told if not same_value(one.source, one.target))


def as_told(column: FingerprintColumn, value: Value) -> Value:
    """Return a value as it is told, where the cache has shown it to people: dates came as text."""
    return date_of(value) if column.type.name == "date" and isinstance(value, str) else value


def same_value(one: Value, other: Value) -> bool:
    """Say whether two values are the same: what is no number equals itself, as it does where rows are compared."""
    both_nan = isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    return one == other or both_nan
