"""A CMS database in a DuckDB file: the embedded server."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from syncengine import machine
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import ServerUnreachableError, UnknownOutcomeError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.names import folded, quoted
from syncengine.model.never_pickled import NeverPickled
from syncengine.model.pair import Limits, Role
from syncengine.model.remembered_days import DaysQuery, DayVersions
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import ColumnType
from syncengine.model.surroundings import Surroundings
from syncengine.servers.any_kind import AnyServer
from syncengine.servers.column_ranges import ColumnRanges
from syncengine.servers.duckdb.errors import error_of, rolled_back, time_limit, translated
from syncengine.servers.duckdb.file_state import identity_of, state_of
from syncengine.servers.duckdb.surroundings import (
    advanced,
    constrained_columns,
    is_table,
    read_surroundings,
    sequences_of,
)
from syncengine.servers.duckdb.types import live_type, readable, stored_type
from syncengine.servers.protocol import (
    Capabilities,
    LiveColumn,
    LiveTable,
    ServerDescription,
    SessionState,
    scratch_name,
)
from syncengine.servers.sql.dialect import DUCKDB, Dialect, Statement
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from syncengine.servers.sql.predicates import predicate
from syncengine.servers.sql.rows import (
    delete_statement,
    read_statement,
)
from syncengine.servers.stream import Stream

BATCH_ROWS = 8192
READ_BUFFER_MB = 48
"""Buffers of a server that is only read: queries stream, and more would only fill with the file."""
THREADS = 1
"""Both servers are queried at once, so that one thread each keeps two cores busy."""
DISABLED_OPTIMIZERS = "in_clause"
"""It makes a hash join of a megabyte out of every list of values, and scattered buckets have many."""
_OPEN_SESSIONS: set[str] = set()
"""The ids of the write sessions that are open in this process, over whichever server object."""


class DuckDBServer(AnyServer):
    """One DuckDB file. Every query has a cursor of its own, so calls may come from several threads."""

    def __init__(self, path: Path, role: Role, *, writable: bool, limits: Limits, load: str | None = None) -> None:
        super().__init__(role, writable=writable, load=load)
        self._path = path
        self._query_seconds = limits.query_seconds
        self._running: set[duckdb.DuckDBPyConnection] = set()
        if not path.is_file():
            raise ServerUnreachableError(
                f"{role}: there is no database at {path}.",
                hint="Check the url in the pair file; it is relative to that file.",
            )
        config: dict[str, Any] = {
            "memory_limit": f"{limits.memory_mb if writable else _read_buffer_mb(limits)}MB",
            "threads": THREADS,
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "disabled_optimizers": DISABLED_OPTIMIZERS,
        }
        with translated(str(role)):
            self._connection = duckdb.connect(str(path), read_only=not writable, config=config)

    def describe(self) -> ServerDescription:
        """Describe the server."""
        return ServerDescription(
            role=self._role,
            kind="duckdb",
            version=duckdb.__version__,
            identity=identity_of(self._path),
            capabilities=Capabilities(
                transactions=True,
                locks_per_row=False,
                writable=self._writable,
                write_path="Arrow, read in place",
                locks_by_update=True,
            ),
            load=self._load,
        )

    def tables(self, names: Collection[str]) -> Mapping[str, LiveTable]:
        """Return those of the named tables that exist, under the requested names."""
        rows = self._rows(
            Statement(
                "SELECT table_name, column_name, data_type, is_nullable = 'YES' FROM information_schema.columns "
                "WHERE table_schema = 'main' AND table_catalog = current_database() "
                "ORDER BY table_name, ordinal_position"
            )
        )
        columns: dict[str, list[LiveColumn]] = {}
        for table, name, native, nullable in rows:
            column = LiveColumn(folded(name), live_type(native), native, nullable, readable(native))
            columns.setdefault(folded(table), []).append(column)
        return {name: LiveTable(name, tuple(columns[folded(name)])) for name in names if folded(name) in columns}

    def surroundings(self, names: Collection[str]) -> Mapping[str, Surroundings]:
        """Return the triggers, references and constraints of the named tables that exist, under the requested names."""
        return read_surroundings(self._rows, names)

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Yield each non-empty bucket once, in no order."""
        for row in self._rows(fingerprint_statement(query)):
            yield bucket_state(row)

    @contextmanager
    def begin(self) -> Iterator[DuckDBSession]:
        """Open a transaction; leaving it without commit rolls back."""
        self._check_writable()
        session = DuckDBSession(self._connection.cursor(), self._name, self._query_seconds)
        _OPEN_SESSIONS.add(session.id)
        try:
            yield session
        finally:
            session.end()
            _OPEN_SESSIONS.discard(session.id)

    @contextmanager
    def scratch(self, columns: Sequence[tuple[str, ColumnType]]) -> Iterator[str]:
        """Create an empty table of a new name, and drop it at the end."""
        self._check_writable()
        name = scratch_name()
        described = ", ".join(f"{quoted(column)} {stored_type(of)}" for column, of in columns)
        self._rows(Statement(f"CREATE TABLE {quoted(name)} ({described})"))
        try:
            yield name
        finally:
            self._rows(Statement(f"DROP TABLE {quoted(name)}"))

    def session_state(self, session: str) -> SessionState:
        """Say whether a write session still lives: another process must have closed this file before."""
        return SessionState.ALIVE if session in _OPEN_SESSIONS else SessionState.GONE

    def termination_command(self, session: str) -> str:
        """Return nothing: a session lives in this process only."""
        del session
        return ""

    def day_versions(self, query: DaysQuery) -> DayVersions | None:
        """Return the version of the whole file for every day; only reading leaves it unchanged.

        None for a view, whose rows may be elsewhere, and where the file is gone.
        """
        if not is_table(self._rows, query.selection.table):
            return None
        history = state_of(self._path)
        return None if history is None else DayVersions(history)

    def waiting_sessions(self) -> int | None:
        """Return None: no session waits for locks in a file that one process has open."""
        return None

    def interrupt(self) -> None:
        """Stop the queries that are running, from another thread."""
        for cursor in tuple(self._running):
            # It may have ended meanwhile.
            with suppress(duckdb.ConnectionException):
                cursor.interrupt()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        cursor = self._connection.cursor()
        self._running.add(cursor)
        try:
            with time_limit(cursor, self._query_seconds, self._name), translated(self._name):
                return cursor.execute(statement.text, list(statement.values)).fetchall()
        finally:
            self._running.discard(cursor)
            cursor.close()

    def _stored(self, table: str) -> tuple[Dialect, str]:
        return DUCKDB, DUCKDB.name(table)

    def _batches(self, query: ReadQuery) -> Generator[Any, None, None]:
        with translated(self._name):
            cursor = self._connection.cursor()
        self._running.add(cursor)
        try:
            yield from _streamed(cursor, read_statement(query), self._query_seconds, self._name)
        finally:
            self._running.discard(cursor)
            cursor.close()


