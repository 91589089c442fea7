"""From when to when a server has rows of intervals."""

from __future__ import annotations

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import BucketColumns, bucket_start
from syncengine.model.errors import ServerError
from syncengine.model.outages import IntervalExtent
from syncengine.servers.protocol import Server


def interval_extents(server: Server, catalogue: Catalogue, zone: str) -> dict[int, IntervalExtent]:
    """Return from when to when a server has rows of each ACD, by the tables that have rows in every interval."""
    found: dict[int, IntervalExtent] = {}
    live = server.tables([spec.name for spec in catalogue.witnesses])
    for name in (name for name, table in live.items() if not table.problem):
        columns = BucketColumns.of(catalogue.table(name))
        try:
            bounds = server.bounds(name, columns)
        except ServerError as error:
            if error.of_whole_server:
                raise
            # A table that cannot be read is noted with the other facts.
            continue
        for one in bounds:
            first = bucket_start(one.first, columns, zone) if one.first else None
            last = bucket_start(one.last, columns, zone) if one.last else None
            if one.acd is not None and first is not None and last is not None:
                extent = found.get(one.acd, IntervalExtent(first, last))
                found[one.acd] = IntervalExtent(min(extent.first, first), max(extent.last, last))
    return found
