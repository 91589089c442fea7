"""Puts the servers of an embedded pair onto servers of other kinds, and reads them back as text."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import duckdb
import pytest

from syncengine.app import Pair, open_pair
from syncengine.model.pair import Role
from tests.builders import Files, catalogue
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
        """The url as a pair file holds it, passwords by reference."""

    def bag(self, table: str) -> Bag:
        """Return all rows of a table as text without padding, sorted; without the code under test."""

    def run(self, sql: str) -> object:
        """Do something behind everybody's back, in SQL that all kinds understand."""

    def end(self) -> None:
        """Take it away."""


def as_text(connection: duckdb.DuckDBPyConnection, relation: str, table: str) -> Bag:
    """Return the rows of a relation as text."""
    columns = ", ".join(
        f"RTRIM(\"{column.name}\", ' ')" if column.type.is_text else f'CAST("{column.name}" AS VARCHAR)'
        for column in catalogue().table(table).columns
    )
    return connection.execute(f"SELECT {columns} FROM {relation} ORDER BY ALL").fetchall()


@dataclass(frozen=True)
class EmbeddedHome:
    """The DuckDB file itself, as a copy."""

    file: Path

    @property
    def url(self) -> str:
        """The url, with an absolute path."""
        return f"duckdb:///{self.file}"

    def bag(self, table: str) -> Bag:
        """Return all rows of a table."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            return as_text(connection, f'"{table}"', table)

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

    def bag(self, table: str) -> Bag:
        """Return all rows of a table."""
        with duckdb.connect(":memory:") as connection:
            connection.register("found", rows_of(self.database, table))
            return as_text(connection, "found", table)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement, commit it, and return its rows."""
        return self.database.run(sql)

    def end(self) -> None:
        """Take it away."""
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

    def bag(self, table: str) -> Bag:
        """Return all rows of a table."""
        with duckdb.connect(":memory:") as connection:
            connection.register("found", read_rows(self.database, table))
            return as_text(connection, "found", table)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement, commit it, and return its rows."""
        return self.database.run(sql)

    def end(self) -> None:
        """Take it away."""
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
    """A built pair whose servers live at homes of some kinds."""

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
        return self.homes[Role(role)].bag(table)

    def values(self, role: Role | str, table: str, *columns: str) -> set[tuple[str | None, ...]]:
        """Return what some columns of a table hold, each combination once, as text."""
        names = [column.name for column in catalogue().table(table).columns]
        places = [names.index(column) for column in columns]
        return {tuple(one[place] for place in places) for one in self.bag(role, table)}

    def end(self) -> None:
        """Take the homes away."""
        for home in self.homes.values():
            home.end()
