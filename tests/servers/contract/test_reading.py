"""What every kind of server promises to those who read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pytest

from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.errors import ServerError
from syncengine.model.fingerprint import FingerprintColumn, FingerprintQuery
from syncengine.model.pair import Limits
from syncengine.model.selection import KeyGroups, ReadQuery, Selection
from syncengine.model.window import Window
from syncengine.model.window_syntax import parse_window
from syncengine.servers.duckdb.server import READ_BUFFER_MB
from syncengine.servers.protocol import Server
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from tests.builders import DAY, catalogue, columns_of, hsplit, row
from tests.examples import SOAKING, some_of
from tests.properties.layouts import base_rows, bucket_in, buckets_of
from tests.servers.contract.conftest import Make
from tests.servers.contract.kinds import Place, Row, as_arrow

SEED = 4711
MOST_ROWS = 8192


@contextmanager
def opened(place: Place, *, writable: bool = False) -> Iterator[Server]:
    """Open a server and close it."""
    server = place.open(writable=writable)
    try:
        yield server
    finally:
        server.close()


def folded_columns(table: str) -> tuple[FingerprintColumn, ...]:
    """Return all columns of a table as the fingerprint sees them."""
    return tuple(FingerprintColumn(c.name, c.type, c.significant) for c in columns_of(table))


def everything(table: str) -> Selection:
    """Select all rows of a table."""
    return Selection(table, BucketColumns.of(catalogue().table(table)))


def random_rows(table: str, buckets: int) -> list[Row]:
    """Return random rows with NULLs in some buckets of a table."""
    dice = random.Random(SEED)  # noqa: S311
    rows = [one for bucket in buckets_of(table)[:buckets] for one in base_rows(table, bucket, dice)]
    spec = catalogue().table(table)
    fixed = {spec.acd, *((spec.time.date, spec.time.label, spec.time.epoch) if spec.time else ())}
    free = [column.name for column in columns_of(table) if column.name not in fixed]
    for one in rows:
        one[dice.choice(free)] = None
    return rows


@pytest.mark.soak("postgresql")
def test_a_server_says_who_it_is(make: Make) -> None:
    """Two connections to a database have one identity, two databases have two."""
    first, second = make("one", ("hsplit",)), make("two", ("hsplit",))

    with opened(first) as one, opened(first) as again, opened(second) as other:
        descriptions = [server.describe() for server in (one, again, other)]

    assert descriptions[0] == descriptions[1]
    assert descriptions[0].identity != descriptions[2].identity
    assert descriptions[0].version
    assert not descriptions[0].capabilities.writable


def test_key_groups_can_be_left_out(make: Make) -> None:
    """Rows of named key groups are passed over, and no others."""
    place = make("one", ("ttsctasks",))
    pairs = [("cms", "backup"), ("cms", "report"), ("jm", "backup")]
    rows = [row("ttsctasks", owner=o, tt_name=n, task_seq=at) for at, (o, n) in enumerate(pairs)]
    place.load("ttsctasks", as_arrow("ttsctasks", rows))
    groups = KeyGroups(("owner", "tt_name"), (("cms".ljust(8), "backup".ljust(20)), ("no", "body")))
    selection = replace(everything("ttsctasks"), excluded=groups)

    with opened(place) as server:
        found = server.read(ReadQuery(selection, ("task_seq",))).read_all().column(0).to_pylist()
        (state,) = dict(server.fingerprint(FingerprintQuery(selection, folded_columns("ttsctasks"), SEED))).values()

    assert sorted(found) == [1, 2]
    assert state.rows == 2


def test_tables_are_found_with_their_columns_in_order(place: Place) -> None:
    """Those of the named tables that exist are returned under the names asked for, columns as they are."""
    with opened(place) as server:
        found = server.tables(["hsplit", "HAGLOG", "nowhere"])

    assert set(found) == {"hsplit", "HAGLOG"}
    for name, table in found.items():
        columns = columns_of(name.lower())
        assert table.names == tuple(column.name for column in columns)
        for live, wanted in zip(table.columns, columns, strict=True):
            assert live.type.is_text if wanted.type.is_text else live.type == wanted.type, live.name


@pytest.mark.sampled
@pytest.mark.parametrize(
    "table", some_of(["hsplit", "hagent", "haglog", "dsplit", "call_rec", "dbitems", "synonyms"], 2)
)
def test_a_fingerprint_is_that_of_the_rows_read_back(place: Place, table: str) -> None:
    """The server's own result equals the one computed here from its rows."""
    place.load(table, as_arrow(table, random_rows(table, 30)))
    query = FingerprintQuery(everything(table), folded_columns(table), SEED)

    with opened(place) as server:
        computed = dict(server.fingerprint(query))
        rows = server.read(ReadQuery(query.selection)).read_all()

    statement = fingerprint_statement(query, source="rows_read")
    with duckdb.connect(":memory:") as connection:
        connection.register("rows_read", rows)
        recomputed = dict(
            bucket_state(one) for one in connection.execute(statement.text, list(statement.values)).fetchall()
        )
    assert computed == recomputed
    assert set(computed) == {bucket_in(table, one) for one in random_rows(table, 30)}
    assert sum(state.rows for state in computed.values()) == rows.num_rows == len(random_rows(table, 30))


