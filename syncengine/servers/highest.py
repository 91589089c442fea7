"""Remembers the numbers that pass on their way into a table, so that what numbers its columns can be advanced."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from syncengine.model.names import folded


class Passing:
    """The lowest and the highest number that has passed in some columns; one of which none has passed is not there."""

    def __init__(self, columns: Collection[str]) -> None:
        self._columns = frozenset(folded(column) for column in columns)
        self.lowest: dict[str, int] = {}
        self.highest: dict[str, int] = {}

    def through(self, rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """Return the same rows, looked at as they pass."""
        numbered = [name for name in rows.schema.names if folded(name) in self._columns]
        return pa.RecordBatchReader.from_batches(rows.schema, self._looked_at(rows, numbered)) if numbered else rows

    def _looked_at(self, rows: pa.RecordBatchReader, numbered: list[str]) -> Iterator[pa.RecordBatch]:
        for batch in rows:
            for name in numbered:
                self._look(folded(name), batch.column(batch.schema.get_field_index(name)))
            yield batch

    def _look(self, column: str, values: pa.Array) -> None:
        found = pc.min_max(values).as_py()
        if found["min"] is not None:
            self.lowest[column] = min(int(found["min"]), self.lowest.get(column, int(found["min"])))
            self.highest[column] = max(int(found["max"]), self.highest.get(column, int(found["max"])))
