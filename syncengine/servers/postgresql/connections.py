"""Connections to one PostgreSQL server: opened when needed, leased, and reused while they work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import pyarrow as pa
from sqlalchemy import event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from syncengine import machine
from syncengine.model.errors import ServerError, ServerSlowError, ServerUnreachableError, SyncError
from syncengine.model.names import quoted
from syncengine.model.never_pickled import NeverPickled
from syncengine.servers import connections
from syncengine.servers.driver_calls import CLOSING_SECONDS, Calls, too_long
from syncengine.servers.postgresql.driver import Backend, connect, is_driver_error
from syncengine.servers.postgresql.errors import refused_connection, sqlstate_of, translated
from syncengine.servers.postgresql.url import connection_string, schema_of
from syncengine.servers.sockets import OpeningConnection
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.url import ServerUrl

Result = TypeVar("Result")
MOST_MILLISECONDS = 2**31 - 1
MOST_VALUES = 65_535
"""Values the protocol can bind in one statement."""
SETTINGS = (
    # Reading never writes, even on a server open for writing: a session that writes sets this itself.
    "set_config('default_transaction_read_only', 'on', false), "
    "set_config('statement_timeout', ?, false), "
    "set_config('lock_timeout', ?, false), "
    # Where a policy would hide rows from this login, raise an error instead of returning fewer rows.
    "set_config('row_security', 'off', false), "
    # Cursors are read to their end.
    "set_config('cursor_tuple_fraction', '1', false)"
)


CONNECT_TOO_SLOW = (
    "Either it hangs, or it is not a PostgreSQL server: check the port in the url. If it is only slow, set "
    "limits.query_seconds in the pair file higher."
)


class Connections(connections.Connections["ConnectionLease"]):
    """Opens and leases the connections to one server."""

    def __init__(self, url: ServerUrl, name: str, *, query_seconds: int, lock_seconds: int) -> None:
        super().__init__(name)
        self._secret = url.password
        self._schema = schema_of(url)
        self._query_seconds = query_seconds
        self._lock_seconds = lock_seconds
        self._hanging = False
        """A connection is still being opened although its caller has left."""
        self._port = url.port
        self._database = self._connect(lambda: connect(connection_string(url)), OpeningConnection(url.port))
        # Uncommitted work is rolled back here, where it is known whether the connection is usable afterwards.
        self._pool = QueuePool(
            self._open, pool_size=connections.IDLE_CONNECTIONS, max_overflow=-1, reset_on_return=None
        )
        event.listen(self._pool, "checkout", self._check_alive)

    def _acquire(self) -> ConnectionLease:
        proxied = self._pool.connect()
        lease = cast("ConnectionLease", proxied.dbapi_connection)
        lease.proxied = proxied
        return lease

    def _release(self, lease: ConnectionLease, *, failed: bool) -> None:
        del failed
        whole = lease.rolled_back()
        proxied, lease.proxied = lease.proxied, None
        if proxied is None:
            return
        lease.used = True
        if whole and not self.closed:
            proxied.close()
        else:
            proxied.invalidate()

    def _open(self) -> DBAPIConnection:
        opening = OpeningConnection(self._port)
        backend = self._connect(lambda: Backend(self._database), opening)
        lease = ConnectionLease(backend, self.name, self._secret, self._query_seconds, opening)
        try:
            with self._interruptible(lease.calls):
                lease.rows(self._settings())
        except BaseException:
            lease.close()
            raise
        return cast("DBAPIConnection", lease)

    def _check_alive(self, lease: ConnectionLease, *_: object) -> None:
        """Let the pool replace a used connection that does not answer: the server may have restarted.

        One that takes too long is not replaced: the next would take as long.
        """
        if lease.used:
            try:
                with self._interruptible(lease.calls):
                    lease.run(Statement("SELECT 1"))
            except ServerSlowError:
                raise
            except ServerError as error:
                raise exc.DisconnectionError(str(error)) from error

    def _settings(self) -> Statement:
        values = tuple(
            str(min(seconds * 1000, MOST_MILLISECONDS)) for seconds in (self._query_seconds, self._lock_seconds)
        )
        if not self._schema:
            return Statement(f"SELECT {SETTINGS}", values)
        return Statement(f"SELECT {SETTINGS}, set_config('search_path', ?, false)", (*values, quoted(self._schema)))

    def _connect(self, reach: Callable[[], Result], opening: OpeningConnection) -> Result:
        # There is nothing to cancel yet: a call that hangs has its socket shut, or the database stays open.
        calls = Calls(self.name, self._query_seconds, stop=opening.shut, close=lambda: None)

        def connecting() -> Result:
            with opening.connecting():
                return reach()

        try:
            with self._interruptible(calls):
                return calls.run(connecting, what="connecting")
        except ServerSlowError as error:
            # Not the fault of one table: a server that accepts no connection is not queried again.
            raise ServerUnreachableError(error.message, hint=CONNECT_TOO_SLOW) from error
        except Exception as error:
            if not is_driver_error(error):
                raise
            refused, cause = refused_connection(self.name, error, self._secret), error
        finally:
            self._hanging = self._hanging or calls.abandoned
        raise refused from (None if self._secret and self._secret in str(cause) else cause)

    def _dispose(self) -> None:
        self._pool.dispose()

    def _all_ended(self) -> None:
        # An abandoned connection still uses it, and ends with the process.
        if not self._hanging:
            with suppress(RuntimeError):
                self._database.close()


class ConnectionLease(NeverPickled):
    """A leased connection, whose calls end in time and raise our errors."""

    def __init__(self, backend: Backend, name: str, secret: str, seconds: float, opening: OpeningConnection) -> None:
        self._backend = backend
        self.name = name
        self._secret = secret
        self.proxied: PoolProxiedConnection | None = None
        """Its place in the pool, while it is leased."""
        self.used = False
        self._shut = opening.shut
        self.calls = Calls(name, seconds, stop=backend.cancel, close=backend.close, cut=self._shut)

    @property
    def status(self) -> str:
        """The state of its transaction, from the driver; unknown when the connection is lost."""
        return "unknown" if self.calls.abandoned else self._backend.status

    def run(self, statement: Statement, deadline: float | None = None) -> int:
        """Run a statement and return how many rows it touched."""
        self._check(statement)
        return self._call(lambda: self._backend.run(statement), deadline)

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Return the rows of a query, all at once."""
        found = self.fetch(statement)
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def fetch(self, statement: Statement, deadline: float | None = None) -> pa.Table:
        """Return the rows of a query as Arrow, all at once; `deadline` is that of a stream they are a part of."""
        self._check(statement)
        return self._call(lambda: self._backend.fetch(statement), deadline)

    def append(self, schema: str, table: str, rows: pa.RecordBatch) -> int:
        """Copy rows into a table whose columns have the same names and types, and return how many were sent."""
        return self._call(lambda: self._backend.append(schema, table, rows))

    def commit(self) -> None:
        """Commit, raising the driver's errors; the outcome of one that takes too long is unknown."""
        self.calls.run(lambda: self._backend.run(Statement("COMMIT")), what="committing")

    def rolled_back(self) -> bool:
        """Roll back an open transaction; say whether the connection can be reused."""
        if self.calls.interrupted or self.calls.stopped:
            return False
        try:
            if self.status != "idle":
                self.run(Statement("ROLLBACK"), machine.monotonic() + CLOSING_SECONDS)
        except SyncError:
            return False
        return self.status == "idle"

    def close(self) -> None:
        """End it; one that hangs in a call ends when that does."""
        if not self.calls.abandoned:
            closing = Calls(self.name, CLOSING_SECONDS, stop=self._shut)
            with suppress(Exception):
                closing.run(self._backend.close)

    def _check(self, statement: Statement) -> None:
        if len(statement.values) > MOST_VALUES:
            raise ServerError(
                f"{self.name}: a question names {len(statement.values):,} values, of which it takes {MOST_VALUES:,}.",
                hint="Choose a shorter window, or fewer ACDs.",
                retry_smaller=True,
            )

    def _call(self, call: Callable[[], Result], deadline: float | None = None) -> Result:
        began = machine.monotonic()
        try:
            with translated(self.name, self._secret, lambda: self.status == "unknown"):
                return self.calls.run(call, deadline or self.calls.deadline())
        except ServerError as error:
            # The server ends a slow statement itself, and its message may be in any language.
            slow = sqlstate_of(error.__cause__ or error) == "57014"
            if slow and machine.monotonic() - began >= self.calls.seconds * 0.99:
                raise too_long(self.name, self.calls.seconds) from error
            raise
