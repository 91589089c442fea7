"""The kinds of servers the contract is held against. A new kind joins by one class and a line in KINDS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from syncengine.model.errors import ServerError, ServerLockedError, ServerUnreachableError
from syncengine.model.pair import Limits, Role
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.protocol import Server
from tests.builders import catalogue, create
from tests.properties.layouts import ARROW

DEFAULTS = Limits()
Row = dict[str, Any]
HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


class Place(Protocol):
    """A database of one kind, empty but for the tables it was made with."""

    @property
    def locked_error(self) -> type[ServerError]:
        """What is raised where another process holds the database."""

    @property
    def lost_error(self) -> type[ServerError]:
        """What is raised where the database is gone."""

    def load(self, table: str, rows: pa.Table) -> None:
        """Insert rows, without the code under test."""

    def open(self, *, writable: bool = True, limits: Limits = DEFAULTS) -> Server:
        """Open a connection."""

    def held_elsewhere(self) -> AbstractContextManager[None]:
        """Return a context in which another process holds the database for itself."""

    def lose(self) -> None:
        """Make the database unreachable."""


@dataclass(frozen=True)
class Embedded:
    """A DuckDB file."""

    path: Path
    locked_error: type[ServerError] = ServerLockedError
    lost_error: type[ServerError] = ServerUnreachableError

    @classmethod
    def make(cls, folder: Path, tables: Sequence[str]) -> Embedded:
        """Create the tables of a new database."""
        folder.mkdir(parents=True, exist_ok=True)
        place = cls(folder / "server.duckdb")
        with duckdb.connect(str(place.path)) as connection:
            for table in tables:
                create(connection, table)
        return place

    def load(self, table: str, rows: pa.Table) -> None:
        """Insert rows."""
        with duckdb.connect(str(self.path)) as connection:
            connection.register("given", rows)
            connection.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM given')

    def open(self, *, writable: bool = True, limits: Limits = DEFAULTS) -> Server:
        """Open a connection."""
        return DuckDBServer(self.path, Role.PRIMARY, writable=writable, limits=limits)

    @contextmanager
    def held_elsewhere(self) -> Iterator[None]:
        """Have another process hold the file."""
        command = [sys.executable, "-c", HOLD, str(self.path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "held"
            try:
                yield
            finally:
                process.communicate("", timeout=30)

    def lose(self) -> None:
        """Remove the file."""
        self.path.unlink()


KINDS = {"embedded": Embedded.make}


def as_arrow(table: str, rows: Sequence[Row]) -> pa.Table:
    """Return rows of a table, in the types of its columns."""
    schema = pa.schema([(column.name, ARROW[column.type.name]) for column in catalogue().table(table).columns])
    return pa.Table.from_pylist(list(rows), schema=schema)
