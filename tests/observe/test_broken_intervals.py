"""Which counts of broken intervals can follow from different lengths (rule 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from syncengine.observe.broken_intervals import CountBound

SUNDAY = date(2000, 6, 4)
QUARTERS, HALVES, HOURS, UNKNOWN = ((length,) * 96 for length in (15, 30, 60, 0))
AT_TEN = (*(30,) * 40, *(15,) * 56)
AT_ELEVEN = (*(30,) * 44, *(15,) * 52)


def bound(source: Sequence[int], target: Sequence[int], *, days: int = 1, zone: str = "UTC") -> CountBound:
    """Return what follows from the lengths of the quarter hours of a day, the same on some days."""
    return CountBound.of({SUNDAY + timedelta(days=day): (source, target) for day in range(days)}, zone)


@pytest.mark.parametrize(
    ("source", "target", "counts", "allowed"),
    [
        (HALVES, QUARTERS, (3, 3), True),
        (HALVES, QUARTERS, (3, 6), True),
        (HALVES, QUARTERS, (3, 7), False),
        (HALVES, QUARTERS, (3, 2), False),
        (HALVES, QUARTERS, (0, 1), False),
        (HALVES, QUARTERS, (1, 0), False),
        (HALVES, QUARTERS, (0, 0), True),
        (HALVES, QUARTERS, (48, 96), True),
        (HALVES, QUARTERS, (49, 96), False),
        (HALVES, QUARTERS, (-1, -2), False),
        (QUARTERS, HALVES, (6, 3), True),
        (QUARTERS, HALVES, (7, 3), False),
        (QUARTERS, HALVES, (3, 6), False),
        (HOURS, QUARTERS, (2, 8), True),
        (HOURS, QUARTERS, (2, 9), False),
        (HOURS, HALVES, (2, 5), False),
        (AT_TEN, AT_TEN, (0, 5), False),
        (AT_TEN, AT_TEN, (5, 6), False),
        (AT_ELEVEN, AT_TEN, (5, 7), True),
        (AT_ELEVEN, AT_TEN, (5, 8), False),
        (AT_TEN, AT_ELEVEN, (7, 5), True),
        (AT_TEN, AT_ELEVEN, (5, 7), False),
        (HALVES, UNKNOWN, (1, 2), False),
        (UNKNOWN, UNKNOWN, (0, 1), False),
    ],
)
def test_only_counts_that_follow_from_the_lengths_are_allowed(
    source: Sequence[int], target: Sequence[int], counts: tuple[int, int], allowed: bool
) -> None:
    """A broken half hour is one or two broken quarters, and no more than there are where the lengths differ."""
    assert bound(source, target).allows(*counts) is allowed


def test_each_unlike_day_of_a_month_adds_its_own() -> None:
    """Two days of half hours against quarters explain a difference of 96 counts, one of them 48."""
    assert bound(HALVES, QUARTERS, days=2).allows(100, 192) is False
    assert bound(HALVES, QUARTERS, days=2).allows(96, 192)
    assert bound(HALVES, QUARTERS).allows(48, 97) is False


def test_days_that_differ_in_both_ways_may_offset_each_other() -> None:
    """Where each server had the longer intervals on one day, either may count more."""
    both = CountBound.of({SUNDAY: (HALVES, QUARTERS), SUNDAY + timedelta(days=1): (QUARTERS, HALVES)}, "UTC")

    assert both.allows(3, 6)
    assert both.allows(6, 3)
    assert not both.allows(3, 7)


def test_an_hour_that_occurs_twice_counts_twice() -> None:
    """On the day an hour of the clock repeats, four more quarters can be broken."""
    autumn = CountBound.of({date(2000, 10, 29): (HALVES, QUARTERS)}, "America/Denver")

    assert autumn.allows(50, 100)
    assert not autumn.allows(50, 101)
    assert not bound(HALVES, QUARTERS, zone="America/Denver").allows(50, 100)
