"""Which intervals a server saw and how long they were, by the tables that have rows in every interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TypeGuard

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.facts import DayQuarters, IntervalCoverage
from syncengine.model.interval import LENGTHS, QUANTUM, minute_of
from syncengine.model.pair import PairSettings
from syncengine.observe.scopes import DEFAULT_LENGTH

YEARS = range(1970, 2070)
"""The years a CMS can mean; it writes two digits of them."""
QUARTERS = 24 * 60 // QUANTUM
"""Of a day."""


def can_be_day(day: date | None) -> TypeGuard[date]:
    """Say whether a date can be meant. What is no date at all is what DuckDB makes of years past 9999."""
    return isinstance(day, date) and day.year in YEARS


def can_be_label(label: int | None) -> TypeGuard[int]:
    """Say whether a label can be meant: a time of the day, or its end."""
    return label is not None and 0 <= label <= 2400 and label % 100 < 60


@dataclass(slots=True)
class CoveredIntervals:
    """What the witnesses have told so far, by day and by interval."""

    lengths: dict[tuple[int, date], tuple[int, int]] = field(default_factory=dict)
    intervals: dict[tuple[int, date, int], tuple[int, int]] = field(default_factory=dict)
    """The largest `incomplete` and the longest length, 0 while none was told."""
    tables: dict[tuple[int, date, int], tuple[str, ...]] = field(default_factory=dict)
    """The witnesses with rows of an interval, in the order they were asked."""
    quarters: dict[tuple[int, date], list[int | None]] = field(default_factory=dict)
    """The length of each quarter hour; None while none was told, 0 where more than one was."""

    def add(self, table: str, bucket: Bucket, state: BucketState) -> None:
        """Take in one bucket of a witness; a time or length that cannot be is as good as none."""
        if bucket.acd is None or not can_be_day(bucket.row_date) or not can_be_label(bucket.slot):
            return
        lengths = [length for length in state.lengths or () if length in LENGTHS]
        if lengths:
            day = (bucket.acd, bucket.row_date)
            low, high = self.lengths.get(day, (lengths[0], lengths[-1]))
            self.lengths[day] = (min(low, lengths[0]), max(high, lengths[-1]))
            quarters = self.quarters.setdefault(day, [None] * QUARTERS)
            first = minute_of(bucket.slot) // QUANTUM
            for length in set(lengths):
                for quarter in range(first, min(first + length // QUANTUM, QUARTERS)):
                    quarters[quarter] = length if quarters[quarter] in (None, length) else 0
        place = (bucket.acd, bucket.row_date, bucket.slot)
        incomplete, length = self.intervals.get(place, (0, 0))
        self.intervals[place] = (max(incomplete, state.incomplete or 0), max(length, *lengths, 0))
        self.tables[place] = (*self.tables.get(place, ()), table)

    def day_quarters(self) -> Iterator[DayQuarters]:
        """Yield the length of each quarter hour of each day; most days are alike, and kept once."""
        known: dict[tuple[int, ...], tuple[int, ...]] = {}
        for (acd, day), told in sorted(self.quarters.items()):
            lengths = tuple(length or 0 for length in told)
            yield DayQuarters(acd, day, known.setdefault(lengths, lengths))

    def coverage(self, settings: PairSettings) -> Iterator[IntervalCoverage]:
        """Yield every interval with rows; where no row tells its length, the pair file or the usual one does."""
        for (acd, day, label), (incomplete, length) in sorted(self.intervals.items()):
            known = length or settings.interval(acd) or DEFAULT_LENGTH
            yield IntervalCoverage(acd, day, label, incomplete, known, self.tables[acd, day, label])
