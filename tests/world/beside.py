"""Another session: it writes a row of its own into a bucket that a plan is about to write."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Protocol

from syncengine.model.grain import Archive
from syncengine.model.plan import Plan, written_by
from syncengine.model.spec import Rollup, TableSpec
from tests.world.tables import world_catalogue
from tests.world.values import SERVERS, Row, Scenario, Server

NUMBER = 77
"""Of a split, an agent, a VDN that nobody else has."""


class Servers(Protocol):
    """What is needed of the servers' lives (`life.Site`)."""

    scenario: Scenario
    databases: dict[Server, Any]

    def write_beside(self, server: Server, table: str, row: Row) -> None:
        """Have another session write a row."""


def write_beside(site: Servers, plans: Sequence[Plan], chance: Random) -> None:
    """Write a row into one of the buckets of intervals that plans write; nothing where there is none.

    It counts nothing, so that no total of the truth is exceeded; sums of days would have a row of it.
    """
    if any("--rollups" in command.options for command in site.scenario.commands):
        return
    catalogue = world_catalogue(site.scenario.whole)
    places = [
        (server, spec, write.bucket)
        for plan in plans
        for step, part, write in written_by(plan.steps)
        for server in SERVERS
        if str(step.into) == server
        and (spec := catalogue.table(part.table)).archive is Archive.INTERVAL
        and write.bucket.slot is not None
        and spec.key
    ]
    if not places:
        return
    server, spec, bucket = chance.choice(places)
    assert spec.time is not None
    where = f"{spec.acd} = ? AND {spec.time.date} = ? AND {spec.time.label} = ?"
    for role in SERVERS:
        lines = site.databases[role].bag(spec.name, where, (bucket.acd, bucket.row_date, bucket.slot))
        if lines:
            site.write_beside(server, spec.name, _another(spec, min(lines, key=str)))
            return


def _another(spec: TableSpec, line: Sequence[Any]) -> Row:
    """Return a row like another, of a key of its own and with nothing counted."""
    row: dict[str, Any] = {}
    for column, value in zip(spec.columns, line, strict=False):
        counted = column.rollup is Rollup.SUM and not column.type.is_text
        row[column.name] = 0 if counted and column.name not in spec.key else value
    time = spec.time
    key = [name for name in spec.key if time is None or name not in (time.date, time.label, time.interval, spec.acd)]
    first = spec.column(key[0])
    row[key[0]] = str(NUMBER) if first is not None and first.type.is_text else NUMBER
    return row
