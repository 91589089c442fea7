"""Every code a server can answer and every fault of the wire, made over the real wire: a sentence each, no more."""

from __future__ import annotations

import logging
import time

import pytest

from syncengine.model.bucket import BucketColumns
from syncengine.model.errors import (
    ServerError,
    ServerLockedError,
    ServerUnreachableError,
    UnknownOutcomeError,
)
from syncengine.model.pair import Limits
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.informix.errors import MEANINGS
from syncengine.servers.protocol import Server
from syncengine.servers.retry import ATTEMPTS, RetryingServer
from tests.examples import some_of
from tests.scenes import trunk, trunks
from tests.servers.contract.kinds import as_arrow
from tests.servers.contract.test_reading import everything
from tests.servers.derby.faults import Action, Cut, Drop, Error, Fault, LoseAnswer, Slow, Stall
from tests.servers.derby.network_server import PASSWORD
from tests.servers.informix.place import InformixPlace

pytestmark = pytest.mark.informix

ALL = ReadQuery(Selection("htrunk", BucketColumns()), ("starttime",))
ROWS = len(trunks())
NATIVE = sorted(
    code for code in MEANINGS if code not in (-30081, -30082, -30061, -1224, -30108, -1042, -1013, -805, -332)
)
"""The codes that come from a server; the others are the driver's own."""


def is_one_sentence(error: ServerError) -> bool:
    """Say whether an error is fit to be shown: it names the server and has a hint, no line ends and no secret."""
    text = str(error)
    return (
        error.message.startswith("primary: ")
        and bool(error.hint)
        and "\n" not in text
        and PASSWORD not in text
        and "Traceback" not in text
    )


@pytest.mark.sampled
@pytest.mark.parametrize("code", some_of(NATIVE, 3))
def test_every_code_over_the_wire(informix: InformixPlace, code: int) -> None:
    """A query that a server refuses with a code raises our error of its kind, and the next query works."""
    server = informix.open(writable=False)
    try:
        # More than once, since for a few codes the driver asks again by itself.
        fault = Fault(Error(code, message="words of the server"), statement="SELECT starttime", times=5)
        informix.shim.faults.add(fault)
        with pytest.raises(ServerError) as error:
            server.read(ALL).read_all()

        assert is_one_sentence(error.value)
        assert type(error.value) is MEANINGS[code].kind
        assert error.value.transient is MEANINGS[code].transient
        assert f"(SQLCODE {code})" in error.value.message
        informix.shim.faults.clear()
        assert server.read(ALL).read_all().num_rows == ROWS
    finally:
        server.close()


READING: dict[str, Fault] = {
    "drop while preparing": Fault(Drop(), at="prepare", statement="SELECT starttime"),
    "drop while executing": Fault(Drop(), at="execute", statement="SELECT starttime"),
    "answer lost": Fault(LoseAnswer(), at="execute", statement="SELECT starttime"),
    "request cut": Fault(Cut(of="request"), at="execute", statement="SELECT starttime"),
    "answer cut": Fault(Cut(size=60), at="execute", statement="SELECT starttime"),
}


@pytest.mark.parametrize("name", sorted(READING))
def test_a_connection_that_breaks_while_reading(informix: InformixPlace, name: str) -> None:
    """A read whose connection breaks is a transient error in one sentence, never fewer rows, and the next works."""
    server = informix.open(writable=False)
    try:
        fault = informix.shim.faults.add(READING[name])
        with pytest.raises(ServerUnreachableError) as error:
            server.read(ALL).read_all()

        assert informix.shim.faults.fired(fault) == 1
        assert error.value.transient
        assert is_one_sentence(error.value)
        assert server.read(ALL).read_all().num_rows == ROWS
    finally:
        server.close()


@pytest.mark.parametrize("does", [Drop(), LoseAnswer(), Cut(), Error(-1)], ids=lambda does: type(does).__name__)
def test_a_connection_that_breaks_while_being_opened(informix: InformixPlace, does: Action) -> None:
    """Whatever becomes of the first messages, opening ends in one sentence, and works again afterwards."""
    informix.shim.faults.add(Fault(does, at="connect", times=10))

    with pytest.raises(ServerError) as error:
        informix.open()

    assert is_one_sentence(error.value)
    informix.shim.faults.clear()
    informix.open().close()


