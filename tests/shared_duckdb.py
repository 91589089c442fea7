"""A running DuckDB, shared with code that would start one: starting takes longer than most work in it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

NEW = ":memory:"
PER_INSTANCE = ("memory_limit", "threads", "temp_directory", "disabled_optimizers", "preserve_insertion_order")
"""Settings of each connection; the others are the same for all."""
_IDLE: list[duckdb.DuckDBPyConnection] = []
_LOCK = threading.Lock()
_NAMES = count(1)


def _set(connection: duckdb.DuckDBPyConnection, config: Mapping[str, Any]) -> bool:
    """Apply the settings of its next user; False if it has spilled already, and cannot spill elsewhere."""
    try:
        for name in PER_INSTANCE:
            connection.execute(f"SET {name} = '{config[name]}'" if name in config else f"RESET {name}")
    except duckdb.NotImplementedException:
        connection.close()
        return False
    return True


class AttachedDuckDB:
    """A connection whose database is attached to a running DuckDB; closing it releases that."""

    def __init__(self, database: str, *, read_only: bool, config: Mapping[str, Any]) -> None:
        with _LOCK:
            connection = _IDLE.pop() if _IDLE else None
        if connection is None or not _set(connection, config):
            connection = duckdb.connect(NEW)
            _set(connection, config)
        self._connection = connection
        self._name = f"attached_{next(_NAMES)}"
        try:
            place = str(database).replace("'", "''")
            connection.execute(f"ATTACH '{place}' AS {self._name} ({'READ_ONLY' if read_only else 'READ_WRITE'})")
            connection.execute(f"USE {self._name}")
        except BaseException:
            connection.close()
            raise

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor on the database; a new one begins in the DuckDB's own."""
        cursor = self._connection.cursor()
        cursor.execute(f"USE {self._name}")
        return cursor

    def close(self) -> None:
        """Release the DuckDB, or end it if something is still open in it."""
        try:
            self._connection.execute("USE memory")
            self._connection.execute(f"DETACH {self._name}")
        except (duckdb.Error, RuntimeError):
            self._connection.close()
        else:
            with _LOCK:
                _IDLE.append(self._connection)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class SharedDuckDB:
    """The module `duckdb`, but for `connect`."""

    def connect(self, database: str, *, read_only: bool = False, config: Mapping[str, Any]) -> AttachedDuckDB:
        """Return a DuckDB with a database attached."""
        if database != NEW and not Path(database).is_file():
            raise AssertionError(f"{database} would be made by opening it")
        return AttachedDuckDB(database, read_only=read_only, config=config)

    def __getattr__(self, name: str) -> Any:
        return getattr(duckdb, name)
