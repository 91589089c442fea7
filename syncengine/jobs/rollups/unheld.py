"""Finds out which periods neither server holds a row of: filling a server makes none of them wrong (rule 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import BucketColumns, period_of
from syncengine.model.errors import ServerError
from syncengine.model.pair import Hook, Role
from syncengine.model.plan import Plan, Policy, StaleRollup
from syncengine.planning.checklist import summarized_anew
from syncengine.servers.protocol import Bounds, Server
from syncengine.servers.retry import tried


def without_unheld(made: Plan, catalogue: Catalogue, servers: Mapping[Role, Server], hooks: Sequence[Hook]) -> Plan:
    """Return a plan that fills, without the stale periods that neither server holds a row of.

    The source saw their intervals and has not summarised them, as where a week began before it was installed or is
    not stored; the target would only get rows that the source lacks. Where a server does not tell, they stay.
    """
    if made.policy is not Policy.FILL or not made.stale:
        return made
    held = {name: _bounds(name, catalogue, servers) for name in {one.table for one in made.stale}}
    stale = tuple(one for one in made.stale if _may_hold(one, held[one.table]))
    if len(stale) == len(made.stale):
        return made
    return replace(made, stale=stale, checklist=summarized_anew(made.checklist, stale, hooks))


def _bounds(name: str, catalogue: Catalogue, servers: Mapping[Role, Server]) -> list[Bounds] | None:
    """Return what both servers hold of a table; None where one does not tell."""
    columns = BucketColumns.of(catalogue.table(name))
    with suppress(ServerError):
        there = [server for server in servers.values() if name in server.tables((name,))]
        return [one for server in there for one in tried(partial(server.bounds, name, columns))]
    return None


def _may_hold(stale: StaleRollup, held: Sequence[Bounds] | None) -> bool:
    if held is None:
        return True
    period = period_of(stale.archive, stale.row_date)
    first, last = period.start.date(), period.stop.date()
    return any(
        one.first.row_date < last and one.last.row_date >= first
        for one in held
        if one.acd == stale.acd and one.first and one.last and one.first.row_date and one.last.row_date
    )
