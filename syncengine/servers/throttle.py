"""Bounds how many rows a second are read from a server and written to it; questions are not slowed down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

import pyarrow as pa

from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.remembered_days import DaysQuery, DayVersions
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import ColumnType
from syncengine.model.surroundings import Surroundings
from syncengine.servers.protocol import Bounds, LiveTable, Server, ServerDescription, SessionState, WriteSession

AT_ONCE = 1000
"""Rows passed on at a time at most, and never more than a second's, so that a slow rate is a steady one."""


class Throttle:
    """A bound of rows a second, shared by all threads; what was not used in a second is not saved up."""

    def __init__(
        self,
        rows_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.at_once = max(1, min(AT_ONCE, int(rows_per_second)))
        self._rate = rows_per_second
        self._clock = clock
        self._let_go = threading.Event()
        self._sleep = sleep or self._let_go.wait
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

    def let_go(self) -> None:
        """Keep nobody waiting any more: who is interrupted is about to end, and is waited for."""
        self._let_go.set()


class Paced:
    """Rows passed on no faster than allowed; `raised` is what ended them early, Ctrl-C for one."""

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
            # Whoever reads the stream makes an error of their own of it.
            self.raised = error
            raise


class ThrottledSession:
    """A transaction into which rows go no faster than allowed."""

    def __init__(self, inner: WriteSession, throttle: Throttle) -> None:
        self.id = inner.id
        self._inner = inner
        self._throttle = throttle

    def lock(self, selection: Selection, *, table: bool = False) -> None:
        """Pass it on."""
        self._inner.lock(selection, table=table)

    def fingerprint(self, query: FingerprintQuery) -> Mapping[Bucket, BucketState]:
        """Pass it on."""
        return self._inner.fingerprint(query)

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Pass it on: what is read back has been counted when it was written."""
        return self._inner.read(query)

    def delete(self, selection: Selection) -> int:
        """Pass it on."""
        return self._inner.delete(selection)

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert rows no faster than allowed."""
        paced = Paced(rows, self._throttle)
        try:
            return self._inner.insert(table, paced.reader())
        except Exception as error:
            if paced.raised is not None:
                raise paced.raised from error
            raise

    def run_deferred(self) -> None:
        """Have done now what would wait for the commit."""
        self._inner.run_deferred()

    def commit(self) -> None:
        """Pass it on."""
        self._inner.commit()


class ThrottledServer:
    """A server from which and into which rows go no faster than allowed."""

    def __init__(self, inner: Server, throttle: Throttle) -> None:
        self._inner = inner
        self._throttle = throttle

    def describe(self) -> ServerDescription:
        """Pass it on."""
        return self._inner.describe()

    def tables(self, names: Collection[str]) -> Mapping[str, LiveTable]:
        """Pass it on."""
        return self._inner.tables(names)

    def surroundings(self, names: Collection[str]) -> Mapping[str, Surroundings]:
        """Pass it on."""
        return self._inner.surroundings(names)

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Pass it on."""
        return self._inner.fingerprint(query)

    def bounds(self, table: str, columns: BucketColumns) -> tuple[Bounds, ...]:
        """Pass it on."""
        return self._inner.bounds(table, columns)

    def highest(self, table: str, column: str) -> int:
        """Pass it on."""
        return self._inner.highest(table, column)

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows no faster than allowed."""
        return Paced(self._inner.read(query), self._throttle).reader()

    @contextmanager
    def begin(self) -> Iterator[WriteSession]:
        """Open a transaction."""
        with self._inner.begin() as session:
            yield ThrottledSession(session, self._throttle)

    def scratch(self, columns: Sequence[tuple[str, ColumnType]]) -> AbstractContextManager[str]:
        """Pass it on."""
        return self._inner.scratch(columns)

    def session_state(self, session: str) -> SessionState:
        """Pass it on."""
        return self._inner.session_state(session)

    def ending(self, session: str) -> str:
        """Pass it on."""
        return self._inner.ending(session)

    def day_versions(self, query: DaysQuery) -> DayVersions | None:
        """Pass it on."""
        return self._inner.day_versions(query)

    def waiting(self) -> int | None:
        """Pass it on."""
        return self._inner.waiting()

    def interrupt(self) -> None:
        """Pass it on, and end the waits."""
        self._throttle.let_go()
        self._inner.interrupt()

    def close(self) -> None:
        """Pass it on."""
        self._inner.close()
