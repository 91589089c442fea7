"""Reads Informix's own catalogue for SQLAlchemy and for the server: tables, columns, keys and indexes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql import sqltypes

from syncengine.model.names import folded
from syncengine.servers.informix.system_catalogue import (
    AT_ONCE,
    COLUMNS,
    CONSTRAINTS,
    INDEXES,
    TABLES,
    VERSION,
    in_tables,
)
from syncengine.servers.informix.types import Stored

TYPES: dict[str, Any] = {
    "smallint": sqltypes.SMALLINT,
    "integer": sqltypes.INTEGER,
    "serial": sqltypes.INTEGER,
    "int8": sqltypes.BIGINT,
    "serial8": sqltypes.BIGINT,
    "bigint": sqltypes.BIGINT,
    "bigserial": sqltypes.BIGINT,
    "float": sqltypes.FLOAT,
    "smallfloat": sqltypes.REAL,
    "decimal": sqltypes.DECIMAL,
    "money": sqltypes.DECIMAL,
    "date": sqltypes.DATE,
    "datetime": sqltypes.DATETIME,
    "boolean": sqltypes.BOOLEAN,
    "char": sqltypes.CHAR,
    "nchar": sqltypes.NCHAR,
    "varchar": sqltypes.VARCHAR,
    "nvarchar": sqltypes.NVARCHAR,
    "lvarchar": sqltypes.VARCHAR,
    "text": sqltypes.TEXT,
    "clob": sqltypes.CLOB,
    "byte": sqltypes.LargeBinary,
    "blob": sqltypes.BLOB,
}


UNIQUE = ("U", "u")
"""The codes of unique indexes in sysindexes.idxtype: the second is that of a bitmap index."""
RunQuery = Callable[[str], Sequence[tuple[Any, ...]]]
"""Runs a query of the catalogue and returns its rows."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view: its lower-case name, owner and number; `kind` is T or V."""

    name: str
    owner: str
    id: int
    kind: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column in the catalogue."""

    table: int
    number: int
    name: str
    stored: Stored


@dataclass(frozen=True, slots=True)
class Index:
    """An index; `parts` are column numbers in the key's order, negative where descending."""

    table: int
    name: str
    unique: bool
    parts: tuple[int, ...]


def read_tables(run_query: RunQuery) -> tuple[Table, ...]:
    """Return all tables and views that are not the catalogue's own."""
    return tuple(
        Table(folded(str(name).strip()), str(owner).strip(), int(tabid), str(kind).strip())
        for name, owner, tabid, kind in run_query(TABLES)
    )


def read_columns(run_query: RunQuery, tabids: Sequence[int]) -> Iterator[Column]:
    """Yield the columns of tables, in order."""
    for some in chunks_of(tabids):
        for tabid, number, name, coltype, length, extended in run_query(
            COLUMNS.format(tables=in_tables(some, "c.tabid"))
        ):
            stored = Stored(int(coltype), int(length), str(extended or ""))
            yield Column(int(tabid), int(number), folded(str(name).strip()), stored)


def read_indexes(run_query: RunQuery, tabids: Sequence[int]) -> Iterator[Index]:
    """Yield the indexes of tables."""
    for some in chunks_of(tabids):
        for tabid, name, kind, *parts in run_query(INDEXES.format(tables=in_tables(some))):
            yield Index(
                int(tabid), str(name).strip(), str(kind).strip() in UNIQUE, tuple(int(part) for part in parts if part)
            )


def chunks_of(tabids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield some tables at a time, as many as one query names."""
    for at in range(0, len(tabids), AT_ONCE):
        yield tabids[at : at + AT_ONCE]


def query_runner(connection: Connection) -> RunQuery:
    """Return a function that runs queries on an SQLAlchemy connection."""

    def run_query(statement: str) -> Sequence[tuple[Any, ...]]:
        return [tuple(row) for row in connection.exec_driver_sql(statement).fetchall()]

    return run_query


def version_info(connection: Connection) -> tuple[int, ...]:
    """Return the numbers in the server's version."""
    found = re.search(r"(\d+)\.(\d+)", str(connection.exec_driver_sql(VERSION).scalar_one()))
    return (int(found.group(1)), int(found.group(2))) if found else ()


def owners(connection: Connection) -> list[str]:
    """Return the owners of tables."""
    return sorted({table.owner for table in read_tables(query_runner(connection))})


def tables(connection: Connection, owner: str | None) -> list[Table]:
    """Return the tables of an owner, or of all."""
    return [table for table in read_tables(query_runner(connection)) if owner in (None, table.owner)]


def columns_of(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Return columns as SQLAlchemy's inspector gives them."""
    return [
        {
            "name": column.name,
            "type": _sqlalchemy_type(column.stored),
            "nullable": column.stored.nullable,
            "default": None,
            "autoincrement": column.stored.base in ("serial", "serial8", "bigserial"),
        }
        for column in read_columns(query_runner(connection), [table.id])
    ]


def primary_key(connection: Connection, table: Table) -> dict[str, Any]:
    """Return the primary key; CMS declares none."""
    for name, columns in _constraints(connection, table, "P"):
        return {"name": name, "constrained_columns": columns}
    return {"name": None, "constrained_columns": []}


def unique_constraints(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Return the unique constraints."""
    return [{"name": name, "column_names": columns} for name, columns in _constraints(connection, table, "U")]


def indexes_of(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Return the indexes."""
    names = _column_names(connection, table)
    return [
        {"name": index.name, "column_names": [names[abs(part)] for part in index.parts], "unique": index.unique}
        for index in read_indexes(query_runner(connection), [table.id])
    ]


def _constraints(connection: Connection, table: Table, kind: str) -> Iterator[tuple[str, list[str]]]:
    names = _column_names(connection, table)
    indexes = {index.name: index for index in read_indexes(query_runner(connection), [table.id])}
    for _, name, constraint, index in query_runner(connection)(CONSTRAINTS.format(tables=in_tables([table.id]))):
        found = indexes.get(str(index or "").strip())
        if str(constraint).strip() == kind and found is not None:
            yield str(name).strip(), [names[abs(part)] for part in found.parts]


def _column_names(connection: Connection, table: Table) -> dict[int, str]:
    return {column.number: column.name for column in read_columns(query_runner(connection), [table.id])}


def _sqlalchemy_type(stored: Stored) -> Any:
    kind = TYPES.get(stored.base, sqltypes.NullType)
    if stored.base in ("char", "nchar", "varchar", "nvarchar", "lvarchar"):
        return kind(stored.width)
    if stored.base in ("decimal", "money"):
        precision, scale = divmod(stored.length, 256)
        return kind(precision, None if scale == 255 else scale)
    return kind()
