"""Values of every kind, tables wherever they are, and text in whatever encoding come through as they are."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from syncengine.model.bucket import BucketColumns
from syncengine.model.errors import ServerError
from syncengine.model.fingerprint import FingerprintColumn, FingerprintQuery
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import ColumnType
from syncengine.servers.protocol import Server
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from tests.builders import hsplit, row
from tests.servers.contract.kinds import as_arrow
from tests.servers.contract.test_reading import SEED, everything, folded_columns
from tests.servers.postgresql.cluster import Cluster, Database
from tests.servers.postgresql.conftest import HSPLIT, Open, fill
from tests.servers.postgresql.loading import create_table, load_rows

pytestmark = pytest.mark.postgresql
NAMES = "smallint integer int8 bigint date smallfloat float char(6) varchar(6) decimal(10,2) decimal(38,0) decimal(5,5)"
COLUMNS = tuple((f"c{place}", ColumnType.parse(name)) for place, name in enumerate(NAMES.split()))
TYPES = [pa.int16(), pa.int32(), pa.int64(), pa.int64(), pa.date32(), pa.float32(), pa.float64(), pa.string()]
TYPES += [pa.string(), pa.decimal128(10, 2), pa.decimal128(38, 0), pa.decimal128(5, 5)]
EXTREMES = (
    (-(2**15), 2**15 - 1, 0),
    (-(2**31), 2**31 - 1, 0),
    (-(2**63), 2**63 - 1, 0),
    (-(2**63), 2**63 - 1, 2**53 + 1),
    (date(1, 1, 1), date(9999, 12, 31), date(1899, 12, 30)),
    (1.5, -0.0, 3.4028234663852886e38),
    (5e-324, float("inf"), 0.1),
    ("      ", " é    ", "abcdef"),
    ("", "a ", " ü"),
    (Decimal("99999999.99"), Decimal("-0.01"), Decimal("0.00")),
    (Decimal(10**38 - 1), Decimal(-(10**38) + 1), Decimal(0)),
    (Decimal("0.99999"), Decimal("-0.00001"), Decimal("0.00000")),
)


def whole(name: str) -> Selection:
    """Select all rows of a table without times."""
    return Selection(name, BucketColumns())


def extremes() -> pa.Table:
    """Return rows of the extremes of every type, and one of NULLs."""
    columns = [pa.array([*values, None], of) for values, of in zip(EXTREMES, TYPES, strict=True)]
    return pa.table(columns, names=[name for name, _ in COLUMNS])


def in_order(rows: pa.Table) -> list[str]:
    """Return rows to compare with."""
    return sorted(repr(list(one.values())) for one in rows.to_pylist())


def test_every_type_goes_and_comes_back_exactly(opened: Open) -> None:
    """What is written is read back as the same Arrow types and values, padding and decimals included."""
    given = extremes()

    with opened(writable=True) as server, server.scratch(COLUMNS) as name:
        live = server.tables([name])[name]
        with server.begin() as session:
            assert session.insert(name, given.to_reader()) == given.num_rows
            inside = session.read(ReadQuery(whole(name))).read_all()
            session.commit()
        found = server.read(ReadQuery(whole(name))).read_all()
        none = server.read(ReadQuery(Selection(name, BucketColumns(), buckets=()))).read_all()

    assert found.schema == none.schema == given.schema
    assert in_order(found) == in_order(inside) == in_order(given)
    assert [column.type for column in live.columns] == [
        ColumnType("bigint") if of.name == "int8" else of for _, of in COLUMNS
    ]
    assert all(column.readable and column.nullable for column in live.columns)


def test_what_comes_from_another_kind_of_server_fits(opened: Open) -> None:
    """Wider numbers and other kinds of text arrays are written where their values fit, batches however cut."""
    given = extremes().slice(2, 2)
    wider = given.cast(
        pa.schema([(name, pa.int64() if pa.types.is_integer(of) else of) for name, of in _fields(given)])
    ).cast(pa.schema([(name, pa.large_string() if pa.types.is_string(of) else of) for name, of in _fields(given)]))
    many = pa.concat_tables([wider] * 9000).combine_chunks()

    with opened(writable=True) as server, server.scratch(COLUMNS) as name, server.begin() as session:
        assert session.insert(name, many.to_reader()) == 18_000
        assert session.insert(name, wider.to_reader(max_chunksize=1)) == 2
        assert session.insert(name, wider.slice(0, 0).to_reader()) == 0


def _fields(table: pa.Table) -> list[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in table.schema]


def test_text_in_a_key_is_matched_padding_aside(opened: Open) -> None:
    """A key group is found by its text as it was read, in columns of every kind of text."""
    columns = (("c", ColumnType("char", 6)), ("v", ColumnType("varchar", 6)), ("t", ColumnType("char")))
    given = pa.table({name: pa.array(["ab    ", " é", "", "x"]) for name, _ in columns})

    with opened(writable=True) as server, server.scratch(columns) as name:
        with server.begin() as session:
            session.insert(name, given.to_reader())
            session.commit()
        rows = server.read(ReadQuery(whole(name))).read_all().to_pylist()
        for one in rows:
            group = Selection(name, BucketColumns(), group_columns=("c", "v", "t"), groups=(tuple(one.values()),))
            found = server.read(ReadQuery(group)).read_all().to_pylist()
            assert found == [one]
        with server.begin() as session:
            groups = tuple(tuple(one.values()) for one in rows)
            assert session.delete(Selection(name, BucketColumns(), group_columns=("c", "v", "t"), groups=groups)) == 4


def test_a_type_that_is_not_known_is_reported(database: Database, opened: Open) -> None:
    """Columns of other types keep their own names, and say whether their values can be trusted."""
    database.run("CREATE DOMAIN acd_number AS smallint")
    database.run("CREATE TABLE odd (a acd_number, b numeric, c timestamp, d text NOT NULL, e boolean, f integer[])")

    with opened() as server:
        table = server.tables(["odd"])["odd"]
        rows = server.read(ReadQuery(whole("odd"), ("d", "e", "c"))).read_all()

    assert [(column.native, column.readable) for column in table.columns] == [
        ("acd_number", False),
        ("numeric", False),
        ("timestamp without time zone", True),
        ("text", True),
        ("boolean", True),
        ("integer[]", False),
    ]
    assert [column.nullable for column in table.columns][2:4] == [True, False]
    assert rows.schema.types == [pa.string(), pa.bool_(), pa.timestamp("us")]


def test_a_table_has_its_owner_and_indexes(database: Database, opened: Open) -> None:
    """Who owns a table and what indexes it has come with its columns."""
    database.run("CREATE INDEX by_date ON hsplit (row_date)")
    database.run("CREATE INDEX by_acd ON hsplit (acd)")

    with opened() as server:
        table = server.tables(["hsplit"])["hsplit"]

    assert (table.owner, table.indexes) == ("cms", ("by_acd", "by_date"))


def test_names_in_another_case_are_the_same_table(database: Database, opened: Open) -> None:
    """A table created in capitals is read and written under the names of its spec."""
    database.run('CREATE TABLE "SYNONYMS" ("ACD_NO" smallint, "Item_Name" character(20), "value" character(15))')
    given = as_arrow("synonyms", [row("synonyms", acd_no=acd, item_name="x", value="1") for acd in (1, 2)])
    columns = ("acd_no", "item_name", "value")
    selection = Selection("synonyms", BucketColumns(acd="acd_no"), acds=(1,))

    with opened(writable=True) as server:
        assert server.tables(["synonyms"])["synonyms"].names == columns
        with server.begin() as session:
            session.lock(selection)
            session.insert("synonyms", given.select(columns).to_reader())
            session.commit()
        query = FingerprintQuery(selection, (FingerprintColumn("item_name", ColumnType("char", 20)),), SEED)
        assert [state.rows for _, state in server.fingerprint(query)] == [1]
        assert {bounds.acd for bounds in server.bounds("SYNONYMS", selection.columns)} == {1, 2}
        found = server.read(ReadQuery(selection, ("VALUE", "acd_no"))).read_all()

    assert (found.schema.names, found.to_pylist()) == (["VALUE", "acd_no"], [{"VALUE": "1".ljust(15), "acd_no": 1}])


def test_the_schema_of_the_url_is_where_tables_are(database: Database, opened: Open) -> None:
    """Two schemas of a database are two servers; each sees and writes its own tables alone."""
    database.run('CREATE SCHEMA "Archive"')
    create_table(database, "hsplit", "Archive")
    fill(database, hsplit(500))

    with opened(writable=True) as public, opened(database.url(schema="Archive"), writable=True) as archive:
        assert public.describe().identity != archive.describe().identity
        assert archive.read(ReadQuery(HSPLIT)).read_all().num_rows == 0
        with archive.begin() as session:
            session.lock(HSPLIT)
            session.insert("hsplit", as_arrow("hsplit", [hsplit(530)] * 2).to_reader())
            session.commit()
        assert archive.read(ReadQuery(HSPLIT)).read_all().num_rows == 2
        assert public.read(ReadQuery(HSPLIT)).read_all().num_rows == 1
        with archive.scratch((("n", ColumnType("integer")),)) as name:
            assert name in archive.tables([name])
            assert public.tables([name]) == {}


def test_a_temporary_table_does_not_hide_the_real_one(database: Database, opened: Open) -> None:
    """Statements name the schema, so that no table of the same name elsewhere is meant."""
    database.run("CREATE SCHEMA cms")
    create_table(database, "hsplit", "cms")
    database.run("ALTER ROLE cms SET search_path = public, cms")
    try:
        load_rows(database, "hsplit", as_arrow("hsplit", [hsplit(500)]), "cms")
        database.run("DROP TABLE public.hsplit")
        with opened() as server:
            assert server.read(ReadQuery(HSPLIT)).read_all().num_rows == 1
    finally:
        database.run("ALTER ROLE cms RESET search_path")


@pytest.mark.parametrize(
    ("encoding", "folds"), [("UTF8", True), ("LATIN1", True), ("WIN1252", False), ("EUC_JP", False)]
)
def test_fingerprints_are_the_same_in_every_encoding(
    running: Cluster, opened: Open, encoding: str, folds: bool
) -> None:
    """A server that numbers characters otherwise has its rows folded here, and nobody sees a difference."""
    given = "naïve €" if encoding == "WIN1252" else "日本" if encoding == "EUC_JP" else "naïve"
    database = running.create_database(encoding=encoding)
    try:
        create_table(database, "synonyms")
        rows = [row("synonyms", item_name=given, value=str(number), acd_no=number % 3) for number in range(9)]
        load_rows(database, "synonyms", as_arrow("synonyms", rows))
        query = FingerprintQuery(everything("synonyms"), folded_columns("synonyms"), SEED)
        with opened(database.url(), writable=True) as server:
            described = server.describe()
            computed = dict(server.fingerprint(query))
            with server.begin() as session:
                inside = dict(session.fingerprint(query))
            read = server.read(ReadQuery(query.selection)).read_all()
    finally:
        running.drop_database(database)

    assert ("char" in described.capabilities.folds) is folds
    assert bool(described.notes) is not folds
    assert described.locale.startswith(encoding)
    assert computed == inside == recomputed(query, as_arrow("synonyms", rows))
    assert read.column("item_name").to_pylist() == [given.ljust(20)] * 9


def recomputed(query: FingerprintQuery, rows: pa.Table) -> object:
    """Return the fingerprint of rows as it is computed here."""
    statement = fingerprint_statement(query, source="given")
    with duckdb.connect(":memory:") as connection:
        connection.register("given", rows)
        return dict(bucket_state(one) for one in connection.execute(statement.text, list(statement.values)).fetchall())


def test_characters_of_no_encoding_are_refused(running: Cluster, opened: Open) -> None:
    """A database that does not say what its text is may hold plain ASCII; anything else is not guessed at."""
    database = running.create_database(encoding="SQL_ASCII")
    try:
        database.run("CREATE TABLE odd (t text)")
        database.run("INSERT INTO odd VALUES ('plain')")
        with opened(database.url()) as server:
            assert server.read(ReadQuery(whole("odd"))).read_all().to_pylist() == [{"t": "plain"}]
            database.run(r"INSERT INTO odd VALUES (E'\xe9t\xe9')")
            with pytest.raises(ServerError, match="primary: a value does not fit"):
                server.read(ReadQuery(whole("odd"))).read_all()
    finally:
        running.drop_database(database)


def test_a_description_is_complete(database: Database, opened: Open) -> None:
    """Version, login, encoding and the way rows are written are reported."""
    with opened(writable=True) as server:
        described = server.describe()

    assert described.kind == "postgresql"
    assert described.version == database.run("SHOW server_version")[0][0]
    assert (described.user, described.locale) == ("cms", "UTF8, C")
    assert described.identity.startswith("system ")
    assert described.capabilities.write_path == "COPY"
    assert described.capabilities.transactions
    assert described.notes == ()


def test_without_its_number_a_server_is_identified_by_its_place(
    running: Cluster, database: Database, opened: Open
) -> None:
    """Where the login may not ask for the system's number, host, port and database tell servers apart."""
    with running.as_superuser(database) as superuser:
        superuser.run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")

    with opened() as server:
        identity = server.describe().identity

    assert identity == f"127.0.0.1:{database.port}/{database.name}, schema public"


