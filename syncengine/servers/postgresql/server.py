"""A CMS database on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from syncengine import machine
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import CancelledError, ServerError, ServerReadOnlyError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.names import folded, quoted
from syncengine.model.pair import Limits, Role
from syncengine.model.remembered_days import DaysQuery, DayVersions
from syncengine.model.selection import ReadQuery
from syncengine.model.spec import ColumnType
from syncengine.model.surroundings import Surroundings
from syncengine.servers.any_kind import LiveServer
from syncengine.servers.driver_calls import rolled_back, unknown_outcome
from syncengine.servers.local_fingerprints import fold_here, folds_all, needed_columns
from syncengine.servers.locks import LockHolder
from syncengine.servers.postgresql import activity, row_reader
from syncengine.servers.postgresql.connections import Connections
from syncengine.servers.postgresql.families import read_families
from syncengine.servers.postgresql.row_versions import day_versions
from syncengine.servers.postgresql.sequences import ColumnSequence, read_sequences
from syncengine.servers.postgresql.session import PostgreSQLSession, ServerTraits
from syncengine.servers.postgresql.surroundings import read_surroundings
from syncengine.servers.postgresql.system_catalogue import STARTED, Layout, read_layouts, read_profile
from syncengine.servers.postgresql.types import stored_type
from syncengine.servers.postgresql.url import CHECK_PORT, FORM
from syncengine.servers.protocol import Capabilities, LiveTable, ServerDescription, SessionState, scratch_name
from syncengine.servers.sql.dialect import Dialect, Statement
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from syncengine.servers.url import listening_address

OUTCOME_SECONDS = 5.0
"""How long a transaction whose commit had no answer may still be in progress before it counts as unknown."""
OID = "SELECT CAST(CAST(? AS regclass) AS BIGINT)"
OUTCOME = f"SELECT txid_status(?), {STARTED}"


class PostgreSQLServer(LiveServer[Connections]):
    """One schema of a database. Rows are streamed from one snapshot."""

    def __init__(self, url: str, role: Role, *, writable: bool, limits: Limits, load: str | None = None) -> None:
        self._url = FORM.parse(url, f"{role}.url")
        listening_address(self._url, str(role), CHECK_PORT)
        self._layouts: dict[str, Layout] = {}
        self._numbered: dict[str, tuple[ColumnSequence, ...]] = {}
        connections = Connections(
            self._url, str(role), query_seconds=limits.query_seconds, lock_seconds=limits.lock_seconds
        )
        super().__init__(connections, role, writable=writable, load=load)

    def _reach(self) -> None:
        with self._connections.lease() as lease:
            self._profile = read_profile(lease, self._url)

    def describe(self) -> ServerDescription:
        """Describe the server."""
        return ServerDescription(
            role=self._role,
            kind="postgresql",
            version=self._profile.version,
            identity=self._profile.identity,
            capabilities=Capabilities(
                transactions=True,
                locks_per_row=False,
                writable=self._writable and not self._profile.read_only,
                write_path="COPY",
                read_only=self._profile.read_only,
                folds=self._profile.folds,
            ),
            user=self._profile.user,
            locale=self._profile.locale,
            notes=self._profile.notes,
            load=self._load,
        )

    def tables(self, names: Collection[str]) -> Mapping[str, LiveTable]:
        """Return those of the named tables that are on the search path, under the names asked for."""
        with self._connections.lease() as lease:
            found = read_layouts(lease, names)
        self._layouts |= found
        return {name: replace(found[folded(name)].live, name=name) for name in names if folded(name) in found}

    def surroundings(self, names: Collection[str]) -> Mapping[str, Surroundings]:
        """Return the triggers, references and constraints of the named tables that exist, under the requested names."""
        with self._connections.lease() as lease:
            found = read_layouts(lease, names)
            layouts = {name: found[folded(name)] for name in names if folded(name) in found}
            return read_surroundings(lease.rows, layouts)

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Yield each non-empty bucket once, in no order.

        Where the server's encoding has other character codes, rows with text are computed here.
        """
        stored = self._stored(query.selection.table)
        if not folds_all(query, self._profile.folds):
            yield from fold_here(query, self.read(ReadQuery(query.selection, needed_columns(query))))
            return
        for row in self._rows(fingerprint_statement(query, *stored)):
            yield bucket_state(row)

    @contextmanager
    def begin(self) -> Iterator[PostgreSQLSession]:
        """Open a transaction; leaving it without commit rolls back."""
        self._check_writable()
        with self._connections.lease() as lease:
            session = PostgreSQLSession(
                lease, ServerTraits(self._profile, self._layout, self._check_outcome, self._sequences, self._holders)
            )
            try:
                yield session
            finally:
                session.end()

    @contextmanager
    def scratch(self, columns: Sequence[tuple[str, ColumnType]]) -> Iterator[str]:
        """Create an empty table of a new name, and drop it at the end."""
        self._check_writable()
        name = scratch_name()
        source = f"{quoted(self._profile.schema)}.{quoted(name)}"
        described = ", ".join(f"{quoted(column)} {stored_type(of)}" for column, of in columns)
        self._execute(f"CREATE TABLE {source} ({described})")
        try:
            yield name
        finally:
            self._execute(f"DROP TABLE {source}")
            self._layouts.pop(name, None)

    def session_state(self, session: str) -> SessionState:
        """Say whether a write session lives, by the state of its transaction."""
        return activity.session_state(self._rows, session)

    def termination_command(self, session: str) -> str:
        """Return the statement that ends a write session."""
        return activity.termination_command(session)

    def day_versions(self, query: DaysQuery) -> DayVersions | None:
        """Return a sum over the versions of each day's rows, None where it does not show all changes."""
        layout = self._layout(query.selection.table)
        if not self._profile.shows_row_versions:
            return None
        # Over one connection, so that both answers come from the same run of the server.
        with self._connections.lease() as lease:
            return day_versions(lease, layout, query)

    def waiting_sessions(self) -> int | None:
        """Return how many sessions in the database wait for a lock."""
        return activity.waiting_sessions(self._rows)

    def _check_writable(self) -> None:
        super()._check_writable()
        if self._profile.read_only:
            raise ServerReadOnlyError(
                f"{self._name}: the server {self._profile.read_only}.", hint="Use the server that accepts writes."
            )

    def _execute(self, text: str) -> None:
        with self._connections.lease() as lease:
            lease.run(Statement(f"BEGIN READ WRITE; {text}; COMMIT"))

    def _batches(self, query: ReadQuery) -> Generator[Any, None, None]:
        layout = self._layout(query.selection.table)
        rows = row_reader.table_read(layout, query, self._name, checked=self._profile.has_unknown_characters)
        with self._connections.lease() as lease:
            lease.run(Statement("BEGIN READ ONLY"))
            yield from row_reader.batches(lease, rows, row_reader.cursor_name())

    def _stored(self, table: str) -> tuple[Dialect, str]:
        layout = self._layout(table)
        return layout.dialect, layout.source

    def _layout(self, name: str) -> Layout:
        """Return how a table is stored, read once."""
        if folded(name) not in self._layouts:
            self.tables([name])
        if folded(name) not in self._layouts:
            raise self._missing_table(name)
        return self._layouts[folded(name)]

    def _sequences(self, layout: Layout) -> tuple[ColumnSequence, ...]:
        """Return the sequences that number columns of a table and can be advanced, read once."""
        if layout.source not in self._numbered:
            with self._connections.lease() as lease:
                (oid,) = lease.rows(Statement(OID, (layout.source,)))[0]
                numbering = read_sequences(lease.rows, read_families(lease.rows), (oid,))
                found = tuple(one for _, one in numbering if not one.counter.why_not_advanced)
            self._numbered[layout.source] = found
        return self._numbered[layout.source]

    def _holders(self, source: str) -> tuple[LockHolder, ...]:
        return activity.lock_holders(self._rows, source)

    def _check_outcome(self, transaction: int, why: BaseException) -> None:
        """Query the outcome of a transaction whose commit had no answer; return if it was committed.

        Raises a transient `ServerError` if it was not, and `UnknownOutcomeError` where that is not known: its server
        is not reached, is another one or was restarted since, or the transaction is still in progress. `why` is the
        reason that no answer came; after an interruption the outcome is not queried either.
        """
        if isinstance(why, CancelledError):
            raise unknown_outcome(self._name, why) from why
        until = machine.monotonic() + OUTCOME_SECONDS
        while True:
            try:
                status, started = self._rows(Statement(OUTCOME, (transaction,)))[0]
            except ServerError as error:
                if not error.transient or machine.monotonic() > until:
                    raise unknown_outcome(self._name, why) from error
                machine.sleep(0.1)
                continue
            if started != self._profile.started or status is None:
                raise unknown_outcome(self._name, why)
            if status == "committed":
                return
            if status == "aborted":
                raise rolled_back(self._name, why)
            if machine.monotonic() > until:
                raise unknown_outcome(self._name, why, "; it is still in progress")
            machine.sleep(0.1)
