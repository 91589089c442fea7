"""What every kind of server promises to those who write."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable

import pyarrow as pa
import pytest

from syncengine.model.bucket import Bucket
from syncengine.model.errors import ServerError, ServerReadOnlyError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.mask import UNMASKED
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.masked import MaskedServer
from syncengine.servers.protocol import Server, WriteSession
from syncengine.servers.retry import RetryingServer
from tests.builders import DAY, hsplit, row
from tests.examples import some_of
from tests.servers.contract.kinds import Place, Row, as_arrow
from tests.servers.contract.test_reading import SEED, everything, folded_columns, opened

FIVE = Selection("hsplit", everything("hsplit").columns, buckets=(Bucket(DAY, 500, 1),))


def reader(table: str, rows: list[Row]) -> pa.RecordBatchReader:
    """Return rows as a stream, one batch a row."""
    given = as_arrow(table, rows)
    return pa.RecordBatchReader.from_batches(given.schema, given.to_batches(max_chunksize=1))


def rows_in(server: Server, table: str = "hsplit") -> list[Row]:
    """Return a table's rows in order."""
    found: list[Row] = server.read(ReadQuery(everything(table))).read_all().to_pylist()
    return sorted(found, key=repr)


def filled(place: Place) -> Place:
    """Put three rows into two buckets."""
    place.load("hsplit", as_arrow("hsplit", [hsplit(500, 1), hsplit(500, 2), hsplit(530, 1)]))
    return place


def test_leaving_without_commit_rolls_back(place: Place) -> None:
    """A session that is left has written nothing."""
    filled(place)

    with opened(place, writable=True) as server:
        before = rows_in(server)
        with server.begin() as session:
            session.delete(FIVE)
            session.insert("hsplit", reader("hsplit", [hsplit(600)]))

        assert rows_in(server) == before


def test_an_error_inside_a_session_rolls_back_and_passes_on(place: Place) -> None:
    """Whatever is raised inside a session leaves it as it was raised, with nothing written."""
    filled(place)

    def stop(server: Server) -> None:
        with server.begin() as session:
            session.delete(FIVE)
            raise KeyboardInterrupt

    with opened(place, writable=True) as server:
        before = rows_in(server)
        with pytest.raises(KeyboardInterrupt):
            stop(server)

        assert rows_in(server) == before


def test_a_commit_is_durable(place: Place) -> None:
    """What was committed is there for a new connection, and what was deleted is gone."""
    filled(place)

    with opened(place, writable=True) as server, server.begin() as session:
        session.delete(FIVE)
        session.insert("hsplit", reader("hsplit", [hsplit(600)]))
        session.commit()

    with opened(place) as server:
        assert sorted(one["starttime"] for one in rows_in(server)) == [530, 600]


def test_deletes_and_inserts_are_counted(place: Place) -> None:
    """Both say how many rows they touched, repeated rows each for itself, none for none."""
    place.load("hsplit", as_arrow("hsplit", [hsplit(500)] * 3))
    nothing = Selection("hsplit", FIVE.columns, buckets=())

    with opened(place, writable=True) as server, server.begin() as session:
        counts = (
            session.delete(nothing),
            session.delete(FIVE),
            session.delete(FIVE),
            session.insert("hsplit", reader("hsplit", [hsplit(500)] * 4)),
            session.insert("hsplit", reader("hsplit", [])),
        )

    assert counts == (0, 3, 0, 4, 0)


def test_key_groups_are_deleted_null_safely(place: Place) -> None:
    """Deleting a key group with NULL deletes that group and no other."""
    rows = [row("synonyms", item_type="SPLIT", value=value, acd_no=acd) for value in ("1", "2") for acd in (1, None)]
    place.load("synonyms", as_arrow("synonyms", rows))
    selection = Selection(
        "synonyms", everything("synonyms").columns, group_columns=("acd_no", "value"), groups=((None, "1".ljust(15)),)
    )

    with opened(place, writable=True) as server, server.begin() as session:
        deleted = session.delete(selection)
        session.commit()

    with opened(place) as server:
        left = {(one["acd_no"], one["value"].strip()) for one in rows_in(server, "synonyms")}
    assert deleted == 1
    assert left == {(1, "1"), (1, "2"), (None, "2")}


