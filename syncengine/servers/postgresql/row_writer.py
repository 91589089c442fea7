"""Copies rows into a PostgreSQL table, converted to its column types first: the driver does not convert them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from syncengine.model.errors import ServerError
from syncengine.model.names import folded
from syncengine.servers.any_kind import columns_of
from syncengine.servers.postgresql.connections import ConnectionLease
from syncengine.servers.postgresql.system_catalogue import Layout
from syncengine.servers.postgresql.types import arrow_type, as_sent
from syncengine.servers.protocol import LiveColumn

COPY_ROWS = 8192
"""Rows in one COPY: the driver has a second copy of them in memory."""


def insert_rows(lease: ConnectionLease, layout: Layout, rows: pa.RecordBatchReader) -> int:
    """Insert rows and return how many; raises `ServerError` for a value that its column cannot hold.

    Each COPY starts when its rows have been read, so that errors of their reader pass unchanged.
    """
    columns = columns_of(layout.live, rows.schema.names, lease.name)
    inserted = 0
    for portion in _portions(rows):
        sent = lease.append(layout.schema, layout.table, _fitting(portion, layout, columns, lease.name))
        if sent != portion.num_rows:
            raise ServerError(
                f"{lease.name}: {sent:,} of {portion.num_rows:,} rows were copied into {layout.live.name}.",
                hint="The step is rolled back; run the same command again.",
            )
        inserted += sent
    return inserted


def _portions(rows: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Yield rows in tables of a good size for a COPY."""
    batches: list[pa.RecordBatch] = []
    for batch in rows:
        for at in range(0, batch.num_rows, COPY_ROWS):
            piece = batch.slice(at, COPY_ROWS)
            if batches and sum(one.num_rows for one in batches) + piece.num_rows > COPY_ROWS:
                yield pa.Table.from_batches(batches)
                batches = []
            batches.append(piece)
    if batches:
        yield pa.Table.from_batches(batches)


def _fitting(
    portion: pa.Table, layout: Layout, columns: Sequence[tuple[str, LiveColumn]], server: str
) -> pa.RecordBatch:
    names, arrays = [], []
    for (name, live), column in zip(columns, portion.columns, strict=True):
        try:
            arrays.append(as_sent(column.combine_chunks(), arrow_type(live.type)))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ServerError(
                f"{server}: a value of {layout.live.name}.{name} does not fit its type there, {live.native}: {error}.",
                hint="`syncengine check` compares the columns of both servers.",
            ) from error
        names.append(layout.actual[folded(name)])
    return pa.RecordBatch.from_arrays(arrays, names=names)
