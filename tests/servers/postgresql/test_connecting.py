"""Connections that do not come about: one sentence each, quickly, and never with the password in it."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from syncengine.model.errors import ServerError, ServerReadOnlyError, ServerUnreachableError
from syncengine.model.pair import Limits, Role, ServerSettings
from syncengine.servers.kinds import open_server
from syncengine.servers.postgresql.server import PostgreSQLServer
from tests.servers.impostors import ANSWERS, listening
from tests.servers.postgresql.cluster import LOGIN, PASSWORD, Cluster, Database
from tests.servers.postgresql.conftest import Open

pytestmark = pytest.mark.postgresql
LIMITS = Limits()


def refused(url: str) -> ServerError:
    """Return what is raised when a url is opened."""
    with pytest.raises(ServerError) as error:
        PostgreSQLServer(url, Role.PRIMARY, writable=False, limits=LIMITS)
    assert error.value.message.startswith("primary: ")
    assert error.value.message.count("\n") == 0
    assert error.value.hint
    assert PASSWORD not in str(error.value)
    return error.value


def test_a_wrong_password(database: Database) -> None:
    """The server's refusal of a login is reported as such."""
    error = refused(database.url_for(f"{LOGIN}:wrong"))

    assert isinstance(error, ServerUnreachableError)
    assert "the login was refused" in error.message
    assert f'"{LOGIN}"' in error.message
    assert not error.transient


def test_a_login_that_is_not_there(database: Database) -> None:
    """An unknown login is refused the same way: the server does not tell which it was."""
    assert "the login was refused" in refused(database.url(user="nobody_here")).message


def test_no_password(database: Database) -> None:
    """A url without a password says how to write one."""
    error = refused(database.url_for(LOGIN))

    assert "requires a password" in error.message
    assert "${PASSWORD}" in error.hint


def test_a_database_that_is_not_there(database: Database) -> None:
    """An unknown database is named."""
    error = refused(database.url().replace(database.name, "nowhere"))

    assert "no such database" in error.message
    assert '"nowhere"' in error.message
    assert isinstance(error, ServerUnreachableError)


def test_a_database_one_may_not_connect_to(running: Cluster, database: Database) -> None:
    """A login without CONNECT is reported as such."""
    running.admin.run(f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC")
    running.create_login("stranger")
    try:
        error = refused(database.url(user="stranger"))
    finally:
        running.drop_login("stranger", database)

    assert "may not connect" in error.message
    assert "CONNECT" in error.hint


def test_too_many_connections(running: Cluster, database: Database) -> None:
    """A server that is full may have room the next moment."""
    running.create_login("unwanted", "CONNECTION LIMIT 0")
    try:
        error = refused(database.url(user="unwanted"))
    finally:
        running.drop_login("unwanted", database)

    assert error.transient
    assert "in use" in error.message


def test_a_server_that_closes_its_doors(running: Cluster, database: Database) -> None:
    """A database that takes no connections says so in its own words."""
    running.admin.run(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    error = refused(database.url())

    assert "cannot be connected to" in error.message
    assert "is not currently accepting connections" in error.message


def test_a_host_that_is_not_there(database: Database) -> None:
    """An unknown host is reported without the driver."""
    error = refused(database.url().replace("127.0.0.1", "nohost.invalid"))

    assert "there is no host 'nohost.invalid'" in error.message


def test_a_port_without_a_listener(database: Database) -> None:
    """A refused port is reported at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    began = time.monotonic()
    error = refused(database.url().replace(str(database.port), str(port)))

    assert f"nothing is listening on port {port}" in error.message
    assert time.monotonic() - began < 2


@pytest.mark.soak(*sorted(set(ANSWERS) - {"silent", "HTTP"}))
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_somebody_else(database: Database, name: str) -> None:
    """A port that is not PostgreSQL's is reported as such; a silent one took longer."""
    with listening(ANSWERS[name]) as port:
        error = refused(database.url(connect_timeout="2").replace(str(database.port), str(port)))

    if name == "silent":
        assert "it gave no answer; connecting took longer" in error.message
    else:
        assert "does not answer as a PostgreSQL server does" in error.message


def test_a_server_without_encryption(database: Database) -> None:
    """What the url demands of the connection is passed on to the driver."""
    error = refused(database.url(sslmode="require"))

    assert "encrypted connection" in error.message
    assert "sslmode" in error.hint


def test_a_schema_that_is_not_there(database: Database) -> None:
    """The schema of the url must exist and be usable."""
    error = refused(database.url(schema="elsewhere"))

    assert "no schema 'elsewhere'" in error.message


def test_a_login_that_may_only_read(running: Cluster, database: Database, opened: Open) -> None:
    """A login or a server set to read-only is described so, and takes no session."""
    running.admin.run(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")

    with opened(writable=True) as server:
        described = server.describe()
        with pytest.raises(ServerReadOnlyError, match="only read") as error, server.begin():
            pass
        with pytest.raises(ServerReadOnlyError), server.scratch(()):
            pass

    assert not described.capabilities.writable
    assert any("only read" in note for note in described.notes)
    assert error.value.hint


def test_a_url_is_opened_by_its_scheme(database: Database, tmp_path: Path) -> None:
    """Both schemes of a pair file's url lead to a server; read_only is heeded."""
    for scheme in ("postgresql", "postgres"):
        url = database.url().replace("postgresql", scheme, 1)
        settings = ServerSettings(Role.SECONDARY, url, f"{scheme}://cms:${{PASSWORD}}@host/cms", read_only=True)
        server = open_server(settings, tmp_path, writable=True, limits=LIMITS)
        described = server.describe()
        server.close()

        assert (described.kind, described.role) == ("postgresql", Role.SECONDARY)
        assert not described.capabilities.writable