def test_columns_are_matched_by_name(place: Place) -> None:
    """Rows whose columns come in another order, or not all, land in the right columns."""
    given = as_arrow("synonyms", [row("synonyms", item_name="Sales", value="1", acd_no=3)])
    turned = given.select(["value", "acd_no", "item_name"])

    with opened(place, writable=True) as server, server.begin() as session:
        session.insert("synonyms", pa.RecordBatchReader.from_batches(turned.schema, turned.to_batches()))
        session.commit()

    with opened(place) as server:
        (found,) = rows_in(server, "synonyms")
    assert (found["acd_no"], found["item_name"].strip(), found["value"].strip()) == (3, "Sales", "1")
    assert found["descr"] is None


def test_a_session_sees_its_own_writes_and_others_do_not(place: Place) -> None:
    """Inside, the fingerprint is that of what will be; outside, that of what is, where the server can tell."""
    filled(place)
    query = FingerprintQuery(FIVE, folded_columns("hsplit"), SEED)

    with opened(place, writable=True) as server:
        before = dict(server.fingerprint(query))
        with server.begin() as session:
            session.delete(FIVE)
            gone = session.fingerprint(query)
            session.insert("hsplit", reader("hsplit", [hsplit(500, 2), hsplit(500, 1)]))
            back = session.fingerprint(query)
            session.insert("hsplit", reader("hsplit", [hsplit(500, 3)]))
            more = session.fingerprint(query)
            outside = dict(server.fingerprint(query))
            session.commit()
        after = dict(server.fingerprint(query))

    assert gone == {}
    assert back == before
    # A server without last committed rows shows readers, who do not wait, what may yet be rolled back.
    assert outside == (before if place.hides_uncommitted else more)
    assert more == after
    assert after[Bucket(DAY, 500, 1)].rows == 3


@pytest.mark.soak("informix")
@pytest.mark.parametrize("locked_first", [True, False])
def test_two_sessions_cannot_write_one_bucket(place: Place, locked_first: bool) -> None:
    """The second session to touch a bucket gets our error; the first goes on and its writes stay."""
    filled(place)

    def touch(session: WriteSession) -> None:
        session.lock(FIVE)
        session.delete(FIVE)
        session.commit()

    with opened(place, writable=True) as server:
        with server.begin() as first, server.begin() as second:
            if locked_first:
                first.lock(FIVE)
            else:
                first.delete(FIVE)
            with pytest.raises(ServerError) as error:
                touch(second)
            first.delete(FIVE)
            first.commit()

        assert error.value.hint
        assert [one["starttime"] for one in rows_in(server)] == [530]


@pytest.mark.soak("informix")
def test_rows_with_nulls_are_locked_too(place: Place) -> None:
    """A row is locked whichever of its columns hold NULL."""
    place.load("hsplit", as_arrow("hsplit", [hsplit(500, None, incalls=None, intrvl=None)]))

    def touch(session: WriteSession) -> None:
        session.lock(FIVE)
        session.delete(FIVE)
        session.commit()

    with opened(place, writable=True) as server:
        with server.begin() as first, server.begin() as second:
            first.lock(FIVE)
            with pytest.raises(ServerError):
                touch(second)
            assert first.delete(FIVE) == 1
            first.commit()

        assert rows_in(server) == []


