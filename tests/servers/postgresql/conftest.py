"""Databases to meddle with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import pytest

from syncengine.model.pair import Limits, Role
from syncengine.servers.postgresql.server import PostgreSQLServer
from tests.servers.contract.kinds import as_arrow
from tests.servers.contract.test_reading import everything
from tests.servers.postgresql.cluster import Cluster, Database, cluster
from tests.servers.postgresql.loading import create_table, load_rows

HSPLIT = everything("hsplit")


class Open(Protocol):
    """Opens a database and closes it again."""

    def __call__(
        self, url: str | None = None, *, writable: bool = False, **limits: int
    ) -> AbstractContextManager[PostgreSQLServer]:
        """Return the open server; a url is that of another login or of another way to the same database."""


@pytest.fixture
def running() -> Cluster:
    """Return the cluster of this run."""
    return cluster()


@pytest.fixture
def database(running: Cluster) -> Iterator[Database]:
    """Return a database with an empty table hsplit."""
    made = running.create_filled("hsplit", lambda empty: create_table(empty, "hsplit"))
    yield made
    running.drop_database(made)


@pytest.fixture
def opened(database: Database) -> Open:
    """Return what opens the database."""

    @contextmanager
    def opening(url: str | None = None, *, writable: bool = False, **limits: int) -> Iterator[PostgreSQLServer]:
        chosen = Limits(**{"lock_seconds": 1, **limits})
        server = PostgreSQLServer(url or database.url(), Role.PRIMARY, writable=writable, limits=chosen)
        try:
            yield server
        finally:
            server.close()

    return opening


def fill(database: Database, *rows: dict[str, Any]) -> None:
    """Insert rows of hsplit."""
    load_rows(database, "hsplit", as_arrow("hsplit", rows))
