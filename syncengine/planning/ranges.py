"""The restore range of each table and ACD: the requested window clipped to what the source holds (rule 4)."""

from __future__ import annotations

from collections.abc import Iterator

from syncengine.model.drift import Observation, Scope, TableObservation
from syncengine.model.plan import RestoreRange
from syncengine.model.spans import span_of
from syncengine.model.window import Window


def restore_ranges(table: TableObservation, observation: Observation) -> Iterator[RestoreRange]:
    """Yield the requested and actual range of each ACD of a historical table."""
    for scope in table.scopes:
        actual = _actual(table, scope, observation)
        if scope.acd is None and actual is None:
            continue
        yield RestoreRange(table.spec.name, scope.acd, scope.requested, actual, scope.notes)


def _actual(table: TableObservation, scope: Scope, observation: Observation) -> Window | None:
    held = [
        one
        for one in table.held_by_source
        if one.acd == scope.acd or (scope.acd is None and one.acd not in dict(observation.interval_lengths))
    ]
    if not held:
        return None
    ends = [span_of(bucket, table.spec, observation) for one in held for bucket in (one.first, one.last)]
    spans = [span for span in ends if span is not None]
    if not spans:
        return None
    actual = Window(min(span.start for span in spans), max(span.stop for span in spans))
    return actual.clipped(scope.requested) if scope.requested else actual
