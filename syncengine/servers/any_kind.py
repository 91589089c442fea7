"""What servers of every kind share: queries in SQL, and queries over leased connections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import Any, Generic, TypeVar

import pyarrow as pa

from syncengine.model.bucket import BucketColumns
from syncengine.model.errors import ServerError, ServerReadOnlyError
from syncengine.model.names import folded
from syncengine.model.never_pickled import NeverPickled
from syncengine.model.pair import Role
from syncengine.model.selection import ReadQuery
from syncengine.servers.connections import Connections
from syncengine.servers.protocol import Bounds, LiveColumn, LiveTable
from syncengine.servers.sql.dialect import Dialect, Statement
from syncengine.servers.sql.rows import bound_at, bounds_statement, highest_statement
from syncengine.servers.stream import Stream

Pool = TypeVar("Pool", bound=Connections[Any])


def columns_of(table: LiveTable, names: Sequence[str], server: str) -> list[tuple[str, LiveColumn]]:
    """Return columns of a table under the requested names; raises `ServerError` for missing ones."""
    found = [(name, table.column(folded(name))) for name in names]
    existing = [(name, column) for name, column in found if column is not None]
    if len(existing) < len(found):
        missing = ", ".join(name for name, column in found if column is None)
        raise ServerError(f"{server}: no such column: {table.name} has no {missing}.")
    return existing


class AnyServer(NeverPickled, ABC):
    """A server of any kind."""

    def __init__(self, role: Role, *, writable: bool, load: str | None) -> None:
        self._role = role
        self._name = str(role)
        self._writable = writable
        self._load = load

    def bounds(self, table: str, columns: BucketColumns) -> tuple[Bounds, ...]:
        """Return the bounds of a table for each of its ACDs."""
        return tuple(
            Bounds(acd, int(count), bound_at(columns, acd, first), bound_at(columns, acd, last), untimed or 0)
            for acd, count, first, last, untimed in self._rows(bounds_statement(table, columns, *self._stored(table)))
        )

    def highest(self, table: str, column: str) -> int:
        """Return the highest number in a column, 0 for an empty table."""
        return int(self._rows(highest_statement(table, column, *self._stored(table)))[0][0] or 0)

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows in batches of bounded size; the time limit covers the whole stream."""
        return Stream(self._batches(query), self._name).reader()

    def _check_writable(self) -> None:
        if not self._writable:
            raise ServerReadOnlyError(
                f"{self._name}: the database is open for reading only.",
                hint="Remove read_only from the pair file, if it is set there.",
            )

    def _missing_table(self, table: str) -> ServerError:
        hint = "`syncengine check` names the tables a server lacks."
        return ServerError(f"{self._name}: no such table: {table}.", hint=hint)

    @abstractmethod
    def _rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""

    @abstractmethod
    def _batches(self, query: ReadQuery) -> Generator[Any, None, None]:
        """Yield the schema of the selected rows and then their batches."""

    @abstractmethod
    def _stored(self, table: str) -> tuple[Dialect, str]:
        """Return the dialect and the stored name of a table; raises where there is no such table."""


class LiveServer(AnyServer, Generic[Pool]):
    """A server that runs by itself. Every query has a connection of its own, so calls may come from several threads."""

    def __init__(self, connections: Pool, role: Role, *, writable: bool, load: str | None) -> None:
        super().__init__(role, writable=writable, load=load)
        self._connections = connections
        try:
            self._reach()
        except BaseException:
            self.close()
            raise

    def interrupt(self) -> None:
        """Stop the running queries, or the waits for them, from another thread."""
        self._connections.interrupt()

    def close(self) -> None:
        """End every connection."""
        self._connections.close()

    def _rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        with self._connections.lease() as lease:
            rows: list[tuple[Any, ...]] = lease.rows(statement)
            return rows

    @abstractmethod
    def _reach(self) -> None:
        """Read the server's identity."""
