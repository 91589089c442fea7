"""The catalogue of Informix is there, and lives."""

from __future__ import annotations

import pytest

from tests.servers.derby.conftest import Connect
from tests.servers.derby.driver import query, run
from tests.servers.derby.network_server import READER, Database

pytestmark = pytest.mark.informix

COLUMNS = (
    "SELECT colname, coltype, collength, extended_id FROM informix.syscolumns c, informix.systables t"
    " WHERE c.tabid = t.tabid AND t.tabname = 't' ORDER BY colno"
)


@pytest.mark.soak
def test_tables_are_listed_as_they_come_and_go(connect: Connect) -> None:
    """A table is in systables from its creation on, with its owner and a number from 100 up, until it is dropped."""
    connection = connect()
    requested = "SELECT tabname, TRIM(owner), tabtype FROM informix.systables WHERE tabid >= 100"

    run(connection, "CREATE TABLE t (a INTEGER)", "CREATE VIEW v (a) AS SELECT a FROM t")
    assert sorted(query(connection, requested)) == [("t", "root", "T"), ("v", "root", "V")]
    run(connection, "DROP VIEW v", "DROP TABLE t")
    assert query(connection, requested) == []


def test_columns_have_the_codes_of_informix(connect: Connect) -> None:
    """Each type is encoded as Informix encodes it, NOT NULL among it."""
    connection = connect()
    run(
        connection,
        "CREATE TABLE t (a SMALLINT NOT NULL, b INTEGER, c BIGINT, d CHAR(10), e VARCHAR(20), f DECIMAL(8,2),"
        " g SMALLFLOAT, h FLOAT, i DATE, j DATETIME YEAR TO SECOND, k DATETIME HOUR TO SECOND, l LVARCHAR(300),"
        " m TEXT, n BYTE, o SERIAL)",
    )

    assert query(connection, COLUMNS) == [
        ("a", 0x101, 2, 0),
        ("b", 2, 4, 0),
        ("c", 52, 8, 0),
        ("d", 0, 10, 0),
        ("e", 13, 20, 0),
        ("f", 5, 8 * 256 + 2, 0),
        ("g", 4, 4, 0),
        ("h", 3, 8, 0),
        ("i", 7, 4, 0),
        ("j", 10, 3594, 0),
        ("k", 10, 1642, 0),
        ("l", 43, 300, 1),
        ("m", 12, 56, 0),
        ("n", 11, 56, 0),
        ("o", 0x106, 4, 0),
    ]


def test_a_column_may_pretend_to_be_of_another_type(connect: Connect, database: Database) -> None:
    """A test says what type a column has in the catalogue, where Derby has no such type."""
    connection = connect()
    run(connection, "CREATE TABLE t (a VARCHAR(25), b INTEGER)")
    connection.commit()

    database.pretend_type("t", "a", 14, 2122)

    assert query(connection, COLUMNS) == [("a", 14, 2122, 0), ("b", 2, 4, 0)]


def test_keys_and_indexes_name_their_columns_in_order(connect: Connect) -> None:
    """The columns of an index come in the order of the key, those that descend negative, and a key names its index."""
    connection = connect()
    run(connection, "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER, PRIMARY KEY (b, a))")
    run(connection, "CREATE INDEX i ON t (c DESC, a)")
    parts = "idxtype, part1, part2, part3, part16"

    assert query(connection, f"SELECT {parts} FROM informix.sysindexes WHERE idxname = 'i'") == [("D", -3, 1, 0, 0)]
    key = query(connection, "SELECT constrtype, idxname FROM informix.sysconstraints")
    assert [kind for kind, _ in key] == ["P"]
    assert query(connection, f"SELECT {parts} FROM informix.sysindexes WHERE idxname = ?", [key[0][1]]) == [
        ("U", 2, 1, 0, 0)
    ]


def test_the_locale_is_the_databases(connect: Connect, database: Database) -> None:
    """The row GL_COLLATE gives the locale a test has set."""
    requested = "SELECT site FROM informix.systables WHERE tabid = 90 AND tabname = 'GL_COLLATE'"
    assert query(connect(), requested) == [("en_US.57372",)]

    database.set_locale("cs_CZ.57372")

    assert query(connect(), requested) == [("cs_CZ.57372",)]


def test_everybody_may_read_the_catalogue(connect: Connect) -> None:
    """A user without privileges reads the whole catalogue."""
    owner = connect()
    run(owner, "CREATE TABLE t (a INTEGER)")
    owner.commit()
    reader = connect(READER)

    assert query(reader, COLUMNS) == [("a", 2, 4, 0)]
    views = ("sysindexes", "sysconstraints", "sysreferences", "syschecks", "systriggers", "sysobjstate", "sysxtdtypes")
    for view in (*views, "sysusers", "systabauth"):
        query(reader, f"SELECT * FROM informix.{view}")
