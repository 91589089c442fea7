"""From a bucket that differs to its rows: read afresh, the same way samples are."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.jobs.connections import Connections
from syncengine.jobs.observation import Observer
from syncengine.model.bucket_rows import BucketRows
from syncengine.model.drift import BucketDrift, Observation, TableObservation
from syncengine.model.pair import PairSettings


@dataclass(frozen=True, slots=True)
class DriftRows:
    """Reads the rows of buckets that differ."""

    settings: PairSettings
    connections: Connections
    observer: Observer

    def read(self, seen: Observation, table: TableObservation, drift: BucketDrift, limit: int) -> BucketRows:
        """Return up to `limit` rows of each kind; raises `MovedError` where the bucket is not what was seen."""
        raise NotImplementedError
