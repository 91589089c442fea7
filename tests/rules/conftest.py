"""What the tests of rules share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from syncengine.execute.transaction import Writing
from syncengine.model.selection import ReadQuery
from syncengine.servers.duckdb.server import DuckDBServer
from tests.cli.terminal import Typing
from tests.rules.backfills import TABLES


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typing:
    """Type commands in this process."""
    return Typing(capsys)


@pytest.fixture
def before_batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, BaseException], None]]:
    """Let a run be hit by an exception before its batch of a number; later runs are left alone."""
    write, left = Writing.write, dict[str, Any]()

    def meddled(self: Writing, *given: Any, **named: Any) -> None:
        left["batches"] = left.get("batches", -1) - 1
        if left["batches"] == -1 and "error" in left:
            raise left.pop("error")
        write(self, *given, **named)

    def hit(number: int, error: BaseException) -> None:
        left.update(batches=number, error=error)

    monkeypatch.setattr(Writing, "write", meddled)
    yield hit
    assert "error" not in left, "the run ended before it was hit"


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, date]]:
    """Count the rows of each table and day that are read from the primary, wherever they are read for."""
    seen: Counter[tuple[str, date]] = Counter()
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
                    seen.update((table, day) for day in batch.column(place).to_pylist())
                yield batch

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    monkeypatch.setattr(DuckDBServer, "read", counted)
    return seen
