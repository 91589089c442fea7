"""What SQLAlchemy's inspector finds out of an Informix catalogue, over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from syncengine.servers.informix.reflection import Index, read_indexes
from tests.servers.informix.place import InformixPlace

pytestmark = pytest.mark.informix


@pytest.fixture(scope="module")
def place() -> Iterator[InformixPlace]:
    """Give a database with a table of every type, a key and an index."""
    made = InformixPlace.make(Path(), ("hsplit",))
    made.database.run(
        "CREATE TABLE root.c_types (i INTEGER NOT NULL, s SMALLINT NOT NULL, b BIGINT, d DATE, c CHAR(8),"
        " v VARCHAR(40), m DECIMAL(8,2), f DOUBLE, r REAL, CONSTRAINT c_key PRIMARY KEY (s, i))"
    )
    made.database.run("CREATE INDEX c_when ON root.c_types (d DESC, i)")
    made.database.run("CREATE VIEW root.c_view AS SELECT i FROM root.c_types")
    yield made
    made.end()


@pytest.fixture
def engine(place: InformixPlace) -> Iterator[sa.Engine]:
    """Give an engine on it."""
    found = sa.create_engine(place.url)
    yield found
    found.dispose()


@pytest.mark.parametrize(("kind", "unique"), [("U", True), ("u", True), ("D", False), ("d", False), ("G", False)])
def test_an_index_is_unique_by_its_code(kind: str, unique: bool) -> None:
    """A bitmap index may be unique, too: its code is in lower case."""
    (found,) = read_indexes(lambda _: [(100, "c_once", kind, 2, -1, *[0] * 14)], [100])

    assert found == Index(100, "c_once", unique, (2, -1))


def test_tables_and_views_are_found(engine: sa.Engine) -> None:
    """Tables and views come apart, by owner, and one that is not there is not found."""
    inspector = sa.inspect(engine)

    assert {"hsplit", "c_types"} <= set(inspector.get_table_names("root"))
    assert inspector.get_view_names("root") == ["c_view"]
    assert inspector.has_table("c_types")
    assert not inspector.has_table("nowhere")
    assert "root" in inspector.get_schema_names()
    with pytest.raises(sa.exc.NoSuchTableError):
        inspector.get_columns("nowhere")


def test_columns_have_their_types_and_say_whether_they_take_null(engine: sa.Engine) -> None:
    """Types come with their lengths, in the table's order, NOT NULL decoded from the type's flag."""
    columns = sa.inspect(engine).get_columns("c_types")

    assert [column["name"] for column in columns] == list("isbdcvmfr")
    assert [column["nullable"] for column in columns[:3]] == [False, False, True]
    types = {column["name"]: column["type"] for column in columns}
    assert isinstance(types["i"], sa.INTEGER)
    assert isinstance(types["b"], sa.BIGINT)
    assert isinstance(types["d"], sa.DATE)
    assert [str(types[name]) for name in "cvm"] == ["CHAR(8)", "VARCHAR(40)", "DECIMAL(8, 2)"]


def test_a_key_keeps_its_order(engine: sa.Engine) -> None:
    """The columns of a primary key come in the key's own order, not the table's."""
    assert sa.inspect(engine).get_pk_constraint("c_types")["constrained_columns"] == ["s", "i"]
    assert sa.inspect(engine).get_pk_constraint("hsplit")["constrained_columns"] == []


def test_indexes_are_found(engine: sa.Engine) -> None:
    """An index comes with its columns in order, descending ones too."""
    found = {str(index["name"]).lower(): index for index in sa.inspect(engine).get_indexes("c_types")}

    assert found["c_when"]["column_names"] == ["d", "i"]
    assert not found["c_when"]["unique"]


def test_a_reflected_table_can_be_read_and_written(engine: sa.Engine) -> None:
    """Ordinary SQLAlchemy works on what was reflected: insert, select with a limit, delete, commit."""
    table = sa.Table("c_types", sa.MetaData(), autoload_with=engine, schema="root")
    with engine.begin() as connection:
        connection.execute(table.insert(), {"i": 1, "s": 2, "c": "ab", "m": "1.25"})
        connection.execute(table.insert(), {"i": 2, "s": 2, "c": None, "m": None})
    with engine.connect() as connection:
        rows = connection.execute(sa.select(table.c.i, table.c.c).order_by(table.c.i).limit(1)).fetchall()
        connection.rollback()
        with connection.begin():
            deleted = connection.execute(table.delete()).rowcount

    assert [tuple(row) for row in rows] == [(1, "ab      ")]
    assert deleted == 2


def test_the_dialect_knows_the_server(engine: sa.Engine) -> None:
    """Version, default owner and isolation are reported."""
    with engine.connect() as connection:
        assert engine.dialect.server_version_info == (14, 10)
        assert engine.dialect.default_schema_name == "root"
        assert str(connection.get_isolation_level()) == "LAST COMMITTED"


def test_a_lost_connection_empties_the_pool(place: InformixPlace, engine: sa.Engine) -> None:
    """After the link broke, SQLAlchemy knows the connection for lost, and the next one works."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT tabid FROM informix.systables WHERE tabid = 1").fetchall()
        place.shim.disconnect()
        with pytest.raises(sa.exc.DBAPIError) as error:
            connection.exec_driver_sql("SELECT tabid FROM informix.systables WHERE tabid = 1").fetchall()
        assert error.value.connection_invalidated

    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT tabid FROM informix.systables WHERE tabid = 1").scalar() == 1
