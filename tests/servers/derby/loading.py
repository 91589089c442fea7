"""Creates the tables of the catalogue in Derby, fills them and reads them back, without the code under test."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from syncengine.model.spec import ColumnSpec, ColumnType, TableSpec
from syncengine.servers.duckdb.types import stored_type
from tests.builders import catalogue, columns_of
from tests.servers.derby.network_server import Database
from tests.servers.derby.sql_face import to_derby

_FILES = itertools.count(1)
INFORMIX = {"FLOAT": "smallfloat", "DOUBLE": "float", "VARCHAR": "varchar(254)"}
"""The types of DuckDB that are not called so in Informix."""
COLUMNS_OF = (
    "SELECT columnname, CAST(columndatatype AS VARCHAR(128)), columnnumber FROM sys.syscolumns "
    "JOIN sys.systables ON referenceid = tableid JOIN sys.sysschemas USING (schemaid) "
    "WHERE schemaname = CURRENT SCHEMA AND tablename = "
)


def create_tables(database: Database, tables: Iterable[str] | None = None, *, whole: bool = False) -> None:
    """Create tables of the catalogue, all of them where none are named, as `tests.builders` does."""
    for spec in _specs(tables):
        create_table(database, spec.name, columns_of(spec.name, whole=whole))


def create_table(database: Database, table: str, columns: Sequence[ColumnSpec]) -> None:
    """Create a table with columns of Informix types, all of which take NULL."""
    listed = ", ".join(f"{column.name} {column.type}" for column in columns)
    database.run(to_derby(f"CREATE TABLE {table} ({listed})"))


def load_rows(database: Database, table: str, rows: pa.Table) -> None:
    """Insert rows into a table of the catalogue, in bulk; its columns may come in any order."""
    with duckdb.connect() as connection:
        connection.register("given", rows)
        columns = [column for column in catalogue().table(table).columns if column.name in rows.schema.names]
        _import(database, connection, table, columns, "given")


def load_duckdb(database: Database, path: Path, tables: Iterable[str] | None = None) -> None:
    """Create the tables a DuckDB file holds of the catalogue, or those that are named, with all columns and rows."""
    with duckdb.connect(str(path), read_only=True) as connection:
        there = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for spec in _specs(tables):
            if spec.name in there:
                described = connection.execute(f'DESCRIBE "{spec.name}"').fetchall()
                columns = [spec.column(name) or _unknown(name, kind) for name, kind, *_ in described]
                create_table(database, spec.name, columns)
                _import(database, connection, spec.name, columns, f'"{spec.name}"')


def insert_rows(database: Database, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows given as mappings, such as those of `tests.builders.row`."""
    columns = columns_of(table)
    given = list(rows)
    arrays = {
        column.name: pa.array([one.get(column.name) for one in given], arrow_type(column.type)) for column in columns
    }
    load_rows(database, table, pa.table(arrays))


def read_rows(database: Database, table: str, where: str = "1 = 1") -> pa.Table:
    """Return all rows of a table of the catalogue that a condition of Derby's holds for, in no order."""
    spec = catalogue().table(table)
    with _file(database) as path:
        query = f"SELECT * FROM {database.owner}.{table} WHERE {where}".replace("'", "''")
        database.run(f"CALL syscs_util.syscs_export_query('{query}', '{path}', ',', '\"', 'UTF-8')")
        found = database.run(f"{COLUMNS_OF}'{table.upper()}' ORDER BY columnnumber")
        there = [(str(name).lower(), str(kind).removesuffix(" NOT NULL")) for name, kind, _ in found]
        types = ", ".join(
            f"'{name}': '{stored_type(column.type) if (column := spec.column(name)) else kind}'" for name, kind in there
        )
        with duckdb.connect() as connection:
            return connection.sql(
                f"SELECT * FROM read_csv('{path}', header = false, columns = {{{types}}}, allow_quoted_nulls = false,"
                " auto_detect = false, quote = '\"', escape = '\"', delim = ',')"
            ).to_arrow_table()


def bag(database: Database, table: str, where: str = "1 = 1") -> list[tuple[Any, ...]]:
    """Return the rows of a table as sorted tuples, to compare with those of another server."""
    with duckdb.connect() as connection:
        connection.register("given", read_rows(database, table, where))
        return connection.execute("SELECT * FROM given ORDER BY ALL").fetchall()


def arrow_type(column_type: ColumnType) -> pa.DataType:
    """Return the Arrow type that holds values of an Informix type."""
    if column_type.name == "decimal":
        return pa.decimal128(column_type.width, column_type.scale)
    return {
        "smallint": pa.int16(),
        "integer": pa.int32(),
        "date": pa.date32(),
        "smallfloat": pa.float32(),
        "float": pa.float64(),
        "char": pa.string(),
        "varchar": pa.string(),
    }.get(column_type.name, pa.int64())


def _specs(tables: Iterable[str] | None) -> list[TableSpec]:
    known = catalogue()
    return list(known.tables) if tables is None else [known.table(name) for name in tables]


def _unknown(name: str, kind: str) -> ColumnSpec:
    """Return a column no spec describes, in the Informix type that keeps what DuckDB's does."""
    return ColumnSpec(name, ColumnType.parse(INFORMIX.get(kind, kind)))


def _import(
    database: Database, connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[ColumnSpec], source: str
) -> None:
    names = ", ".join(f'"{column.name}"' for column in columns)
    texts = ", ".join(f'"{column.name}"' for column in columns if column.type.is_text)
    quoted = f", FORCE_QUOTE ({texts})" if texts else ""
    with _file(database) as path:
        # NULL is written as nothing and '' as "": Derby tells them apart.
        connection.execute(f"COPY (SELECT {names} FROM {source}) TO '{path}' (FORMAT csv, HEADER false{quoted})")
        places = f"'{database.owner.upper()}', '{table.upper()}', '{path}'"
        database.run(f"CALL syscs_util.syscs_import_table({places}, ',', '\"', 'UTF-8', 0)")


@contextmanager
def _file(database: Database) -> Iterator[Path]:
    folder = database.server.folder / "exchange"
    folder.mkdir(exist_ok=True)
    path = folder / f"{next(_FILES)}.csv"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
