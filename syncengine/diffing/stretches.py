"""Finds the times that are cut into intervals of different lengths, and the rows that overlap there (rule 5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from syncengine.diffing.bag_difference import BagQuestion, key_term
from syncengine.diffing.buckets import BucketPair
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.interval import LENGTHS, at_label
from syncengine.model.names import quoted
from syncengine.model.spec import TimeColumns
from syncengine.model.stretch import Stretch
from syncengine.model.window import Window


@dataclass(frozen=True, slots=True)
class _Interval:
    """An interval that rows of a bucket stand for, and which servers have it."""

    span: Window
    bucket: Bucket
    of_source: bool
    of_target: bool


def stretches(pairs: Sequence[BucketPair]) -> Mapping[Bucket, Stretch]:
    """Return the stretch of every bucket of interval tables that lies in one.

    Where all intervals that overlap are of one length there is none. Whether a server tiles it follows from its
    intervals, not yet from keys. Buckets whose rows have no length, or one no CMS can be set to, lie in none.
    """
    lengths = {length for pair in pairs for state in (pair.source, pair.target) for length in state.lengths or ()}
    if len(lengths) < 2:
        return {}
    by_acd: dict[int | None, list[_Interval]] = defaultdict(list)
    for pair in pairs:
        by_acd[pair.bucket.acd].extend(_intervals(pair))
    return {one.bucket: stretch for found in by_acd.values() for members, stretch in _uneven(found) for one in members}


def _intervals(pair: BucketPair) -> Iterator[_Interval]:
    """Yield the intervals of a bucket; rows of one label may be of several lengths."""
    bucket = pair.bucket
    if bucket.row_date is None or bucket.slot is None:
        return
    start = at_label(bucket.row_date, bucket.slot)
    source, target = _lengths(pair.source), _lengths(pair.target)
    for length in sorted(source | target):
        yield _Interval(Window(start, start + timedelta(minutes=length)), bucket, length in source, length in target)


def _lengths(state: BucketState) -> set[int]:
    return {length for length in state.lengths or () if length in LENGTHS} if state.rows else set()


def _uneven(intervals: list[_Interval]) -> Iterator[tuple[list[_Interval], Stretch]]:
    """Yield the runs of intervals that overlap, each with the time between its two boundaries."""
    run: list[_Interval] = []
    for one in sorted(intervals, key=lambda one: (one.span.start, one.span.stop)):
        if run and one.span.start >= max(before.span.stop for before in run):
            yield from _stretch(run)
            run = []
        run.append(one)
    yield from _stretch(run)


def _stretch(run: list[_Interval]) -> Iterator[tuple[list[_Interval], Stretch]]:
    if len({one.span.stop - one.span.start for one in run}) > 1:
        stop = max(one.span.stop for one in run)
        source = sum(one.of_source for one in run if _overlapped(one, run, of_source=True)) == 0
        target = sum(one.of_target for one in run if _overlapped(one, run, of_source=False)) == 0
        rows = any(one.of_source for one in run), any(one.of_target for one in run)
        yield run, Stretch(Window(run[0].span.start, stop), *rows, source, target)


def _overlapped(one: _Interval, run: list[_Interval], *, of_source: bool) -> bool:
    """Say whether another interval of the same server has some of the time, too."""
    return any(
        other is not one
        and (other.of_source if of_source else other.of_target)
        and one.span.clipped(other.span) is not None
        for other in run
    )


def overlaps_statement(question: BagQuestion, relation: str, time: TimeColumns) -> str:
    """Return the query of the rows of a relation that begin inside another row of the same key, by bucket.

    Its columns are date, slot and ACD of the bucket, and the number of such rows in it.
    """
    label, length = quoted(time.label or ""), quoted(time.interval or "")
    keys = [key_term(column) for column in question.key_columns if column.name != time.interval]
    day, slot, acd = question.bucket
    named_alike = [f"{expression} AS k{number}" for number, expression in enumerate((day, acd, *keys))]
    minute = f"{label} // 100 * 60 + {label} % 100"
    places = (f"{slot} AS slot", f"{minute} AS minute", f"{length} AS length", "ROW_NUMBER() OVER () AS number")
    alike = " AND ".join(f"other.k{at} IS NOT DISTINCT FROM one.k{at}" for at in range(len(named_alike)))
    return (
        f"WITH placed AS MATERIALIZED (SELECT {', '.join((*named_alike, *places))} FROM {relation} "
        f"WHERE {slot} IS NOT NULL) "
        "SELECT other.k0, other.slot, other.k1, COUNT(DISTINCT other.number) FROM placed AS one JOIN placed AS other "
        f"ON {alike} AND other.minute < one.minute + one.length "
        "AND (other.minute > one.minute OR (other.minute = one.minute AND other.length < one.length)) "
        "GROUP BY ALL ORDER BY ALL"
    )
