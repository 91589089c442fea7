"""Where buckets lie on the wall clock: the interval, day, week or month each belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from syncengine.model.bucket import Bucket, BucketColumns, bucket_start
from syncengine.model.drift import Observation, TableObservation
from syncengine.model.interval import QUANTUM, floor_to
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window


def interval_of(bucket: Bucket, columns: BucketColumns, observation: Observation) -> Window | None:
    """Return the interval of its ACD that a bucket lies in, or None for a row without a time."""
    start = bucket_start(bucket, columns, observation.zone)
    if start is None:
        return None
    length = observation.length(bucket.acd)
    begin = floor_to(start, length)
    return Window(begin, begin + timedelta(minutes=length))


def own_span(bucket: Bucket, columns: BucketColumns, length: int, zone: str) -> Window | None:
    """Return the time a bucket itself covers: its interval of `length` minutes, or its quarter of an hour."""
    start = bucket_start(bucket, columns, zone)
    if start is None:
        return None
    minutes = QUANTUM if columns.quarters or columns.epoch else length
    return Window(start, start + timedelta(minutes=minutes))


def span_of(bucket: Bucket, spec: TableSpec, observation: Observation) -> Window | None:
    """Return the interval, day, week or month a bucket lies in, or None for a row without a time."""
    if spec.time is None:
        return None
    if spec.grain.sliced:
        return interval_of(bucket, BucketColumns.of(spec), observation)
    return None if bucket.row_date is None else spec.grain.period(bucket.row_date)


def with_spans(observation: Observation) -> Observation:
    """Return an observation of which each bucket that differs tells when it is: nobody works that out again."""

    def placed(table: TableObservation) -> TableObservation:
        spans = (replace(one, span=span_of(one.bucket, table.spec, observation)) for one in table.differing)
        return replace(table, differing=tuple(spans))

    return replace(observation, tables=tuple(map(placed, observation.tables)))


def joined(spans: Iterable[Window | None]) -> tuple[Window, ...]:
    """Return the same times with neighbours and overlaps joined, in order."""
    result: list[Window] = []
    for span in sorted({span for span in spans if span}):
        if result and span.start <= result[-1].stop:
            result[-1] = Window(result[-1].start, max(result[-1].stop, span.stop))
        else:
            result.append(span)
    return tuple(result)