def test_reading_never_writes(database: Database, opened: Open) -> None:
    """Also on a server that is open for writing, all but sessions is read-only: a view cannot write behind it."""
    database.run(
        "CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO hsplit (acd) VALUES (1) RETURNING 1'"
    )
    database.run("CREATE VIEW sneaking AS SELECT sneak() AS n")

    for writable in (False, True):
        with opened(writable=writable) as server:
            for ask in _readings(server):
                with pytest.raises(ServerError, match="read-only"):
                    ask()
    assert database.run("SELECT count(*) FROM hsplit") == [(0,)]


def _readings(server: Server) -> list[Callable[[], object]]:
    query = whole("sneaking")
    return [lambda: server.read(ReadQuery(query)).read_all(), lambda: server.highest("sneaking", "n")]


def test_more_values_than_can_be_bound_are_refused(opened: Open) -> None:
    """A query too large for the protocol is reported before it is sent."""
    groups = tuple((hour * 100, acd) for hour, acd in itertools.product(range(24), range(1, 1400)))
    selection = Selection("hsplit", HSPLIT.columns, group_columns=("starttime", "acd"), groups=groups)

    with opened() as server, pytest.raises(ServerError, match="67,152 values") as error:
        server.read(ReadQuery(selection))

    assert "shorter window" in error.value.hint


