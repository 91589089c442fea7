"""Which PostgreSQL tables are partitions of which: a change to rows of one changes those of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from syncengine.servers.sql.dialect import Statement

RunQuery = Callable[[Statement], list[tuple[Any, ...]]]

PARTITIONS = (
    "SELECT CAST(i.inhrelid AS BIGINT), CAST(i.inhparent AS BIGINT) FROM pg_inherits i "
    "JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')"
)
FIRES = (
    "CAST({enabled} AS TEXT) IN ('A', "
    "CASE current_setting('session_replication_role') WHEN 'replica' THEN 'R' ELSE 'O' END)"
)
"""Whether a session of this login runs a trigger or a rule that is enabled in this way."""


@dataclass(frozen=True, slots=True)
class Families:
    """The partitioned tables of a database and their partitions, by their numbers in the catalogue."""

    parents: dict[int, int]
    children: dict[int, list[int]]

    def above(self, table: int) -> Iterator[int]:
        """Yield the tables that a table is a partition of, the nearest first."""
        at = self.parents.get(table)
        while at is not None:
            yield at
            at = self.parents.get(at)

    def below(self, table: int) -> Iterator[int]:
        """Yield the partitions of a table, and theirs."""
        for child in self.children.get(table, ()):
            yield child
            yield from self.below(child)

    def all_of(self, table: int) -> tuple[int, ...]:
        """Return a table, its partitions, and the tables it is a partition of: all that share rows with it."""
        return (table, *self.below(table), *self.above(table))


def read_families(run_query: RunQuery) -> Families:
    """Return all partitions of the database."""
    parents = {int(child): int(parent) for child, parent in run_query(Statement(PARTITIONS))}
    children: dict[int, list[int]] = {}
    for child, parent in sorted(parents.items()):
        children.setdefault(parent, []).append(child)
    return Families(parents, children)
