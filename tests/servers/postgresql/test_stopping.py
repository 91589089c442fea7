"""Queries end when somebody wants them to: by Ctrl-C, from another thread, and where the server answers nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from syncengine.model.errors import CancelledError, ServerError
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers import driver_calls
from syncengine.servers.postgresql import connections
from syncengine.servers.postgresql.url import FORM
from tests.builders import hsplit
from tests.servers.postgresql.cluster import ACTIVE, Cluster, Database
from tests.servers.postgresql.conftest import HSPLIT, Open, fill
from tests.waiting import wait_until

pytestmark = pytest.mark.postgresql
SLOW = ReadQuery(Selection("slow", HSPLIT.columns))
SLEEPING = "wait_event = 'PgSleep'"
"""Of a backend in the middle of the slow query, and not in one before it that is over at once."""
CTRL_C = """
import sys, threading
from syncengine.model.bucket import BucketColumns
from syncengine.model.pair import Limits, Role
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.postgresql.server import PostgreSQLServer

server = PostgreSQLServer(sys.argv[1], Role.PRIMARY, writable=True, limits=Limits())
threading.Timer(0.2, lambda: print("asking", flush=True)).start()
try:
    with server.begin() as session:
        session.read(ReadQuery(Selection("slow", BucketColumns()))).read_all()
except KeyboardInterrupt:
    print("stopped", server.highest("hsplit", "acd"))
finally:
    server.close()
"""


def make_slow(database: Database) -> None:
    """Make a view that takes a minute to read."""
    fill(database, hsplit(500))
    database.run("CREATE VIEW slow AS SELECT hsplit.*, (pg_sleep(60) IS NULL)::int AS slept FROM hsplit")


def test_ctrl_c_ends_a_query_at_once(running: Cluster, database: Database) -> None:
    """Ctrl-C is a KeyboardInterrupt within moments, the server works no more, and goes on being asked."""
    make_slow(database)
    command = [sys.executable, "-c", CTRL_C, database.url()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "asking"
        wait_until(lambda: running.backends(database, having=SLEEPING))
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        result, _ = process.communicate(timeout=20)

    assert result.strip() == "stopped 1"
    assert time.monotonic() - began < 4
    assert running.backends(database, having=ACTIVE) == []


def test_another_thread_ends_a_query(running: Cluster, database: Database, opened: Open) -> None:
    """An interruption ends the query on the server too, and is reported as one."""
    make_slow(database)

    with opened() as server:
        stopper = threading.Timer(0.5, server.interrupt)
        stopper.start()
        began = time.monotonic()
        with pytest.raises(CancelledError, match="primary: the query was interrupted"):
            server.read(SLOW).read_all()

        assert time.monotonic() - began < 4
        wait_until(lambda: not running.backends(database, having=ACTIVE))
        # Late answers to the cancellation hit nobody else.
        for _ in range(20):
            assert server.highest("hsplit", "acd") == 1


def test_a_cancellation_by_an_administrator_is_reported(running: Cluster, database: Database, opened: Open) -> None:
    """A query cancelled on the server is not reported as too slow, nor as stopped by the user."""
    make_slow(database)

    with opened() as server:

        def cancel() -> None:
            wait_until(lambda: running.backends(database, having=SLEEPING))
            running.admin.run(f"SELECT pg_cancel_backend({running.backends(database, having=SLEEPING)[0]})")

        cancelling = threading.Thread(target=cancel)
        cancelling.start()
        with pytest.raises(ServerError, match="the query was cancelled on the server"):
            server.read(SLOW).read_all()
        cancelling.join()


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """Have processes stand still."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("by", ["time", "interrupt"])
def test_a_server_that_does_not_respond_is_abandoned(
    running: Cluster, database: Database, opened: Open, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """A backend that stands still, and heeds no cancellation, keeps nobody: the wait ends all the same."""
    monkeypatch.setattr(driver_calls, "GRACE_SECONDS", 0.5)
    fill(database, *[hsplit(500)] * 20_000)

    with opened(query_seconds=2 if by == "time" else 600) as server:
        stream = server.read(ReadQuery(HSPLIT, ("split",)))
        stream.read_next_batch()
        pids = running.backends(database, having="state = 'idle in transaction'")
        assert len(pids) == 1
        with frozen(pids):
            if by == "interrupt":
                threading.Timer(0.3, server.interrupt).start()
            began = time.monotonic()
            with pytest.raises(CancelledError if by == "interrupt" else ServerError):
                stream.read_all()

            assert time.monotonic() - began < 5
            assert server.highest("hsplit", "acd") == 1
        wait_until(lambda: not running.backends(database, having=f"pid = {pids[0]}"))


class Opening:
    """A database on which a connection is being opened that never comes about."""

    closed = False

    def close(self) -> None:
        """End it, under whoever is opening a connection."""
        self.closed = True


def test_a_database_is_not_closed_under_a_connection_that_is_being_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """An opening that was given up goes on inside the driver, which would use what was freed: it ends with Python."""
    opening, over = Opening(), threading.Event()
    monkeypatch.setattr(driver_calls, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(connections, "connect", lambda *_: opening)
    monkeypatch.setattr(connections, "Backend", lambda *_: over.wait(20))
    given_up = connections.Connections(
        FORM.parse("postgresql://cms@host/cms", "url"), "primary", query_seconds=1, lock_seconds=1
    )

    with pytest.raises(ServerError, match="took longer"), given_up.lease():
        pass
    given_up.close()
    over.set()

    assert not opening.closed
