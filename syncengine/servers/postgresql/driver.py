"""The driver, and nothing else: its calls wait as long as the server takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

import adbc_driver_manager
import adbc_driver_postgresql
import pyarrow as pa

from syncengine.model.selection import Value
from syncengine.servers.postgresql.dialect import numbered
from syncengine.servers.sql.dialect import Statement

WITHOUT_COPY = {"adbc.postgresql.use_copy": "false"}
"""The driver reads through COPY by default, which accepts neither bound values nor FETCH."""
MOST_DIGITS = 38
"""Of a decimal that is bound."""
TRANSACTION_STATUS = "adbc.postgresql.transaction_status"


def connect(connection_string: str) -> adbc_driver_manager.AdbcDatabase:
    """Return the driver's database, from which connections are opened; this connects once to read its types."""
    database: adbc_driver_manager.AdbcDatabase = adbc_driver_postgresql.connect(connection_string)
    return database


def is_driver_error(error: BaseException) -> bool:
    """Say whether an error is one of the driver's own."""
    return isinstance(error, adbc_driver_manager.Error)


class Backend:
    """One connection. It takes one call at a time, from any thread; only `cancel` may come in between."""

    def __init__(self, database: adbc_driver_manager.AdbcDatabase) -> None:
        self._connection = adbc_driver_manager.AdbcConnection(database)

    def run(self, statement: Statement) -> int:
        """Run a statement and return how many rows it touched, -1 where it does not say."""
        with adbc_driver_manager.AdbcStatement(self._connection) as prepared:
            prepared.set_sql_query(numbered(statement.text))
            if statement.values:
                prepared.bind(_bound(statement.values))
            return int(prepared.execute_update())

    def fetch(self, statement: Statement) -> pa.Table:
        """Return all rows of a query: the driver has them all in memory."""
        with adbc_driver_manager.AdbcStatement(self._connection) as prepared:
            prepared.set_options(**WITHOUT_COPY)
            prepared.set_sql_query(numbered(statement.text))
            if statement.values:
                prepared.bind(_bound(statement.values))
            stream, _ = prepared.execute_query()
            with pa.RecordBatchReader.from_stream(stream) as reader:
                return reader.read_all()

    def append(self, schema: str, table: str, rows: pa.RecordBatch) -> int:
        """Copy rows into a table whose columns have the same names and types, and return how many were sent."""
        with adbc_driver_manager.AdbcStatement(self._connection) as prepared:
            prepared.set_options(
                **{
                    "adbc.ingest.mode": "adbc.ingest.mode.append",
                    "adbc.ingest.target_table": table,
                    "adbc.ingest.target_db_schema": schema,
                }
            )
            prepared.bind(rows)
            return int(prepared.execute_update())

    @property
    def status(self) -> str:
        """The state of its transaction: idle, intrans, inerror, active, or unknown when the connection is lost."""
        return str(self._connection.get_option(TRANSACTION_STATUS))

    def cancel(self) -> None:
        """Cancel the running statement, over a connection of its own."""
        self._connection.cancel()

    def close(self) -> None:
        """End it; what was not committed is rolled back."""
        self._connection.close()


def _bound(values: Sequence[Value]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array([value], _parameter_type(value)) for value in values],
        names=[str(place) for place in range(1, len(values) + 1)],
    )


def _parameter_type(value: object) -> pa.DataType:
    match value:
        case bool():
            return pa.bool_()
        case int():
            return pa.int64()
        case float():
            return pa.float64()
        case Decimal():
            return pa.decimal128(MOST_DIGITS, -int(value.as_tuple().exponent))
        case datetime():
            return pa.timestamp("us")
        case date():
            return pa.date32()
        case time():
            return pa.time64("us")
        case bytes():
            return pa.binary()
        case _:
            return pa.string()
