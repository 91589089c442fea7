"""The PostgreSQL database of a world's server."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import adbc_driver_manager
import pyarrow as pa

from tests.servers.postgresql import cluster as postgresql
from tests.servers.postgresql.loading import postgresql_type
from tests.world.databases import BusyError, LaidOut, StatementError, layouts
from tests.world.tables import world_catalogue
from tests.world.values import Bag, Server

LOCKED = ("55P03", "40P01", "40001")
"""Another session has a lock on the rows, or both wait for each other."""
WHO = "cms:${CMS_PASSWORD}"
FUNCTION = "CREATE OR REPLACE FUNCTION own_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"


class PostgreSQLDatabase(LaidOut):
    """A database of the cluster of this process; its pair file takes the password from the environment."""

    def __init__(self, server: Server, *, whole: bool = False) -> None:
        self.server: Server = server
        self._layouts = layouts(whole)
        self._database = postgresql.cluster().create_filled(("world", whole), lambda empty: _fill(empty, whole=whole))
        self.url = self._database.url_for(WHO)
        self._columns: dict[str, tuple[tuple[str, bool], ...]] = {}
        os.environ.update(postgresql.environment())
        self.run("SET lock_timeout = '300ms'")

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table, in order; none where there is no such table."""
        return tuple(name for name, _ in self._described(table))

    def _insert(self, table: str, rows: pa.Table) -> None:
        with _busy():
            self._database.copy(table, rows)

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows; raises `BusyError` where another session holds what it needs."""
        numbers = count(1)
        text = "".join(f"${next(numbers)}" if part == "?" else part for part in _parts(sql))
        with _busy():
            found = self._database.run(text, list(values))
        if sql.lstrip()[:5].upper() in ("ALTER", "CREAT", "DROP "):
            self._columns.clear()
        return found

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done within it at its end, or nothing; raises `BusyError` as `run` does."""
        self.run("BEGIN")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            with suppress(StatementError):
                self.run("ROLLBACK")
            raise
        finally:
            self._columns.clear()

    def add_trigger(self, table: str) -> None:
        """Add a trigger that changes nothing."""
        self.run(FUNCTION)
        self.run(f"CREATE TRIGGER own BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION own_trigger()")

    def bags(self, tables: Sequence[str]) -> dict[str, Bag]:
        """Return the rows of those of some tables that are there."""
        return {table: self.bag(table) for table in tables if self.columns(table)}

    def bag(self, table: str, where: str = "1 = 1", values: Sequence[Any] = ()) -> Bag:
        """Return the rows of a table, or some of them."""
        described = self._described(table)
        if not described:
            return Counter()
        listed = ", ".join(f"rtrim({name})" if text else name for name, text in described)
        return Counter(self.run(f"SELECT {listed} FROM {table} WHERE {where}", values))

    def close(self) -> None:
        """Remove the database."""
        postgresql.cluster().drop_database(self._database)

    def _described(self, table: str) -> tuple[tuple[str, bool], ...]:
        """Return the columns of a table, each with whether it is text."""
        if not self._columns:
            found: dict[str, list[tuple[str, bool]]] = {}
            for of, name, native in self.run(
                "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns "
                "WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
            ):
                found.setdefault(of, []).append((name, "char" in native or native == "text"))
            self._columns = {of: tuple(columns) for of, columns in found.items()}
        return self._columns.get(table, ())


def _fill(empty: postgresql.Database, *, whole: bool) -> None:
    for spec in world_catalogue(whole).tables:
        listed = ", ".join(f"{column.name} {postgresql_type(column.type)}" for column in spec.columns)
        empty.run(f"CREATE TABLE {spec.name} ({listed})")


def _parts(sql: str) -> Iterator[str]:
    """Yield the text between the places of values, and each place."""
    first, *others = sql.split("?")
    yield first
    for one in others:
        yield "?"
        yield one


@contextmanager
def _busy() -> Iterator[None]:
    try:
        yield
    except adbc_driver_manager.Error as error:
        if getattr(error, "sqlstate", None) in LOCKED:
            raise BusyError(str(error)) from error
        raise StatementError(str(error)) from error
