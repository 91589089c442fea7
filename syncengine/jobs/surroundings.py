"""Asks, before a plan is shown or carried out, what its writes set off or meet on the servers."""

from __future__ import annotations

from collections.abc import Mapping

from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.model.surroundings import Allowed
from syncengine.planning.surroundings import with_meetings, writes_of
from syncengine.servers.protocol import Server


def surrounded(plan: Plan, servers: Mapping[Role, Server], allowed: Allowed) -> Plan:
    """Return a plan with what its writes set off or meet; raises `RefusedError` where that may not be."""
    tables: dict[Role, list[str]] = {}
    for into, table in writes_of(plan, frozenset()):
        tables.setdefault(into, []).append(table)
    around = {into: servers[into].surroundings(names) for into, names in tables.items()}
    updating = frozenset(into for into in tables if servers[into].describe().capabilities.locks_by_update)
    return with_meetings(plan, around, updating, allowed)
