"""The server is started, filled with databases and stopped by the tests alone."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.derby import network_server
from tests.servers.derby.conftest import Connect
from tests.servers.derby.driver import query
from tests.servers.derby.network_server import CACHED, NetworkServer, OrderError, free_port, missing
from tests.servers.derby.shim import PROJECT, Shim

OTHER = "another word"


def test_what_a_machine_lacks_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the jars one sentence names them and how to get them."""
    monkeypatch.setattr(network_server, "JARS", (tmp_path / "derby.jar",))

    result = missing()

    assert result is not None
    assert str(tmp_path / "derby.jar") in result
    assert "apt-get install libderby-java" in result


@pytest.mark.informix
def test_a_database_has_its_own_owner_and_password(network_server: NetworkServer, connect: Connect) -> None:
    """A database is made for any owner with any password, and its tables are the owner's."""
    database = network_server.create_database("other", owner="cms", password=OTHER)
    database.run("CREATE TABLE t (a INTEGER)")

    with Shim(network_server.port, upstream_database="other", owner="cms") as shim:
        connection = connect("cms", OTHER, port=shim.port)
        assert query(connection, "SELECT TRIM(owner) FROM informix.systables WHERE tabname = 't'") == [("cms",)]
        assert query(connection, "SELECT a FROM t") == []


@pytest.mark.informix
def test_a_refused_order_is_raised_with_derbys_words(network_server: NetworkServer) -> None:
    """An order that Derby refuses raises Derby's message, and the server continues."""
    database = network_server.create_database("refusing")

    with pytest.raises(OrderError, match="'NOPE' because it does not exist"):
        database.run("DROP TABLE nope")
    assert database.run("VALUES 1") == [("1",)]


@pytest.mark.informix
def test_a_closed_database_is_shut_down(network_server: NetworkServer) -> None:
    """Closing ends a database, whose lock on its files is then gone, and the next statement starts it again."""
    database = network_server.create_database("closing")
    lock = network_server.folder / "home" / "CLOSING" / "db.lck"
    database.run("CREATE TABLE t (a INTEGER)")
    assert lock.exists()

    database.close()

    assert not lock.exists()
    assert database.run("SELECT COUNT(*) FROM t") == [("0",)]


@pytest.mark.informix
def test_databases_are_copied_only_when_they_are_shut_down(network_server: NetworkServer) -> None:
    """Neither the empty database that new ones are made of, nor one that is copied, is open meanwhile."""
    source = network_server.create_database("source")
    source.run("CREATE TABLE t (a INTEGER)")

    network_server.copy_database(source, "target")

    for name in ("SOURCE", "TARGET"):
        assert not (network_server.folder / "home" / name / "db.lck").exists()
    assert list(CACHED.glob("*/TEMPLATE_ROOT/*"))
    assert not list(CACHED.glob("*/*/db.lck"))


@pytest.mark.informix
def test_a_shutdown_that_derby_refuses_is_raised(network_server: NetworkServer) -> None:
    """Only the owner can shut a database down: for others it is an error."""
    database = network_server.create_database("guarded")
    database.run("VALUES 1")

    with pytest.raises(OrderError, match="Invalid authentication"):
        replace(database, password=OTHER).close()
    assert (network_server.folder / "home" / "GUARDED" / "db.lck").exists()


@pytest.mark.soak
@pytest.mark.informix
def test_a_server_leaves_its_port_when_it_stops(tmp_path: Path) -> None:
    """A server that was stopped is gone, and starts again with the databases it had."""
    with NetworkServer(tmp_path) as server:
        database = server.create_database("stays")
        database.run("CREATE TABLE t (a INTEGER)")
        port = server.port

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    with server.start():
        assert database.run("SELECT COUNT(*) FROM t") == [("0",)]


@pytest.mark.informix
def test_a_shim_runs_by_itself(network_server: NetworkServer, connect: Connect) -> None:
    """A shim can be started from the command line, in front of a database of any name."""
    network_server.create_database("alone")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "tests.servers.derby.shim",
        "--upstream",
        str(network_server.port),
        "--port",
        str(port),
    ]
    with subprocess.Popen([*command, "--upstream-database", "alone"], cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split() == [b"ready", str(port).encode()]

        assert query(connect(port=port), "SELECT DBINFO('dbname') FROM sysmaster:sysdual") == [("cms",)]
        process.terminate()