def test_sessions_in_different_buckets_do_not_disturb_each_other(place: Place) -> None:
    """Two sessions may each write a bucket of their own, and both stay; where a lock is wider, one after the other."""
    filled(place)
    half_past = Selection("hsplit", FIVE.columns, buckets=(Bucket(DAY, 530, 1),))

    with opened(place, writable=True) as server:
        if not place.narrow_locks:
            assert one_after_the_other(server, FIVE, half_past) == (2, 1)
            assert rows_in(server) == []
            return
        with server.begin() as first, server.begin() as second:
            first.lock(FIVE)
            second.lock(half_past)
            counts = first.delete(FIVE), second.delete(half_past)
            first.commit()
            second.commit()

        assert counts == (2, 1)
        assert rows_in(server) == []


def one_after_the_other(server: Server, *selections: Selection) -> tuple[int, ...]:
    """Delete rows in two sessions, of which the second waits until the first has committed."""
    one, other = selections
    with server.begin() as first:
        first.lock(one)
        counts = [first.delete(one)]

        def wait() -> None:
            with server.begin() as second:
                second.lock(other)
                counts.append(second.delete(other))
                second.commit()

        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        first.commit()
    waiting.join()
    return tuple(counts)


@pytest.mark.sampled
@pytest.mark.parametrize("table", some_of(["dbitems", "synonyms", "hsplit", "dsplit", "haglog", "call_rec"], 2))
def test_any_table_can_be_locked(place: Place, table: str) -> None:
    """A lock changes no row, whichever columns a table has, and one without ACD or date has a lock too."""
    place.load(table, as_arrow(table, [row(table)]))
    selection = Selection(table, everything(table).columns)

    with opened(place, writable=True) as server:
        before = rows_in(server, table)
        with server.begin() as session:
            session.lock(selection)
            session.commit()

        assert rows_in(server, table) == before
        assert len(before) == 1


def test_sessions_have_names_of_their_own(place: Place) -> None:
    """Each session has an id, so that one a crash left open is distinguished from the next."""
    ids = set()

    with opened(place, writable=True) as server:
        for _ in range(3):
            with server.begin() as session:
                ids.add(session.id)

    assert len(ids) == 3
    assert all(ids)


def test_a_server_opened_for_reading_takes_no_session(place: Place) -> None:
    """A read-only connection says so before anything is written."""
    with opened(place) as server:
        with pytest.raises(ServerReadOnlyError) as error, server.begin():
            pass

        assert error.value.hint
        assert not server.describe().capabilities.writable
    with opened(place, writable=True) as server:
        assert server.describe().capabilities.writable


def test_what_a_session_refuses_is_our_error(place: Place) -> None:
    """A missing table, or a value its column cannot take, is a ServerError, and nothing is written."""
    filled(place)
    nowhere = Selection("nowhere", FIVE.columns, buckets=FIVE.buckets)
    too_large = pa.table({"acd": pa.array([70_000], pa.int32())})

    def inside(server: Server, ask: Callable[[WriteSession], object]) -> None:
        with server.begin() as session:
            session.delete(FIVE)
            ask(session)

    def insert(session: WriteSession, rows: pa.Table, table: str) -> None:
        session.insert(table, pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches()))

    with opened(place, writable=True) as server:
        before = rows_in(server)
        for ask in (
            lambda session: session.lock(nowhere),
            lambda session: session.delete(nowhere),
            lambda session: session.fingerprint(FingerprintQuery(nowhere, (), SEED)),
            lambda session: insert(session, too_large, "nowhere"),
            lambda session: insert(session, too_large, "hsplit"),
        ):
            with pytest.raises(ServerError) as error:
                inside(server, ask)
            assert str(error.value).startswith("primary: ")

        assert rows_in(server) == before


def test_a_server_is_not_pickled(place: Place) -> None:
    """Neither a server, wrapped or not, nor its session goes to another process: either may hold a password."""
    with opened(place, writable=True) as server, server.begin() as session:
        wrapped = RetryingServer(MaskedServer(server, UNMASKED))
        for one, holder in ((server, server), (session, session), (wrapped, server)):
            with pytest.raises(
                TypeError, match=f"^{type(holder).__name__} may contain a password and cannot be pickled"
            ):
                pickle.dumps(one)
