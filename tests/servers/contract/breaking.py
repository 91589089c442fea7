"""A server that breaks one promise at a time, so that the cases which try promises can be seen to notice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pyarrow as pa

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import ServerError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import ColumnType
from syncengine.servers.forwarding import ForwardingServer, ForwardingSession
from syncengine.servers.protocol import LiveTable, Server, ServerDescription, WriteSession

Change = Callable[[pa.Table], pa.Table]


def unchanged(rows: pa.Table) -> pa.Table:
    """Let rows be."""
    return rows


@dataclass
class Broken:
    """What a server does otherwise than it promises."""

    reading: Change = unchanged
    inserting: Change = unchanged
    selecting: Callable[[Selection], Selection] = lambda selection: selection
    miscounts: int = 0
    """How far off the counts of inserted and deleted rows, and the highest number, are."""
    misfolds: bool = False
    retypes: bool = False
    commits_at_once: bool = False
    leaves_scratch_rows: bool = False
    locks_nothing: bool = False
    gives_no_reason: bool = False
    """Refuse without a hint."""
    hangs: threading.Event | None = None
    """Let the second lock wait for it."""
    cannot_make: bool = False
    cannot_drop: bool = False
    transactions: bool = True
    names: list[str] = field(default_factory=list)
    """The scratch tables that were made."""
    locks: int = 0


def changed(reader: pa.RecordBatchReader, change: Change) -> pa.RecordBatchReader:
    """Return the rows of a stream, changed."""
    return change(reader.read_all()).to_reader()


class BrokenSession(ForwardingSession):
    """A session of such a server."""

    def __init__(self, inner: WriteSession, broken: Broken) -> None:
        super().__init__(inner)
        self._broken = broken

    def lock(self, selection: Selection, *, table: bool = False) -> None:
        """Lock, or do not, or hang."""
        self._broken.locks += 1
        if self._broken.hangs is not None and self._broken.locks > 1:
            self._broken.hangs.wait(30)
        if self._broken.gives_no_reason and self._broken.locks > 1:
            raise ServerError("primary: no.")
        if not self._broken.locks_nothing:
            self._inner.lock(selection, table=table)

    def delete(self, selection: Selection) -> int:
        """Delete, and count as it counts."""
        if self._broken.locks_nothing and self._broken.locks > 1:
            return 0
        return self._inner.delete(self._broken.selecting(selection)) + self._broken.miscounts

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert what it makes of the rows, and count as it counts."""
        count = self._inner.insert(table, changed(rows, self._broken.inserting)) + self._broken.miscounts
        if self._broken.commits_at_once:
            self._inner.commit()
        return count

    def commit(self) -> None:
        """Commit what is not committed yet."""
        if not self._broken.commits_at_once:
            self._inner.commit()


class BrokenServer(ForwardingServer):
    """A real server that does one thing otherwise."""

    def __init__(self, inner: Server, broken: Broken) -> None:
        super().__init__(inner)
        self._broken = broken

    def describe(self) -> ServerDescription:
        """Say who it is, and whether it keeps a log."""
        description = self._inner.describe()
        return replace(
            description, capabilities=replace(description.capabilities, transactions=self._broken.transactions)
        )

    def tables(self, names: Collection[str]) -> Mapping[str, LiveTable]:
        """Return the tables, with the type of a column made another."""
        found = self._inner.tables(names)
        if not self._broken.retypes:
            return found
        return {
            name: replace(
                table, columns=(*table.columns[:-1], replace(table.columns[-1], type=ColumnType("date"), native="DAY"))
            )
            for name, table in found.items()
        }

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Fold, as it folds."""
        for bucket, state in self._inner.fingerprint(query):
            yield bucket, replace(state, hash_sum=state.hash_sum + int(self._broken.misfolds))

    def highest(self, table: str, column: str) -> int:
        """Tell a number."""
        return self._inner.highest(table, column) + self._broken.miscounts

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Return what it makes of the rows."""
        return changed(self._inner.read(query), self._broken.reading)

    @contextmanager
    def begin(self) -> Iterator[WriteSession]:
        """Open a session, and keep what it should roll back."""
        with self._inner.begin() as session:
            yield BrokenSession(session, self._broken)
            if self._broken.leaves_scratch_rows:
                session.commit()

    @contextmanager
    def scratch(self, columns: Sequence[tuple[str, ColumnType]]) -> Iterator[str]:
        """Make a table, or do not, and drop it, or do not."""
        if self._broken.cannot_make:
            raise ServerError("primary: this login may not make tables.", hint="Grant it RESOURCE.")
        with self._inner.scratch(columns) as name:
            self._broken.names.append(name)
            yield name
        if self._broken.cannot_drop:
            raise ServerError("primary: another session reads the table.")

    def interrupt(self) -> None:
        """Pass it on, and let go of what hangs."""
        if self._broken.hangs is not None:
            self._broken.hangs.set()
        self._inner.interrupt()
