"""Reads rows of an Informix table as Arrow batches, and checks by their count that none was lost."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pyarrow as pa

from syncengine.model.errors import ServerError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.any_kind import columns_of
from syncengine.servers.informix.connections import ConnectionLease
from syncengine.servers.informix.fingerprint_trust import FoldedTypes
from syncengine.servers.informix.sql import INFORMIX, portions
from syncengine.servers.informix.types import arrow_column, arrow_type, read_expression, readable
from syncengine.servers.protocol import LiveColumn, LiveTable
from syncengine.servers.sql.rows import read_statement


def source_of(table: LiveTable) -> str:
    """Return a table as it is named in a statement: with its owner, which an ANSI database requires."""
    owner = table.owner.replace("'", "''")
    return f"'{owner}'.{INFORMIX.name(table.name)}" if owner else INFORMIX.name(table.name)


def read(
    lease: ConnectionLease, table: LiveTable, query: ReadQuery, server: str, folds: FoldedTypes
) -> Generator[Any, None, None]:
    """Yield the schema of the selected rows and then batches of them, which `folds` inspects.

    The driver silently leaves out rows it could not fetch, so they are counted: raises a transient
    `ServerError` where fewer arrived than the server counts.
    """
    columns = _columns(table, query.columns, server)
    schema = pa.schema([(name, arrow_type(column.type)) for name, column in columns])
    yield schema
    expressions = tuple(read_expression(INFORMIX.name(column.name), column.type) for _, column in columns)
    for selection in portions(query.selection):
        part = ReadQuery(selection, query.columns)
        source = source_of(table)
        expected = _count(lease, part, source)
        received = 0
        # Closed before the connection is released, wherever its reader stops.
        with closing(lease.batches(read_statement(part, INFORMIX, source, expressions))) as batches:
            for rows in batches:
                received += len(rows)
                batch = _batch(rows, [column for _, column in columns], schema)
                folds.inspect(table.name, batch)
                yield batch
        if received != expected and received != _count(lease, part, source):
            raise ServerError(
                f"{server}: {expected:,} rows of {table.name} were expected and {received:,} arrived.",
                hint="Another session is writing them, or the driver could not read one: run the same command again.",
                transient=True,
            )


def _count(lease: ConnectionLease, query: ReadQuery, source: str) -> int:
    return int(lease.rows(read_statement(query, INFORMIX, source, ("COUNT(*)",)))[0][0])


def _columns(table: LiveTable, names: Sequence[str], server: str) -> list[tuple[str, LiveColumn]]:
    """Return the requested columns under the requested names, or all; refuses those that cannot be read exactly."""
    existing = columns_of(table, names or table.names, server)
    for _, column in existing:
        if not readable(column.type):
            raise ServerError(
                f"{server}: the column {column.name} of {table.name} is {column.native}, which cannot be read exactly.",
                hint="Leave the table out.",
            )
    return existing


def _batch(rows: Sequence[tuple[Any, ...]], columns: Sequence[LiveColumn], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [
        arrow_column(values, column.type) for values, column in zip(zip(*rows, strict=True), columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def narrowed(query: FingerprintQuery, selection: Selection) -> FingerprintQuery:
    """Return the same fingerprint query for some of its rows."""
    return replace(query, selection=selection)
