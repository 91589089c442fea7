"""The list of sessions is that of the connections Derby really has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.servers.derby.conftest import Connect
from tests.servers.derby.driver import query, refusal, run
from tests.servers.derby.faults import Drop, Fault
from tests.servers.derby.network_server import READER, Database
from tests.servers.derby.shim import Shim

pytestmark = pytest.mark.informix

OWN = "SELECT DBINFO('sessionid') FROM systables WHERE tabid = 1"
ALL = "SELECT sid FROM sysmaster:syssessions"
SECONDS = 30


def own(connection: Any) -> int:
    """Return the number of a connection's session."""
    ((number,),) = query(connection, OWN)
    return int(number)


def listed(connection: Any) -> set[int]:
    """Return the numbers of the sessions there are."""
    return {int(number) for (number,) in query(connection, ALL)}


def soon(holds: Callable[[], bool]) -> bool:
    """Say whether something holds within the time a server may take."""
    until = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_each_connection_is_listed_under_its_own_number(connect: Connect) -> None:
    """Every connection has a number of its own that stays, and is in the list with the name of its user."""
    connections = [connect(), connect(), connect(READER)]
    numbers = [own(connection) for connection in connections]

    assert len(set(numbers)) == 3
    assert [own(connection) for connection in connections] == numbers
    for connection in connections:
        assert set(numbers) <= listed(connection)
    named = "SELECT TRIM(username), is_wlock FROM sysmaster:syssessions WHERE sid = ?"
    assert query(connections[0], named, [numbers[0]]) == [("root", 0)]
    assert query(connections[0], named, [numbers[2]]) == [(READER, 0)]


def test_a_connection_that_is_closed_is_no_longer_listed(connect: Connect) -> None:
    """Closing a connection takes it off the list, and its number never comes again."""
    first, other = connect(), connect()
    number = own(first)

    first.close()

    assert soon(lambda: number not in listed(other))
    assert number != own(connect())


def test_a_connection_that_breaks_is_listed_until_it_is_rolled_back(connect: Connect, shim: Shim) -> None:
    """A client that vanishes takes its session with it, and once that is off the list its locks are gone too."""
    first, other = connect(), connect()
    run(first, "CREATE TABLE t (a INTEGER)")
    first.commit()
    number = own(first)
    run(first, "INSERT INTO t VALUES (1)")

    shim.faults.add(Fault(Drop(), statement="INSERT INTO t VALUES .2"))
    refusal(lambda: run(first, "INSERT INTO t VALUES (2)"))

    assert soon(lambda: number not in listed(other))
    run(other, "LOCK TABLE t IN EXCLUSIVE MODE")
    assert query(other, "SELECT COUNT(*) FROM t") == [(0,)]


@pytest.mark.soak
def test_a_session_lives_as_long_as_its_statement(connect: Connect, shim: Shim, database: Database) -> None:
    """Where a client vanishes under a statement, its session is listed until Derby has come to the end of that."""
    first = connect()
    run(first, "CREATE TABLE t (a INTEGER)")
    first.commit()
    first.cursor().executemany("INSERT INTO t VALUES (?)", [(number,) for number in range(250)])
    first.commit()
    number = own(first)
    # The client goes while Derby is busy: a second or two for all combinations.
    busy = threading.Thread(target=refusal, args=(lambda: query(first, COMBINED),))
    busy.start()
    assert soon(lambda: running(database))
    shim.disconnect()
    busy.join()

    other = connect()
    assert running(database)
    assert number in listed(other)
    assert soon(lambda: number not in listed(other))
    assert not running(database)


COMBINED = "SELECT COUNT(*) FROM t x, t y, t z WHERE x.a + y.a < z.a"


def running(database: Database) -> bool:
    """Say whether Derby is busy with the statement that takes long."""
    text = "CAST(sql_text AS VARCHAR(200))"
    found = database.run(
        "SELECT COUNT(*) FROM syscs_diag.transaction_table "
        f"WHERE {text} LIKE '%t x, t y%' AND {text} NOT LIKE '%transaction_table%'"
    )
    return found != [("0",)]


def test_who_waits_for_a_lock_is_marked(connect: Connect) -> None:
    """A session that waits for another's lock is marked while it waits, and no other is."""
    first, second, reader = connect(), connect(), connect(READER)
    run(first, "CREATE TABLE t (a INTEGER)")
    first.commit()
    waiting = "SELECT sid FROM sysmaster:syssessions WHERE is_wlock = 1"
    number = own(second)
    run(first, "LOCK TABLE t IN EXCLUSIVE MODE")

    blocked = threading.Thread(target=refusal, args=(lambda: run(second, "INSERT INTO t VALUES (1)"),))
    blocked.start()
    seen = soon(lambda: query(reader, waiting) == [(number,)])
    blocked.join()

    assert seen
    assert query(reader, waiting) == []
