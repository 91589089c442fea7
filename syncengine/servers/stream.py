"""Rows on their way from a server, batch by batch."""

from __future__ import annotations

import inspect
from collections.abc import Generator, Iterator
from typing import Any

import pyarrow as pa

from syncengine.model.errors import ServerError


class Stream:
    """The batches of a query. Dropping it closes its source.

    It is made from a generator that yields the schema first, and then batches of bounded size.
    """

    def __init__(self, schema_and_batches: Generator[Any, None, None], name: str) -> None:
        self._name = name
        # Read at once: errors in the query are raised here, and a generator that has not begun would not clean up.
        self._schema = next(schema_and_batches)
        self._batches = schema_and_batches
        self._cut = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        if self._cut:
            raise ServerError(f"{self._name}: the transaction ended before its rows were read.")
        return next(self._batches)

    def reader(self) -> pa.RecordBatchReader:
        """Return the batches as Arrow passes them around."""
        return pa.RecordBatchReader.from_batches(self._schema, self)

    def cut(self) -> None:
        """Close it early; reading on raises an error, so that it does not seem complete."""
        self._cut = inspect.getgeneratorstate(self._batches) != inspect.GEN_CLOSED
        self._batches.close()
