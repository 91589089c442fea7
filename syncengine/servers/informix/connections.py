"""Connections to one Informix server: pooled by SQLAlchemy, leased, and abandoned when a call hangs."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import ibm_db
import sqlalchemy
from sqlalchemy import exc

from syncengine.model.errors import ServerError, ServerSlowError, ServerUnreachableError, SyncError
from syncengine.model.never_pickled import NeverPickled
from syncengine.servers import connections
from syncengine.servers.driver_calls import CLOSING_SECONDS, Calls
from syncengine.servers.informix.dialect import ISOLATION, OPENED
from syncengine.servers.informix.errors import error_of, translated
from syncengine.servers.informix.first_answer import connection_error
from syncengine.servers.sockets import OpeningConnection
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.url import ServerUrl

BATCH_ROWS = 8192
ABANDONED: list[ConnectionLease] = []
"""Connections with an abandoned call: one for each query that took too long."""


class Connections(connections.Connections["ConnectionLease"]):
    """Opens and leases the connections to one server."""

    def __init__(self, url: ServerUrl, name: str, *, query_seconds: int, lock_seconds: int) -> None:
        super().__init__(name)
        self.secret = url.password
        self._query_seconds = query_seconds
        self._options = {
            "lock_seconds": lock_seconds,
            "pool_size": connections.IDLE_CONNECTIONS,
            "max_overflow": -1,
        }
        self._url = sqlalchemy.URL.create(
            "informix+ibm_db",
            username=url.user,
            password=url.password,
            host=url.host,
            port=url.port,
            database=url.database,
            query=dict(url.options),
        )
        self._port = url.port
        self._address = url
        self._connected_before = False
        self._driver_connections: weakref.WeakSet[Any] = weakref.WeakSet()
        """The driver's own connections, as long as they are in use."""
        self._engine = self._new_engine(autocommit=False)

    @contextmanager
    def lease(self, isolation: str | None = None) -> Iterator[ConnectionLease]:
        """Lease a connection, with its own `isolation` if given; it is rolled back when the lease ends."""
        with super().lease() as lease:
            if isolation is not None:
                lease.set_isolation(isolation)
            yield lease

    def without_transactions(self) -> None:
        """Use connections of an unlogged database from now on, where every statement stands for itself."""
        self._dispose()
        self._engine = self._new_engine(autocommit=True)

    def _new_engine(self, *, autocommit: bool) -> sqlalchemy.Engine:
        # Uncommitted work is rolled back here, where it is known whether the connection is usable afterwards.
        return sqlalchemy.create_engine(self._url, autocommit=autocommit, pool_reset_on_return=None, **self._options)

    def _acquire(self) -> ConnectionLease:
        opening = OpeningConnection(self._port)
        calls = Calls(self.name, self._query_seconds, stop=opening.shut)

        def connect() -> Any:
            OPENED.by = opening
            return self._engine.raw_connection()

        try:
            with self._interruptible(calls), translated(self.name, self.secret):
                try:
                    proxied = calls.run(connect, what="connecting")
                except exc.DBAPIError as error:
                    raise error_of(self.name, str(error.orig), self.secret) from error.orig
        except ServerError as error:
            if not self._connected_before:
                raise connection_error(self._address, self.name, error) from error
            if isinstance(error, ServerSlowError):
                # Not the fault of one table: a server that accepts no connection is not queried again.
                raise ServerUnreachableError(error.message, hint=error.hint) from error
            raise
        self._connected_before = True
        self._driver_connections.add(proxied.dbapi_connection)
        return ConnectionLease(proxied, self.name, self.secret, self._query_seconds, self._engine.dialect)

    def _release(self, lease: ConnectionLease, *, failed: bool) -> None:
        # A connection that failed once is not leased again.
        lease.end(reusable=not (failed or self.closed))

    def _dispose(self) -> None:
        engine = self._engine
        closing = Calls(self.name, CLOSING_SECONDS, stop=self._shut_idle)
        with suppress(ServerError):
            closing.run(engine.dispose)

    def _shut_idle(self) -> None:
        """End the idle connections, under the call that is closing them."""
        with self._guard:
            leased = {one.connection for one in self._leased}
        for connection in tuple(self._driver_connections):
            if connection.conn_handler is not None and connection not in leased:
                shut(connection)


