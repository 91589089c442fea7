"""Tracks the numbers written to a table, so that the sequences of its columns can be advanced."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from syncengine.model.names import folded


class ColumnRanges:
    """The lowest and the highest number written to some columns; a column without numbers is not there.

    A fraction counts as the whole number that a sequence must reach; infinite numbers do not count.
    """

    def __init__(self, columns: Collection[str]) -> None:
        self._columns = frozenset(folded(column) for column in columns)
        self.lowest: dict[str, int] = {}
        self.highest: dict[str, int] = {}

    def tracking(self, rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """Return the same rows, tracked as they are read."""
        numbered = [name for name in rows.schema.names if folded(name) in self._columns]
        return (
            pa.RecordBatchReader.from_batches(rows.schema, self._tracked_batches(rows, numbered)) if numbered else rows
        )

    def _tracked_batches(self, rows: pa.RecordBatchReader, numbered: list[str]) -> Iterator[pa.RecordBatch]:
        for batch in rows:
            for name in numbered:
                self._include(folded(name), batch.column(batch.schema.get_field_index(name)))
            yield batch

    def _include(self, column: str, values: pa.Array) -> None:
        found = _numbers(values)
        if found:
            lowest, highest = math.ceil(min(found)), math.floor(max(found))
            self.lowest[column] = min(lowest, self.lowest.get(column, lowest))
            self.highest[column] = max(highest, self.highest.get(column, highest))


def _numbers(values: pa.Array) -> list[Any]:
    """Return the lowest and the highest number of a column, or all numbers of a text column."""
    kind = values.type
    if pa.types.is_floating(kind):
        values = values.filter(pc.is_finite(values))
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return [one for one in pc.min_max(values).as_py().values() if one is not None]
    # Numbers without a width of their own come as text.
    texts = values.to_pylist() if pa.types.is_string(kind) or pa.types.is_large_string(kind) else []
    return [number for one in texts if one is not None and (number := _number(one)) is not None]


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
