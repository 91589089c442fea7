"""A wrapper around a real server that calls a test at the worst moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.pair import Limits, Role, ServerSettings
from syncengine.model.selection import ReadQuery
from syncengine.servers.forwarding import ForwardingServer, ForwardingSession
from syncengine.servers.kinds import open_server
from syncengine.servers.protocol import Bounds, Server, WriteSession


def _nothing_before_begin(server: Server) -> None:
    """Do nothing before a transaction."""
    del server


def _nothing_after_write(inserts: int, table: str) -> None:
    """Do nothing after an insert."""
    del inserts, table


def _nothing_before_query(table: str) -> None:
    """Do nothing before a query."""
    del table


@dataclass
class Interference:
    """Called before a table is queried, before a transaction begins, after each insert, and after the commit."""

    before_query: Callable[[str], None] = _nothing_before_query
    before_begin: Callable[[Server], None] = _nothing_before_begin
    after_insert: Callable[[int, str], None] = _nothing_after_write
    after_commit: Callable[[int, str], None] = _nothing_after_write
    inserts: int = 0
    table: str = ""
    loses_rows: bool = False
    """Accept rows, report them as inserted, and store none of them, as a trigger might."""


def _drained(rows: pa.RecordBatchReader) -> int:
    """Read rows to their end and return how many there were."""
    return int(sum(batch.num_rows for batch in rows))


class InterferingSession(ForwardingSession):
    """A real transaction that calls a test after its inserts."""

    def __init__(self, inner: WriteSession, interference: Interference) -> None:
        super().__init__(inner)
        self._interference = interference

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert, then call the test."""
        count = _drained(rows) if self._interference.loses_rows else self._inner.insert(table, rows)
        self._interference.inserts += 1
        self._interference.table = table
        self._interference.after_insert(self._interference.inserts, table)
        return count

    def commit(self) -> None:
        """Commit, then call the test."""
        self._inner.commit()
        self._interference.after_commit(self._interference.inserts, self._interference.table)


class InterferingServer(ForwardingServer):
    """A real server that calls a test around its transactions."""

    def __init__(self, inner: Server, interference: Interference) -> None:
        super().__init__(inner)
        self._interference = interference

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Call the test, then forward the query."""
        self._interference.before_query(query.selection.table)
        return self._inner.fingerprint(query)

    def bounds(self, table: str, columns: BucketColumns) -> tuple[Bounds, ...]:
        """Call the test, then forward the query."""
        self._interference.before_query(table)
        return self._inner.bounds(table, columns)

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Call the test, then forward the query."""
        self._interference.before_query(query.selection.table)
        return self._inner.read(query)

    @contextmanager
    def begin(self) -> Iterator[WriteSession]:
        """Call the test, then open the real transaction."""
        self._interference.before_begin(self._inner)
        with self._inner.begin() as session:
            yield InterferingSession(session, self._interference)


def interfere(monkeypatch: pytest.MonkeyPatch, role: Role, interference: Interference) -> None:
    """Put the wrapper around one server of every pair opened from now on."""

    def opened(settings: ServerSettings, folder: Path, *, writable: bool, limits: Limits) -> Server:
        server = open_server(settings, folder, writable=writable, limits=limits)
        return InterferingServer(server, interference) if settings.role is role else server

    monkeypatch.setattr("syncengine.jobs.connections.open_server", opened)
