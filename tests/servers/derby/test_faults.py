"""What a test orders to go wrong goes wrong that way, when it should, and as often as it should."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.servers.derby.conftest import Connect
from tests.servers.derby.driver import query, refusal, run, sqlcode
from tests.servers.derby.faults import Action, Cut, Drop, Error, Fault, LoseAnswer, Slow, Stall
from tests.servers.derby.shim import Shim

pytestmark = pytest.mark.informix


@pytest.fixture
def loaded(connect: Connect) -> Any:
    """Return a connection to a database with a table of three rows."""
    connection = connect()
    run(connection, "CREATE TABLE t (a INTEGER, b CHAR(100))")
    run(connection, *(f"INSERT INTO t VALUES ({number}, 'x')" for number in range(3)))
    connection.commit()
    return connection


def count(connection: Any) -> int:
    """Return how many rows there are."""
    return int(query(connection, "SELECT COUNT(*) FROM t")[0][0])


def test_a_statement_is_refused_once(loaded: Any, shim: Shim) -> None:
    """The statement that was chosen gets the error with its own words, others and the next one do not."""
    fault = shim.faults.add(Fault(Error(-244, message="no such luck"), statement="COUNT"))

    assert len(query(loaded, "SELECT a FROM t")) == 3
    assert "[IDS/UNIX64] no such luck SQLCODE=-244" in refusal(lambda: count(loaded))
    assert count(loaded) == 3
    assert shim.faults.fired(fault) == 1


def test_a_fault_waits_for_its_turn_and_fires_as_often_as_set(loaded: Any, shim: Shim) -> None:
    """The second and the third count are refused, the first and the fourth are not."""
    shim.faults.add(Fault(Error(-244), statement="COUNT", nth=2, times=2))

    assert count(loaded) == 3
    assert [sqlcode(lambda: count(loaded)) for _ in range(2)] == [-244, -244]
    assert count(loaded) == 3


def test_a_statement_is_refused_where_it_is_prepared(loaded: Any, shim: Shim) -> None:
    """An error at the preparing is raised as one of the statement."""
    shim.faults.add(Fault(Error(-710), at="prepare", statement="COUNT"))

    assert sqlcode(lambda: count(loaded)) == -710
    assert count(loaded) == 3


def test_one_row_of_many_is_refused(loaded: Any, shim: Shim) -> None:
    """Of rows that are inserted in one call the chosen one is refused, and the others are there until a rollback."""
    shim.faults.add(Fault(Error(-271), statement="INSERT", nth=5))
    rows = [(number, "y") for number in range(10)]

    assert sqlcode(lambda: loaded.cursor().executemany("INSERT INTO t VALUES (?, ?)", rows)) == -271
    assert count(loaded) == 3 + 9
    loaded.rollback()
    assert count(loaded) == 3


def test_a_row_is_refused_in_the_midst_of_reading(loaded: Any, shim: Shim) -> None:
    """An error can come when some rows have been read; the connection stays whole."""
    run(loaded, *("INSERT INTO t SELECT * FROM t",) * 9)
    shim.faults.add(Fault(Error(-244), at="fetch", nth=2))

    assert sqlcode(lambda: query(loaded, "SELECT * FROM t")) == -244
    assert count(loaded) == 3 * 2**9


def test_a_commit_is_refused(loaded: Any, shim: Shim) -> None:
    """A commit that is refused leaves the transaction as it is."""
    shim.faults.add(Fault(Error(-458), at="commit"))
    run(loaded, "DELETE FROM t")

    assert sqlcode(loaded.commit) == -458
    loaded.rollback()
    assert count(loaded) == 3


def test_a_connection_is_refused(connect: Connect, shim: Shim) -> None:
    """The database itself may refuse whoever has given the right password."""
    shim.faults.add(Fault(Error(-387), at="connect"))

    assert sqlcode(connect) == -387


@pytest.mark.parametrize("does", [Drop(), LoseAnswer(), Cut(20), Cut(9, of="request")])
def test_a_lost_connection_is_a_communication_error(loaded: Any, shim: Shim, connect: Connect, does: Action) -> None:
    """However the connection is lost, the driver says so, and another one can be had."""
    shim.faults.add(Fault(does, statement="COUNT"))

    assert sqlcode(lambda: count(loaded)) == -30081
    assert count(connect()) == 3


@pytest.mark.parametrize(
    ("does", "left"),
    [(Drop(), 3), (Cut(9, of="request"), 3), (LoseAnswer(), 0), (Cut(9), 0)],
)
def test_whether_a_lost_commit_was_done_depends_on_where_it_was_lost(
    loaded: Any, shim: Shim, connect: Connect, does: Action, left: int
) -> None:
    """A commit whose request is lost is not done, one whose answer is lost is, and the driver says the same of both."""
    shim.faults.add(Fault(does, at="commit"))
    run(loaded, "DELETE FROM t")

    assert sqlcode(loaded.commit) == -30081
    assert count(connect()) == left


@pytest.mark.parametrize("of", ["request", "reply"])
def test_a_stall_lasts_as_long_as_set(loaded: Any, shim: Shim, of: Any) -> None:
    """A request or its answer is held for some time, once."""
    shim.faults.add(Fault(Stall(0.5, of=of), statement="COUNT"))
    start = time.monotonic()

    assert count(loaded) == 3
    assert 0.5 <= time.monotonic() - start < 1.5


def test_a_stall_lasts_until_it_is_released(loaded: Any, shim: Shim) -> None:
    """Without a time, a request is held until the test lets it go."""
    shim.faults.add(Fault(Stall(), statement="COUNT"))
    counted: list[int] = []
    waiting = threading.Thread(target=lambda: counted.append(count(loaded)))
    waiting.start()
    waiting.join(0.5)

    assert counted == []
    shim.release()
    waiting.join(10)
    assert counted == [3]


def test_a_slow_line_trickles(loaded: Any, shim: Shim) -> None:
    """From the chosen request on, answers come no faster than set."""
    run(loaded, *("INSERT INTO t SELECT * FROM t",) * 6)
    shim.faults.add(Fault(Slow(bytes_per_second=20_000), statement="SELECT a, b"))
    start = time.monotonic()

    assert len(query(loaded, "SELECT a, b FROM t")) == 3 * 2**6
    assert time.monotonic() - start > 0.8


def test_a_stopped_shim_refuses_until_it_starts_again(loaded: Any, shim: Shim, connect: Connect) -> None:
    """A server that is down breaks its connections, and is back at the same port."""
    shim.stop()
    assert sqlcode(lambda: count(loaded)) == -30081
    assert shim.connections == 0

    shim.start()
    assert count(connect()) == 3


def test_requests_are_recorded(loaded: Any, shim: Shim) -> None:
    """The texts are recorded as the client sent them, and the requests with their texts."""
    shim.forget()
    query(loaded, "SELECT FIRST 1 a FROM 'root'.t")
    loaded.commit()

    assert shim.statements == ["SELECT FIRST 1 a FROM 'root'.t"]
    assert ("OPNQRY", "SELECT FIRST 1 a FROM 'root'.t") in shim.requests
    assert shim.requests[-1] == ("RDBCMM", "")