def test_each_bucket_comes_once_and_empty_ones_never(place: Place) -> None:
    """Buckets are not repeated, those without a row are left out, and NULL makes a bucket of its own."""
    rows = [hsplit(500, acd=acd) for acd in (1, 1, 2)] + [hsplit(530, acd=None), hsplit(530, row_date=None)]
    place.load("hsplit", as_arrow("hsplit", rows))
    query = FingerprintQuery(everything("hsplit"), folded_columns("hsplit"), SEED)

    with opened(place) as server:
        found = list(server.fingerprint(query))

    counts = {bucket: state.rows for bucket, state in found}
    assert len(found) == len(counts)
    assert counts == {
        Bucket(DAY, 500, 1): 2,
        Bucket(DAY, 500, 2): 1,
        Bucket(DAY, 530, None): 1,
        Bucket(None, 530, 1): 1,
    }


def test_a_bucket_has_its_worst_flag_and_its_lengths(place: Place) -> None:
    """With the fingerprint come the largest incomplete and the shortest and longest interval length."""
    rows = [hsplit(500, split, incomplete=split, intrvl=length) for split, length in ((0, 15), (3, 30), (1, 60))]
    place.load("hsplit", as_arrow("hsplit", rows))
    query = FingerprintQuery(everything("hsplit"), (), 0, incomplete="incomplete", interval="intrvl")

    with opened(place) as server:
        ((bucket, state),) = server.fingerprint(query)

    assert bucket == Bucket(DAY, 500, 1)
    assert (state.rows, state.incomplete, state.lengths) == (3, 3, (15, 60))


def test_a_selection_bounds_what_is_fingerprinted_and_read(place: Place) -> None:
    """Only the selected rows are folded in or handed out."""
    place.load("hsplit", as_arrow("hsplit", [hsplit(label, acd=acd) for label in (430, 500, 530) for acd in (1, 2)]))
    window: Window = parse_window("2000-06-05 05:00..05:29")
    selection = Selection("hsplit", everything("hsplit").columns, window=window, acds=(2,))
    nothing = Selection("hsplit", everything("hsplit").columns, buckets=())

    with opened(place) as server:
        found = dict(server.fingerprint(FingerprintQuery(selection, folded_columns("hsplit"), SEED)))
        rows = server.read(ReadQuery(selection, ("acd", "starttime"))).read_all().to_pylist()
        none = list(server.fingerprint(FingerprintQuery(nothing, folded_columns("hsplit"), SEED)))
        empty = server.read(ReadQuery(nothing)).read_all()

    assert set(found) == {Bucket(DAY, 500, 2)}
    assert rows == [{"acd": 2, "starttime": 500}]
    assert (none, empty.num_rows) == ([], 0)
    assert empty.schema.names == [column.name for column in columns_of("hsplit")]


def test_rows_come_back_as_they_were_put_in(place: Place) -> None:
    """NULL, 0, blanks, padding and extremes survive reading unchanged."""
    smallest = {c.name: {"smallint": -(2**15), "integer": -(2**31)}.get(c.type.name) for c in columns_of("haglog")}
    rows = [
        row("haglog", logid=" é", extn="ab", logout=None, skilltype=""),
        row("haglog", row_date=date(1899, 12, 30), logout_date=date(9999, 12, 31), extn=None),
        smallest,
    ]
    place.load("haglog", as_arrow("haglog", rows))

    with opened(place) as server:
        found = server.read(ReadQuery(everything("haglog"))).read_all().to_pylist()

    wanted = as_arrow("haglog", rows).to_pylist()
    assert sorted(map(repr, found)) == sorted(map(repr, wanted))


