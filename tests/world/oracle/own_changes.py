"""What servers and people changed themselves in administration while a command went on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from tests.world.ending import Ending
from tests.world.oracle.alike import Columns
from tests.world.values import BOTH, Bag, Scenario, Server, Snapshot


class Life(Protocol):
    """The servers over time."""

    def changes(self, server: Server, table: str, since: int, to: int) -> tuple[Bag, Bag]:
        """Return what servers and people inserted into a table and deleted from it after one second up to another."""


class Pair(Protocol):
    """What of a world is needed here."""

    @property
    def scenario(self) -> Scenario:
        """What happens in it."""

    @property
    def site(self) -> Life:
        """The lives of its servers."""

    @property
    def endings(self) -> Sequence[Ending]:
        """How its commands ended, in order."""


def with_own_changes(world: Pair, ending: Ending, columns: Columns) -> Ending:
    """Return an ending whose rows before the command have what servers and people changed themselves meanwhile."""
    since, to = ending.before.at, ending.after.at
    if since == to:
        return ending
    bags = {server: dict(tables) for server, tables in ending.before.bags.items()}
    for server in BOTH:
        for table in columns:
            inserted, deleted = world.site.changes(server, table, since, to)
            if inserted or deleted:
                bags[server][table] = bags[server].get(table, Counter()) + inserted - deleted
    return replace(ending, before=Snapshot(since, bags))