class DuckDBSession(NeverPickled):
    """One transaction on a DuckDB file."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, name: str, query_seconds: int) -> None:
        self._query_seconds = query_seconds
        self.id = machine.token(16)
        self._cursor = cursor
        self._name = name
        self._open = True
        self._stream: weakref.ref[Stream] | None = None
        with translated(name):
            cursor.execute("BEGIN TRANSACTION")

    def lock(self, selection: Selection, *, table: bool = False) -> None:
        """Touch the selected rows, so that another writer of them conflicts instead of being overwritten.

        DuckDB checks conflicts column by column, and not where an update changes nothing. So every
        column is touched, which detects what others have changed since this transaction began, and each is
        changed and changed back, which blocks others that lock; except those that a constraint
        covers, since it could forbid the changed value. `table` makes no difference: there is no lock table
        that could fill up.
        """
        del table
        described = self._run(
            Statement(
                "SELECT table_name, column_name, data_type FROM duckdb_columns() "
                "WHERE schema_name = 'main' AND database_name = current_database() AND NOT is_generated "
                "ORDER BY column_index"
            )
        )
        table_name = folded(selection.table)
        columns = {quoted(folded(name)): native for of, name, native in described if folded(of) == table_name}
        buckets = selection.columns
        left_out = selection.excluded.columns if selection.excluded is not None else ()
        chosen_by = (buckets.date, buckets.label, buckets.epoch, buckets.acd, *selection.group_columns, *left_out)
        selecting = {quoted(folded(name)) for name in chosen_by if name}
        selecting |= {quoted(folded(name)) for name in constrained_columns(self._run, selection.table)}
        # The columns of the condition stay unchanged: the rows have to be found again.
        free = {name: native for name, native in columns.items() if name not in selecting}
        where = predicate(selection)
        for change in (*_reversible_changes(free), ", ".join(f"{name} = {name}" for name in columns)):
            self._run(Statement(f"UPDATE {quoted(selection.table)} SET {change} WHERE {where.text}", where.values))

    def fingerprint(self, query: FingerprintQuery) -> Mapping[Bucket, BucketState]:
        """Return what the transaction sees in each bucket."""
        return dict(bucket_state(row) for row in self._run(fingerprint_statement(query)))

    def read(self, query: ReadQuery) -> pa.RecordBatchReader:
        """Stream rows as the transaction sees them, in batches of bounded size.

        DuckDB refuses every other statement of the transaction while its stream is open: read it to its end,
        or drop it, first. Reading on after the transaction has ended raises an error.
        """
        batches = _streamed(self._cursor, read_statement(query), self._query_seconds, self._name)
        stream = Stream(batches, self._name)
        # Weakly, so that dropping the reader is enough to end the stream.
        self._stream = weakref.ref(stream)
        return stream.reader()

    def delete(self, selection: Selection) -> int:
        """Delete the selected rows and return how many there were."""
        return int(self._run(delete_statement(selection))[0][0])

    def insert(self, table: str, rows: pa.RecordBatchReader) -> int:
        """Insert rows, columns matched by name, and return how many; sequences are advanced past their numbers."""
        columns = ", ".join(quoted(name) for name in rows.schema.names)
        # A name that no table has: the rows would be taken for the table.
        incoming = scratch_name()
        sequences = sequences_of(self._run, table)
        ranges = ColumnRanges(sequences)
        with translated(self._name):
            self._cursor.register(incoming, ranges.tracking(rows))
            try:
                done = self._cursor.execute(
                    f"INSERT INTO {quoted(table)} ({columns}) SELECT {columns} FROM {incoming}"
                ).fetchall()
            finally:
                # After a failure there is no transaction in which it could be found.
                with suppress(duckdb.Error):
                    self._cursor.unregister(incoming)
        for column, sequence in sequences.items():
            if column in ranges.highest:
                statement = advanced(self._run, sequence, ranges.lowest[column], ranges.highest[column])
                if statement is not None:
                    self._run(statement)
        return int(done[0][0])

    def run_deferred(self) -> None:
        """Do nothing: nothing waits for the commit."""

    def commit(self) -> None:
        """Make the writes durable.

        No time limit: the outcome of a commit that was cut off would be unknown. Only what DuckDB
        refuses before it writes, a conflict above all, is known to have written nothing.
        """
        try:
            self._cursor.execute("COMMIT")
        except (duckdb.Error, RuntimeError) as error:
            if isinstance(error, duckdb.Error) and rolled_back(error):
                raise error_of(self._name, error) from error
            raise UnknownOutcomeError(
                f"{self._name}: the commit failed; whether it was done is not known: {error}"
            ) from error
        self._open = False

    def end(self) -> None:
        """Roll back what was not committed."""
        if self._open:
            self._open = False
            self._cut_stream()
            try:
                self._cursor.execute("ROLLBACK")
            except duckdb.Error:
                # A failed statement has rolled it back already, or the database can no longer be reached.
                return
            finally:
                self._cursor.close()

    def _cut_stream(self) -> None:
        """End a stream that was not read to its end: the transaction could not be rolled back."""
        stream = self._stream() if self._stream is not None else None
        if stream is not None:
            stream.cut()

    def _run(self, statement: Statement) -> list[tuple[Any, ...]]:
        with time_limit(self._cursor, self._query_seconds, self._name), translated(self._name):
            return self._cursor.execute(statement.text, list(statement.values)).fetchall()


def _read_buffer_mb(limits: Limits) -> int:
    """Return the megabytes for a server that is only read: few, and more where the user allows more than usual."""
    return max(READ_BUFFER_MB, READ_BUFFER_MB * limits.memory_mb // Limits().memory_mb)


def _streamed(
    cursor: duckdb.DuckDBPyConnection, statement: Statement, seconds: float, name: str
) -> Generator[Any, None, None]:
    """Yield the schema of a query and then its batches, all within the time a query may take."""
    with time_limit(cursor, seconds, name) as check, translated(name):
        relation = cursor.sql(statement.text, params=list(statement.values))
        with relation.to_arrow_reader(BATCH_ROWS) as reader:
            yield reader.schema
            for batch in reader:
                check()
                yield batch


def _reversible_changes(columns: Mapping[str, str]) -> tuple[str, ...]:
    """Return two changes of all columns that can be changed this way; the second undoes the first.

    Of all, since NULL stays NULL: a row is changed as long as one of its columns is not NULL.
    """
    there, back = [], []
    for name, native in columns.items():
        if native in ("SMALLINT", "INTEGER", "BIGINT"):
            there.append(f"{name} = XOR({name}, 1)")
            back.append(f"{name} = XOR({name}, 1)")
        elif native == "VARCHAR":
            there.append(f"{name} = {name} || '.'")
            back.append(f"{name} = SUBSTR({name}, 1, LENGTH({name}) - 1)")
    return (", ".join(there), ", ".join(back)) if there else ()
