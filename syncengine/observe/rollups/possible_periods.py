"""Finds the days, weeks and months of which a server may have a row (rule 10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import BucketColumns
from syncengine.model.errors import ServerError
from syncengine.model.pair import Role
from syncengine.model.plan import StaleRollup
from syncengine.servers.protocol import Bounds, Server
from syncengine.servers.retry import with_retries


def possible_periods(
    stale: Iterable[StaleRollup], catalogue: Catalogue, servers: Mapping[Role, Server]
) -> tuple[StaleRollup, ...]:
    """Return the periods of which a server may have a row: all of them where the bounds of a table are not known."""
    stale = tuple(stale)
    bounds = {name: _bounds(name, catalogue, servers) for name in {one.table for one in stale}}
    return tuple(one for one in stale if _may_have_row(one, bounds[one.table]))


def _bounds(name: str, catalogue: Catalogue, servers: Mapping[Role, Server]) -> list[Bounds] | None:
    """Return the bounds of a table on each server; None where one cannot be read."""
    columns = BucketColumns.of(catalogue.table(name))
    with suppress(ServerError):
        there = [server for server in servers.values() if name in server.tables((name,))]
        return [one for server in there for one in with_retries(partial(server.bounds, name, columns))]
    return None


def _may_have_row(stale: StaleRollup, bounds: Sequence[Bounds] | None) -> bool:
    if bounds is None:
        return True
    period = stale.archive.grain.period(stale.row_date)
    first, last = period.start.date(), period.stop.date()
    return any(
        one.first.row_date < last and one.last.row_date >= first
        for one in bounds
        if one.acd == stale.acd and one.first and one.last and one.first.row_date and one.last.row_date
    )
