"""Decides times that the servers cut into intervals of different lengths, each as one (rules 4, 6 and 9). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from syncengine.model.bucket import Bucket, BucketColumns, bucket_start
from syncengine.model.clock import repeats, was_set
from syncengine.model.drift import BucketDrift, Observation, TableObservation
from syncengine.model.plan import KeptWhy
from syncengine.model.spans import interval_of
from syncengine.model.spec import TableSpec
from syncengine.model.stretch import Stretch
from syncengine.model.window import Window

CLOCK_SET = "the clock was set in it: copy what is right by hand"
OVERLAPS = "intervals of {server} overlap there: repair from the other server, or delete by hand what is wrong"
BY_ROWS = "single rows of other lengths cannot be copied: use --policy replace"

Place = tuple[int | None, Window]


@dataclass(frozen=True, slots=True)
class Inside:
    """What differs of one table in one stretch, taken together."""

    source_rows: int = 0
    target_rows: int = 0
    source_incomplete: int = 0
    target_incomplete: int = 0

    def __add__(self, drift: BucketDrift) -> Inside:
        return Inside(
            self.source_rows + drift.source.rows,
            self.target_rows + drift.target.rows,
            max(self.source_incomplete, drift.source.incomplete or 0),
            max(self.target_incomplete, drift.target.incomplete or 0),
        )


def inside(table: TableObservation) -> dict[Place, Inside]:
    """Return what differs in each stretch of a table: the largest `incomplete` decides for all of it."""
    found: dict[Place, Inside] = defaultdict(Inside)
    for drift in table.differing:
        if drift.stretch is not None:
            found[drift.bucket.acd, drift.stretch.span] += drift
    return found


def why_left(
    stretch: Stretch, acd: int | None, observation: Observation, *, from_source: bool = True
) -> tuple[KeptWhy, str] | None:
    """Return why a stretch is not written whatever the servers saw, or None."""
    tiles = stretch.source_tiles if from_source else stretch.target_tiles
    if repeats(stretch.span, observation.zone):
        return KeptWhy.REPEATED_HOUR, ""
    if was_set(stretch.span, acd, observation.facts):
        return KeptWhy.LENGTHS_DIFFER, CLOCK_SET
    if not tiles:
        server = observation.source if from_source else observation.target
        return KeptWhy.LENGTHS_DIFFER, OVERLAPS.format(server=server)
    return None


@dataclass(frozen=True, slots=True)
class Stretches:
    """The stretches of all tables, by ACD: one decision holds for all tables in each."""

    observation: Observation
    _of: dict[int | None, list[Window]] = field(default_factory=dict)

    @classmethod
    def of(cls, observation: Observation, tables: Iterable[TableObservation]) -> Stretches:
        """Collect them."""
        found: dict[int | None, set[Window]] = defaultdict(set)
        for table in tables:
            for drift in table.differing:
                if drift.stretch is not None:
                    found[drift.bucket.acd].add(drift.stretch.span)
        return cls(observation, {acd: sorted(spans, key=lambda span: span.start) for acd, spans in found.items()})

    def place(self, bucket: Bucket, spec: TableSpec) -> Window | None:
        """Return the stretch a bucket lies in, or else its interval; None for a row without a time."""
        columns = BucketColumns.of(spec)
        start = bucket_start(bucket, columns, self.observation.zone)
        for span in self._of.get(bucket.acd, ()):
            if start is not None and span.start <= start < span.stop:
                return span
        return interval_of(bucket, columns, self.observation)
