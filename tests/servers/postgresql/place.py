"""A place for the contract: one PostgreSQL database of a cluster that all tests of a run share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from syncengine.model.errors import ServerError, ServerLockedError, ServerUnreachableError
from syncengine.model.pair import Limits, Role
from syncengine.servers.postgresql.server import PostgreSQLServer
from syncengine.servers.protocol import Server
from tests.servers.postgresql.cluster import Cluster, Database, cluster
from tests.servers.postgresql.loading import create_table, load_rows

LOCK_SECONDS = 1


@dataclass(frozen=True)
class PostgreSQLPlace:
    """One database, of which each place has its own."""

    cluster: Cluster
    database: Database
    exclusive: bool = False
    narrow_locks: bool = False
    hides_uncommitted: bool = True
    locked_error: type[ServerError] = ServerLockedError
    lost_error: type[ServerError] = ServerUnreachableError

    @classmethod
    def make(cls, _: Path, tables: Sequence[str], whole: bool = False) -> PostgreSQLPlace:
        """Make a database with some tables of the catalogue."""

        def fill(empty: Database) -> None:
            for table in tables:
                create_table(empty, table, whole=whole)

        return cls(cluster(), cluster().create_filled((tuple(tables), whole), fill))

    def load(self, table: str, rows: pa.Table) -> None:
        """Insert rows."""
        load_rows(self.database, table, rows)

    def open(self, *, writable: bool = True, limits: Limits | None = None) -> Server:
        """Open a connection; it waits for locks no longer than a test may."""
        chosen = limits or Limits()
        return PostgreSQLServer(
            self.database.url(),
            Role.PRIMARY,
            writable=writable,
            limits=Limits(query_seconds=chosen.query_seconds, memory_mb=chosen.memory_mb, lock_seconds=LOCK_SECONDS),
        )

    @contextmanager
    def locked_elsewhere(self) -> Iterator[None]:
        """Have somebody else use the database."""
        with self.database.another() as other:
            other.run("SELECT 1")
            yield

    def lose(self) -> None:
        """Drop the database."""
        self.cluster.drop_database(self.database)

    def end(self) -> None:
        """Take it away."""
        self.cluster.drop_database(self.database)
