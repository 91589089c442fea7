"""An hour the clock repeats: a label then stands for two passes, and a server may have missed one (rule 17)."""

from __future__ import annotations

from syncengine.model.bucket import BucketColumns
from syncengine.model.clock import repeats
from syncengine.model.drift import BucketDrift
from syncengine.model.interval import QUANTUM
from syncengine.model.spans import own_span
from syncengine.model.spec import TableSpec


def missed_a_pass(spec: TableSpec, drift: BucketDrift, *, zone: str) -> bool:
    """Say whether rows that only the target has may be a whole pass of the clock that the source missed.

    A server that was down in one pass has whole rows of the other, under the same label: neither
    `incomplete` nor its diary shows it. Where `zone`, the one of the switch's clock, repeats the hour, any
    surplus of the target may be such a pass.
    """
    if not spec.grain.tiles or spec.future_dates:
        return False
    if not drift.source.rows or drift.target.rows <= drift.source.rows or not drift.counts.extra:
        return False
    return _in_repeated_hour(spec, drift, zone)


def _in_repeated_hour(spec: TableSpec, drift: BucketDrift, zone: str) -> bool:
    lengths = drift.target.lengths or drift.source.lengths or (QUANTUM, QUANTUM)
    span = own_span(drift.bucket, BucketColumns.of(spec), lengths[1], zone)
    return span is not None and repeats(span, zone)