def test_rows_hidden_by_a_policy_do_not_count_as_missing(running: Cluster, database: Database, opened: Open) -> None:
    """A login that sees only some rows of a table gets an error, instead of a table with fewer rows."""
    fill(database, hsplit(500), hsplit(500, acd=2))
    running.create_login("tenant")
    try:
        database.run("GRANT SELECT ON hsplit TO tenant")
        database.run("ALTER TABLE hsplit ENABLE ROW LEVEL SECURITY")
        database.run("CREATE POLICY own ON hsplit FOR SELECT USING (acd = 1)")
        with opened(database.url(user="tenant")) as server, pytest.raises(ServerError, match="row-level security"):
            server.read(ReadQuery(HSPLIT)).read_all()
    finally:
        running.drop_login("tenant", database)


def test_thousands_of_buckets_fit_one_question(database: Database, opened: Open) -> None:
    """Every value is bound, and there may be as many as a month of differences needs."""
    fill(database, *[hsplit(hour * 100, acd=acd) for hour, acd in itertools.product(range(24), range(1, 9))])
    groups = tuple((hour * 100, acd) for hour, acd in itertools.product(range(24), range(1, 300)))
    selection = Selection("hsplit", HSPLIT.columns, group_columns=("starttime", "acd"), groups=groups)

    with opened() as server:
        assert server.read(ReadQuery(selection, ("acd",))).read_all().num_rows == 192