def test_columns_come_in_the_requested_order(place: Place) -> None:
    """A read names its columns and gets exactly those, in that order."""
    place.load("hsplit", as_arrow("hsplit", [hsplit(500)]))

    with opened(place) as server:
        reader = server.read(ReadQuery(everything("hsplit"), ("split", "acd", "row_date")))

        assert reader.schema.names == ["split", "acd", "row_date"]
        assert reader.read_all().num_rows == 1


MANY = 140_000 if SOAKING else 105_000


@pytest.mark.soak("informix", "postgresql")
@pytest.mark.sampled
def test_a_table_larger_than_the_memory_allowed_is_read_in_bounded_batches(make: Make) -> None:
    """Rows stream: many times what may be held at once comes through, no batch larger than the bound."""
    place = make("wide", ("hsplit",), whole=True)
    many = as_arrow("hsplit", [hsplit(500)], whole=True).take([0] * MANY)
    place.load("hsplit", many)
    server = place.open(writable=False, limits=Limits(memory_mb=64))

    reader = server.read(ReadQuery(Selection("hsplit", everything("hsplit").columns, acds=(1,))))
    sizes = [batch.num_rows for batch in reader]
    server.close()

    assert sum(sizes) == MANY
    assert max(sizes) <= MOST_ROWS
    assert many.nbytes > (64 if SOAKING else READ_BUFFER_MB) * 2**20


@pytest.mark.soak("informix")
def test_two_reads_at_once_do_not_disturb_each_other(place: Place) -> None:
    """A reader goes on where it was while another is read and a fingerprint is asked for."""
    place.load("hsplit", as_arrow("hsplit", [hsplit(500)]).take([0] * (3 * MOST_ROWS)))
    place.load("synonyms", as_arrow("synonyms", random_rows("synonyms", 5)))

    with opened(place) as server:
        first = server.read(ReadQuery(everything("hsplit"), ("split",)))
        rows = first.read_next_batch().num_rows
        second = server.read(ReadQuery(everything("synonyms"))).read_all().num_rows
        states = dict(server.fingerprint(FingerprintQuery(everything("hsplit"), folded_columns("hsplit"), SEED)))
        rows += sum(batch.num_rows for batch in first)

    assert (rows, second) == (3 * MOST_ROWS, len(random_rows("synonyms", 5)))
    assert states[Bucket(DAY, 500, 1)].rows == 3 * MOST_ROWS


@pytest.mark.soak("informix")
@pytest.mark.sampled
@pytest.mark.parametrize("writable", some_of([False, True], 2))
def test_scattered_buckets_are_read_in_bounded_memory(place: Place, writable: bool) -> None:
    """A month in which every day and ACD differs somewhere else is read and fingerprinted like any other."""
    dice = random.Random(SEED)  # noqa: S311
    labels = [hour * 100 + minute for hour in range(24) for minute in (0, 30)]
    days = [date(2000, 5, 1) + timedelta(days=day) for day in range(31)]
    places = [(day, label, acd) for day in days for acd in range(1, 9) for label in labels]
    given = as_arrow("hsplit", [hsplit(500)]).take([0] * len(places))
    for at, name in enumerate(("row_date", "starttime", "acd")):
        index = given.schema.get_field_index(name)
        given = given.set_column(
            index, given.schema.field(index), pa.array([one[at] for one in places], given.schema.field(index).type)
        )
    place.load("hsplit", given)
    buckets = tuple(Bucket(day, slot, acd) for day in days for acd in range(1, 9) for slot in dice.sample(labels, 12))
    selection = Selection("hsplit", everything("hsplit").columns, buckets=buckets)

    with opened(place, writable=writable) as server:
        read = sum(batch.num_rows for batch in server.read(ReadQuery(selection)))
        states = dict(server.fingerprint(FingerprintQuery(selection, folded_columns("hsplit"), SEED)))

    assert read == len(buckets)
    assert set(states) == set(buckets)