def test_a_stalled_server_is_given_up_when_the_time_is_over(informix: InformixPlace) -> None:
    """A query whose answer does not come ends when a query's time is over, and the server can be asked again."""
    server = informix.open(writable=False, limits=Limits(query_seconds=1))
    try:
        informix.shim.faults.add(Fault(Stall(), statement="SELECT starttime"))
        begun = time.monotonic()
        with pytest.raises(ServerError, match="longer than 1 second"):
            server.read(ALL).read_all()

        assert time.monotonic() - begun < 10
        assert server.read(ALL).read_all().num_rows == ROWS
    finally:
        informix.shim.release()
        server.close()


def test_a_slow_link_only_takes_longer(informix: InformixPlace) -> None:
    """A link that trickles brings every row."""
    server = informix.open(writable=False)
    try:
        informix.shim.faults.add(Fault(Slow(bytes_per_second=20_000), statement="SELECT starttime"))

        assert server.read(ALL).read_all().num_rows == ROWS
    finally:
        server.close()


WRITES: dict[str, tuple[Fault, type[ServerError]]] = {
    "drop before the delete": (Fault(Drop(), statement="DELETE FROM"), ServerUnreachableError),
    "delete of lost answer": (Fault(LoseAnswer(), statement="DELETE FROM"), ServerUnreachableError),
    "locked delete": (Fault(Error(-244), statement="DELETE FROM"), ServerLockedError),
    "full lock table in an insert": (Fault(Error(-271), statement="INSERT INTO 'root'"), ServerLockedError),
    "drop in an insert": (Fault(Drop(), statement="INSERT INTO 'root'"), ServerUnreachableError),
    "unique index in an insert": (Fault(Error(-268), statement="INSERT INTO 'root'"), ServerError),
    "deadlock in the lock": (Fault(Error(-143), statement="UPDATE 'root'"), ServerLockedError),
    "drop before the commit": (Fault(Drop(), at="commit"), UnknownOutcomeError),
    "commit of lost answer": (Fault(LoseAnswer(), at="commit"), UnknownOutcomeError),
    "long transaction in the commit": (Fault(Error(-458), at="commit"), ServerError),
}


@pytest.mark.parametrize("name", sorted(WRITES))
def test_a_write_that_breaks_is_whole_or_not_there(informix: InformixPlace, name: str) -> None:
    """Whatever breaks in a transaction is our error; rows are as before, or, where the commit arrived, as after."""
    fault, kind = WRITES[name]
    server = informix.open()
    before = sorted(server.read(ALL).read_all().column(0).to_pylist())

    def write() -> None:
        with server.begin() as session:
            session.lock(everything("htrunk"))
            session.delete(everything("htrunk"))
            session.insert("htrunk", as_arrow("htrunk", [trunk(label) for label in before]).to_reader())
            informix.shim.faults.add(fault) if fault.at == "commit" else None
            session.commit()

    try:
        with server.begin() as session:
            del session  # finds the write path out, before a fault can
        if fault.at != "commit":
            informix.shim.faults.add(fault)
        with pytest.raises(kind) as error:
            write()

        assert type(error.value) is kind
        assert is_one_sentence(error.value) or kind is UnknownOutcomeError
        assert sorted(server.read(ALL).read_all().column(0).to_pylist()) == before
    finally:
        server.close()


def test_what_may_pass_is_tried_again_and_logged(
    informix: InformixPlace, quick: None, caplog: pytest.LogCaptureFixture
) -> None:
    """A question that fails for the moment is asked again, a bounded number of times, with a line in the log each."""
    del quick
    server: Server = RetryingServer(informix.open(writable=False))
    question = "COUNT"
    try:
        informix.shim.faults.add(Fault(Error(-244), statement=question, times=ATTEMPTS - 1))
        with caplog.at_level(logging.WARNING):
            bounds = server.bounds("htrunk", everything("htrunk").columns)

        assert sum(one.rows for one in bounds) == ROWS
        assert [record.getMessage().count("Try") for record in caplog.records] == [1] * (ATTEMPTS - 1)
        assert PASSWORD not in caplog.text

        informix.shim.faults.add(Fault(Error(-244), statement=question, times=ATTEMPTS))
        with pytest.raises(ServerLockedError):
            server.bounds("htrunk", everything("htrunk").columns)
    finally:
        server.close()


def test_a_permanent_error_is_not_retried(informix: InformixPlace, quick: None) -> None:
    """A permanent error is reported at once."""
    del quick
    server: Server = RetryingServer(informix.open(writable=False))
    try:
        fault = informix.shim.faults.add(Fault(Error(-272), statement="COUNT", times=5))
        with pytest.raises(ServerError, match="may not read"):
            server.bounds("htrunk", everything("htrunk").columns)

        assert informix.shim.faults.fired(fault) == 1
    finally:
        server.close()
