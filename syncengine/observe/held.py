"""What a server holds at all of what it saw, wherever one looks."""

from __future__ import annotations

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import BucketColumns, bucket_start
from syncengine.model.errors import ServerError
from syncengine.model.outages import Held
from syncengine.servers.protocol import Server


def held_by(server: Server, catalogue: Catalogue, zone: str) -> dict[int, Held]:
    """Return from when to when a server holds rows of each ACD, by the tables that have rows in every interval."""
    found: dict[int, Held] = {}
    live = server.tables([spec.name for spec in catalogue.witnesses])
    for name in (name for name, table in live.items() if not table.problem):
        columns = BucketColumns.of(catalogue.table(name))
        try:
            bounds = server.bounds(name, columns)
        except ServerError as error:
            if error.of_whole_server:
                raise
            # What cannot be read is noted with the other facts.
            continue
        for one in bounds:
            first = bucket_start(one.first, columns, zone) if one.first else None
            last = bucket_start(one.last, columns, zone) if one.last else None
            if one.acd is not None and first is not None and last is not None:
                held = found.get(one.acd, Held(first, last))
                found[one.acd] = Held(min(held.first, first), max(held.last, last))
    return found
