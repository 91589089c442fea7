"""The vendor's driver takes Derby behind a shim for Informix."""

from __future__ import annotations

import threading
from datetime import date, datetime, time
from decimal import Decimal

import pytest

from tests.servers.derby import fake_servers
from tests.servers.derby.conftest import Connect
from tests.servers.derby.driver import query, refusal, run, sqlcode
from tests.servers.derby.network_server import READER, Database
from tests.servers.derby.shim import Shim

pytestmark = pytest.mark.informix

DAY, OLD, SECOND = date(2000, 6, 5), date(1899, 12, 31), datetime(2000, 6, 5, 1, 2, 3)
WRONG = "wrong"
TYPES = (
    "CREATE TABLE t (a SMALLINT, b INTEGER, c INT8, d CHAR(10), e VARCHAR(20), f DECIMAL(8,2), g SMALLFLOAT, h FLOAT,"
    " i DATE, j DATETIME YEAR TO SECOND, k DATETIME HOUR TO SECOND, l LVARCHAR(300)) LOCK MODE ROW"
)


def test_the_driver_sees_an_informix(connect: Connect) -> None:
    """The driver names an Informix of the version the shim was given."""
    import ibm_db

    server = ibm_db.server_info(connect().conn_handler)

    assert (server.DBMS_NAME, server.DBMS_VER[:5]) == ("IDS/UNIX64", "14.10")


def test_every_type_round_trips(connect: Connect) -> None:
    """What is written with markers is read back the same, also NULL, blanks, the empty text and more than ASCII."""
    rows = [
        (1, -2, 2**40, "é€".ljust(10), "x ", Decimal("12.50"), 1.5, 2.25, DAY, SECOND, time(4, 5, 6), "j" * 300),
        (2, 2**31 - 1, -(2**63), " " * 10, "", Decimal("-0.01"), -0.5, 1e300, OLD, SECOND, time(0, 0), ""),
        (3, *[None] * 11),
    ]
    connection = connect()
    run(connection, TYPES)

    cursor = connection.cursor()
    for row in rows:
        cursor.execute(f"INSERT INTO t VALUES ({', '.join('?' * 12)})", row)
    connection.commit()

    assert query(connect(), "SELECT * FROM t ORDER BY a") == rows


def test_many_rows_go_in_and_come_out(connect: Connect) -> None:
    """Thousands of rows are inserted in one call and read in many answers, and none is lost."""
    connection = connect()
    run(connection, "CREATE TABLE t (a INTEGER, b CHAR(200))")

    connection.cursor().executemany("INSERT INTO t VALUES (?, ?)", [(number, f"{number}") for number in range(3000)])
    connection.commit()

    assert [row[0] for row in query(connect(), "SELECT a, b FROM t ORDER BY a")] == list(range(3000))


def test_a_statement_may_be_long(connect: Connect, shim: Shim) -> None:
    """A text of more than one segment of the wire arrives whole, although it is translated on the way."""
    connection = connect()
    run(connection, "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (7)")
    text = f"SELECT NVL(a, 0) FROM 'root'.t WHERE a IN ({', '.join(str(number) for number in range(12_000))})"

    assert len(text) > 65_536
    assert query(connection, text) == [(7,)]
    assert shim.statements[-1] == text


def test_the_server_answers_for_itself(connect: Connect, shim: Shim) -> None:
    """Name, version, user and logging are asked for in Informix's way and answered with what the shim was given."""
    shim.set("version", "12.10.FC14")
    requested = (
        "SELECT DBINFO('dbname'), DBINFO('version', 'full'), TRIM(USER), is_logging FROM sysmaster:sysdatabases"
        " WHERE name = DBINFO('dbname')"
    )

    assert query(connect(), requested) == [("cms", "IBM Informix Dynamic Server Version 12.10.FC14", "root", 1)]


def test_the_parts_of_a_fingerprint_are_right(connect: Connect) -> None:
    """SQL returns days, characters, lengths and NULL as Informix would."""
    connection = connect()
    run(connection, "CREATE TABLE t (d DATE, c CHAR(5))", "INSERT INTO t VALUES ('1900-01-01', 'aé')")
    run(connection, "INSERT INTO t VALUES (NULL, NULL)")

    requested = (
        "SELECT SUM(CAST((d - MDY(12, 31, 1899)) AS BIGINT)), MAX(LENGTH(c)), MAX(ASCII(SUBSTR(c, 2, 1))),"
        " MIN(NVL(ASCII(SUBSTR(c, 1, 1)), 0)), MAX(TRIM(TRAILING ' ' FROM c)), COUNT(*) FROM 'root'.t"
    )

    assert query(connection, requested) == [(1, 2, 233, 0, "aé", 2)]


def test_names_without_an_owner_are_the_owners(connect: Connect, database: Database) -> None:
    """Whoever is connected, a table named without its owner is the one there is."""
    owner = connect()
    run(owner, "CREATE TABLE t (a INTEGER)")
    owner.commit()
    database.run(f"GRANT SELECT ON root.t TO {READER}")

    assert query(connect(READER), "SELECT a FROM t") == []


