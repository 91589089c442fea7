"""Sessions are asked for by their number in the server's own list, and nothing is claimed that it does not say."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from syncengine.model.errors import CancelledError, ServerError, ServerUnreachableError, UnknownOutcomeError
from syncengine.servers.informix.errors import MEANINGS, error_of
from syncengine.servers.protocol import Server, SessionState
from syncengine.servers.retry import RetryingServer
from tests.scenes import trunk, trunks
from tests.servers.contract.kinds import as_arrow
from tests.servers.contract.test_reading import everything, opened
from tests.servers.derby.faults import Drop, Error, Fault, LoseAnswer
from tests.servers.informix.place import InformixPlace
from tests.servers.informix.test_errors import native

SECONDS = 10
ONE = "SELECT tabid FROM informix.systables WHERE tabid = 1"
HTRUNK = everything("htrunk")
CONFLICTS = (-233, -240, -243, -244, -245, -246, -250, -263, -271, -289, -346, -348, -378, -107, -113, -144, -154)
CROWDED = (-134, -458, -143, -78, -79, *CONFLICTS)


def becomes_gone(server: Server, session: str) -> bool:
    """Say whether a session is gone within the time a server may take."""
    until = time.monotonic() + SECONDS
    while server.session_state(session) is not SessionState.GONE:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.informix
@pytest.mark.parametrize("at", ["delete", "commit"])
def test_a_session_whose_connection_is_lost_is_soon_gone(informix: InformixPlace, at: str) -> None:
    """A session that lost its connection, in a statement or in the commit, is gone, and then holds no locks."""
    ids: list[str] = []

    def write(server: Server) -> None:
        with server.begin() as session:
            ids.append(session.id)
            session.lock(HTRUNK)
            fault = Fault(LoseAnswer(), at="commit") if at == "commit" else Fault(Drop(), statement="DELETE")
            informix.shim.faults.add(fault)
            session.delete(HTRUNK)
            session.insert("htrunk", as_arrow("htrunk", trunks()).to_reader())
            session.commit()

    with opened(informix, writable=True) as server:
        with pytest.raises((ServerUnreachableError, UnknownOutcomeError)):
            write(server)

        assert becomes_gone(server, ids[0])
        with server.begin() as session:
            session.lock(HTRUNK, table=True)
            assert session.delete(HTRUNK) == len(trunks())


@pytest.mark.informix
def test_an_abandoned_session_lives_until_its_statement_ends(informix: InformixPlace) -> None:
    """A statement given up still runs in the server: the session is alive until that has ended, then gone."""
    ids: list[str] = []

    def wait(server: Server) -> None:
        with server.begin() as session:
            ids.append(session.id)
            with pytest.raises(CancelledError):
                session.lock(HTRUNK)

    with opened(informix, writable=True) as holder, opened(informix, writable=True) as server:
        with holder.begin() as first:
            first.lock(HTRUNK, table=True)
            waiting = threading.Thread(target=wait, args=(server,))
            waiting.start()
            until = time.monotonic() + SECONDS
            while holder.waiting_sessions() != 1:
                assert time.monotonic() < until
            server.interrupt()
            waiting.join()

            assert ids
            assert holder.session_state(ids[0]) is SessionState.ALIVE
        assert becomes_gone(holder, ids[0])


@pytest.mark.informix
def test_a_number_reused_by_the_querying_session_is_not_alive(informix: InformixPlace) -> None:
    """A server that was restarted counts anew: the connection that asks is never the session asked for."""
    with opened(informix) as server:
        server.waiting_sessions()
        listed = {int(number or 0) for (number,) in informix.database.run("SELECT sid FROM informix.syssessions")}
        alive = {one for one in listed if server.session_state(f"{one}-{'0' * 32}") is SessionState.ALIVE}

    # The other is the session of the test itself.
    assert len(listed) == 2
    assert len(alive) == 1


@pytest.mark.informix
@pytest.mark.parametrize("session", ["0" * 32, f"-{'0' * 32}", "7", "7-", "x-y"])
def test_an_id_without_a_number_the_server_knows_is_unknown(informix: InformixPlace, session: str) -> None:
    """A session without a number, or with one no server gives, is unknown and not gone."""
    with opened(informix) as server:
        assert server.session_state(session) is SessionState.UNKNOWN


@pytest.mark.informix
@pytest.mark.parametrize("code", [-206, -272, -201, -329])
def test_a_server_without_a_session_list_leaves_it_unknown(informix: InformixPlace, code: int) -> None:
    """Where the list of sessions is not there, or not to be read, a session is unknown and nobody is known to wait."""
    with opened(informix) as server:
        informix.shim.faults.add(Fault(Error(code), at="prepare", statement="syssessions", times=2))

        assert server.session_state(f"7-{'0' * 32}") is SessionState.UNKNOWN
        assert server.waiting_sessions() is None


@pytest.mark.informix
def test_a_connection_lost_during_the_query_is_raised(informix: InformixPlace, quick: None) -> None:
    """The loss is raised, not taken for an unknown session; and it is asked again where questions are."""
    del quick
    session = f"7-{'0' * 32}"
    with opened(informix) as server:
        calls: list[Callable[[], object]] = [lambda: server.session_state(session), server.waiting_sessions]
        for ask in calls:
            informix.shim.faults.add(Fault(Drop(), at="any", statement="syssessions"))
            with pytest.raises(ServerUnreachableError):
                ask()

        informix.shim.faults.add(Fault(Drop(), at="any", statement="syssessions"))
        assert RetryingServer(server).session_state(session) is SessionState.GONE


@pytest.mark.informix
def test_a_full_lock_table_has_room_for_one_lock(informix: InformixPlace) -> None:
    """Where the lock table is too full for the rows, a lock on the table lets the same rows be written."""
    rows = as_arrow("htrunk", [trunk(label) for label in (0, 30)])

    def write(server: Server, *, table: bool) -> int:
        with server.begin() as session:
            session.lock(HTRUNK, table=table)
            deleted = session.delete(HTRUNK)
            session.insert("htrunk", rows.to_reader())
            return deleted

    with opened(informix, writable=True) as server:
        informix.shim.faults.add(Fault(Error(-134), statement="^UPDATE", times=100))
        with pytest.raises(ServerError, match="lock table is full") as error:
            write(server, table=False)
        informix.shim.forget()

        assert write(server, table=True) == len(trunks())
        assert error.value.retry_smaller
        assert [one for one in informix.shim.statements if one.startswith("LOCK")] == [
            "LOCK TABLE 'root'.htrunk IN EXCLUSIVE MODE"
        ]


@pytest.mark.parametrize("code", CROWDED)
def test_what_a_smaller_transaction_may_get_through(code: int) -> None:
    """A full lock table, a transaction too long for the log, and rows or tables that others hold are crowded."""
    error = error_of("primary", native(code))

    assert error.retry_smaller
    assert error.transient


@pytest.mark.parametrize("code", sorted(set(MEANINGS) - set(CROWDED)))
def test_what_is_no_matter_of_size(code: int) -> None:
    """No other code has a transaction made smaller."""
    assert not error_of("primary", native(code)).retry_smaller


@pytest.mark.informix
def test_a_closed_connection_leaves_the_next_alone(informix: InformixPlace) -> None:
    """A statement that is dropped after its connection was closed takes no statement of another connection with it."""
    engine = sa.create_engine(informix.url, poolclass=sa.NullPool)
    first = engine.raw_connection()
    cursor = first.cursor()
    cursor.execute(ONE)
    references: list[Any] = [cursor.stmt_handler]  # as the frames of an error hold it
    first.close()

    second = engine.raw_connection()
    cursors = [second.cursor() for _ in range(3)]
    for one in cursors:
        one.execute(ONE)
    references.clear()

    assert [one.fetchall() for one in cursors] == [[(1,)]] * 3
    second.close()


@pytest.mark.informix
def test_who_holds_a_lock_is_named(informix: InformixPlace) -> None:
    """A lock error names the session that holds the rows, and the command that ends it."""
    with opened(informix, writable=True) as holder, opened(informix, writable=True) as server, holder.begin() as first:
        first.lock(HTRUNK)
        number = first.id.partition("-")[0]
        with pytest.raises(ServerError, match="locks on htrunk are held by") as error, server.begin() as second:
            second.lock(HTRUNK)

    assert f"session {number} of root" in error.value.message
    assert f"`onmode -z {number}`" in error.value.hint
    assert error.value.transient


@pytest.mark.informix
def test_a_session_has_a_termination_command(informix: InformixPlace) -> None:
    """A session whose number is known is ended by a command that names it; of another nothing is claimed."""
    with opened(informix) as server:
        assert server.termination_command(f"1229-{'0' * 32}") == "onmode -z 1229"
        assert server.termination_command("0" * 32) == ""


@pytest.mark.informix
def test_a_secondary_is_named_as_such(informix: InformixPlace) -> None:
    """A server that tells that it is another's secondary is described so, before anything is written to it."""
    view = "CREATE VIEW informix.sysdri (type, state, name) AS SELECT CAST(t AS CHAR(50)), CAST('on' AS CHAR(50)), "
    rows = "CAST('' AS CHAR(128)) FROM (VALUES '{}') AS fixed (t)"
    for kind in ("HDR Secondary", "standard"):
        informix.database.run("DROP VIEW informix.sysdri")
        informix.database.run(view + rows.format(kind))
        informix.database.run("GRANT SELECT ON informix.sysdri TO PUBLIC")
        with opened(informix) as server:
            named = [note for note in server.describe().notes if "secondary of another server" in note]
        assert len(named) == (kind == "HDR Secondary")