class ConnectionLease(NeverPickled):
    """A leased connection."""

    def __init__(self, proxied: Any, name: str, secret: str, query_seconds: float, dialect: sqlalchemy.Dialect) -> None:
        self._proxied = proxied
        self._dialect = dialect
        self.connection = proxied.dbapi_connection
        """The driver's own connection."""
        self.calls = Calls(name, query_seconds, stop=self._shut)
        self._name = name
        self._secret = secret
        self._isolated = False
        self.single_use = False
        """It must not be leased again."""

    def set_isolation(self, isolation: str) -> None:
        """Set an isolation level until the lease ends."""
        self._isolated = True
        self.run(Statement(f"SET ISOLATION TO {ISOLATION[isolation]}"))

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return [row for rows in self.batches(statement) for row in rows]

    def run(self, statement: Statement) -> int:
        """Run a statement without a result, and return how many rows it touched."""
        deadline = self.calls.deadline()
        with translated(self._name, self._secret):
            cursor = self._proxied.cursor()
            self.calls.run(lambda: _execute(cursor, statement), deadline)
            count = int(cursor.rowcount)
            self.calls.run(cursor.close, deadline)
        return count

    def batches(self, statement: Statement) -> Generator[Sequence[tuple[Any, ...]], None, None]:
        """Yield the rows of a query in lists of bounded length, all within the time a query may take."""
        deadline = self.calls.deadline()
        with translated(self._name, self._secret):
            cursor = self._proxied.cursor()
            try:
                self.calls.run(lambda: _execute(cursor, statement), deadline)
                while rows := self.calls.run(lambda: cursor.fetchmany(BATCH_ROWS), deadline):
                    yield rows
            except BaseException:
                # The reader stopped. Its error is reported, not one from closing the cursor.
                with suppress(SyncError), translated(self._name, self._secret):
                    self.calls.run(cursor.close, deadline)
                raise
            self.calls.run(cursor.close, deadline)

    def cursor(self) -> Any:
        """Return a cursor of the driver's own, for writing."""
        with translated(self._name, self._secret):
            return self._proxied.cursor()

    def commit(self) -> None:
        """Commit, raising the driver's errors; the outcome of one that takes too long is unknown."""
        # The driver's own method loses the text of an error.
        self.calls.run(lambda: ibm_db.commit(self.connection.conn_handler), what="committing")

    def end(self, *, reusable: bool) -> None:
        """Return it to the pool, or end it; either rolls back."""
        if reusable and not self.single_use and self._is_reset():
            self._close()
            return
        self._proxied.detach()
        if not self.calls.abandoned:
            self._close()
        if self.calls.abandoned:
            # A call still runs on it, and closing it would wait for that call: it ends when that does. It stays here,
            # since a statement dropped after its connection frees a handle that may be another's by then.
            ABANDONED.append(self)

    def _is_reset(self) -> bool:
        """Roll back, where there are transactions, and say whether the connection can be reused."""
        if not self._succeeds(lambda: self._dialect.do_rollback(self.connection)):
            return False
        if not self._isolated:
            return True
        text = f"SET ISOLATION TO {self.connection.isolation}"
        return self._succeeds(lambda: _run(self._proxied.cursor(), Statement(text)))

    def _close(self) -> None:
        """Return it to the pool, or end it where it was detached."""
        self._succeeds(self._proxied.close)

    def _succeeds(self, call: Callable[[], object]) -> bool:
        """Say whether the last call of a lease succeeded."""
        closing = Calls(self._name, CLOSING_SECONDS, stop=self._shut)
        try:
            with translated(self._name, self._secret):
                closing.run(call)
        except SyncError:
            return False
        finally:
            self.calls.abandoned = self.calls.abandoned or closing.abandoned
        return True

    def _shut(self) -> None:
        shut(self.connection)


def shut(connection: Any) -> None:
    """End a connection of the driver, also during a call."""
    for one in connection.sockets:
        one.shut()


def _run(cursor: Any, statement: Statement) -> None:
    _execute(cursor, statement)
    cursor.close()


def _execute(cursor: Any, statement: Statement) -> None:
    if statement.values:
        cursor.execute(statement.text, tuple(statement.values))
    else:
        cursor.execute(statement.text)
