"""Leaves out of drift what days, weeks and months count of broken intervals, where the servers' have other lengths.

`incomplete` counts intervals there: a server with quarters rightly counts two where one with half hours counts one
(rule 5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from syncengine.diffing.buckets import BucketPair, portions
from syncengine.model.bucket import Bucket, period_of
from syncengine.model.drift import BucketDrift
from syncengine.model.expected import ExpectedDifference, ExpectedKind
from syncengine.model.facts import ServerFacts
from syncengine.model.spec import Archive
from syncengine.observe.comparison import Comparison, Findings, compare_rows
from syncengine.observe.expected_differences import Expectations, ExpectedSoFar

COUNTING = (Archive.DAILY, Archive.WEEKLY, Archive.MONTHLY)
WHY = "counts intervals, whose lengths differ there"


def without_unlike_counts(comparison: Comparison, findings: Findings) -> Iterator[ExpectedDifference]:
    """Take out of the drift the periods of unlike intervals that differ in their count of broken ones alone.

    Yields how many these are, if any.
    """
    spec = comparison.spec
    count = spec.time.incomplete if spec.time is not None else None
    if spec.archive not in COUNTING or count is None:
        return
    asked = tuple(
        BucketPair(drift.bucket, drift.source, drift.target)
        for drift in findings.differing
        if drift.source.rows == drift.target.rows and not drift.moving and _unlike(drift, spec.archive, comparison)
    )
    verdict = comparison.verdict
    others = tuple(column for column in verdict.compared if column.name != count)
    without = replace(comparison, verdict=replace(verdict, compared=others), expectations=Expectations())
    alike: set[Bucket] = set()
    for portion in portions(asked, comparison.limits.compare_rows):
        differ = compare_rows(without, portion, ExpectedSoFar(Expectations()), samples=0)
        alike |= {pair.bucket for pair in portion} - differ.keys()
    if alike:
        findings.differing = [drift for drift in findings.differing if drift.bucket not in alike]
        findings.samples = [sample for sample in findings.samples if sample.bucket not in alike]
        yield ExpectedDifference(ExpectedKind.COLUMN, count, WHY, len(alike))


def _unlike(drift: BucketDrift, archive: Archive, comparison: Comparison) -> bool:
    """Say whether the intervals of some day of a period were not of one length on both servers."""
    acd, first = drift.bucket.acd, drift.bucket.row_date
    if acd is None or first is None:
        return False
    return any(_of_unlike_lengths(acd, day, comparison.facts) for day in period_of(archive, first).days())


def _of_unlike_lengths(acd: int, day: date, facts: tuple[ServerFacts, ServerFacts]) -> bool:
    told = [
        (one.shortest, one.longest) for of_one in facts for one in of_one.lengths if (one.acd, one.day) == (acd, day)
    ]
    return len({length for both in told for length in both}) > 1
