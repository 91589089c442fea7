"""What every kind of server promises of its streams: a time limit, an end from outside, and errors of ours."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pytest

from syncengine.model.errors import CancelledError, ServerError
from syncengine.model.pair import Limits
from syncengine.model.selection import ReadQuery
from syncengine.servers.protocol import Server
from tests.builders import hsplit
from tests.servers.contract.kinds import Place, as_arrow
from tests.servers.contract.test_reading import everything, opened
from tests.servers.contract.test_writing import FIVE, filled

ROWS = 20_000
SPLITS = ReadQuery(everything("hsplit"), ("split",))


@pytest.fixture
def many(place: Place) -> Place:
    """Put more rows into the database than a few batches hold."""
    place.load("hsplit", as_arrow("hsplit", [hsplit(500)]).take([0] * ROWS))
    return place


@contextmanager
def hurried(place: Place, *, writable: bool = False) -> Iterator[Server]:
    """Open a server whose queries may take a second."""
    server = place.open(writable=writable, limits=Limits(query_seconds=1))
    try:
        yield server
    finally:
        server.close()


def too_slow(reader: pa.RecordBatchReader) -> None:
    """Read a batch, wait until the time is over, and go on."""
    reader.read_next_batch()
    time.sleep(1.2)
    reader.read_all()


@pytest.mark.soak("informix")
def test_a_stream_ends_when_its_time_is_over(many: Place) -> None:
    """A stream that takes longer than a query may is stopped with the sentence that names the limit."""
    with hurried(many) as server:
        with pytest.raises(ServerError, match="longer than 1 second") as error:
            too_slow(server.read(SPLITS))

        assert "limits.query_seconds" in error.value.hint
        assert server.read(SPLITS).read_all().num_rows == ROWS


@pytest.mark.soak("informix")
def test_a_stream_of_a_session_ends_when_its_time_is_over(many: Place) -> None:
    """Inside a transaction the same limit holds, and the transaction rolls back as ever."""

    def slowly(server: Server) -> None:
        with server.begin() as session:
            session.delete(FIVE)
            session.insert("hsplit", as_arrow("hsplit", [hsplit(530)]).take([0] * ROWS).to_reader())
            too_slow(session.read(SPLITS))

    with hurried(many, writable=True) as server:
        with pytest.raises(ServerError, match="longer than 1 second"):
            slowly(server)

        assert {one.first for one in server.bounds("hsplit", FIVE.columns)} == set(FIVE.buckets or ())


def test_a_stream_is_stopped_from_another_thread(many: Place) -> None:
    """Interrupting the server ends a stream that somebody is reading, and only that."""
    with opened(many) as server:
        reader = server.read(SPLITS)
        reader.read_next_batch()
        stopper = threading.Thread(target=server.interrupt)
        stopper.start()
        stopper.join()

        with pytest.raises(CancelledError, match="primary"):
            reader.read_all()
        assert server.read(SPLITS).read_all().num_rows == ROWS


def test_interrupting_a_server_at_rest_does_nothing(many: Place) -> None:
    """Streams that were read or let go of are not running any more."""
    with opened(many) as server:
        server.read(SPLITS).read_all()
        server.read(SPLITS).read_next_batch()
        server.read(SPLITS)
        gc.collect()

        server.interrupt()

        assert server.read(SPLITS).read_all().num_rows == ROWS


def test_streams_leave_no_threads_behind(many: Place) -> None:
    """A stream that was read, let go of or never begun has nothing waiting for its time to be over."""
    with opened(many) as server:
        before = threading.active_count()
        server.read(SPLITS).read_all()
        server.read(SPLITS).read_next_batch()
        server.read(SPLITS)
        gc.collect()
        deadline = time.monotonic() + 10
        while threading.active_count() > before and time.monotonic() < deadline:
            time.sleep(0.01)

        assert threading.active_count() == before


def test_a_session_reads_what_it_wrote(place: Place) -> None:
    """Rows written in a transaction are read in it, and before the commit by nobody else who can be spared them."""
    filled(place)
    query = ReadQuery(everything("hsplit"), ("starttime",))

    with opened(place, writable=True) as server, server.begin() as session:
        session.delete(FIVE)
        session.insert("hsplit", as_arrow("hsplit", [hsplit(600)]).to_reader())
        inside = session.read(query).read_all().column(0).to_pylist()
        outside = server.read(query).read_all().column(0).to_pylist()

    assert sorted(inside) == [530, 600]
    assert sorted(outside) == ([500, 500, 530] if place.hides_uncommitted else [530, 600])


def test_a_session_goes_on_after_a_stream(many: Place) -> None:
    """Once its stream was read, or let go of half-read, a transaction takes the next statement."""
    with opened(many, writable=True) as server, server.begin() as session:
        session.read(SPLITS).read_all()
        session.read(SPLITS).read_next_batch()

        assert session.delete(FIVE) == ROWS


@pytest.mark.soak("informix")
def test_a_stream_left_open_does_not_keep_a_session_from_ending(many: Place) -> None:
    """A transaction rolls back under a half-read stream, which then does not look as if it had ended."""
    with opened(many, writable=True) as server:
        with server.begin() as session:
            session.delete(FIVE)
            session.insert("hsplit", as_arrow("hsplit", [hsplit(530)]).take([0] * ROWS).to_reader())
            reader = session.read(SPLITS)
            reader.read_next_batch()

        with pytest.raises(ServerError, match="primary"):
            reader.read_all()
        assert {one.first for one in server.bounds("hsplit", FIVE.columns)} == set(FIVE.buckets or ())


def test_a_session_refuses_like_its_server(place: Place) -> None:
    """A column that is not there is a ServerError that names the server."""
    with (
        opened(place, writable=True) as server,
        server.begin() as session,
        pytest.raises(ServerError, match=r"^primary: "),
    ):
        session.read(ReadQuery(everything("hsplit"), ("nocolumn",)))
