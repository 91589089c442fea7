"""Picks a few differing key groups to show to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from syncengine.diffing.buckets import BucketPair, portions
from syncengine.model.drift import BucketDrift, KeyGroupDrift
from syncengine.observe.comparison import Comparison, Findings, find_surplus, question_of, remove_expected
from syncengine.observe.expected_differences import ExpectedCounts
from syncengine.observe.surplus_groups import groups_of_surplus


def samples_of(comparison: Comparison, findings: Findings) -> tuple[KeyGroupDrift, ...]:
    """Return the first differing key groups of a table, in the order of its buckets: as many as people are shown.

    Rows are read of buckets whose rows were not compared, since one server has none, and of those that had changed.
    """
    most = comparison.limits.samples
    # A bucket that differs has one at least.
    first = sorted(findings.differing, key=lambda drift: drift.bucket.order)[:most]
    return tuple(islice(_in_order(comparison, findings, first), most))


def _in_order(comparison: Comparison, findings: Findings, drifts: Iterable[BucketDrift]) -> Iterator[KeyGroupDrift]:
    for known, some in groupby(drifts, key=lambda drift: drift.bucket in findings.shown):
        if known:
            for drift in some:
                yield from findings.shown[drift.bucket]
        else:
            yield from _read(comparison, some)


def _read(comparison: Comparison, drifts: Iterable[BucketDrift]) -> Iterator[KeyGroupDrift]:
    pairs = tuple(BucketPair(drift.bucket, drift.source, drift.target) for drift in drifts)
    for portion in portions(pairs, comparison.limits.compare_rows):
        question = question_of(comparison)
        find_surplus(comparison, portion)
        remove_expected(comparison, ExpectedCounts(comparison.expectations))
        found = groups_of_surplus(comparison.cache, question, comparison.limits.samples)
        comparison.cache.drop(question.source, question.target)
        yield from found
