"""Limits how many rows a second are read from a server and written to it; other queries are not slowed down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa

from syncengine import machine
from syncengine.model.selection import ReadQuery
from syncengine.servers.forwarding import ForwardingServer, ForwardingSession
from syncengine.servers.protocol import Server, WriteSession

AT_ONCE = 1000
"""The most rows passed on at a time, and never more than a second's, so that a slow rate is steady."""


class Throttle:
    """A limit of rows a second, shared by all threads; an unused second is not saved up."""

    def __init__(
        self,
        rows_per_second: float,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.at_once = max(1, min(AT_ONCE, int(rows_per_second)))
        self._rate = rows_per_second
        self._clock = clock or machine.monotonic
        self._released = threading.Event()
        self._sleep = sleep or self._wait
        self._free_at = 0.0
        self._guard = threading.Lock()

    def take(self, rows: int) -> None:
        """Wait until so many rows may pass."""
        with self._guard:
            now = self._clock()
            begin = max(self._free_at, now)
            self._free_at = begin + rows / self._rate
            wait = begin - now
        if wait > 0:
            self._sleep(wait)

    def _wait(self, seconds: float) -> None:
        machine.wait(self._released, seconds)

    def release(self) -> None:
        """End all waits: interrupted threads are about to end."""
        self._released.set()


class ThrottledRows:
    """Rows passed on no faster than allowed; `raised` is the error that ended them early, as Ctrl-C."""

    def __init__(self, rows: pa.RecordBatchReader, throttle: Throttle) -> None:
        self._rows = rows
        self._throttle = throttle
        self.raised: BaseException | None = None

    def reader(self) -> pa.RecordBatchReader:
        """Return them as a stream."""
        return pa.RecordBatchReader.from_batches(self._rows.schema, self._slices())

    def _slices(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._rows:
                for at in range(0, batch.num_rows, self._throttle.at_once):
                    piece = batch.slice(at, self._throttle.at_once)
                    self._throttle.take(piece.num_rows)
                    yield piece
        except GeneratorExit:
            raise
        except BaseException as error:
            # The reader of the stream replaces it by an error of its own.
            self.raised = error
            raise


class ThrottledSession(ForwardingSession):
    """A transaction with limited inserts. Rows read back were counted when they were written."""

    def __init__(self, inner: WriteSession, throttle: Throttle) -> None:
        super().__init__(inner)
        self._throttle = throttle

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert rows no faster than allowed."""
        throttled = ThrottledRows(rows, self._throttle)
        try:
            return super().insert(table, throttled.reader())
        except Exception as error:
            if throttled.raised is not None:
                raise throttled.raised from error
            raise


class ThrottledServer(ForwardingServer):
    """A server with limited reads and inserts."""

    def __init__(self, inner: Server, throttle: Throttle) -> None:
        super().__init__(inner)
        self._throttle = throttle

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows no faster than allowed."""
        return ThrottledRows(super().read(query), self._throttle).reader()

    @contextmanager
    def begin(self) -> Iterator[WriteSession]:
        """Open a transaction."""
        with super().begin() as session:
            yield ThrottledSession(session, self._throttle)

    def interrupt(self) -> None:
        """Interrupt it, and end the waits of the throttle."""
        self._throttle.release()
        super().interrupt()
