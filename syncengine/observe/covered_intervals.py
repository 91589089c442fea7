"""Which intervals a server recorded and how long they were, by the tables that have rows in every interval."""

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
"""The years a CMS can express; it writes two digits of them."""
QUARTERS = 24 * 60 // QUANTUM
"""Of a day."""


def can_be_day(day: date | None) -> TypeGuard[date]:
    """Say whether a date is plausible. DuckDB gives no date at all for years past 9999."""
    return isinstance(day, date) and day.year in YEARS


def can_be_label(label: int | None) -> TypeGuard[int]:
    """Say whether a label is plausible: a time of the day, or its end."""
    return label is not None and 0 <= label <= 2400 and label % 100 < 60


@dataclass(slots=True)
class CoveredIntervals:
    """What the witness tables have shown so far, by day and by interval."""

    lengths: dict[tuple[int, date], tuple[int, int]] = field(default_factory=dict)
    intervals: dict[tuple[int, date, int], tuple[int, int]] = field(default_factory=dict)
    """The largest `incomplete` and the longest length, 0 where none was found."""
    tables: dict[tuple[int, date, int], tuple[str, ...]] = field(default_factory=dict)
    """The witness tables with rows of an interval, in the order they were read."""
    quarters: dict[tuple[int, date], list[int | None]] = field(default_factory=dict)
    """The length of each quarter hour; None where none was found, 0 where more than one was."""

    def add(self, table: str, bucket: Bucket, state: BucketState) -> None:
        """Add one bucket of a witness table; a time or length that is not plausible is ignored."""
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
        """Yield the length of each quarter hour of each day; most days are alike, and share one value."""
        known: dict[tuple[int, ...], tuple[int, ...]] = {}
        for (acd, day), found in sorted(self.quarters.items()):
            lengths = tuple(length or 0 for length in found)
            yield DayQuarters(acd, day, known.setdefault(lengths, lengths))

    def coverage(self, settings: PairSettings) -> Iterator[IntervalCoverage]:
        """Yield every interval with rows; where no row has its length, it is that of the pair file or the usual one."""
        for (acd, day, label), (incomplete, length) in sorted(self.intervals.items()):
            known = length or settings.interval(acd) or DEFAULT_LENGTH
            yield IntervalCoverage(acd, day, label, incomplete, known, self.tables[acd, day, label])
