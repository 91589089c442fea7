"""Sessions and waits: asked of the server, which knows, and of nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from syncengine.model.errors import ServerError, ServerUnreachableError, UnknownOutcomeError
from syncengine.servers.postgresql import server as server_module
from syncengine.servers.postgresql.errors import MEANINGS, error_of
from syncengine.servers.protocol import Server, SessionState
from tests.builders import hsplit
from tests.servers.contract.test_standing import becomes
from tests.servers.contract.test_writing import FIVE
from tests.servers.postgresql.cluster import Cluster, Database
from tests.servers.postgresql.conftest import Open, fill
from tests.servers.postgresql.relay import Cut, relayed
from tests.servers.postgresql.test_lost_connections import rows_in, slow_commit, terminate, through

CROWDED = {"55P03", "55006", "40P01", "40", "53200", "54"}


class StateError(Exception):
    """Stands for an error of the driver's with a code of the server's."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("ERROR:  words")
        self.sqlstate = sqlstate


@pytest.mark.postgresql
def test_a_session_whose_connection_is_ended_is_gone(running: Cluster, database: Database, opened: Open) -> None:
    """A session that the server has ended is gone, and what it wrote with it."""
    fill(database, hsplit(500))
    ids: list[str] = []

    def write(server: Server) -> None:
        with server.begin() as session:
            ids.append(session.id)
            session.delete(FIVE)
            terminate(running, database)
            session.commit()

    with opened(writable=True) as server:
        with pytest.raises(ServerUnreachableError):
            write(server)

        assert server.session_state(ids[0]) is SessionState.GONE
    assert rows_in(database) == [(500, 1)]


@pytest.mark.postgresql
@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
def test_a_session_that_lost_its_wire_at_the_commit(database: Database, opened: Open, cut: Cut) -> None:
    """Whether the commit arrived or not, the session is gone once the server has noticed."""
    fill(database, hsplit(500))
    ids: list[str] = []

    def write(server: Server) -> None:
        with server.begin() as session:
            ids.append(session.id)
            session.delete(FIVE)
            session.commit()

    with relayed(database.port) as relay, opened(through(relay, database), writable=True) as server:
        relay.cut = cut
        if cut is Cut.AFTER:
            write(server)
        else:
            with pytest.raises(ServerError):
                write(server)

        assert becomes(lambda: server.session_state(ids[0]), SessionState.GONE)
    assert rows_in(database) == ([] if cut is Cut.AFTER else [(500, 1)])


@pytest.mark.postgresql
def test_a_commit_that_is_under_way_is_alive(database: Database, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the server is still busy with a commit nobody waits for, its session lives; afterwards it is gone."""
    monkeypatch.setattr(server_module, "OUTCOME_SECONDS", 0.1)
    fill(database, hsplit(500))
    slow_commit(database, 2)
    ids: list[str] = []

    def write(server: Server) -> None:
        with server.begin() as session:
            ids.append(session.id)
            session.delete(FIVE)
            session.commit()

    with relayed(database.port) as relay, opened(through(relay, database), writable=True) as server:
        relay.cut = Cut.WHILE
        with pytest.raises(UnknownOutcomeError):
            write(server)

        assert server.session_state(ids[0]) is SessionState.ALIVE
        assert becomes(lambda: server.session_state(ids[0]), SessionState.GONE)
    assert rows_in(database) == []


@pytest.mark.postgresql
def test_a_transaction_of_another_server_is_unknown(opened: Open) -> None:
    """A number the server has not come to was given by another, and one it has forgotten is long gone."""
    named = "pid 1 since 2000-06-05 05:00:00+00, transaction {}"

    with opened() as server:
        assert server.session_state(named.format(10**15)) is SessionState.UNKNOWN
        assert server.session_state(named.format(10**18 - 1)) is SessionState.UNKNOWN
        assert server.session_state(named.format("7'; SELECT 1; --")) is SessionState.UNKNOWN
        assert server.session_state(named.format(3)) is SessionState.GONE


@pytest.mark.postgresql
def test_a_server_that_is_not_reached_does_not_answer_for_a_session(
    running: Cluster, database: Database, opened: Open
) -> None:
    """A lost connection is raised: it says nothing of the session."""
    with opened(writable=True) as server:
        with server.begin() as session:
            pass
        running.drop_database(database)

        with pytest.raises(ServerUnreachableError):
            server.session_state(session.id)
        with pytest.raises(ServerUnreachableError):
            server.waiting_sessions()


@pytest.mark.postgresql
def test_who_waits_for_a_row_is_counted(running: Cluster, database: Database, opened: Open) -> None:
    """Waiting for a row is waiting for its writer, and counts too; who waits in another database does not."""
    fill(database, hsplit(500))
    elsewhere = running.create_database()

    def update(other: Database) -> None:
        other.run("UPDATE hsplit SET split = 8")

    with opened() as server, opened(elsewhere.url()) as away, database.another() as first, database.another() as second:
        first.run("BEGIN")
        first.run("UPDATE hsplit SET split = 7")
        waiting = threading.Thread(target=update, args=(second,))
        waiting.start()
        counted = becomes(server.waiting_sessions, 1)
        others = away.waiting_sessions()
        first.run("COMMIT")
        waiting.join()

        assert counted
        assert others == 0
        assert server.waiting_sessions() == 0


@pytest.mark.parametrize("sqlstate", sorted(MEANINGS))
def test_what_a_smaller_transaction_may_get_through(sqlstate: str) -> None:
    """Locks that others hold, and room the server ran out of, are crowded; a query that was cancelled is not."""
    code = sqlstate if len(sqlstate) == 5 else f"{sqlstate}000"

    assert error_of("primary", StateError(code)).retry_smaller is (sqlstate in CROWDED)


@pytest.mark.postgresql
def test_a_locked_table_is_crowded(database: Database, opened: Open) -> None:
    """A lock that is not to be had in time says that others held it too long."""
    fill(database, hsplit(500))

    def hold(first: Database, ask: Callable[[], object]) -> ServerError:
        first.run("BEGIN")
        first.run("LOCK TABLE hsplit IN EXCLUSIVE MODE")
        with pytest.raises(ServerError) as error:
            ask()
        return error.value

    def lock(server: Server) -> None:
        with server.begin() as session:
            session.lock(FIVE)

    began = time.monotonic()
    with opened(writable=True) as server, database.another() as first:
        error = hold(first, lambda: lock(server))

    assert error.retry_smaller
    assert time.monotonic() - began < 10
