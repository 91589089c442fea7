"""What shows that a server missed one of the two passes of a repeated hour."""

from __future__ import annotations

from datetime import date

import pytest

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.drift import BucketDrift, Counts
from syncengine.planning.repeated_hour import missed_a_pass
from tests.builders import catalogue

AUTUMN, SPRING, SUMMER = date(2000, 10, 29), date(2000, 4, 2), date(2000, 6, 5)
DENVER = "America/Denver"


def drift(
    source: int,
    target: int,
    counts: Counts | None = None,
    *,
    row_date: date = SUMMER,
    label: int = 100,
    lengths: tuple[int, int] | None = (30, 30),
) -> BucketDrift:
    """Return an interval with so many rows on each server, the surplus of the target extra unless given otherwise."""
    counts = counts or Counts(extra=max(target - source, 0))
    ours, theirs = BucketState(source, source, 0, lengths), BucketState(target, target, 0, lengths)
    return BucketDrift(Bucket(row_date, label, 1), ours, theirs, counts)


def missed(difference: BucketDrift, zone: str = "UTC", table: str = "htrunk") -> bool:
    """Return the answer for a table of the catalogue."""
    return missed_a_pass(catalogue().table(table), difference, zone=zone)


@pytest.mark.parametrize(("source", "target"), [(1, 2), (15, 30), (0, 15), (15, 0)])
def test_doubling_in_an_hour_that_comes_once_is_no_second_pass(source: int, target: int) -> None:
    """Repeated rows of an ordinary hour are a bag like any other (rule 7)."""
    assert not missed(drift(source, target))
    assert not missed(drift(source, target), DENVER)


@pytest.mark.parametrize("table", ["dtrunk", "agex", "synonyms", "f_isplit"])
def test_only_intervals_that_were_collected_have_passes(table: str) -> None:
    """Longer archives, events, administration and forecasts have no passes of the clock."""
    assert not missed(drift(1, 2, row_date=AUTUMN), DENVER, table)


@pytest.mark.parametrize(
    ("row_date", "label", "length", "repeated"),
    [
        (AUTUMN, 30, 30, False),
        (AUTUMN, 100, 30, True),
        (AUTUMN, 145, 15, True),
        (AUTUMN, 200, 30, False),
        (AUTUMN, 100, 60, True),
        (SPRING, 200, 30, False),
        (SUMMER, 100, 30, False),
    ],
)
def test_any_surplus_in_a_repeated_hour_may_be_a_pass(row_date: date, label: int, length: int, repeated: bool) -> None:
    """If the switch's zone repeats the hour, fewer rows than double are enough, some of them changed."""
    found = drift(
        5, 7, row_date=row_date, label=label, lengths=(length, length), counts=Counts(missing=1, extra=3, changed=1)
    )

    assert missed(found, DENVER) is repeated
    assert not missed(found)
    assert not missed(found, "UTC")


def test_a_long_interval_that_holds_half_an_hour_twice_is_repeated() -> None:
    """On Lord Howe Island the clock goes back by half an hour, the second half of the interval of 1:00."""
    found = drift(5, 7, row_date=date(2024, 4, 7), lengths=(60, 60))

    assert missed(found, "Australia/Lord_Howe")
    assert not missed(found, "Australia/Sydney")


def test_a_bucket_without_a_day_or_a_length_is_judged_by_what_it_has() -> None:
    """Rows without a day are in no repeated hour; for an interval of unknown length the label decides."""
    bare = drift(5, 7, row_date=AUTUMN, lengths=None)

    assert missed(bare, DENVER)
    assert not missed(BucketDrift(Bucket(None, 100, 1), bare.source, bare.target, bare.counts), DENVER)
