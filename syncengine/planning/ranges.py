"""The restore range of each table and ACD: the requested window clipped to what the source has (rule 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from syncengine.model.drift import Observation, Scope, TableObservation
from syncengine.model.plan import RestoreRange, Step, written_by
from syncengine.model.spans import joined, span_of
from syncengine.model.window import Window

Pieces = Mapping[tuple[str, int | None], tuple[Window, ...]]
"""When rows of a table and ACD are written, neighbours joined."""


def restore_ranges(table: TableObservation, observation: Observation) -> Iterator[RestoreRange]:
    """Yield the requested and actual range of each ACD of a historical table."""
    for scope in table.scopes:
        actual = _actual(table, scope, observation)
        if scope.acd is None and actual is None:
            continue
        yield RestoreRange(table.spec.name, scope.acd, scope.requested, actual, scope.notes)


def planned_ranges(observation: Observation, steps: Sequence[Step], *, both: bool) -> Iterator[RestoreRange]:
    """Yield the ranges of a plan, with the pieces of them that its steps write.

    If `both` servers are written, neither is the source: the actual range is what is written, and no more.
    """
    pieces = written_pieces(steps)
    for table in observation.tables:
        found = {one.acd: one for one in restore_ranges(table, observation)}
        if both:
            found = {scope.acd: _requested(table, scope) for scope in table.scopes if scope.acd in found or scope.acd}
            others = (acd for name, acd in pieces if name == table.spec.name and acd not in found)
            found |= {acd: RestoreRange(table.spec.name, acd, observation.requested, None) for acd in others}
        for one in found.values():
            spans = pieces.get((one.table, one.acd), ())
            actual = hull(spans) if both else one.actual
            yield replace(one, actual=actual, pieces=spans)


def requested_ranges(ranges: Iterable[RestoreRange], times: Sequence[tuple[int, Window]]) -> Iterator[RestoreRange]:
    """Yield the ranges of a plan for requested `times` of ACDs, like outages, each with those of its ACD.

    All from the first to the last of them is compared, but only the times themselves are requested. Rows without an ACD
    are requested with every ACD.
    """
    for one in ranges:
        requested = joined(span for acd, span in times if one.acd in (acd, None))
        yield replace(one, requested=hull(requested), requested_parts=requested) if requested else one


def undo_ranges(pieces: Pieces) -> Iterator[RestoreRange]:
    """Yield the ranges of an undo: no time is requested, and all of it is restored."""
    for (table, acd), spans in pieces.items():
        yield RestoreRange(table, acd, None, hull(spans), pieces=spans)


def written_pieces(steps: Iterable[Step]) -> Pieces:
    """Return when the steps of a plan write rows; of a table without times nothing."""
    found: dict[tuple[str, int | None], set[Window]] = defaultdict(set)
    for _, part, write in written_by(steps):
        if write.span is not None:
            found[part.table, write.bucket.acd].add(write.span)
    return {place: joined(spans) for place, spans in found.items()}


def hull(spans: Sequence[Window]) -> Window | None:
    """Return the time from the first to the last of joined spans."""
    return Window(spans[0].start, spans[-1].stop) if spans else None


def _requested(table: TableObservation, scope: Scope) -> RestoreRange:
    return RestoreRange(table.spec.name, scope.acd, scope.requested, None, scope.notes)


def _actual(table: TableObservation, scope: Scope, observation: Observation) -> Window | None:
    extents = [
        one
        for one in table.source_extents
        if one.acd == scope.acd or (scope.acd is None and one.acd not in dict(observation.interval_lengths))
    ]
    if not extents:
        return None
    ends = [span_of(bucket, table.spec, observation) for one in extents for bucket in (one.first, one.last)]
    spans = [span for span in ends if span is not None]
    if not spans:
        return None
    actual = Window(min(span.start for span in spans), max(span.stop for span in spans))
    return actual.clipped(scope.requested) if scope.requested else actual
