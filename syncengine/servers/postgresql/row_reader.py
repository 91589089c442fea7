"""Reads rows of a PostgreSQL table as Arrow batches of bounded size."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from syncengine import machine
from syncengine.model.errors import ServerError
from syncengine.model.names import quoted
from syncengine.model.selection import ReadQuery
from syncengine.servers.any_kind import columns_of
from syncengine.servers.postgresql.connections import ConnectionLease
from syncengine.servers.postgresql.errors import translated
from syncengine.servers.postgresql.system_catalogue import Layout
from syncengine.servers.postgresql.types import arrow_type, as_read
from syncengine.servers.protocol import LiveColumn
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.sql.rows import read_statement

BATCH_ROWS = 8192


@dataclass(frozen=True, slots=True)
class TableRead:
    """One read of a table: a query, and the columns it returns under the requested names."""

    table: str
    statement: Statement
    columns: tuple[tuple[str, LiveColumn], ...]
    checked: bool = False
    """Whether text must be validated, since the server does not know its encoding."""


def table_read(layout: Layout, query: ReadQuery, server: str, *, checked: bool = False) -> TableRead:
    """Return the read for a query; raises `ServerError` for a column the table does not have."""
    columns = tuple(columns_of(layout.live, query.columns or layout.live.names, server))
    expressions = tuple(f"{layout.dialect.name(name)} AS {quoted(name)}" for name, _ in columns)
    statement = read_statement(query, layout.dialect, layout.source, expressions)
    return TableRead(layout.live.name, statement, columns, checked)


def batches(lease: ConnectionLease, read: TableRead, cursor: str) -> Generator[Any, None, None]:
    """Yield the schema of the rows and then batches of them, all within the time a query may take.

    Through a cursor, which is left open: with bound values the driver would hold all rows of a query in memory.
    """
    deadline = lease.calls.deadline()
    declare = f"DECLARE {quoted(cursor)} NO SCROLL CURSOR FOR {read.statement.text}"
    lease.run(Statement(declare, read.statement.values), deadline)
    fetch = Statement(f"FETCH FORWARD {BATCH_ROWS} FROM {quoted(cursor)}")
    schema: pa.Schema | None = None
    while True:
        rows = lease.fetch(fetch, deadline)
        with translated(lease.name):
            batch = _batch(rows, read, lease.name)
        if schema is None:
            schema = batch.schema
            yield schema
        if batch.num_rows:
            yield batch
        if batch.num_rows < BATCH_ROWS:
            return


def _column(values: pa.Array, table: str, live: LiveColumn, server: str) -> pa.Array:
    """Return a column in its Arrow type; raises `ServerError` that names the first value that does not fit."""
    wanted = arrow_type(live.type)
    try:
        return as_read(values, wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ServerError(
            f"{server}: {table}.{live.name} contains {_misfit(values, wanted)}, which cannot be read as {live.native}.",
            hint="Set it to another value there, or leave the table out.",
        ) from error


def _misfit(values: pa.Array, wanted: pa.DataType | None) -> str:
    for value in values:
        try:
            as_read(pa.array([value.as_py()], values.type), wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return str(value.as_py())
    return "a value"


def cursor_name() -> str:
    """Return a unique name for a cursor."""
    return f"rows_{machine.token(4)}"


def _batch(rows: pa.Table, read: TableRead, server: str) -> pa.RecordBatch:
    arrays = [
        _column(column.combine_chunks() if column.num_chunks != 1 else column.chunk(0), read.table, live, server)
        for column, (_, live) in zip(rows.columns, read.columns, strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(arrays, names=[name for name, _ in read.columns])
    if read.checked:
        batch.validate(full=True)
    return batch
