"""A thin SQLAlchemy dialect for Informix over DRDA: connecting, session set-up, errors, reflection, little SQL.

It works under SQLAlchemy 2.0 and 2.1, and is registered as `informix` and `informix+ibm_db`. The engine's own
queries are text (syncengine.servers.sql); the dialect gives them connections, and other tools the rest.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any, ClassVar

from sqlalchemy import URL, Connection, exc, pool
from sqlalchemy.engine import default, interfaces
from sqlalchemy.sql import compiler, sqltypes

from syncengine.model.names import folded
from syncengine.servers.informix import reflection
from syncengine.servers.informix.errors import is_lost
from syncengine.servers.informix.session_setup import set_up
from syncengine.servers.sockets import OpeningConnection

ISOLATION = {
    "DIRTY READ": "DIRTY READ",
    "COMMITTED READ": "COMMITTED READ",
    "LAST COMMITTED": "COMMITTED READ LAST COMMITTED",
    "CURSOR STABILITY": "CURSOR STABILITY",
    "REPEATABLE READ": "REPEATABLE READ",
}
PORT = re.compile(r"\bPORT=(\d+);")
OPENED = threading.local()
"""Per thread, as `by`, the opening of the connection that is being opened there, so that it can be abandoned."""
CONNECT_SECONDS = 10
"""How long the driver waits for a first answer."""
UTF_8 = "1208"
"""The driver's number for the code page of its texts."""
NO_TRANSACTIONS = ("SQLCODE=-255", "SQLCODE=-256")


def _constant(text: str) -> Callable[..., str]:
    """Return a method of a compiler that always writes the same text."""

    def write(*_: Any, **__: Any) -> str:
        return text

    return write


class InformixCompiler(compiler.SQLCompiler):
    """Informix's own syntax of queries."""

    def get_select_precolumns(self, select: Any, **kw: Any) -> str:
        """Write SKIP and FIRST before DISTINCT, as literals: Informix accepts no markers there."""
        skip = select._offset_clause  # noqa: SLF001  # the compiler's own access
        first = select._limit_clause  # noqa: SLF001  # the compiler's own access
        parts = [
            f"{word} {self.process(clause, literal_execute=True, **kw)} "
            for word, clause in (("SKIP", skip), ("FIRST", first))
            if clause is not None
        ]
        return "".join(parts) + str(super().get_select_precolumns(select, **kw))

    limit_clause = _constant("")
    """Nothing at the end."""
    default_from = _constant(" FROM informix.systables WHERE tabid = 1")
    """Informix selects from something, always."""
    visit_true, visit_false = _constant("'t'"), _constant("'f'")
    """BOOLEAN is written as a letter."""
    visit_now_func = _constant("CURRENT YEAR TO FRACTION(5)")
    for_update_clause = _constant(" FOR UPDATE")
    """Without OF and NOWAIT, which Informix lacks."""


class InformixTypeCompiler(compiler.GenericTypeCompiler):
    """Informix's own names of types."""

    visit_DATETIME = visit_TIMESTAMP = _constant("DATETIME YEAR TO FRACTION(5)")  # noqa: N815  # SQLAlchemy calls it by this name
    visit_TIME = _constant("DATETIME HOUR TO SECOND")  # noqa: N815  # SQLAlchemy calls it by this name
    visit_BOOLEAN = _constant("BOOLEAN")  # noqa: N815  # SQLAlchemy calls it by this name
    visit_DOUBLE = visit_DOUBLE_PRECISION = _constant("FLOAT")  # noqa: N815  # SQLAlchemy calls it by this name
    """FLOAT is the wide one, SMALLFLOAT the narrow one."""
    visit_REAL = _constant("SMALLFLOAT")  # noqa: N815  # SQLAlchemy calls it by this name
    visit_large_binary = _constant("BYTE")


class InformixIdentifierPreparer(compiler.IdentifierPreparer):
    """Never adds quotes: over DRDA they do not reliably make an identifier."""

    def _requires_quotes(self, value: str) -> bool:
        del value
        return False

    def quote_schema(self, schema: str, force: Any = None) -> str:
        """Write an owner in single quotes, which mean the same in every session."""
        del force
        return f"'{schema}'"


