"""Decides times that the servers cut into intervals of different lengths, each as one (rules 4, 6 and 9). Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncengine.model.bucket import BucketColumns, bucket_start
from syncengine.model.clock import clock_was_set, repeats
from syncengine.model.drift import BucketDrift, Observation, TableObservation
from syncengine.model.interval import QUANTUM, at_label, floor_to
from syncengine.model.plan import SkipReason
from syncengine.model.spec import TableSpec
from syncengine.model.stretch import Stretch
from syncengine.model.window import Window

CLOCK_SET = "the clock was set in it: copy the right rows by hand"
OVERLAPS = "intervals of {server} overlap there: repair from the other server, or delete the wrong rows by hand"
SINGLE_ROWS = "single rows of other lengths cannot be copied: use `policy='replace'`"

AcdSpan = tuple[int | None, Window]
QUARTER = timedelta(minutes=QUANTUM)


@dataclass(frozen=True, slots=True)
class StretchIncomplete:
    """The largest `incomplete` of each server in one stretch of a table."""

    source_incomplete: int = 0
    target_incomplete: int = 0

    def __add__(self, drift: BucketDrift) -> StretchIncomplete:
        return StretchIncomplete(
            max(self.source_incomplete, drift.source.incomplete or 0),
            max(self.target_incomplete, drift.target.incomplete or 0),
        )


def incomplete_by_stretch(table: TableObservation) -> dict[AcdSpan, StretchIncomplete]:
    """Return the largest `incomplete` of each stretch of a table: it decides for the whole stretch."""
    found: dict[AcdSpan, StretchIncomplete] = defaultdict(StretchIncomplete)
    for drift in table.differing:
        if drift.stretch is not None:
            found[drift.bucket.acd, drift.stretch.span] += drift
    return found


def skip_reason(
    stretch: Stretch, acd: int | None, observation: Observation, *, from_source: bool = True
) -> tuple[SkipReason, str] | None:
    """Return why a stretch is skipped whatever the servers recorded, or None."""
    tiles = stretch.source_tiles if from_source else stretch.target_tiles
    if repeats(stretch.span, observation.zone):
        return SkipReason.REPEATED_HOUR, ""
    if clock_was_set(stretch.span, acd, observation.facts):
        return SkipReason.LENGTHS_DIFFER, CLOCK_SET
    if not tiles:
        server = observation.source if from_source else observation.target
        return SkipReason.LENGTHS_DIFFER, OVERLAPS.format(server=server)
    return None


@dataclass(frozen=True, slots=True)
class DecisionSpans:
    """The spans that are decided as one: between two boundaries that the intervals of both servers share."""

    observation: Observation
    _inner: dict[int | None, set[datetime]]
    """Boundaries of quarters that lie inside an interval of either server, by ACD."""
    _covered: dict[int | None, set[datetime]]
    """The quarters that an interval of either server covers."""

    @classmethod
    def of(cls, observation: Observation) -> DecisionSpans:
        """Collect the intervals of both servers, and those of the rows that differ."""
        inner: dict[int | None, set[datetime]] = defaultdict(set)
        covered: dict[int | None, set[datetime]] = defaultdict(set)
        spans: list[tuple[int | None, Window]] = [
            (one.acd, Window(start, start + timedelta(minutes=max(one.length, QUANTUM))))
            for facts in observation.facts
            for one in facts.coverage
            for start in (at_label(one.row_date, one.label),)
        ]
        spans += [
            (drift.bucket.acd, drift.stretch.span)
            for table in observation.tables
            for drift in table.differing
            if drift.stretch is not None
        ]
        for acd, span in spans:
            quarters = [piece.start for piece in span.aligned(QUANTUM).cut(QUARTER)]
            covered[acd].update(quarters)
            inner[acd].update(quarters[1:])
        return cls(observation, inner, covered)

    def of_drift(self, drift: BucketDrift, spec: TableSpec) -> Window | None:
        """Return the span a bucket is decided with; None for a row without a time.

        If neither server has an interval, it is one of the longest length that the ACD has nearby.
        """
        acd, start = drift.bucket.acd, bucket_start(drift.bucket, BucketColumns.of(spec), self.observation.zone)
        if start is None:
            return None
        quarter = floor_to(start, QUANTUM)
        if quarter not in self._covered.get(acd, ()):
            return drift.span
        inner = self._inner[acd]
        first, stop = quarter, quarter + QUARTER
        while first in inner:
            first -= QUARTER
        while stop in inner:
            stop += QUARTER
        return Window(first, stop)
