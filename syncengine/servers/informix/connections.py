"""Connections to one Informix server: opened through SQLAlchemy's pool, lent, and given up when a call hangs."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import ibm_db
import sqlalchemy
from sqlalchemy import exc

from syncengine.model.errors import ServerError, ServerUnreachableError
from syncengine.servers import connections
from syncengine.servers.driver_calls import Calls
from syncengine.servers.informix.dialect import ISOLATION
from syncengine.servers.informix.errors import DRDA_ALIAS, error_of, translated
from syncengine.servers.informix.sockets import shut
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.url import ServerUrl

BATCH_ROWS = 8192
CLOSING_SECONDS = 10.0
GIVEN_UP: list[Lent] = []
"""Connections whose call was not waited for: one for each query that took too long."""


class Connections(connections.Connections["Lent"]):
    """Opens and lends the connections to one server."""

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
        self._reached = False
        self._engine = self._new_engine(autocommit=False)

    @contextmanager
    def lent(self, isolation: str | None = None) -> Iterator[Lent]:
        """Lend a connection; it is rolled back when it is given back. `isolation` makes it one of its own."""
        with super().lent() as lent:
            if isolation is not None:
                lent.isolate(isolation)
            yield lent

    def without_transactions(self) -> None:
        """Go on with connections of an unlogged database, where every statement stands for itself."""
        self._engine.dispose()
        self._engine = self._new_engine(autocommit=True)

    def _new_engine(self, *, autocommit: bool) -> sqlalchemy.Engine:
        # Where nothing can be rolled back, asking for it would only upset the statement that comes next.
        reset = None if autocommit else "rollback"
        return sqlalchemy.create_engine(self._url, autocommit=autocommit, pool_reset_on_return=reset, **self._options)

    def _lend(self) -> Lent:
        calls = Calls(self.name, self._query_seconds)
        try:
            with translated(self.name, self.secret):
                try:
                    proxied = calls.run(self._engine.raw_connection, calls.deadline())
                except exc.DBAPIError as error:
                    raise error_of(self.name, str(error.orig), self.secret) from error.orig
        except ServerUnreachableError as error:
            if self._reached or not error.transient:
                raise
            # Somebody accepted the connection, and then did not say what a DRDA server says.
            raise ServerUnreachableError(
                f"{self.name}: the port is not one that speaks DRDA: it accepts, and then says nothing of use.",
                hint=DRDA_ALIAS,
            ) from error
        self._reached = True
        return Lent(proxied, self.name, self.secret, self._query_seconds)

    def _take_back(self, lent: Lent, *, failed: bool) -> None:
        # What failed once is not lent again: the next one may be whole.
        lent.end(reusable=not (failed or self.closed))

    def _dispose(self) -> None:
        self._engine.dispose()


class Lent:
    """A connection in use."""

    def __init__(self, proxied: Any, name: str, secret: str, query_seconds: float) -> None:
        self._proxied = proxied
        self.calls = Calls(name, query_seconds, stop=self._shut)
        self._name = name
        self._secret = secret
        self._isolated = False
        self._sockets: frozenset[int] = proxied.dbapi_connection.sockets

    def isolate(self, isolation: str) -> None:
        """Read under an isolation of its own, after which nobody else has this connection."""
        self._isolated = True
        self.run(Statement(f"SET ISOLATION TO {ISOLATION[isolation]}"))

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return [row for rows in self.batches(statement) for row in rows]

    def run(self, statement: Statement) -> int:
        """Run a statement that has no rows, and return how many it touched."""
        deadline = self.calls.deadline()
        cursor = self._cursor()
        with translated(self._name, self._secret):
            self.calls.run(lambda: _execute(cursor, statement), deadline)
            count = int(cursor.rowcount)
            self.calls.run(cursor.close)
        return count

    def batches(self, statement: Statement) -> Generator[Sequence[tuple[Any, ...]], None, None]:
        """Yield the rows of a query in lists of bounded length, all within the time a query may take."""
        deadline = self.calls.deadline()
        cursor = self._cursor()
        try:
            with translated(self._name, self._secret):
                self.calls.run(lambda: _execute(cursor, statement), deadline)
            while True:
                with translated(self._name, self._secret):
                    rows = self.calls.run(lambda: cursor.fetchmany(BATCH_ROWS), deadline)
                if not rows:
                    return
                yield rows
        finally:
            if not self.calls.given_up:
                cursor.close()

    def cursor(self) -> Any:
        """Return a cursor of the driver's own, for writing."""
        return self._cursor()

    def _shut(self) -> None:
        for number in self._sockets:
            shut(number)

    def commit(self) -> None:
        """Commit, without a time limit: one that was cut off would be of unknown outcome."""
        connection = self._proxied.dbapi_connection.conn_handler
        # The driver's own method loses the words of an error.
        self.calls.run(lambda: ibm_db.commit(connection))

    def end(self, *, reusable: bool) -> None:
        """Give it back to the pool, or end it; either rolls back."""
        if not reusable or self._isolated or self.calls.given_up:
            self._proxied.detach()
        if self.calls.given_up:
            # A call still runs on it, and closing it would wait for that call: it ends when that does. It is kept,
            # since a statement dropped after its connection frees a handle that may be another's by then.
            GIVEN_UP.append(self)
            return
        with suppress(ServerError), translated(self._name, self._secret):
            # Whatever is wrong with it now, it is of no more use to anybody.
            closing = Calls(self._name, CLOSING_SECONDS)
            closing.run(self._proxied.close, closing.deadline())

    def _cursor(self) -> Any:
        with translated(self._name, self._secret):
            return self._proxied.cursor()


def _execute(cursor: Any, statement: Statement) -> None:
    if statement.values:
        cursor.execute(statement.text, tuple(statement.values))
    else:
        cursor.execute(statement.text)
