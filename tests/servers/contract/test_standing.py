"""What every kind of server has_versions of its sessions, its locks and the versions of its rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

import pytest

from syncengine.model.bucket import Bucket
from syncengine.model.errors import ServerError
from syncengine.model.remembered_days import DaysQuery
from syncengine.model.selection import Selection
from syncengine.model.window import Window
from syncengine.servers.protocol import Server, SessionState
from syncengine.servers.retry import RetryingServer
from tests.builders import DAY, hsplit
from tests.examples import some_of
from tests.servers.contract.kinds import Place, as_arrow
from tests.servers.contract.test_reading import everything, opened
from tests.servers.contract.test_writing import FIVE, filled, reader, rows_in

SECONDS = 10
"""How long a server may take to notice that a client has gone."""


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
    """An open session is reported as alive, by its id and whatever it has written."""
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
    """While one lives, another that has ended is reported as gone."""
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
def test_an_unknown_session_is_not_alive(place: Place, session: str) -> None:
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

        assert error.value.retry_smaller
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

    assert error.value.retry_smaller


DAYS = DaysQuery(Selection("hsplit", FIVE.columns, window=Window(datetime(2000, 6, 5), datetime(2000, 6, 6))))


def test_reading_does_not_change_a_version(place: Place) -> None:
    """However a table is read, and by whoever connects, its days keep their versions, where there are any."""
    filled(place)

    with opened(place) as server:
        versions = [server.day_versions(DAYS)]
        for _ in range(2):
            rows_in(server)
            server.bounds("hsplit", everything("hsplit").columns)
            versions.append(server.day_versions(DAYS))
    with opened(place) as server:
        rows_in(server)
        versions.append(RetryingServer(server).day_versions(DAYS))

    assert len({one and (one.history, *one.days.items()) for one in versions}) == 1


def by_deleting(place: Place) -> None:
    """Delete rows over a connection of its own."""
    with opened(place, writable=True) as other:
        commit(other)


def by_inserting(place: Place) -> None:
    """Insert a row, without the code under test."""
    place.load("hsplit", as_arrow("hsplit", [hsplit(700)]))


@pytest.mark.sampled
@pytest.mark.parametrize("change", some_of([by_deleting, by_inserting], 2))
def test_a_change_by_somebody_else_is_another_version_at_once(place: Place, change: Callable[[Place], None]) -> None:
    """Once rows were inserted or deleted the next query returns another version; a server without versions says so."""
    filled(place)
    with opened(place) as server:
        before = server.day_versions(DAYS)
        has_versions = server.describe().kind != "informix"

    change(place)

    with opened(place) as server:
        after = server.day_versions(DAYS)
    assert (before is not None, after is not None) == (has_versions, has_versions)
    if before is not None and after is not None:
        assert (before.history, before.days) != (after.history, after.days)
        assert before.position <= after.position


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
            assert server.waiting_sessions() is None
            return
        assert server.waiting_sessions() == 0
        with server.begin() as first:
            first.lock(FIVE, table=True)
            waiting = threading.Thread(target=wait, args=(server,))
            waiting.start()
            counted = becomes(RetryingServer(server).waiting_sessions, 1)
            waiting.join()

        assert counted
        assert server.waiting_sessions() == 0