def test_isolation_is_what_the_session_sets(connect: Connect) -> None:
    """Committed read waits for a writer and gives up, last committed does not wait."""
    writer, reader = connect(), connect()
    run(writer, "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")
    writer.commit()
    run(writer, "UPDATE t SET a = 2")

    assert sqlcode(lambda: query(reader, "SELECT a FROM t")) == -244
    run(reader, "SET ISOLATION TO COMMITTED READ LAST COMMITTED")
    assert len(query(reader, "SELECT a FROM t")) == 1


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT a FROM nope", -206),
        ("DROP TABLE nope", -206),
        ("SELECT nope FROM t", -217),
        ("SELEC a FROM t", -201),
        ("INSERT INTO t (a) VALUES (1)", -268),
        ("INSERT INTO t (b) VALUES ('b')", -391),
        ("INSERT INTO t (a) VALUES (99999)", -1214),
        ("INSERT INTO t VALUES (2, 'too long')", -1279),
        ("INSERT INTO t (a) VALUES (2, 'b')", -236),
        ("SELECT a / 0 FROM t", -1202),
        ("SELECT nope(a) FROM t", -674),
        ("CREATE TABLE t (a INTEGER)", -310),
    ],
)
def test_errors_are_those_of_informix(connect: Connect, statement: str, code: int) -> None:
    """What Derby refuses is raised with Informix's code and words, in the driver's form for an Informix."""
    connection = connect()
    run(connection, "CREATE TABLE t (a SMALLINT NOT NULL PRIMARY KEY, b CHAR(2))", "INSERT INTO t (a) VALUES (1)")

    result = refusal(lambda: query(connection, statement))

    assert "[IBM][CLI Driver][IDS/UNIX64] " in result
    assert f" SQLCODE={code}" in result
    assert "SQLSTATE" not in result


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT a FROM t", -272),
        ("UPDATE t SET a = 1", -273),
        ("DELETE FROM t", -274),
        ("INSERT INTO t VALUES (1)", -275),
    ],
)
def test_missing_privileges_are_named(connect: Connect, statement: str, code: int) -> None:
    """The error names the privilege that a user lacks."""
    owner = connect()
    run(owner, "CREATE TABLE t (a INTEGER)")
    owner.commit()

    assert sqlcode(lambda: run(connect(READER), statement)) == code


@pytest.mark.soak
def test_locks_and_deadlocks_are_distinguished(connect: Connect) -> None:
    """A lock that is not granted is an error with its operation, and a deadlock ends one of two sessions."""
    first, second = connect(), connect()
    run(first, "CREATE TABLE t (a INTEGER)", "CREATE TABLE u (a INTEGER)", "INSERT INTO u VALUES (1)")
    run(first, "INSERT INTO t VALUES (1)")
    first.commit()

    run(first, "LOCK TABLE t IN EXCLUSIVE MODE")
    assert sqlcode(lambda: run(second, "INSERT INTO t VALUES (2)")) == -271
    assert sqlcode(lambda: run(second, "LOCK TABLE t IN SHARE MODE")) == -289

    codes: list[int] = []
    run(second, "LOCK TABLE u IN EXCLUSIVE MODE")
    waiting = threading.Thread(target=lambda: codes.append(_outcome(second, "UPDATE t SET a = 3")))
    waiting.start()
    codes.append(_outcome(first, "UPDATE u SET a = 3"))
    waiting.join()
    assert sorted(codes) == [-143, 0]


def _outcome(connection: object, statement: str) -> int:
    try:
        run(connection, statement)
    except Exception as error:  # noqa: BLE001  # the driver raises many kinds
        return int(str(error).rpartition("SQLCODE=")[2])
    return 0


def test_a_login_is_refused_as_by_informix(connect: Connect, shim: Shim) -> None:
    """A wrong password, an expired password and a missing database are distinguished."""
    wrong = refusal(lambda: connect(password=WRONG))
    unknown = refusal(lambda: connect(database="nope"))
    shim.set("refuse_login", 0x0E)
    expired = refusal(connect)

    assert 'SQL30082N  Security processing failed with reason "24"' in wrong
    assert "SQL30061N" in unknown
    assert 'reason "1" ("PASSWORD EXPIRED")' in expired


@pytest.mark.soak
def test_a_port_that_is_no_server_is_not_taken_for_one(connect: Connect) -> None:
    """The driver gives up on a port that hangs up or says nothing, with the code of a communication error."""
    with fake_servers.hangs_up() as hanging, fake_servers.is_silent() as silent:
        assert sqlcode(lambda: connect(port=hanging)) == -30081
        assert sqlcode(lambda: connect(port=silent)) == -30081


def test_an_unlogged_database_has_no_transactions(connect: Connect, shim: Shim) -> None:
    """It says that it has no log; what was written stays, and there is nothing to commit or to roll back."""
    shim.set("unlogged", True)
    connection = connect()
    run(connection, "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")

    assert query(connection, "SELECT is_logging FROM sysmaster:sysdatabases") == [(0,)]
    assert sqlcode(connection.commit) == -255
    assert connection.rollback() is False
    assert sqlcode(connection.close) == -256
    assert query(connect(), "SELECT a FROM t") == [(1,)]
