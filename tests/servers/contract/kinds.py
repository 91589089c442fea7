"""The kinds of servers that the contract tests run on. A new kind needs one class and an entry in KINDS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa
import pytest

from syncengine.model.errors import ServerError, ServerLockedError, ServerUnreachableError
from syncengine.model.pair import Limits, Role
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.protocol import Server
from tests.builders import columns_of, create
from tests.properties.layouts import ARROW
from tests.servers.informix.place import InformixPlace
from tests.servers.postgresql.place import PostgreSQLPlace

DEFAULTS = Limits()
Row = dict[str, Any]
_FILES: dict[tuple[tuple[str, ...], bool], bytes] = {}
"""New files by the tables in them, to write once more."""
HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


class Place(Protocol):
    """A database of one kind, empty but for the tables it was made with.

    What a kind cannot promise it declares here, and is then held to what it promises instead.
    """

    @property
    def exclusive(self) -> bool:
        """Whether one process has the database to itself; others may use it beside otherwise."""

    @property
    def narrow_locks(self) -> bool:
        """Whether a lock keeps others from the selected rows alone; from writing the whole table otherwise."""

    @property
    def hides_uncommitted(self) -> bool:
        """Whether those who only read see committed rows alone, without waiting."""

    @property
    def locked_error(self) -> type[ServerError]:
        """What is raised where somebody else holds the database or the rows."""

    @property
    def lost_error(self) -> type[ServerError]:
        """What is raised where the database is gone."""

    def load(self, table: str, rows: pa.Table) -> None:
        """Insert rows, without the code under test."""

    def open(self, *, writable: bool = True, limits: Limits = DEFAULTS) -> Server:
        """Open a connection."""

    def locked_elsewhere(self) -> AbstractContextManager[None]:
        """Return a context in which somebody else has the database open."""

    def lose(self) -> None:
        """Make the database unreachable."""

    def end(self) -> None:
        """Take away what the test leaves behind."""


@dataclass(frozen=True)
class Embedded:
    """A DuckDB file."""

    path: Path
    exclusive: bool = True
    narrow_locks: bool = True
    hides_uncommitted: bool = True
    locked_error: type[ServerError] = ServerLockedError
    lost_error: type[ServerError] = ServerUnreachableError

    @classmethod
    def make(cls, folder: Path, tables: Sequence[str], whole: bool = False) -> Embedded:
        """Create the tables of a new database."""
        folder.mkdir(parents=True, exist_ok=True)
        place = cls(folder / "server.duckdb")
        key = (tuple(tables), whole)
        if key not in _FILES:
            with duckdb.connect(str(place.path)) as connection:
                for table in tables:
                    create(connection, table, whole=whole)
            _FILES[key] = place.path.read_bytes()
        place.path.write_bytes(_FILES[key])
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
    def locked_elsewhere(self) -> Iterator[None]:
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

    def end(self) -> None:
        """Leave the file to the folder it lies in."""


@dataclass(frozen=True)
class Kind:
    """One kind of server: what makes a place of it in a folder with some tables, whole or narrow, and its marks."""

    make: Callable[[Path, Sequence[str], bool], Place]
    marks: tuple[pytest.MarkDecorator, ...] = ()


KINDS: dict[str, Kind] = {
    "embedded": Kind(Embedded.make),
    "informix": Kind(InformixPlace.make, (pytest.mark.informix,)),
    "postgresql": Kind(PostgreSQLPlace.make, (pytest.mark.postgresql,)),
}


def as_arrow(table: str, rows: Sequence[Row], *, whole: bool = False) -> pa.Table:
    """Return rows of a table, in the types of its columns."""
    schema = pa.schema([(column.name, ARROW[column.type.name]) for column in columns_of(table, whole=whole)])
    return pa.Table.from_pylist(list(rows), schema=schema)
