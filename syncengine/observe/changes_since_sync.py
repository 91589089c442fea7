"""Reports who changed what in an administration table since both servers were last alike, and remembers their rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from syncengine.diffing.bag_difference import BagQuestion
from syncengine.diffing.digest import digest_statement
from syncengine.diffing.three_way import (
    LAST,
    TABLES,
    alike_statement,
    differing_groups_statement,
    groups_statement,
    nothing_remembered_statement,
    sides_statement,
    versions_statement,
)
from syncengine.model.bucket import EMPTY, Bucket, BucketState
from syncengine.model.drift import BucketDrift, ChangedBy, Counts, GroupChange, Versions
from syncengine.model.errors import StagingError
from syncengine.model.fingerprint import FingerprintColumn, FingerprintQuery, in_full
from syncengine.model.selection import ReadQuery, Selection, Value
from syncengine.observe.comparison import Comparison, fetch, question_of
from syncengine.observe.surplus_groups import plain_value
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from syncengine.staging.last_synced import LastSynced

FORMAT = 2
"""The version of what an environment is made from."""


@dataclass(frozen=True, slots=True)
class ChangesSinceSync:
    """Compares one table's rows on both servers with those both had when they were last alike."""

    comparison: Comparison
    last: LastSynced
    guarded: bool
    """Whether the drift carries the states that a write is compared with."""
    shown: int
    """Key groups to report of those that the source changed."""

    def compare(self, drifts: tuple[BucketDrift, ...]) -> tuple[tuple[GroupChange, ...], tuple[BucketDrift, ...]]:
        """Return who changed what in buckets that differ, and these buckets, marked where their rows are changing.

        Rows that are alike now are remembered. The whole table is read.
        """
        comparison, question = self.comparison, question_of(self.comparison)
        cache = comparison.cache
        columns = tuple(column.name for column in comparison.verdict.all_columns)
        # What is each server's own is neither compared nor remembered.
        selection = Selection(comparison.spec.name, comparison.buckets, excluded=comparison.excluded)
        query = ReadQuery(selection, columns)
        fetch(cache, question.source, comparison.source, query)
        fetch(cache, question.target, comparison.target, query)
        if not self.last.load(comparison.spec.name, self._environment, LAST, cache):
            cache.run(nothing_remembered_statement(question, columns))
        cache.run(sides_statement(question, columns))
        cache.run(groups_statement(question, columns))
        changes = tuple(self._groups(question, {drift.bucket for drift in drifts}))
        checked = tuple(self._checked_for_change(question, drifts)) if self.guarded else drifts
        self._remember(question, columns)
        cache.drop(question.source, question.target, LAST, *TABLES)
        return changes, checked

    @property
    def _value_columns(self) -> tuple[FingerprintColumn, ...]:
        """The columns whose values are reported: all but those of the bucket and the key."""
        named = {self.comparison.spec.acd, *self.comparison.key}
        return tuple(column for column in self.comparison.verdict.compared if column.name not in named)

    @property
    def _environment(self) -> str:
        """What the remembered rows depend on: the servers, the columns, the key. They are dropped when it changes."""
        comparison = self.comparison
        identities = sorted((facts.role.value, facts.identity) for facts in comparison.facts)
        spec, verdict = comparison.spec, comparison.verdict
        text = repr((FORMAT, spec.name, spec.acd, spec.key, verdict.compared, verdict.all_columns, identities))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def _groups(self, question: BagQuestion, buckets: set[Bucket]) -> Iterator[GroupChange]:
        """Yield every group that the target changed or that only it has, and some of the others."""
        cache = self.comparison.cache
        columns = self._value_columns
        versions = _versions(
            columns, cache.rows(versions_statement(question, tuple(column.name for column in columns)))
        )
        room: Counter[ChangedBy] = Counter()
        for number, *row in cache.rows(differing_groups_statement(question)):
            group = _group(question, row)
            if group.bucket not in buckets:
                continue
            always_reported = group.changed_by in (ChangedBy.TARGET, ChangedBy.BOTH) or not group.source_rows
            room[group.changed_by] += 1
            if always_reported or room[group.changed_by] <= self.shown:
                yield replace(group, versions=versions.get(number, ()))

    def _checked_for_change(self, question: BagQuestion, drifts: tuple[BucketDrift, ...]) -> Iterator[BucketDrift]:
        """Yield the buckets, marked as changing where the rows read are not those a write would be compared with."""
        source, target = (self._states(relation, drifts) for relation in (question.source, question.target))
        for drift in drifts:
            guards = (drift.source_guard, drift.target_guard)
            read = (source.get(drift.bucket, EMPTY), target.get(drift.bucket, EMPTY))
            yield drift if all(map(_same, guards, read)) else replace(drift, changing=True)

    def _states(self, relation: str, drifts: tuple[BucketDrift, ...]) -> Mapping[Bucket, BucketState]:
        comparison = self.comparison
        columns = in_full(comparison.verdict.all_columns)
        selection = Selection(comparison.spec.name, comparison.buckets)
        statement = fingerprint_statement(FingerprintQuery(selection, columns, comparison.seed), source=relation)
        rows = comparison.cache.rows(statement.text, statement.values)
        states = dict(bucket_state(row) for row in rows)
        if not any(drift.source_guard.digest or drift.target_guard.digest for drift in drifts):
            return states
        terms = question_of(comparison).bucket
        digests = comparison.cache.rows(digest_statement(relation, comparison.verdict.all_columns, terms))
        by_bucket = {Bucket(row_date, slot, acd): digest for row_date, slot, acd, digest in digests}
        return {bucket: replace(state, digest=by_bucket.get(bucket, "")) for bucket, state in states.items()}

    def _remember(self, question: BagQuestion, columns: tuple[str, ...]) -> None:
        rows = self.comparison.cache.reader(alike_statement(question, columns))
        try:
            self.last.save(self.comparison.spec.name, self._environment, rows)
        except StagingError as error:
            self.last.notes.append(f"rows that are alike on both servers could not be remembered: {error}")


