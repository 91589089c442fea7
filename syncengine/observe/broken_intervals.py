"""Excludes from drift the counts of broken intervals in days, weeks and months where interval lengths differ.

`incomplete` counts intervals there: a server with quarters rightly counts two where one with half hours counts one
(rule 5). What such counts can be follows from the lengths, and anything else is drift:

- Lengths nest. Where one server's interval spans `r` of the other's, it is broken exactly where at least one of
  those is: to a broken one of its own the other server counts 1 to `r`, and to a whole one none.
- Where the lengths are alike, or a server does not record them, both count the same.
- So, where the source's intervals are the longer ones wherever lengths differ, a source that counts `n` leaves the
  target `n` to `n` and the sum of `r - 1` over as many of these long intervals as there are, `n` of them at most; 0
  leaves it 0.
  Where the target's are longer it is the other way round, and where both occur, one may offset the other.
- Neither counts more intervals than the period can have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from syncengine.diffing.bag_difference import values_statement
from syncengine.diffing.buckets import BucketPair, portions
from syncengine.model.bucket import Bucket
from syncengine.model.clock import repeats
from syncengine.model.expected import ExpectedDifference, ExpectedKind
from syncengine.model.facts import ServerFacts
from syncengine.model.grain import Grain
from syncengine.model.interval import QUANTUM, at_label, label_of
from syncengine.model.selection import ReadQuery
from syncengine.model.sides import Sides
from syncengine.model.window import Window
from syncengine.observe.comparison import Comparison, Findings, fetch, question_of, selection_of

LENGTHS_DIFFER = "counts intervals, whose lengths differ there"
QUARTER = timedelta(minutes=QUANTUM)
UNKNOWN = (0,) * (24 * 60 // QUANTUM)
Quarters = Mapping[tuple[int, date], tuple[int, ...]]
"""The lengths of the quarter hours of an ACD's day."""


