"""What the tests of backfills share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pytest

from syncengine.model.selection import ReadQuery
from syncengine.servers.duckdb.server import DuckDBServer
from tests.jobs.backfill.backfills import TABLES


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, date]]:
    """Count the rows of each table and day that are read from the primary, wherever they are read for."""
    queries: Counter[tuple[str, date]] = Counter()
    read = DuckDBServer.read

    def counted(self: DuckDBServer, query: ReadQuery) -> pa.RecordBatchReader:
        reader = read(self, query)
        table = query.selection.table
        if str(self.describe().role) != "primary" or table not in TABLES:
            return reader

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                place = batch.schema.get_field_index("row_date")
                if place >= 0:
                    queries.update((table, day) for day in batch.column(place).to_pylist())
                yield batch

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    monkeypatch.setattr(DuckDBServer, "read", counted)
    return queries
