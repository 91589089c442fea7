"""Connections that are lost: before a commit nothing was written, and in it the server is asked what became of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from syncengine.model.errors import ServerError, ServerUnreachableError, UnknownOutcomeError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.selection import ReadQuery
from syncengine.servers.postgresql import server as server_module
from syncengine.servers.postgresql.session import PostgreSQLSession
from syncengine.servers.protocol import Server, WriteSession
from tests.builders import hsplit
from tests.servers.contract.kinds import as_arrow
from tests.servers.contract.test_writing import FIVE
from tests.servers.postgresql.cluster import Cluster, Database
from tests.servers.postgresql.conftest import HSPLIT, Open, fill
from tests.servers.postgresql.relay import Cut, Relay, relayed

pytestmark = pytest.mark.postgresql
ANY = ReadQuery(HSPLIT, ("split",))
STEPS: list[Callable[[WriteSession], object]] = [
    lambda session: session.lock(FIVE),
    lambda session: session.fingerprint(FingerprintQuery(FIVE, (), 0)),
    lambda session: session.read(ANY).read_all(),
    lambda session: session.delete(FIVE),
    lambda session: session.insert("hsplit", as_arrow("hsplit", [hsplit(530)] * 3).to_reader()),
    lambda session: session.fingerprint(FingerprintQuery(FIVE, (), 0)),
    lambda session: session.commit(),
]


def terminate(running: Cluster, database: Database) -> int:
    """End every connection of the code under test, and return how many there were."""
    ended = running.admin.run(
        "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{database.name}' AND application_name = 'syncengine'"
    )
    pids = ", ".join(str(pid) for pid, _ in ended)
    until = time.monotonic() + 5
    while pids and running.admin.run(f"SELECT 1 FROM pg_stat_activity WHERE pid IN ({pids})"):
        assert time.monotonic() < until
        time.sleep(0.02)
    return len(ended)


def rows_in(database: Database) -> list[tuple[int, int]]:
    """Return how many rows each interval has."""
    return [
        (int(label), int(count))
        for label, count in database.run("SELECT starttime, count(*) FROM hsplit GROUP BY 1 ORDER BY 1")
    ]


@pytest.mark.parametrize("after", range(len(STEPS)))
def test_between_any_two_statements(running: Cluster, database: Database, opened: Open, after: int) -> None:
    """A session whose connection ends says so at its next statement, also at the commit, and wrote nothing."""
    fill(database, hsplit(500), hsplit(500, 2))

    def step(server: Server) -> None:
        with server.begin() as session:
            for number, ask in enumerate(STEPS):
                if number == after:
                    assert terminate(running, database)
                ask(session)

    with opened(writable=True) as server:
        with pytest.raises(ServerUnreachableError, match="primary: the connection was lost") as error:
            step(server)

        assert error.value.transient
        assert type(error.value) is ServerUnreachableError
        assert rows_in(database) == [(500, 2)]
        # And the server is asked on as if nothing had been.
        assert server.read(ANY).read_all().num_rows == 2


def test_idle_connections_that_were_ended_are_replaced(running: Cluster, database: Database, opened: Open) -> None:
    """A server that was restarted meanwhile is asked over a new connection, without an error."""
    fill(database, hsplit(500))

    with opened(writable=True) as server:
        streams = [server.read(ANY) for _ in range(3)]
        for stream in streams:
            stream.read_all()
        assert terminate(running, database)

        assert server.read(ANY).read_all().num_rows == 1
        with server.begin() as session:
            assert session.delete(FIVE) == 1
            session.commit()


def test_a_lost_stream_does_not_seem_complete(running: Cluster, database: Database, opened: Open) -> None:
    """A connection that ends under a stream is an error of the stream, never its end."""
    fill(database, *[hsplit(500)] * 20_000)

    with opened() as server:
        stream = server.read(ANY)
        stream.read_next_batch()
        terminate(running, database)
        with pytest.raises(ServerUnreachableError, match="connection was lost"):
            stream.read_all()


def through(relay: Relay, database: Database) -> str:
    """Return the url of a database by way of a relay."""
    return database.url().replace(str(database.port), str(relay.port))


def one_step(server: Server) -> None:
    """Replace two rows by three."""
    with server.begin() as session:
        session.lock(FIVE)
        session.delete(FIVE)
        session.insert("hsplit", as_arrow("hsplit", [hsplit(530)] * 3).to_reader())
        session.commit()


def test_a_commit_that_was_done_and_not_answered(database: Database, opened: Open) -> None:
    """The answer is lost, the server says that it was committed: the commit was done."""
    fill(database, hsplit(500), hsplit(500, 2))

    with relayed(database.port) as relay, opened(through(relay, database), writable=True) as server:
        relay.cut = Cut.AFTER
        one_step(server)

        assert relay.was_cut.is_set()
    assert rows_in(database) == [(530, 3)]


def test_a_commit_that_never_arrived(database: Database, opened: Open) -> None:
    """The server has rolled back: nothing was written, and the same again may succeed."""
    fill(database, hsplit(500), hsplit(500, 2))

    with relayed(database.port) as relay, opened(through(relay, database), writable=True) as server:
        relay.cut = Cut.BEFORE
        with pytest.raises(ServerError, match="the server rolled back") as error:
            one_step(server)

        assert error.value.transient
        assert not isinstance(error.value, UnknownOutcomeError)
        assert rows_in(database) == [(500, 2)]
        one_step(server)
    assert rows_in(database) == [(530, 3)]


def slow_commit(database: Database, seconds: float) -> None:
    """Have a commit of new rows take its time."""
    database.run(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END$$"
    )
    database.run(
        "CREATE CONSTRAINT TRIGGER dawdling AFTER DELETE ON hsplit DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION dawdle()"
    )


def test_a_commit_that_is_still_under_way(database: Database, opened: Open) -> None:
    """The wire is cut while the server commits: it is waited for, and its outcome is the truth."""
    fill(database, hsplit(500))
    slow_commit(database, 1)

    with relayed(database.port) as relay, opened(through(relay, database), writable=True) as server:
        relay.cut = Cut.WHILE
        began = time.monotonic()
        one_step(server)

        assert time.monotonic() - began > 0.9
    assert rows_in(database) == [(530, 3)]


def test_a_commit_that_outlasts_patience(database: Database, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that is neither committed nor rolled back for long is of unknown outcome."""
    monkeypatch.setattr(server_module, "OUTCOME_SECONDS", 0.5)
    fill(database, hsplit(500))
    slow_commit(database, 2)

    with relayed(database.port) as relay, opened(through(relay, database), writable=True) as server:
        relay.cut = Cut.WHILE
        with pytest.raises(UnknownOutcomeError, match="still in progress"):
            one_step(server)