@dataclass(frozen=True, slots=True)
class CountBound:
    """What two counts of the broken intervals of one period can be, by the lengths of both servers' intervals."""

    source_ratios: tuple[int, ...] = ()
    """How many of the target's each longer interval of the source spans, less one, the largest first."""
    target_ratios: tuple[int, ...] = ()
    """The same the other way round."""
    most_source: int = 0
    """Intervals that the period can have on the source at most."""
    most_target: int = 0

    @classmethod
    def of(cls, days: Mapping[date, tuple[Sequence[int], Sequence[int]]], zone: str) -> CountBound:
        """Derive it from the lengths, in minutes, of each quarter hour of some days, source first; 0 is not known."""
        ratios: tuple[list[int], list[int]] = ([], [])
        most = [0, 0]
        for day, lengths in days.items():
            longer: tuple[dict[int, int], dict[int, int]] = ({}, {})
            for place, both in enumerate(zip(*lengths, strict=True)):
                for side, length in enumerate(both):
                    # One that is not known can be short, and an interval counts where it begins.
                    most[side] += place % (max(length, QUANTUM) // QUANTUM) == 0
                if 0 in both or both[0] == both[1]:
                    continue
                side = int(both[1] > both[0])
                first = place - place % (both[side] // QUANTUM)
                ratio = both[side] // both[1 - side]
                longer[side][first] = max(longer[side].get(first, 0), ratio - 1)
            for side in (0, 1):
                ratios[side].extend(longer[side].values())
                twice = [less for first, less in longer[side].items() if _occurs_twice(day, first, zone)]
                ratios[side].extend(twice)
        hour_more = 60 // QUANTUM
        again = sum(repeats(Window(at_label(day, 0), at_label(day, 2400)), zone) for day in days) * hour_more
        source, target = (tuple(sorted(one, reverse=True)) for one in ratios)
        return cls(source, target, most[0] + again, most[1] + again)

    def allows(self, source: int, target: int) -> bool:
        """Say whether both may count the same broken time."""
        if not (0 <= source <= self.most_source and 0 <= target <= self.most_target):
            return source == target
        return -sum(self.target_ratios[:target]) <= target - source <= sum(self.source_ratios[:source])


def _occurs_twice(day: date, quarter: int, zone: str) -> bool:
    start = at_label(day, label_of(quarter * QUANTUM))
    return repeats(Window(start, start + QUARTER), zone)


def without_unlike_counts(comparison: Comparison, findings: Findings) -> Iterator[ExpectedDifference]:
    """Remove from the drift the periods in which only counts differ, by no more than the interval lengths explain.

    Yields how many these are, if any.
    """
    spec = comparison.spec
    count = spec.time.incomplete if spec.time is not None else None
    if not spec.grain.summarised or count is None:
        return
    quarters = comparison.facts.map(_quarters)
    bounds = {
        drift.bucket: bound
        for drift in findings.differing
        if drift.source.rows == drift.target.rows
        and not drift.changing
        and (bound := _bound(drift.bucket, spec.grain, quarters, comparison.zone)) is not None
    }
    candidates = tuple(
        BucketPair(drift.bucket, drift.source, drift.target) for drift in findings.differing if drift.bucket in bounds
    )
    alike: set[Bucket] = set()
    for portion in portions(candidates, comparison.limits.compare_rows):
        alike |= {pair.bucket for pair in portion} - set(_not_explained(bounds, comparison, count, portion))
    if alike:
        findings.differing = [drift for drift in findings.differing if drift.bucket not in alike]
        # They may have taken the place of others to show.
        findings.shown.clear()
        yield ExpectedDifference(ExpectedKind.COLUMN, count, LENGTHS_DIFFER, len(alike))


def _quarters(facts: ServerFacts) -> Quarters:
    return {(one.acd, one.day): one.lengths for one in facts.quarters}


def _bound(bucket: Bucket, grain: Grain, quarters: Sides[Quarters], zone: str) -> CountBound | None:
    """Return what counts of a period can be; None where no intervals are known to differ in length."""
    acd, first = bucket.acd, bucket.row_date
    if acd is None or first is None:
        return None
    days = {
        day: (quarters.source.get((acd, day), UNKNOWN), quarters.target.get((acd, day), UNKNOWN))
        for day in grain.period(first).days()
    }
    if all(UNKNOWN in both or both[0] == both[1] for both in days.values()):
        return None
    bound = CountBound.of(days, zone)
    return bound if bound.source_ratios or bound.target_ratios else None


def _not_explained(
    bounds: Mapping[Bucket, CountBound], comparison: Comparison, count: str, portion: tuple[BucketPair, ...]
) -> Iterator[Bucket]:
    """Yield the buckets that differ in more than their counts, or in counts that no lengths of intervals explain."""
    columns = comparison.verdict.compared
    counted = next(column for column in columns if column.name == count)
    question = replace(question_of(comparison), columns=tuple(one for one in columns if one is not counted))
    query = ReadQuery(
        selection_of(comparison, portion), tuple(column.name for column in comparison.verdict.all_columns)
    )
    for name, server in ((question.source, comparison.source), (question.target, comparison.target)):
        fetch(comparison.cache, name, server, query)
    for row_date, slot, acd, source, target in comparison.cache.rows(values_statement(question, counted)):
        bucket = Bucket(row_date, slot, acd)
        if bucket in bounds and not _may_be(bounds[bucket], source or [], target or []):
            yield bucket
    comparison.cache.drop(question.source, question.target)


def _may_be(bound: CountBound, source: Sequence[int | None], target: Sequence[int | None]) -> bool:
    """Say whether rows that are alike but for their counts can be the same rows: each has its own, the least first."""
    if len(source) != len(target):
        return False
    return all(
        one == other if one is None or other is None else bound.allows(one, other)
        for one, other in zip(source, target, strict=True)
    )
