"""A running server for the tests of the server itself, and a database with a shim for each of them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.servers.derby.network_server import PASSWORD, Database, NetworkServer
from tests.servers.derby.shim import Shim

Connect = Callable[..., Any]
RECONNECTING = "DB2_MAX_CLIENT_CONNRETRIES"


@pytest.fixture(scope="session")
def network_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetworkServer]:
    """Run one server for all tests."""
    with NetworkServer(tmp_path_factory.mktemp("derby")) as server:
        yield server


@pytest.fixture
def database(network_server: NetworkServer) -> Iterator[Database]:
    """Make an empty database."""
    made = network_server.create_database(f"d{uuid.uuid4().hex[:8]}")
    yield made
    network_server.drop_database(made)


@pytest.fixture
def shim(database: Database) -> Iterator[Shim]:
    """Put a shim in front of the database."""
    with Shim(database.server.port, upstream_database=database.name) as started:
        yield started


@pytest.fixture
def connect(shim: Shim, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connect with the vendor's driver, which may not reconnect by itself, and close what is left open."""
    import ibm_db_dbi

    monkeypatch.setitem(os.environ, RECONNECTING, "0")
    opened: list[Any] = []

    def connected(user: str = "root", password: str = PASSWORD, database: str = "cms", port: int = 0) -> Any:
        given = {
            "DATABASE": database,
            "HOSTNAME": "127.0.0.1",
            "PORT": port or shim.port,
            "PROTOCOL": "TCPIP",
            "UID": user,
            "PWD": password,
            "AUTHENTICATION": "SERVER",
            "ConnectTimeout": 5,
        }
        text = "".join(f"{key}={value};" for key, value in given.items())
        opened.append(ibm_db_dbi.connect(text, "", ""))
        return opened[-1]

    yield connected
    for one in opened:
        # A connection that a test broke cannot be closed any more.
        try:
            one.close()
        except ibm_db_dbi.Error:
            continue
