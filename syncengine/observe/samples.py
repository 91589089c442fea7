"""Picks a few differing key groups to show to people."""

from __future__ import annotations

from syncengine.diffing.bag_difference import BagQuestion, shown_groups_statement, shown_rows_statement
from syncengine.model.bucket import Bucket
from syncengine.model.drift import ChangedValue, KeyGroupDrift
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
                key=tuple(zip(question.key, key, strict=True)),
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
    return tuple(
        ChangedValue(column.name, source, target)
        for column, source, target in zip(question.columns, rows[1], rows[-1], strict=True)
        if source != target
    )