def _same(guard: BucketState, read: BucketState) -> bool:
    return (guard.rows, guard.hash_sum, guard.digest) == (read.rows, read.hash_sum, read.digest)


def _group(question: BagQuestion, row: list[Any]) -> GroupChange:
    """Return a differing key group from a row of their query."""
    row_date, slot, acd, *rest = row
    width = len(question.key)
    key, place, figures = rest[:width], rest[width : 2 * width], rest[2 * width :]
    known, source, target, last, over, under, by_source, by_target = figures
    changed = min(over, under)
    missing = over - changed
    counts = Counts(missing, under - changed, changed, in_missing_groups=over if not target else 0)
    return GroupChange(
        bucket=Bucket(row_date, slot, acd),
        key=tuple(
            (column.name, plain_value(column, value)) for column, value in zip(question.key_columns, key, strict=True)
        ),
        group_key=tuple(place),
        changed_by=_changed_by(known=known, by_source=by_source, by_target=by_target),
        counts=counts,
        last_rows=last,
        source_rows=source,
        target_rows=target,
    )


def _changed_by(*, known: bool, by_source: bool, by_target: bool) -> ChangedBy:
    if not known:
        return ChangedBy.UNKNOWN
    if by_source and by_target:
        return ChangedBy.BOTH
    return ChangedBy.TARGET if by_target else ChangedBy.SOURCE


def _versions(
    columns: tuple[FingerprintColumn, ...], rows: Iterable[tuple[Any, ...]]
) -> dict[int, tuple[Versions, ...]]:
    """Return the columns in which the rows of each group differ, by its number."""
    sides: dict[int, dict[str, tuple[Value, ...]]] = {}
    for number, side, *values in rows:
        shown = tuple(plain_value(column, value) for column, value in zip(columns, values, strict=True))
        sides.setdefault(number, {})[side] = shown
    names = tuple(column.name for column in columns)
    return {number: tuple(_unlike(names, found)) for number, found in sides.items()}


def _unlike(columns: tuple[str, ...], rows: Mapping[str, tuple[Value, ...]]) -> Iterator[Versions]:
    """Yield the columns in which rows differ; of one row alone, those that are not NULL."""
    for at, column in enumerate(columns):
        values = {side: row[at] for side, row in rows.items()}
        first, *others = values.values() if len(values) > 1 else (*values.values(), None)
        if any(other != first for other in others):
            yield Versions(column, *(values.get(side) for side in ("last", "source", "target")))
