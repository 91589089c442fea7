"""Fills PostgreSQL databases with tables of the catalogue, or with a built pair, without the code under test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from syncengine.app import Pair, open_pair
from syncengine.model.pair import Role
from syncengine.model.spec import ColumnType
from syncengine.servers.duckdb.types import stored_type
from tests.builders import Files, Row, catalogue, columns_of, without_absent
from tests.servers.postgresql.cluster import Cluster, Database, environment

TYPES = {
    "smallint": "smallint",
    "integer": "integer",
    "int8": "int8",
    "bigint": "bigint",
    "date": "date",
    "smallfloat": "real",
    "float": "float8",
}
ARROW = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "date": pa.date32(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "bpchar": pa.string(),
    "varchar": pa.string(),
    "text": pa.string(),
}
FROM_DUCKDB = {"VARCHAR": "text", "DOUBLE": "float8", "FLOAT": "real"}
WHO_WRITES = "cms:${CMS_PASSWORD}"


def postgresql_type(column_type: ColumnType) -> str:
    """Return the PostgreSQL type that keeps the values of an Informix one."""
    return TYPES.get(column_type.name, str(column_type).replace("decimal", "numeric"))


def create_table(database: Database, table: str, schema: str = "public", *, whole: bool = False) -> None:
    """Create a table of the catalogue as `tests.builders` does."""
    described = ", ".join(
        f'"{column.name}" {postgresql_type(column.type)}' for column in columns_of(table, whole=whole)
    )
    database.run(f'CREATE TABLE "{schema}"."{table}" ({described})')


def load_rows(database: Database, table: str, rows: pa.Table, schema: str = "public") -> None:
    """Insert rows, columns matched by name."""
    found = database.run(
        "SELECT a.attname::text, t.typname::text, a.atttypmod FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
        "WHERE a.attrelid = CAST($1 AS regclass) AND a.attnum > 0 AND NOT a.attisdropped",
        (f'"{schema}"."{table}"',),
    )
    types = {name: _arrow_type(kind, modifier) for name, kind, modifier in found}
    schema_there = pa.schema([(name, types[name]) for name in rows.schema.names])
    database.copy(table, rows.cast(schema_there), schema)


def _arrow_type(kind: str, modifier: int) -> pa.DataType:
    if kind != "numeric":
        return ARROW[kind]
    return pa.decimal128((modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0xFFFF)


def rows_of(database: Database, table: str, schema: str = "public", where: str = "1 = 1") -> pa.Table:
    """Return all rows of a table, in the types of its columns."""
    found = database.fetch(f'SELECT * FROM "{schema}"."{table}" WHERE {where}')
    columns = [
        column
        if not isinstance(column.type, pa.BaseExtensionType)
        else pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
        for column in found.columns
    ]
    return pa.Table.from_arrays(columns, names=found.schema.names)


def bag(database: Database, table: str, where: str = "1 = 1") -> list[tuple[Any, ...]]:
    """Return all rows of a table, sorted as those of a DuckDB file are, to compare with."""
    with duckdb.connect(":memory:") as connection:
        connection.register("given", rows_of(database, table, where=where))
        return connection.execute("SELECT * FROM given ORDER BY ALL").fetchall()


@dataclass(frozen=True)
class PostgreSQLFiles:
    """A built pair whose servers are two databases; does what `tests.builders.Files` does."""

    folder: Path
    databases: Mapping[Role, Database]
    cluster: Cluster

    def end(self) -> None:
        """Drop both databases."""
        for database in self.databases.values():
            self.cluster.drop_database(database)

    @property
    def pair_file(self) -> Path:
        """Return the pair file; its urls take the password from the environment."""
        return self.folder / "pair.toml"

    def database(self, role: Role | str) -> Database:
        """Return the database of one server."""
        return self.databases[Role(role)]

    def open(self) -> Pair:
        """Open the pair through the Python API."""
        return open_pair(self.pair_file, environment=environment())

    def add(self, role: Role | str, table: str, *rows: Row) -> None:
        """Insert rows into a table of one server."""
        database = self.database(role)
        there = rows_of(database, table, where="false").schema.names
        for one in rows:
            load_rows(database, table, _as_arrow(table, without_absent(one, there)))

    def run(self, role: Role | str, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL on one server and return its rows; values are marked $1, $2 and so on."""
        return self.database(role).run(sql, tuple(values))

    def bag(self, role: Role | str, table: str, where: str = "1 = 1") -> list[tuple[Any, ...]]:
        """Return all rows of a table, sorted, to compare with."""
        return bag(self.database(role), table, where)


def copy_pair(files: Files, cluster: Cluster, folder: Path) -> PostgreSQLFiles:
    """Copy both servers of a pair into databases of their own, and its pair file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    databases = {role: cluster.create_database() for role in Role}
    text = files.pair_file.read_text()
    for role, database in databases.items():
        copy_database(files.database(role), database)
        text = re.sub(rf'"duckdb:///{role}\.duckdb"', f'"{database.url_for(WHO_WRITES)}"', text)
    (folder / "pair.toml").write_text(text)
    return PostgreSQLFiles(folder, databases, cluster)


def copy_database(file: Path, database: Database) -> None:
    """Copy every table of a DuckDB file: its columns as the catalogue types them, and those it does not know."""
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY table_name").fetchall()
        for (table,) in tables:
            described = connection.execute(f'DESCRIBE "{table}"').fetchall()
            columns = ", ".join(f'"{name}" {_copied_type(table, name, kind)}' for name, kind, *_ in described)
            database.run(f'CREATE TABLE "{table}" ({columns})')
            load_rows(database, table, connection.sql(f'SELECT * FROM "{table}"').to_arrow_table())


def _copied_type(table: str, name: str, kind: str) -> str:
    spec = catalogue().table(table)
    column = spec.column(name)
    if column is not None and (kind == "VARCHAR") == column.type.is_text:
        return postgresql_type(column.type)
    return FROM_DUCKDB.get(kind, kind.lower())


def _as_arrow(table: str, one: Row) -> pa.Table:
    types = {column.name: column.type for column in catalogue().table(table).columns}
    with duckdb.connect(":memory:") as connection:
        columns = ", ".join(f'CAST(? AS {stored_type(types[name])}) AS "{name}"' for name in one)
        return connection.sql(f"SELECT {columns}", params=list(one.values())).to_arrow_table()
