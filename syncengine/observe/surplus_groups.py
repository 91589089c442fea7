"""Reads the key groups of the surplus just found, to show to people."""

from __future__ import annotations

import math
from typing import Any, cast

from syncengine.diffing.bag_difference import BagQuestion, shown_groups_statement, shown_rows_statement
from syncengine.model.bucket import Bucket
from syncengine.model.drift import ChangedValue, KeyGroupDrift
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.selection import FarDate, Value, date_of
from syncengine.staging.cache import Cache


def groups_of_surplus(cache: Cache, question: BagQuestion, most: int) -> list[KeyGroupDrift]:
    """Return the first differing key groups of the surplus just found, in the order of their buckets."""
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
                    (column.name, plain_value(column, value))
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
    values = (
        ChangedValue(column.name, plain_value(column, source), plain_value(column, target))
        for column, source, target in zip(question.columns, rows[1], rows[-1], strict=True)
    )
    return tuple(one for one in values if one.source != one.target)


def plain_value(column: FingerprintColumn, value: Any) -> Value:  # noqa: ANN401  # any value of a server
    """Return a value as reports and plans have it: as itself, or as text where plans and JSON have no such value.

    Dates come as text, since Python cannot represent them all.
    """
    if column.type.name == "date" and isinstance(value, str):
        found = date_of(value)
        return str(found) if isinstance(found, FarDate) else found
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    plain = value is None or type(value) in (int, str, bool, float)
    return cast("Value", value) if plain else str(value)
