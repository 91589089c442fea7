"""A CMS database on an Informix server, reached over DRDA."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import ServerError, ServerUnreachableError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.names import folded
from syncengine.model.pair import Limits, Role
from syncengine.model.remembered_days import DaysQuery, DayVersions
from syncengine.model.selection import ReadQuery
from syncengine.model.spec import ColumnType
from syncengine.model.surroundings import Surroundings
from syncengine.servers import watchdog
from syncengine.servers.any_kind import LiveServer
from syncengine.servers.informix import lock_holders, row_reader
from syncengine.servers.informix.connections import Connections
from syncengine.servers.informix.fingerprint_trust import FoldedTypes, trusted_types
from syncengine.servers.informix.identity import Identity, identify
from syncengine.servers.informix.reflection import Table, read_columns, read_indexes, read_tables
from syncengine.servers.informix.row_writer import WritePath, path_fault
from syncengine.servers.informix.session import InformixSession
from syncengine.servers.informix.sql import INFORMIX, portions
from syncengine.servers.informix.surroundings import read_surroundings
from syncengine.servers.informix.system_catalogue import SESSION_ALIVE, WAITING_SESSIONS
from syncengine.servers.informix.types import ddl_type, readable
from syncengine.servers.informix.url import CHECK_PORT, parse_url
from syncengine.servers.local_fingerprints import fold_here, folds_all, needed_columns
from syncengine.servers.protocol import (
    Capabilities,
    LiveColumn,
    LiveTable,
    ServerDescription,
    SessionState,
    scratch_name,
)
from syncengine.servers.sql.dialect import PLAIN, Dialect, Statement
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from syncengine.servers.url import listening_address

log = logging.getLogger(__name__)

SESSION_ID = re.compile(r"(?P<sid>[0-9]{1,10})-[0-9a-f]{32}")
"""The id of a session; without the number where the server did not report it."""


class InformixServer(LiveServer[Connections]):
    """One database. Reading fewer rows than the server counts is an error."""

    def __init__(self, url: str, role: Role, *, writable: bool, limits: Limits, load: str | None = None) -> None:
        parsed = parse_url(url, f"{role}.url")
        watchdog.start(limits.query_seconds)
        self._url, self._address = parsed, listening_address(parsed, str(role), CHECK_PORT)
        self._tables: dict[str, LiveTable] | None = None
        self._write_path: WritePath | None = None
        connections = Connections(
            parsed, str(role), query_seconds=limits.query_seconds, lock_seconds=limits.lock_seconds
        )
        super().__init__(connections, role, writable=writable, load=load)

    def _reach(self) -> None:
        with self._connections.lease() as lease:
            self._identity: Identity = identify(lease.rows, self._address, self._url)
            self._folds = FoldedTypes(trusted_types(lease.rows))
        if not self._identity.logged:
            self._connections.without_transactions()

    def describe(self) -> ServerDescription:
        """Describe the server."""
        return ServerDescription(
            role=self._role,
            kind="informix",
            version=self._identity.version,
            identity=self._identity.text,
            capabilities=Capabilities(
                transactions=self._identity.logged,
                locks_per_row=True,
                writable=self._writable,
                write_path=self._write_path or "",
                folds=self._folds.trusted,
                locks_by_update=self._identity.logged,
            ),
            user=self._identity.user,
            locale=self._identity.locale,
            notes=self._identity.notes,
            load=self._load,
        )

    def tables(self, names: Collection[str]) -> Mapping[str, LiveTable]:
        """Return those of the named tables that exist, under the requested names."""
        existing = self._reflect(names)
        return {name: existing[folded(name)] for name in names if folded(name) in existing}

    def surroundings(self, names: Collection[str]) -> Mapping[str, Surroundings]:
        """Return the triggers, references and constraints of the named tables that exist, under the requested names."""
        with self._connections.lease() as lease:

            def run_query(text: str) -> list[tuple[Any, ...]]:
                return lease.rows(Statement(text))

            every = read_tables(run_query)
            chosen = _selected_tables(every, {folded(name) for name in names}, self._identity, self._name)
            found = read_surroundings(run_query, tuple(chosen.values()), every)
        return {name: replace(found[folded(name)], table=name) for name in names if folded(name) in found}

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Yield each non-empty bucket once, in no order.

        Where the server does not compute a type as defined, the rows are fetched and computed here.
        """
        _, source = self._stored(query.selection.table)
        if not folds_all(query, self._folds.of(query.selection.table)):
            yield from fold_here(query, self.read(ReadQuery(query.selection, needed_columns(query))))
            return
        with self._connections.lease() as lease:
            for selection in portions(query.selection):
                part = row_reader.narrowed(query, selection)
                for row in lease.rows(fingerprint_statement(part, INFORMIX, source)):
                    yield bucket_state(row)

    def _batches(self, query: ReadQuery) -> Generator[Any, None, None]:
        table = self._table(query.selection.table)
        with self._connections.lease() as lease:
            yield from row_reader.read(lease, table, query, self._name, self._folds)

    @contextmanager
    def begin(self) -> Iterator[InformixSession]:
        """Open a transaction; leaving it without commit rolls back, where the database has a log."""
        self._check_writable()
        path = self._fastest_path()
        isolation = "REPEATABLE READ" if self._identity.logged else "DIRTY READ"
        with self._connections.lease(isolation) as lease:
            session = InformixSession(
                lease,
                self._name,
                self._table,
                path,
                logged=self._identity.logged,
                folds=self._folds,
                holders=lambda table: lock_holders.holders_of(self._rows, table),
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
        described = ", ".join(f"{INFORMIX.name(column)} {ddl_type(of)}" for column, of in columns)
        self._execute(f"CREATE TABLE {name} ({described}) LOCK MODE ROW")
        self._tables = None
        try:
            yield name
        finally:
            self._execute(f"DROP TABLE {name}")
            self._tables = None

    def session_state(self, session: str) -> SessionState:
        """Say whether a write session lives, by its number in the server's own list; raises for a lost connection."""
        number = SESSION_ID.fullmatch(session)
        if number is None:
            return SessionState.UNKNOWN
        found = self._session_count(Statement(SESSION_ALIVE, (int(number["sid"]),)))
        if found is None:
            return SessionState.UNKNOWN
        return SessionState.ALIVE if found else SessionState.GONE

    def termination_command(self, session: str) -> str:
        """Return the command with which user informix ends a session, by its number in the server's list."""
        number = SESSION_ID.fullmatch(session)
        return "" if number is None else lock_holders.termination_command(int(number["sid"]))

    def day_versions(self, query: DaysQuery) -> DayVersions | None:
        """Return None: neither its rows nor its catalogue show changes."""
        del query
        return None

    def waiting_sessions(self) -> int | None:
        """Return how many sessions of the whole server wait for locks: their databases are not reported."""
        return self._session_count(Statement(WAITING_SESSIONS))

    def _fastest_path(self) -> WritePath:
        """Choose once how rows are written: a path that loses or changes one is not used."""
        if self._write_path is None:
            reasons: list[str] = []
            for path in WritePath:
                # Each on a connection of its own: some servers end a connection that tries an unknown path.
                with self._connections.lease("DIRTY READ") as lease:
                    reason = path_fault(lease, path)
                    lease.single_use = bool(reason)
                if not reason:
                    self._write_path = path
                    return path
                reasons.append(f"{path}: {reason}")
                log.info("%s: rows are not written as %s: %s", self._name, path, reason)
            raise ServerError(
                f"{self._name}: no way of inserting rows is reliable here ({'; '.join(reasons)}).",
                hint="Run `syncengine check --scratch` and attach its output to a bug report.",
            )
        return self._write_path

    def _execute(self, text: str) -> None:
        with self._connections.lease() as lease:
            lease.run(Statement(text))
            if self._identity.logged:
                lease.commit()

    def _session_count(self, statement: Statement) -> int | None:
        """Return a count of the server's sessions, None where it is reached and does not report it."""
        reached = False
        try:
            with self._connections.lease() as lease:
                reached = True
                return int(lease.rows(statement)[0][0])
        except ServerError as error:
            # A sysmaster that cannot be opened counts as unreachable, too, but no connection was lost.
            lost = isinstance(error, ServerUnreachableError) and error.transient
            if lost or not reached:
                raise
            log.info("%s: it reports nothing about sessions: %s", self._name, error.message)
            return None

    def _stored(self, table: str) -> tuple[Dialect, str]:
        return INFORMIX, row_reader.source_of(self._table(table))

    def _table(self, name: str) -> LiveTable:
        found = self._reflect([name]).get(folded(name))
        if found is None:
            raise self._missing_table(name)
        return found

    def _reflect(self, names: Collection[str]) -> Mapping[str, LiveTable]:
        """Return the live tables by name; the catalogue is read once, and again for a table it did not have."""
        wanted = {folded(name) for name in names}
        if self._tables is None or not wanted <= self._tables.keys():
            with self._connections.lease() as lease:
                self._tables = {**(self._tables or {}), **_live_tables(lease.rows, wanted, self._identity, self._name)}
        return self._tables


def _selected_tables(
    tables: Iterable[Table], wanted: Collection[str], identity: Identity, server: str
) -> dict[str, Table]:
    """Return the tables with these names: of two owners' tables of one name, the login's own."""
    found: dict[str, Table] = {}
    for table in tables:
        if table.name not in wanted:
            continue
        other = found.get(table.name)
        if other is not None and identity.user not in (table.owner, other.owner):
            raise ServerError(
                f"{server}: both {other.owner} and {table.owner} have a table {table.name}.",
                hint="Log in as the owner of the tables to be used.",
            )
        if other is None or table.owner == identity.user:
            found[table.name] = table
    return found


def _live_tables(
    rows: Callable[[Statement], list[tuple[Any, ...]]], wanted: Collection[str], identity: Identity, server: str
) -> dict[str, LiveTable]:
    """Read the catalogue's entries of some tables."""

    def run_query(text: str) -> list[tuple[Any, ...]]:
        return rows(Statement(text))

    found = _selected_tables(read_tables(run_query), wanted, identity, server)
    ids = [table.id for table in found.values()]
    columns: dict[int, list[LiveColumn]] = {}
    for column in read_columns(run_query, ids):
        columns.setdefault(column.table, []).append(
            LiveColumn(
                column.name,
                column.stored.type,
                column.stored.native,
                column.stored.nullable,
                readable(column.stored.type),
            )
        )
    indexes: dict[int, list[str]] = {}
    for index in read_indexes(run_query, ids):
        indexes.setdefault(index.table, []).append(index.name)
    return {
        name: LiveTable(
            name,
            tuple(columns.get(table.id, ())),
            table.owner,
            tuple(indexes.get(table.id, ())),
            _problem(name, [column.name for column in columns.get(table.id, ())]),
        )
        for name, table in found.items()
    }


def _problem(table: str, columns: Collection[str]) -> str:
    """Return why a table cannot be queried: quotes, which some names need, make text in sessions like ours."""
    odd = [name for name in (table, *columns) if PLAIN.fullmatch(name) is None]
    return f"calls something {odd[0]!r} in the table {table}, a name that needs quotes" if odd else ""
