"""What every kind of server tells of its sessions, its locks and the changes of its tables."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from syncengine.model.bucket import Bucket
from syncengine.model.errors import ServerError
from syncengine.model.selection import Selection
from syncengine.servers.protocol import Server, SessionState
from syncengine.servers.retry import RetryingServer
from tests.builders import DAY, hsplit
from tests.examples import some_of
from tests.servers.contract.kinds import Place, as_arrow
from tests.servers.contract.test_reading import everything, opened
from tests.servers.contract.test_writing import FIVE, filled, reader, rows_in

SECONDS = 10
"""How long a server may take to notice that a client has gone, or that rows were changed."""


def becomes(state: Callable[[], object], wanted: object) -> bool:
    """Say whether something becomes what it should within the time a server may take."""
    until = time.monotonic() + SECONDS
    while state() != wanted:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def leave(server: Server) -> str:
    """Open a session and leave it."""
    with server.begin() as session:
        session.delete(FIVE)
    return session.id


def commit(server: Server) -> str:
    """Open a session and commit it."""
    with server.begin() as session:
        session.delete(FIVE)
        session.commit()
    return session.id


@pytest.mark.parametrize("begun", [False, True])
def test_a_session_that_is_open_is_alive(place: Place, begun: bool) -> None:
    """Whoever asks for a session by its id while it is open is told that it lives, whatever it has written."""
    filled(place)

    with opened(place, writable=True) as server, server.begin() as session:
        if begun:
            session.lock(FIVE)
            session.delete(FIVE)

        assert server.session_state(session.id) is SessionState.ALIVE
        assert RetryingServer(server).session_state(session.id) is SessionState.ALIVE


@pytest.mark.parametrize("end", [leave, commit])
def test_a_session_that_has_ended_is_gone(place: Place, end: Callable[[Server], str]) -> None:
    """A session is gone once it was committed or rolled back, also for who connects anew."""
    filled(place)

    with opened(place, writable=True) as server:
        session = end(server)

        assert becomes(lambda: server.session_state(session), SessionState.GONE)
    with opened(place) as server:
        assert server.session_state(session) is SessionState.GONE


def test_one_session_is_not_taken_for_another(place: Place) -> None:
    """While one lives, another that has ended is told to be gone."""
    filled(place)

    with opened(place, writable=True) as server:
        ended = leave(server)
        with server.begin() as session:
            assert becomes(lambda: server.session_state(ended), SessionState.GONE)
            assert server.session_state(session.id) is SessionState.ALIVE


@pytest.mark.parametrize(
    "session",
    ["", "nonsense", "7; DROP TABLE hsplit", "0123456789abcdef0123456789abcdef", f"99999999999999999999-{'0' * 32}"],
)
def test_a_session_nobody_knows_is_not_alive(place: Place, session: str) -> None:
    """An id that cannot be read is unknown; where one process alone can write, every other session is gone."""
    with opened(place) as server:
        state = server.session_state(session)

    assert state is (SessionState.GONE if place.exclusive else SessionState.UNKNOWN)


@pytest.mark.soak("informix")
def test_a_lock_on_the_table_keeps_others_out(place: Place) -> None:
    """A second writer gets an error that says that others hold the rows; the first goes on and its writes stay."""
    filled(place)

    def touch(server: Server) -> None:
        with server.begin() as second:
            second.lock(FIVE)
            second.delete(FIVE)
            second.commit()

    with opened(place, writable=True) as server:
        with server.begin() as first:
            first.lock(FIVE, table=True)
            with pytest.raises(ServerError) as error:
                touch(server)
            assert first.delete(FIVE) == 2
            first.insert("hsplit", reader("hsplit", [hsplit(600)]))
            first.commit()

        assert error.value.crowded
        assert error.value.transient
        assert [one["starttime"] for one in rows_in(server)] == [530, 600]
        touch(server)


@pytest.mark.soak("informix")
def test_two_locks_on_a_table_exclude_each_other(place: Place) -> None:
    """Of two who want the whole table one gets it, and the other an error that a smaller transaction may not get."""
    filled(place)

    def lock(server: Server) -> None:
        with server.begin() as second:
            second.lock(FIVE, table=True)

    with opened(place, writable=True) as server, server.begin() as first:
        first.lock(FIVE, table=True)
        with pytest.raises(ServerError) as error:
            lock(server)
        first.commit()

    assert error.value.crowded


def test_reading_does_not_move_a_counter(place: Place) -> None:
    """However a table is read, and by whoever connects, its counter stays, where there is one."""
    filled(place)

    with opened(place) as server:
        counters = {settled(server)}
        for _ in range(2):
            rows_in(server)
            server.bounds("hsplit", everything("hsplit").columns)
            counters.add(server.change_counter("hsplit"))
    with opened(place) as server:
        rows_in(server)
        counters.add(RetryingServer(server).change_counter("hsplit"))

    assert len(counters) == 1


def settled(server: Server) -> str | None:
    """Return a counter that has stayed the same for a while: what was written before is counted late."""
    last, same = server.change_counter("hsplit"), 0
    while same < 5:
        time.sleep(0.05)
        now = server.change_counter("hsplit")
        last, same = now, same + 1 if now == last else 0
    return last


def by_deleting(place: Place) -> None:
    """Delete rows over a connection of its own."""
    with opened(place, writable=True) as other:
        commit(other)


def by_inserting(place: Place) -> None:
    """Insert a row, without the code under test."""
    place.load("hsplit", as_arrow("hsplit", [hsplit(700)]))


@pytest.mark.sampled
@pytest.mark.parametrize("change", some_of([by_deleting, by_inserting], 2))
def test_a_change_by_somebody_else_moves_a_counter(place: Place, change: Callable[[Place], None]) -> None:
    """Once rows were inserted or deleted the counter is another; a kind that keeps none says so each time."""
    filled(place)
    with opened(place) as server:
        before = settled(server)
        counts = server.describe().kind != "informix"

    change(place)

    with opened(place) as server:
        assert becomes(lambda: server.change_counter("hsplit") != before, counts)
    assert (before is not None) is counts


@pytest.mark.soak("informix")
def test_who_waits_for_a_lock_is_counted(place: Place) -> None:
    """Nobody waits at first, and one does while its table is locked; where nobody ever waits there is no number."""
    filled(place)
    half_past = Selection("hsplit", FIVE.columns, buckets=(Bucket(DAY, 530, 1),))

    def wait(server: Server) -> None:
        with pytest.raises(ServerError), server.begin() as second:
            second.lock(half_past)

    with opened(place, writable=True) as server:
        if place.exclusive:
            assert server.waiting() is None
            return
        assert server.waiting() == 0
        with server.begin() as first:
            first.lock(FIVE, table=True)
            waiting = threading.Thread(target=wait, args=(server,))
            waiting.start()
            counted = becomes(RetryingServer(server).waiting, 1)
            waiting.join()

        assert counted
        assert server.waiting() == 0