def test_each_acd_has_its_bounds(place: Place) -> None:
    """Rows, first and last bucket come per ACD; rows without a time are counted apart."""
    rows = [hsplit(2330, row_date=date(2000, 6, 4)), hsplit(0), hsplit(1330), hsplit(500, acd=2)]
    rows += [hsplit(500, acd=None), hsplit(500, acd=2, row_date=None), row("hsplit", starttime=None)]
    place.load("hsplit", as_arrow("hsplit", rows))
    place.load("haglog", as_arrow("haglog", [row("haglog", login=login) for login in (960_000_000, 960_001_200)]))

    with opened(place) as server:
        found = {one.acd: one for one in server.bounds("hsplit", everything("hsplit").columns)}
        (logins,) = server.bounds("haglog", everything("haglog").columns)
        none = server.bounds("call_rec", everything("call_rec").columns)

    assert {acd: one.rows for acd, one in found.items()} == {1: 4, 2: 2, None: 1}
    assert {acd: one.untimed for acd, one in found.items()} == {1: 1, 2: 1, None: 0}
    assert found[1].first == Bucket(date(2000, 6, 4), 2330, 1)
    assert found[1].last == Bucket(DAY, 1330, 1)
    assert found[2].first == found[2].last == Bucket(DAY, 500, 2)
    assert (logins.first, logins.last) == (Bucket(None, 959_999_400, 1), Bucket(None, 960_001_200, 1))
    assert none == ()


def test_the_highest_number_of_an_empty_table_is_0(place: Place) -> None:
    """Row numbers go on from the highest there is; an empty table has none."""
    place.load("haglog", as_arrow("haglog", [row("haglog", seqnum=number) for number in (3, 2**31 - 1, None)]))

    with opened(place) as server:
        highest = (server.highest("haglog", "seqnum"), server.highest("call_rec", "seqnum"))

    assert highest == (2**31 - 1, 0)


def test_what_a_server_refuses_is_our_error(place: Place) -> None:
    """A missing table or column is a ServerError that names the server, whatever is asked of it."""
    nowhere = Selection("nowhere", BucketColumns())
    unknown = (FingerprintColumn("nocolumn", folded_columns("hsplit")[1].type),)

    with opened(place) as server:
        for ask in (
            lambda: list(server.fingerprint(FingerprintQuery(nowhere, (), SEED))),
            lambda: list(server.fingerprint(FingerprintQuery(everything("hsplit"), unknown, SEED))),
            lambda: server.read(ReadQuery(nowhere)).read_all(),
            lambda: server.read(ReadQuery(everything("hsplit"), ("nocolumn",))).read_all(),
            lambda: server.bounds("nowhere", BucketColumns()),
            lambda: server.highest("nowhere", "seqnum"),
        ):
            with pytest.raises(ServerError) as error:
                ask()
            assert str(error.value).startswith("primary: ")


def test_a_database_that_is_not_there_is_unreachable(place: Place) -> None:
    """Opening what is gone is one sentence with a hint, and makes no new database in its place."""
    place.lose()

    for _ in range(2):
        with pytest.raises(place.lost_error) as error:
            place.open(writable=True)
        assert error.value.hint


def test_a_database_open_in_another_process_is_reported(place: Place) -> None:
    """Another process that has it to itself is our error until it lets go; one that has not is no hindrance."""
    with place.locked_elsewhere():
        for writable in (False, True):
            if not place.exclusive:
                with opened(place, writable=writable) as server:
                    assert set(server.tables(["hsplit"])) == {"hsplit"}
                continue
            with pytest.raises(place.locked_error) as error:
                place.open(writable=writable)
            assert "another process" in error.value.message
            assert error.value.hint

    with opened(place) as server:
        assert set(server.tables(["hsplit"])) == {"hsplit"}


def test_equal_states_compare_equal_on_every_server(make: Make) -> None:
    """The same rows in two databases have the same fingerprints: one definition for all."""
    first, second = make("one", ("hagent",)), make("two", ("hagent",))
    rows = random_rows("hagent", 10)
    first.load("hagent", as_arrow("hagent", rows))
    second.load("hagent", as_arrow("hagent", rows[::-1]))
    query = FingerprintQuery(everything("hagent"), folded_columns("hagent"), SEED)

    with opened(first) as one, opened(second) as two:
        states: list[dict[Bucket, BucketState]] = [dict(server.fingerprint(query)) for server in (one, two)]

    assert states[0] == states[1]
    assert len(states[0]) == 10
