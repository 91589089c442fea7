"""One transaction on a PostgreSQL server."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import CancelledError, ServerError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.names import folded, quoted
from syncengine.model.never_pickled import NeverPickled
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.column_ranges import ColumnRanges
from syncengine.servers.local_fingerprints import fold_here, folds_all, needed_columns
from syncengine.servers.locks import LockHolder, holders_named
from syncengine.servers.postgresql import row_reader
from syncengine.servers.postgresql.connections import ConnectionLease
from syncengine.servers.postgresql.driver import is_driver_error
from syncengine.servers.postgresql.errors import error_of
from syncengine.servers.postgresql.row_writer import insert_rows
from syncengine.servers.postgresql.sequences import ColumnSequence
from syncengine.servers.postgresql.system_catalogue import Layout, ServerProfile
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from syncengine.servers.sql.rows import delete_statement
from syncengine.servers.stream import Stream

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
SESSION_ID = "pid {pid} since {since}, transaction {transaction}"
OWN_SESSION = (
    "SELECT pid, CAST(backend_start AS TEXT), txid_current(), current_setting('session_replication_role') "
    "FROM pg_stat_activity WHERE pid = pg_backend_pid()"
)


@dataclass(frozen=True, slots=True)
class ServerTraits:
    """What a session needs to know about its server."""

    profile: ServerProfile
    layout: Callable[[str], Layout]
    check_outcome: Callable[[int, BaseException], None]
    """Queries the outcome of a transaction whose commit had no answer; raises unless it was committed."""
    sequences: Callable[[Layout], tuple[ColumnSequence, ...]]
    """The sequences that number columns of a table and can be advanced."""
    holders: Callable[[str], tuple[LockHolder, ...]]
    """The sessions whose locks block writers of a table."""


class PostgreSQLSession(NeverPickled):
    """A transaction in read committed that locks whole tables: others can read them, and write them after it.

    In repeatable read everything would be seen as it was when the transaction began. Rows that others added
    since would be missing from the comparison before a write, and would not conflict with it either: no one
    changed the same row. Here each statement sees what is committed, and once a table is locked no one else
    changes it: what is compared with the plan after the lock is what is deleted, and what is checked before
    the commit is what will be there.
    """

    def __init__(self, lease: ConnectionLease, traits: ServerTraits) -> None:
        self._lease = lease
        self._name = lease.name
        self._traits = traits
        self._open = True
        self._streams: list[weakref.ref[Stream]] = []
        self._cursors_to_close: list[str] = []
        lease.run(Statement(BEGIN))
        self._pid, since, self._transaction, replication_role = lease.rows(Statement(OWN_SESSION))[0]
        if replication_role != traits.profile.replication_role:
            raise ServerError(
                f"{self._name}: session_replication_role of its login has become {replication_role} meanwhile, by "
                "which other triggers run.",
                hint="Run the same command again.",
            )
        self.id = SESSION_ID.format(pid=self._pid, since=since, transaction=self._transaction)

    def lock(self, selection: Selection, *, table: bool = False) -> None:
        """Block all other writers of the table until the transaction ends; others can still read it.

        `table` makes no difference: the whole table is locked anyway.
        """
        del table
        layout = self._traits.layout(selection.table)
        with holders_named(layout.live.name, self._pid, lambda _: self._traits.holders(layout.source)):
            self._run(Statement(f"LOCK TABLE {layout.source} IN SHARE ROW EXCLUSIVE MODE"))

    def fingerprint(self, query: FingerprintQuery) -> Mapping[Bucket, BucketState]:
        """Return what the transaction sees in each bucket."""
        layout = self._traits.layout(query.selection.table)
        if not folds_all(query, self._traits.profile.folds):
            return dict(fold_here(query, self.read(ReadQuery(query.selection, needed_columns(query)))))
        self._close_cursors()
        rows = self._lease.rows(fingerprint_statement(query, layout.dialect, layout.source))
        return dict(bucket_state(row) for row in rows)

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows as the transaction sees them at this moment, in batches of bounded size."""
        layout = self._traits.layout(query.selection.table)
        rows = row_reader.table_read(layout, query, self._name, checked=self._traits.profile.has_unknown_characters)
        self._close_cursors()
        stream = Stream(self._batches(rows), self._name)
        # Weakly, so that dropping the reader is enough to end the stream.
        self._streams.append(weakref.ref(stream))
        return stream.reader()

    def delete(self, selection: Selection) -> int:
        """Delete the selected rows and return how many there were."""
        layout = self._traits.layout(selection.table)
        return self._run(delete_statement(selection, layout.dialect, layout.source))

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert rows, columns matched by name, and return how many; sequences are advanced past their numbers.

        Where this login does not own a sequence, its advance is not undone where the transaction is: that leaves a gap.
        """
        layout = self._traits.layout(table)
        sequences = self._traits.sequences(layout)
        self._close_cursors()
        ranges = ColumnRanges([one.counter.column for one in sequences])
        inserted = insert_rows(self._lease, layout, ranges.tracking(rows))
        for one in sequences:
            column = folded(one.counter.column)
            if column in ranges.highest:
                one.advance(self._lease.rows, ranges.lowest[column], ranges.highest[column])
        return inserted

    def run_deferred(self) -> None:
        """Run deferred constraints and triggers now."""
        self._run(Statement("SET CONSTRAINTS ALL IMMEDIATE"))

    def commit(self) -> None:
        """Make the writes durable.

        Raises `UnknownOutcomeError` only when the connection was lost meanwhile and the server, queried over
        another, cannot report the outcome of the transaction.
        """
        # The time limit is here and not on the server, where the commit is nearly done. And a failed transaction
        # refuses this statement, while it would answer COMMIT with a rollback that appears to succeed.
        self._run(Statement("SET LOCAL statement_timeout = 0"))
        if not self._open or self._lease.status != "intrans":
            raise ServerError(f"{self._name}: the transaction has ended already.", hint="Run the same command again.")
        self._open = False
        try:
            self._lease.commit()
        except (ServerError, CancelledError) as error:
            self._traits.check_outcome(self._transaction, error)
        except Exception as error:
            if not is_driver_error(error):
                raise
            if self._lease.status != "unknown":
                # The server itself refused, and has rolled it back.
                raise error_of(self._name, error) from error
            self._traits.check_outcome(self._transaction, error)

    def end(self) -> None:
        """Cut streams that were not read to their end; uncommitted work is rolled back with the connection."""
        self._open = False
        for reference in self._streams:
            stream = reference()
            if stream is not None:
                stream.cut()

    def _run(self, statement: Statement) -> int:
        self._close_cursors()
        return self._lease.run(statement)

    def _close_cursors(self) -> None:
        """Close the cursors of ended streams: a stream may end in any thread, statements run in this one."""
        while self._cursors_to_close:
            self._lease.run(Statement(f"CLOSE {quoted(self._cursors_to_close.pop())}"))

    def _batches(self, rows: row_reader.TableRead) -> Generator[Any, None, None]:
        cursor = row_reader.cursor_name()
        try:
            yield from row_reader.batches(self._lease, rows, cursor)
        finally:
            self._cursors_to_close.append(cursor)
