"""Compares the fingerprints of buckets, and says which rows to read next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from syncengine.model.bucket import EMPTY, Bucket, BucketState

MOST_BUCKETS = 1000
"""Buckets named in one query."""


@dataclass(frozen=True, slots=True)
class BucketPair:
    """One bucket as both servers have it."""

    bucket: Bucket
    source: BucketState
    target: BucketState

    @property
    def rows(self) -> int:
        """Rows to fetch from both servers to compare it exactly."""
        return self.source.rows + self.target.rows


def paired(source: Mapping[Bucket, BucketState], target: Mapping[Bucket, BucketState]) -> Iterator[BucketPair]:
    """Yield every bucket either side has, joined NULL-safely, in order."""
    for bucket in sorted(source.keys() | target.keys(), key=lambda b: b.order):
        yield BucketPair(bucket, source.get(bucket, EMPTY), target.get(bucket, EMPTY))


def differing(pairs: Iterator[BucketPair] | tuple[BucketPair, ...], *, every_row: bool) -> Iterator[BucketPair]:
    """Yield the buckets whose rows must be fetched: all of them where fingerprints do not decide."""
    for pair in pairs:
        if every_row or not pair.source.same_rows(pair.target):
            yield pair


def whole_days(buckets: Iterable[Bucket], most: int) -> Iterator[tuple[Bucket, ...]]:
    """Yield runs of buckets of whole days of an ACD, of at most so many but for a day that has more."""
    run: list[Bucket] = []
    for _, day in groupby(sorted(buckets, key=_day), key=_day):
        found = list(day)
        if run and len(run) + len(found) > most:
            yield tuple(run)
            run = []
        run += found
    if run:
        yield tuple(run)


def _day(bucket: Bucket) -> tuple[date, int]:
    return bucket.row_date or date.min, bucket.acd or 0


def portions(pairs: tuple[BucketPair, ...], most_rows: int) -> Iterator[tuple[BucketPair, ...]]:
    """Yield runs of buckets whose rows together stay under a bound; a single larger bucket comes alone.

    The number of buckets is bounded too, since each is named in the query.
    """
    portion: list[BucketPair] = []
    rows = 0
    for pair in pairs:
        if portion and (rows + pair.rows > most_rows or len(portion) >= MOST_BUCKETS):
            yield tuple(portion)
            portion, rows = [], 0
        portion.append(pair)
        rows += pair.rows
    if portion:
        yield tuple(portion)
