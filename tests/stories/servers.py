"""Puts the servers of an embedded pair onto servers of other kinds, and reads them back as text."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import duckdb
import pyarrow as pa
import pytest

from syncengine.app import Pair, open_pair
from syncengine.model.pair import Role
from tests.builders import Files
from tests.servers.derby.loading import load_duckdb, read_rows
from tests.servers.derby.network_server import PASSWORD, Database
from tests.servers.derby.shim import Shim
from tests.servers.informix.place import running
from tests.servers.postgresql.cluster import Database as PostgreSQLDatabase
from tests.servers.postgresql.cluster import cluster, environment
from tests.servers.postgresql.loading import WHO_WRITES, copy_database, rows_of

Bag = list[tuple[str | None, ...]]
PASSWORDS = {"CMS_PASSWORD": environment()["CMS_PASSWORD"], "INFORMIX_PASSWORD": PASSWORD}
"""What the urls take from the environment."""


class Home(Protocol):
    """Where one server of a pair lives."""

    @property
    def url(self) -> str:
        """The url as in a pair file, passwords by reference."""

    def rows(self, table: str) -> pa.Table:
        """Return all rows of a table, without the code under test."""

    def run(self, sql: str) -> object:
        """Run a statement outside the code under test, in SQL that all kinds understand."""

    def end(self) -> None:
        """Remove it."""


def as_text(rows: pa.Table, *columns: str) -> Bag:
    """Return rows as text without padding, sorted: all their columns or those that are named."""
    shown = ", ".join(
        f"RTRIM(\"{name}\", ' ')" if pa.types.is_string(rows.schema.field(name).type) else f'CAST("{name}" AS VARCHAR)'
        for name in columns or rows.schema.names
    )
    with duckdb.connect(":memory:") as connection:
        connection.register("found", rows)
        return connection.execute(f"SELECT {shown} FROM found ORDER BY ALL").fetchall()


@dataclass(frozen=True)
class EmbeddedHome:
    """The DuckDB file itself, as a copy."""

    file: Path

    @property
    def url(self) -> str:
        """The url, with an absolute path."""
        return f"duckdb:///{self.file}"

    def rows(self, table: str) -> pa.Table:
        """Return all rows of a table."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            return connection.sql(f'SELECT * FROM "{table}"').to_arrow_table()

    def run(self, sql: str) -> None:
        """Run a statement."""
        with duckdb.connect(str(self.file)) as connection:
            connection.execute(sql)

    def end(self) -> None:
        """Leave the file to its folder."""


@dataclass(frozen=True)
class PostgreSQLHome:
    """A database of a running PostgreSQL."""

    database: PostgreSQLDatabase

    @classmethod
    def of(cls, file: Path) -> PostgreSQLHome:
        """Copy a file's tables into a new database."""
        database = cluster().create_database()
        copy_database(file, database)
        return cls(database)

    @property
    def url(self) -> str:
        """The url, its password by reference."""
        return self.database.url_for(WHO_WRITES)

    def rows(self, table: str) -> pa.Table:
        """Return all rows of a table."""
        return rows_of(self.database, table)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement, commit it, and return its rows."""
        return self.database.run(sql)

    def end(self) -> None:
        """Remove it."""
        cluster().drop_database(self.database)


@dataclass(frozen=True)
class InformixHome:
    """A Derby database behind a shim."""

    database: Database
    shim: Shim

    @classmethod
    def of(cls, file: Path) -> Self:
        """Copy a file's tables into a new database."""
        database = running().create_database(f"d{uuid.uuid4().hex[:8]}")
        cls.fill(database, file)
        shim = Shim(database.server.port, upstream_database=database.name)
        shim.start()
        return cls(database, shim)

    @staticmethod
    def fill(database: Database, file: Path) -> None:
        """Copy all tables of a file."""
        load_duckdb(database, file)

    @property
    def url(self) -> str:
        """The url, its password by reference."""
        return f"informix+ibm_db://root:${{INFORMIX_PASSWORD}}@127.0.0.1:{self.shim.port}/cms"

    def rows(self, table: str) -> pa.Table:
        """Return all rows of a table."""
        return read_rows(self.database, table)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement, commit it, and return its rows."""
        return self.database.run(sql)

    def end(self) -> None:
        """Remove it."""
        self.shim.close()
        self.database.server.drop_database(self.database)


HOMES: dict[str, Callable[[Path], Home]] = {
    "embedded": EmbeddedHome,
    "informix": InformixHome.of,
    "postgresql": PostgreSQLHome.of,
}
MARKS = {"informix": pytest.mark.informix, "postgresql": pytest.mark.postgresql}


@dataclass(frozen=True)
class HomedPair:
    """A built pair whose servers are of some kinds."""

    folder: Path
    homes: Mapping[Role, Home]

    @classmethod
    def of(cls, files: Files, kinds: tuple[str, str]) -> Self:
        """Move the servers of a pair to new homes, primary first; its pair file leads to them."""
        homes: dict[Role, Home] = {}
        text = files.pair_file.read_text()
        try:
            for role, kind in zip(Role, kinds, strict=True):
                homes[role] = HOMES[kind](files.database(role))
                text = text.replace(f"duckdb:///{role}.duckdb", homes[role].url)
        except BaseException:
            cls(files.folder, homes).end()
            raise
        files.pair_file.write_text(text)
        return cls(files.folder, homes)

    @property
    def pair_file(self) -> Path:
        """Return the pair file."""
        return self.folder / "pair.toml"

    def open(self) -> Pair:
        """Open the pair through the Python API."""
        return open_pair(self.pair_file, environment=PASSWORDS)

    def bag(self, role: Role | str, table: str) -> Bag:
        """Return all rows of a table as text, without the code under test."""
        return as_text(self.homes[Role(role)].rows(table))

    def values(self, role: Role | str, table: str, *columns: str) -> set[tuple[str | None, ...]]:
        """Return the values of some columns of a table, each combination once, as text."""
        return set(as_text(self.homes[Role(role)].rows(table), *columns))

    def end(self) -> None:
        """Remove the servers."""
        for home in self.homes.values():
            home.end()
