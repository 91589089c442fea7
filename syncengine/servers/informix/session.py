"""One transaction on an Informix server."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

import pyarrow as pa

from syncengine import machine
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import ServerError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.never_pickled import NeverPickled
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.driver_calls import unknown_outcome
from syncengine.servers.informix import row_reader
from syncengine.servers.informix.connections import ConnectionLease
from syncengine.servers.informix.errors import driver_message, error_of, is_lost, sqlcode_of
from syncengine.servers.informix.fingerprint_trust import FoldedTypes
from syncengine.servers.informix.row_writer import WritePath, insert_of, insert_rows
from syncengine.servers.informix.sql import INFORMIX, portions
from syncengine.servers.informix.surroundings import SERIALS
from syncengine.servers.informix.system_catalogue import SESSION
from syncengine.servers.local_fingerprints import fold_here, folds_all, needed_columns
from syncengine.servers.locks import LockHolder, holders_named
from syncengine.servers.protocol import LiveTable
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from syncengine.servers.sql.predicates import predicate
from syncengine.servers.sql.rows import delete_statement
from syncengine.servers.stream import Stream


class InformixSession(NeverPickled):
    """A transaction in repeatable read: others cannot change what it has read or written until it ends.

    In an unlogged database there is none: each statement stands for itself, and nothing is rolled back.
    """

    def __init__(
        self,
        lease: ConnectionLease,
        name: str,
        table: Callable[[str], LiveTable],
        path: WritePath,
        *,
        logged: bool,
        folds: FoldedTypes,
        holders: Callable[[str], Sequence[LockHolder]] = lambda _: (),
    ) -> None:
        self._lease = lease
        self._name = name
        self._table = table
        self._path = path
        self._logged = logged
        self._folds = folds
        self._holders = holders
        self._stream: weakref.ref[Stream] | None = None
        self.id = self._session_id()

    def _session_id(self) -> str:
        """Return the server's number of the session, which onstat shows, and a unique one."""
        self._number: int | None = None
        with suppress(ServerError):
            self._number = int(self._lease.rows(Statement(SESSION))[0][0])
        return f"{self._number or ''}-{machine.token(16)}".lstrip("-")

    def lock(self, selection: Selection, *, table: bool = False) -> None:
        """Touch the selected rows, which locks each for this transaction; reading them then locks their range.

        A plain update works in every release and isolation, where FOR UPDATE depends on the kind of cursor.
        With `table` one lock on the whole table replaces all these.
        """
        live = self._table(selection.table)
        if not self._logged:
            return
        if table:
            self._run(live, Statement(f"LOCK TABLE {row_reader.source_of(live)} IN EXCLUSIVE MODE"))
            return
        buckets = selection.columns
        selecting = {buckets.date, buckets.label, buckets.epoch, buckets.acd}
        # A SERIAL column may not be updated, not even to its own value.
        able = [column.name for column in live.columns if column.native not in SERIALS]
        free = [name for name in able if name not in selecting] or able
        touched = INFORMIX.name(free[-1])
        for part in portions(selection):
            where = predicate(part, INFORMIX)
            text = f"UPDATE {row_reader.source_of(live)} SET {touched} = {touched} WHERE {where.text}"
            self._run(live, Statement(text, where.values))

    def _run(self, live: LiveTable, statement: Statement) -> int:
        with holders_named(live.name, self._number, self._holders):
            return self._lease.run(statement)

    def fingerprint(self, query: FingerprintQuery) -> Mapping[Bucket, BucketState]:
        """Return what the transaction sees in each bucket."""
        table = self._table(query.selection.table)
        if not folds_all(query, self._folds.of(query.selection.table)):
            return dict(fold_here(query, self.read(ReadQuery(query.selection, needed_columns(query)))))
        found: dict[Bucket, BucketState] = {}
        for selection in portions(query.selection):
            part = row_reader.narrowed(query, selection)
            rows = self._lease.rows(fingerprint_statement(part, INFORMIX, row_reader.source_of(table)))
            found |= dict(bucket_state(row) for row in rows)
        return found

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows as the transaction sees them, in batches of bounded size."""
        table = self._table(query.selection.table)
        stream = Stream(row_reader.read(self._lease, table, query, self._name, self._folds), self._name)
        self._stream = weakref.ref(stream)
        return stream.reader()

    def delete(self, selection: Selection) -> int:
        """Delete the selected rows and return how many there were."""
        live = self._table(selection.table)
        source = row_reader.source_of(live)
        return sum(max(self._run(live, delete_statement(part, INFORMIX, source)), 0) for part in portions(selection))

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert rows, columns matched by name, and return how many were inserted."""
        live = self._table(table)
        insert = insert_of(live, row_reader.source_of(live), rows.schema.names, self._name)
        with holders_named(live.name, self._number, self._holders):
            return insert_rows(self._lease, insert, self._inspected(table, rows), self._path, self._name)

    def _inspected(self, table: str, rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        for batch in rows:
            self._folds.inspect(table, batch)
            yield batch

    def run_deferred(self) -> None:
        """Do nothing: constraints are deferred only in a session that asks for it, which this one never does."""

    def commit(self) -> None:
        """Make the writes durable.

        After an error that is not the server's own the outcome is unknown: `UnknownOutcomeError`.
        """
        if not self._logged:
            return
        try:
            self._lease.commit()
        except Exception as error:
            words = driver_message(error)
            if sqlcode_of(words) is not None and not is_lost(words):
                raise error_of(self._name, words) from error
            raise unknown_outcome(self._name, error) from error

    def end(self) -> None:
        """Cut a stream that was not read to its end; the connection rolls back uncommitted work."""
        stream = self._stream() if self._stream is not None else None
        if stream is not None:
            stream.cut()