class InformixDialect(default.DefaultDialect):
    """Informix through ibm_db."""

    name = "informix"
    driver = "ibm_db"
    default_paramstyle = "qmark"
    max_identifier_length = 128
    supports_statement_cache = True
    supports_native_decimal = True
    supports_native_boolean = True
    supports_multivalues_insert = False
    use_insertmanyvalues = False
    insert_returning = False
    update_returning = False
    delete_returning = False
    supports_default_values = False
    supports_empty_insert = False
    supports_sane_rowcount = True
    supports_sane_multi_rowcount = False
    postfetch_lastrowid = False
    requires_name_normalize = False
    supports_comments = False
    statement_compiler = InformixCompiler
    type_compiler_cls = InformixTypeCompiler
    preparer = InformixIdentifierPreparer
    ischema_names: ClassVar[dict[str, type[sqltypes.TypeEngine[Any]]]] = reflection.TYPES
    skip_autocommit_rollback = True

    def __init__(
        self, lock_seconds: int = 30, autocommit: bool = False, isolation: str = "LAST COMMITTED", **kw: Any
    ) -> None:
        super().__init__(**kw)
        self.lock_seconds = lock_seconds
        self.autocommit = autocommit
        self.isolation = isolation

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Import the driver, after setting in the environment what a connection string cannot set.

        By default it answers a lost connection by connecting again and repeating the statement, silently:
        the session's settings, its locks and uncommitted work would be lost unnoticed. So that is turned off.
        """
        os.environ.setdefault("DB2CODEPAGE", UTF_8)
        os.environ["DB2_MAX_CLIENT_CONNRETRIES"] = "0"
        import ibm_db_dbi

        return ibm_db_dbi  # type: ignore[no-any-return]  # the driver has no types

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:
        """Use a pool of connections."""
        del url
        return pool.QueuePool

    def create_connect_args(self, url: URL) -> tuple[Sequence[str], dict[str, Any]]:
        """Return the connection string and options; the autocommit mode must be given now, not later."""
        import ibm_db

        from syncengine.servers.informix.url import connection_string, driver_keywords, from_parts

        # Not as one text: SQLAlchemy 2.0 does not encode all of a url that 2.1 decodes.
        parts = {"host": url.host, "port": url.port, "database": url.database, "user": url.username}
        texts = {name: str(value or "") for name, value in {**parts, "password": url.password}.items()}
        options = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
        parsed = from_parts(texts, options, "url")
        keywords = driver_keywords(parsed, connect_seconds=CONNECT_SECONDS, receive_seconds=0)
        mode = ibm_db.SQL_AUTOCOMMIT_ON if self.autocommit else ibm_db.SQL_AUTOCOMMIT_OFF
        dsn = connection_string(keywords, parsed.user, parsed.password)
        return (dsn, "", ""), {"conn_options": {ibm_db.SQL_ATTR_AUTOCOMMIT: mode}}

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        """Connect; the options are copied, since the driver changes what it is given."""
        options = dict(cparams.pop("conn_options", {}))
        port = int(PORT.search(cargs[0])[1])  # type: ignore[index]  # every connection string of ours has one
        opening: OpeningConnection = getattr(OPENED, "by", None) or OpeningConnection(port)
        with opening.connecting():
            connection = self.loaded_dbapi.connect(*cargs, conn_options=options, **cparams)
        connection.sockets = opening.sockets
        return connection

    def on_connect(self) -> Callable[[Any], None]:
        """Set every new session up."""

        def setting_up(connection: Any) -> None:
            set_up(connection, lock_seconds=self.lock_seconds, isolation=ISOLATION[self.isolation])

        return setting_up

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """Say whether an error means that the connection is gone."""
        del connection, cursor
        return is_lost(str(e))

    def do_ping(self, dbapi_connection: interfaces.DBAPIConnection) -> bool:
        """Run a small query."""
        cursor = dbapi_connection.cursor()
        try:
            cursor.execute("SELECT tabid FROM informix.systables WHERE tabid = 1")
            cursor.fetchall()
        finally:
            cursor.close()
        return True

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll back, where there are transactions."""
        # Where nothing can be rolled back, a rollback would only make the next statement fail.
        if not self.autocommit:
            self._if_logged(dbapi_connection.rollback)

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit, where there are transactions."""
        self._if_logged(dbapi_connection.commit)

    def do_close(self, dbapi_connection: Any) -> None:
        """Close, cursors first; the driver rolls back, which an unlogged database or a lost connection refuses.

        A statement that outlives its connection frees, when Python drops it, a handle that by then may be another
        connection's: the next call of that one then fails with an unrelated message.
        """
        for reference in tuple(dbapi_connection._cursor_list):  # noqa: SLF001  # the driver shows them nowhere else
            cursor = reference()
            if cursor is not None:
                with suppress(self.loaded_dbapi.Error):
                    cursor.close()
        with suppress(self.loaded_dbapi.Error):
            dbapi_connection.close()

    def _if_logged(self, do: Callable[[], Any]) -> None:
        try:
            do()
        except self.loaded_dbapi.Error as error:
            if not any(code in str(error) for code in NO_TRANSACTIONS):
                raise

    def detect_autocommit_setting(self, dbapi_conn: interfaces.DBAPIConnection) -> bool:
        """Say whether the connection was opened with autocommit."""
        import ibm_db

        return bool(ibm_db.autocommit(dbapi_conn.conn_handler))

    def get_isolation_level_values(self, dbapi_conn: Any) -> Sequence[Any]:
        """Return the levels there are."""
        del dbapi_conn
        return [*ISOLATION, "AUTOCOMMIT"]

    def get_default_isolation_level(self, dbapi_conn: Any) -> Any:
        """Return the level of a new session."""
        del dbapi_conn
        return self.isolation

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        """Return the level the session was set to; Informix has no simple query for it."""
        del dbapi_connection
        return "AUTOCOMMIT" if self.autocommit else self.isolation

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        """Set the level of a session; autocommit only when it is opened."""
        if level == "AUTOCOMMIT":
            raise exc.ArgumentError("Give autocommit=True to create_engine: the driver takes it when it connects.")
        cursor = dbapi_connection.cursor()
        try:
            cursor.execute(f"SET ISOLATION TO {ISOLATION[level]}")
        finally:
            cursor.close()

    def _get_server_version_info(self, connection: Connection) -> tuple[int, ...]:
        return reflection.version_info(connection)

    def _get_default_schema_name(self, connection: Connection) -> str:
        from syncengine.servers.informix.system_catalogue import USER

        return str(connection.exec_driver_sql(USER).scalar_one()).strip()

    def _check_max_identifier_length(self, connection: Connection) -> None:
        del connection

    def get_schema_names(self, connection: Connection, **_: Any) -> list[str]:
        """Return the owners of tables."""
        return reflection.owners(connection)

    def get_table_names(self, connection: Connection, schema: str | None = None, **_: Any) -> list[str]:
        """Return the tables of an owner, or of all."""
        return [table.name for table in reflection.tables(connection, schema) if table.kind == "T"]

    def get_view_names(self, connection: Connection, schema: str | None = None, **_: Any) -> list[str]:
        """Return the views of an owner, or of all."""
        return [table.name for table in reflection.tables(connection, schema) if table.kind == "V"]

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> bool:
        """Say whether there is such a table or view."""
        return any(table.name == folded(table_name) for table in reflection.tables(connection, schema))

    def get_columns(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> Any:
        """Return the columns of a table."""
        return reflection.columns_of(connection, self._table(connection, table_name, schema))

    def get_pk_constraint(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> Any:
        """Return the primary key, its columns in the key's own order."""
        return reflection.primary_key(connection, self._table(connection, table_name, schema))

    def get_indexes(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> Any:
        """Return the indexes of a table."""
        return reflection.indexes_of(connection, self._table(connection, table_name, schema))

    def get_unique_constraints(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> Any:
        """Return the unique constraints of a table."""
        return reflection.unique_constraints(connection, self._table(connection, table_name, schema))

    def get_foreign_keys(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """Return none: CMS declares none."""
        del connection, table_name, schema, kw
        return []

    def _table(self, connection: Connection, name: str, schema: str | None) -> reflection.Table:
        found = [table for table in reflection.tables(connection, schema) if table.name == folded(name)]
        if not found:
            raise exc.NoSuchTableError(name)
        return found[0]
