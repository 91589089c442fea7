"""When buckets are on the wall clock: the interval, day, week or month of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from syncengine.model.bucket import Bucket, BucketColumns, bucket_start
from syncengine.model.drift import BucketDrift, Observation
from syncengine.model.interval import QUANTUM, floor_to
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window


def own_span(bucket: Bucket, columns: BucketColumns, length: int, zone: str) -> Window | None:
    """Return the time a bucket itself covers: its interval of `length` minutes, or its quarter of an hour."""
    start = bucket_start(bucket, columns, zone)
    if start is None:
        return None
    minutes = QUANTUM if columns.quarters or columns.epoch else length
    return Window(start, start + timedelta(minutes=minutes))


def span_of(bucket: Bucket, spec: TableSpec, observation: Observation) -> Window | None:
    """Return the interval, day, week or month of a bucket, or None for a row without a time."""
    if spec.time is None:
        return None
    if not spec.grain.sliced:
        return None if bucket.row_date is None else spec.grain.period(bucket.row_date)
    start, length = bucket_start(bucket, BucketColumns.of(spec), observation.zone), observation.length(bucket.acd)
    return None if start is None else Window(begin := floor_to(start, length), begin + timedelta(minutes=length))


def with_spans(observation: Observation) -> Observation:
    """Return an observation with the time of each bucket that differs, so that it is computed once."""
    # Many buckets have the same time: they share one object.
    known: dict[Window | None, Window | None] = {}

    def placed(drift: BucketDrift, spec: TableSpec) -> BucketDrift:
        span = span_of(drift.bucket, spec, observation)
        return replace(drift, span=known.setdefault(span, span))

    tables = (
        replace(table, differing=tuple(placed(one, table.spec) for one in table.differing))
        for table in observation.tables
    )
    return replace(observation, tables=tuple(tables))


def joined(spans: Iterable[Window | None]) -> tuple[Window, ...]:
    """Return the same times with neighbours and overlaps joined, in order."""
    result: list[Window] = []
    for span in sorted({span for span in spans if span}):
        if result and span.start <= result[-1].stop:
            result[-1] = Window(result[-1].start, max(result[-1].stop, span.stop))
        else:
            result.append(span)
    return tuple(result)
