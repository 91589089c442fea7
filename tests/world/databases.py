"""The databases of a world's servers, as their own CMS, their people and the oracle use them, beside the product."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import lru_cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from syncengine.model.spec import ColumnSpec, TableSpec
from syncengine.servers.arrow import ARROW
from syncengine.servers.duckdb.types import stored_type
from tests.shared_duckdb import SharedDuckDB
from tests.world.tables import world_catalogue
from tests.world.values import SERVERS, Bag, Database, Row, Scenario, Server, ServerKind

DISABLED = "in_clause,common_subexpressions,common_aggregate"
"""Optimizers that take a tenth of a second to find terms that a statement repeats."""
TEXTS = ("VARCHAR", "CHAR", "character", "bpchar", "text")
_NAMES = count(1)


class BusyError(Exception):
    """Another session holds what a statement needs: the server's own life tries again later."""


class StatementError(Exception):
    """A server refuses a statement: an index that rows forbid, a column that is there already."""


def arrow_type(column: ColumnSpec) -> pa.DataType:
    """Return the Arrow type of a column's values."""
    if column.type.name == "decimal":
        return pa.decimal128(column.type.width, column.type.scale)
    return ARROW[column.type.name]


class Layout:
    """How rows of a table are stored: the values of columns that a row does not name, and text without blanks."""

    def __init__(self, spec: TableSpec) -> None:
        self.names = tuple(column.name for column in spec.columns)
        self.types = tuple(arrow_type(column) for column in spec.columns)
        self.widths = tuple(column.type.width if column.type.name == "char" else 0 for column in spec.columns)
        self.number = self.names.index(spec.row_number) if spec.row_number is not None else None
        """The place of the number that each server gives to its own rows."""
        self._defaults = tuple((column.name, _default(column)) for column in spec.columns)
        self._texts = tuple(place for place, column in enumerate(spec.columns) if column.type.is_text)

    def values(self, row: Row) -> tuple[Any, ...]:
        """Return the values of a row."""
        found = [row.get(name, default) for name, default in self._defaults]
        for place in self._texts:
            value = found[place]
            if value is not None and value[-1:] == " ":
                found[place] = value.rstrip(" ")
        return tuple(found)

    def numbered(self, values: tuple[Any, ...], number: int) -> tuple[Any, ...]:
        """Return values with the number of the row, in tables that have one."""
        place = self.number
        return values if place is None else (*values[:place], number, *values[place + 1 :])


def _default(column: ColumnSpec) -> Any:
    if column.nullable or column.type.name == "date":
        return None
    return "" if column.type.is_text else 0


@lru_cache(maxsize=2)
def layouts(whole: bool) -> Mapping[str, Layout]:
    """Return the layouts of the tables of a world."""
    return {spec.name: Layout(spec) for spec in world_catalogue(whole).tables}


@lru_cache(maxsize=1)
def _instance() -> duckdb.DuckDBPyConnection:
    """Return the DuckDB of this process that the files of all worlds are attached to."""
    connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "600MB"})
    # With so few rows, optimizing a statement takes longer than carrying it out.
    connection.execute(
        "SET disabled_optimizers = "
        f"'{','.join(sorted(name for (name,) in connection.execute('FROM duckdb_optimizers()').fetchall()))}'"
    )
    connection.execute("SET preserve_insertion_order = false")
    return connection