def test_a_server_that_is_gone_after_the_commit(database: Database, opened: Open) -> None:
    """Where nobody can be asked any more the outcome is unknown, which is never tried again blindly."""
    fill(database, hsplit(500))

    with relayed(database.port) as relay, opened(through(relay, database), writable=True) as server:
        relay.cut, relay.dead = Cut.AFTER, True
        with pytest.raises(UnknownOutcomeError, match="primary: the connection was lost while committing") as error:
            one_step(server)

    assert not error.value.transient
    assert rows_in(database) == [(530, 3)]


def test_another_run_of_the_server_is_not_believed(
    database: Database, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers of transactions mean nothing to a server that was restarted, or to another that took its place."""
    fill(database, hsplit(500))
    monkeypatch.setattr(server_module, "OUTCOME", "SELECT txid_status(?), 'another moment'")

    with relayed(database.port) as relay, opened(through(relay, database), writable=True) as server:
        relay.cut = Cut.AFTER
        with pytest.raises(UnknownOutcomeError):
            one_step(server)


def test_a_backend_that_is_ended_while_it_commits(running: Cluster, database: Database, opened: Open) -> None:
    """The server ends the connection in the middle of a commit, which it says it has rolled back."""
    fill(database, hsplit(500))
    slow_commit(database, 3)

    with opened(writable=True) as server:
        ending = threading.Timer(0.7, terminate, (running, database))
        ending.start()
        with pytest.raises(ServerError, match="the server rolled back") as error:
            one_step(server)
        ending.join()

        assert error.value.transient
    assert rows_in(database) == [(500, 1)]


def test_a_commit_the_server_refuses(database: Database, opened: Open) -> None:
    """A constraint that is checked at the commit is the server's no: rolled back, and known to be."""
    fill(database, hsplit(500))
    database.run("ALTER TABLE hsplit ADD UNIQUE (split) DEFERRABLE INITIALLY DEFERRED")

    with opened(writable=True) as server, pytest.raises(ServerError, match="unique") as error:
        one_step(server)

    assert not isinstance(error.value, UnknownOutcomeError)
    assert rows_in(database) == [(500, 1)]


def test_the_outcome_of_a_slow_commit_is_queried(database: Database, opened: Open) -> None:
    """What became of a commit that took longer than a query may is asked for: here the server rolled it back."""
    fill(database, hsplit(500))
    slow_commit(database, 30)

    with (
        opened(writable=True, query_seconds=1) as server,
        pytest.raises(
            ServerError, match=r"committing took longer than 1 seconds .*, and the server rolled back"
        ) as error,
    ):
        one_step(server)

    assert not error.value.transient
    assert rows_in(database) == [(500, 1)]


def test_a_session_is_named_as_the_server_knows_it(database: Database, opened: Open) -> None:
    """The id leads to the backend, when it was started and the transaction it was in."""
    with opened(writable=True) as server, server.begin() as session:
        found = database.run(
            "SELECT 'pid ' || pid || ' since ' || backend_start || ', transaction ' || backend_xid "
            "FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND application_name = 'syncengine' "
            "AND datname = current_database()"
        )

    assert isinstance(session, PostgreSQLSession)
    assert [(session.id,)] == found
