"""Inserts rows in the fastest way that a server handles without loss: tested on a temporary table first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any

import ibm_db
import pyarrow as pa

from syncengine import machine
from syncengine.model.errors import ServerError
from syncengine.model.names import folded
from syncengine.model.spec import ColumnType
from syncengine.servers.any_kind import columns_of
from syncengine.servers.informix.connections import ConnectionLease
from syncengine.servers.informix.errors import translated
from syncengine.servers.informix.types import bound_values, ddl_type
from syncengine.servers.protocol import LiveTable
from syncengine.servers.sql.dialect import Statement

ROWS_AT_ONCE = 1000
"""Rows passed to the driver in one call."""


class WritePath(StrEnum):
    """The ways to insert many rows, fastest first."""

    ARRAY = "arrays bound by column"
    MANY = "execute_many"
    LOOP = "a prepared statement, row by row"


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT of some columns of a table."""

    source: str
    columns: tuple[str, ...]
    types: tuple[ColumnType, ...]

    @property
    def text(self) -> str:
        """The statement, with one marker per column."""
        return f"INSERT INTO {self.source} ({', '.join(self.columns)}) VALUES ({', '.join('?' * len(self.columns))})"


def insert_of(table: LiveTable, source: str, names: Sequence[str], server: str) -> Insert:
    """Return the INSERT of the named columns; raises `ServerError` for a column the table does not have."""
    columns = columns_of(table, names, server)
    return Insert(source, tuple(folded(name) for name, _ in columns), tuple(column.type for _, column in columns))


def insert_rows(
    lease: ConnectionLease, insert: Insert, rows: Iterable[pa.RecordBatch], path: WritePath, server: str
) -> int:
    """Insert rows and return how many; raises `ServerError` for a value its column cannot hold."""
    cursor = lease.cursor()
    done = 0
    prepared = False
    for batch in rows:
        for at in range(0, batch.num_rows, ROWS_AT_ONCE):
            piece = batch.slice(at, ROWS_AT_ONCE)
            columns = list(_bound(piece, insert, server))
            with translated(server):
                if not prepared:
                    lease.calls.run(lambda: cursor.prepare(insert.text))
                    prepared = True
                done += lease.calls.run(partial(WRITERS[path], cursor, columns))
    if prepared:
        with translated(server):
            lease.calls.run(cursor.close)
    return done


def _bound(piece: pa.RecordBatch, insert: Insert, server: str) -> Iterator[list[object]]:
    for column, name, column_type in zip(piece.columns, insert.columns, insert.types, strict=True):
        try:
            yield bound_values(column, column_type)
        except pa.ArrowInvalid as error:
            raise ServerError(
                f"{server}: a value of {name} does not fit its type there, {column_type}: {error}."
            ) from error


def _row_by_row(cursor: Any, columns: list[list[object]]) -> int:
    done = 0
    for row in zip(*columns, strict=True):
        ibm_db.execute(cursor.stmt_handler, row)
        done += ibm_db.num_rows(cursor.stmt_handler)
    return done


def _many(cursor: Any, columns: list[list[object]]) -> int:
    return int(ibm_db.execute_many(cursor.stmt_handler, tuple(zip(*columns, strict=True))))


def _by_column(cursor: Any, columns: list[list[object]]) -> int:
    statement, rows = cursor.stmt_handler, len(columns[0])
    ibm_db.set_option(statement, {ibm_db.SQL_ATTR_PARAM_BIND_TYPE: ibm_db.SQL_PARAM_BIND_BY_COLUMN}, 0)
    ibm_db.set_option(statement, {ibm_db.SQL_ATTR_PARAMSET_SIZE: rows}, 0)
    for place, values in enumerate(columns, start=1):
        ibm_db.bind_param(statement, place, values, ibm_db.SQL_PARAM_INPUT)
    ibm_db.execute(statement)
    return int(ibm_db.num_rows(statement))


WRITERS: dict[WritePath, Callable[[Any, list[list[object]]], int]] = {
    WritePath.ARRAY: _by_column,
    WritePath.MANY: _many,
    WritePath.LOOP: _row_by_row,
}

PROBE: tuple[tuple[str, ColumnType, list[object]], ...] = (
    ("n", ColumnType("integer"), [1, None, -(2**31) + 1]),
    ("s", ColumnType("smallint"), [None, 32767, -5]),
    ("b", ColumnType("bigint"), [2**53 + 1, None, -1]),
    ("d", ColumnType("date"), [date(2000, 6, 5), date(1899, 12, 30), None]),
    ("c", ColumnType("char", 8), ["ab", "", None]),
    ("v", ColumnType("varchar", 12), ["Zo\u00eb", None, "x y"]),
    ("m", ColumnType("decimal", 8, 2), [None, "-12.50", "0.01"]),
    ("f", ColumnType("float"), [0.5, None, -2.0]),
)
"""A few values of every kind, NULL in every column, which the driver has to bind and to return unchanged."""


def path_fault(lease: ConnectionLease, path: WritePath) -> str:
    """Return why a path is not used, or nothing where rows written on it are read back unchanged."""
    name = f"syncengine_probe_{machine.token(4)}"
    columns = ", ".join(f"{column} {ddl_type(of)}" for column, of, _ in PROBE)
    insert = Insert(name, tuple(column for column, _, _ in PROBE), tuple(of for _, of, _ in PROBE))
    try:
        lease.run(Statement(f"CREATE TEMP TABLE {name} ({columns}) WITH NO LOG"))
        cursor = lease.cursor()
        lease.calls.run(lambda: cursor.prepare(insert.text))
        count = lease.calls.run(lambda: WRITERS[path](cursor, [values for _, _, values in PROBE]))
        lease.calls.run(cursor.close)
        found = lease.rows(Statement(f"SELECT {', '.join(insert.columns)} FROM {name}"))
        lease.run(Statement(f"DROP TABLE {name}"))
    except Exception as error:  # the driver raises all kinds, and drops the connection for some
        if lease.calls.stopped or lease.calls.interrupted:
            raise
        return " ".join(str(error).split())
    expected = sorted(_shown(row) for row in zip(*(values for _, _, values in PROBE), strict=True))
    returned = sorted(map(_shown, found))
    if count == len(found) and returned == expected:
        return ""
    return f"{count} rows were inserted; expected {expected}, read back {returned}"


def _shown(row: Sequence[Any]) -> tuple[str, ...]:
    return tuple("" if value is None else f"={str(value).rstrip(' ')}" for value in row)