@lru_cache(maxsize=2)
def _template(whole: bool) -> bytes:
    """Return a file with the empty tables of the world."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.duckdb"
        with duckdb.connect(str(file)) as connection:
            for spec in world_catalogue(whole).tables:
                columns = ", ".join(f'"{one.name}" {stored_type(one.type)}' for one in spec.columns)
                connection.execute(f'CREATE TABLE "{spec.name}" ({columns})')
            connection.execute("CHECKPOINT")
        return file.read_bytes()


class WorldDatabase(Database, Protocol):
    """The database of a server, with what its own life needs of it."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what is done within it at its end, or nothing; raises `BusyError` where another session forbids it."""

    def insert_values(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows given as the values of the columns of the spec; what else the table has is NULL."""

    def add_trigger(self, table: str) -> None:
        """Add a trigger to a table, where the kind of server has them."""

    def bag(self, table: str, where: str = "1 = 1", values: Sequence[Any] = ()) -> Bag:
        """Return the rows of a table, or some of them."""

    def bags(self, tables: Sequence[str]) -> dict[str, Bag]:
        """Return the rows of those of some tables that are there; nobody may change them."""


def databases(scenario: Scenario, folder: Path) -> dict[Server, WorldDatabase]:
    """Make the databases of both servers, with empty tables."""
    if scenario.servers is ServerKind.POSTGRESQL:
        # The driver is not there on every machine.
        from tests.world.postgresql_database import PostgreSQLDatabase

        return {server: PostgreSQLDatabase(server, whole=scenario.whole) for server in SERVERS}
    return {server: EmbeddedDatabase(server, folder, whole=scenario.whole) for server in SERVERS}


class LaidOut(ABC):
    """A database that is given rows as its tables are laid out."""

    _layouts: Mapping[str, Layout]

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """Insert rows; columns that a row does not name are 0, blank or NULL."""
        layout = self._layouts[table]
        self.insert_values(table, [layout.values(row) for row in rows])

    def insert_values(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows given as the values of the columns of the spec; what else the table has is NULL."""
        if rows:
            layout = self._layouts[table]
            arrays = [pa.array(one, of) for one, of in zip(zip(*rows, strict=True), layout.types, strict=True)]
            self._insert(table, pa.table(arrays, layout.names))

    @abstractmethod
    def _insert(self, table: str, rows: pa.Table) -> None:
        """Insert rows with the columns of the spec."""


class EmbeddedDatabase(LaidOut):
    """A DuckDB file that the product, the server's own life and the oracle have open at the same time."""

    def __init__(self, server: Server, folder: Path, *, whole: bool = False) -> None:
        self.server: Server = server
        self.path = folder / f"{server}.duckdb"
        self.url = f"duckdb:///{self.path.name}"
        self.path.write_bytes(_template(whole))
        self._layouts = layouts(whole)
        self._name = f"world_{next(_NAMES)}"
        place = str(self.path).replace("'", "''")
        _instance().execute(f"ATTACH '{place}' AS {self._name}")
        self._own = self.cursor()
        self._columns: dict[str, tuple[tuple[str, str], ...]] = {}
        self._open = False
        self._read: dict[str, tuple[Any, Bag]] = {}

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own to the file."""
        cursor = _instance().cursor()
        cursor.execute(f"USE {self._name}")
        return cursor

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table, in order; none where there is no such table."""
        return tuple(name for name, _ in self._described(table))

    def _insert(self, table: str, rows: pa.Table) -> None:
        layout = self._layouts[table]
        listed = ", ".join(f'"{name}"' for name in layout.names)
        padded = ", ".join(
            f"rpad(\"{name}\", {width}, ' ')" if width else f'"{name}"'
            for name, width in zip(layout.names, layout.widths, strict=True)
        )
        self._own.register("incoming_rows", rows)
        try:
            self._execute(f'INSERT INTO "{table}" ({listed}) SELECT {padded} FROM incoming_rows')
        finally:
            self._own.unregister("incoming_rows")

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows; raises `BusyError` where another session holds what it needs."""
        found = self._execute(sql, values)
        if sql.lstrip()[:5].upper() in ("ALTER", "CREAT", "DROP "):
            self._columns.clear()
        return found

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done within it at its end, or nothing; raises `BusyError` as `run` does."""
        self._own.execute("BEGIN")
        self._open = True
        try:
            yield
            self._own.execute("COMMIT")
        except duckdb.TransactionException as error:
            # A commit that fails may leave the transaction there, aborted.
            self._rollback()
            raise BusyError(str(error)) from error
        except BaseException:
            self._rollback()
            raise
        finally:
            self._open = False
            self._columns.clear()

    def add_trigger(self, table: str) -> None:
        """Do nothing: there are no triggers."""

    def bag(self, table: str, where: str = "1 = 1", values: Sequence[Any] = ()) -> Bag:
        """Return the rows of a table, or some of them."""
        described = self._described(table)
        if not described:
            return Counter()
        listed = ", ".join(
            f"rtrim(\"{name}\", ' ')" if native.startswith(TEXTS) else f'"{name}"' for name, native in described
        )
        return Counter(self._execute(f'SELECT {listed} FROM "{table}" WHERE {where}', values))

    def bags(self, tables: Sequence[str]) -> dict[str, Bag]:
        """Return the rows of those of some tables that are there; nobody may change them.

        One statement says of which tables the columns, the count or the hashes of rows are others than at the last
        call, whoever has written them: only those are read again.
        """
        there = [table for table in tables if self._described(table)]
        if not there:
            return {}
        hashed = " UNION ALL ".join(
            f'SELECT {place}, count(*), sum(hash(t)) FROM "{table}" t' for place, table in enumerate(there)
        )
        for place, number, total in self._execute(hashed):
            table = there[place]
            state = self._described(table), number, total
            if table not in self._read or self._read[table][0] != state:
                self._read[table] = state, self.bag(table)
        return {table: self._read[table][1] for table in there}

    def close(self) -> None:
        """Release the file."""
        self._own.close()
        _instance().execute(f"DETACH {self._name}")

    def _described(self, table: str) -> tuple[tuple[str, str], ...]:
        if not self._columns:
            found: dict[str, list[tuple[str, str]]] = {}
            for of, name, native in self._execute(
                "SELECT table_name, column_name, data_type FROM duckdb_columns() "
                "WHERE database_name = current_database() AND schema_name = 'main' ORDER BY table_name, column_index"
            ):
                found.setdefault(of, []).append((name, native))
            self._columns = {of: tuple(columns) for of, columns in found.items()}
        return self._columns.get(table, ())

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._own.execute(sql, list(values)).fetchall()
        except duckdb.TransactionException as error:
            self._rollback()
            raise BusyError(str(error)) from error
        except duckdb.Error as error:
            raise StatementError(str(error)) from error

    def _rollback(self) -> None:
        """End a transaction without a trace; a statement that failed may have done so."""
        with suppress(duckdb.Error):
            if self._open:
                self._own.execute("ROLLBACK")
        self._open = False


class WorldDuckDB:
    """The module `duckdb` in which the files of one world are open already; others are opened as in tests."""

    def __init__(self, databases: Mapping[Server, Any]) -> None:
        self._files = {
            database.path.resolve(): database
            for _, database in sorted(databases.items())
            if isinstance(database, EmbeddedDatabase)
        }
        self._others = SharedDuckDB()

    def connect(self, database: str, *, read_only: bool = False, config: Mapping[str, Any] | None = None) -> Any:
        """Return a connection to a file; closing it leaves one of the world open."""
        known = self._files.get(Path(database).resolve()) if database != ":memory:" else None
        if known is not None:
            return _Shared(known)
        return self._others.connect(database, read_only=read_only, config=config or {})

    def __getattr__(self, name: str) -> Any:
        return getattr(duckdb, name)


class _Shared:
    """What the product takes for its own connection to a file."""

    def __init__(self, database: EmbeddedDatabase) -> None:
        self._database = database
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of its own."""
        return self._database.cursor()

    def close(self) -> None:
        """End what was opened here; the file stays open."""
        if self._connection is not None:
            self._connection.close()

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._connection is None:
                self._connection = self._database.cursor()
        return getattr(self._connection, name)
