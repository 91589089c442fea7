"""What a live server refuses, each by its code, and what becomes of it here."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

import pyarrow as pa
import pytest

from syncengine.model.errors import (
    ServerError,
    ServerLockedError,
    ServerReadOnlyError,
    ServerUnreachableError,
)
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import ColumnType
from syncengine.servers.postgresql.errors import MEANINGS
from syncengine.servers.protocol import Server, WriteSession
from tests.builders import hsplit
from tests.examples import some_of
from tests.servers.contract.kinds import as_arrow
from tests.servers.contract.test_writing import FIVE
from tests.servers.postgresql.cluster import ACTIVE, LOGIN, Cluster, Database
from tests.servers.postgresql.conftest import HSPLIT, Open, fill
from tests.servers.postgresql.loading import create_table

pytestmark = pytest.mark.postgresql
ANY = ReadQuery(HSPLIT)


def one_row(**values: int) -> pa.RecordBatchReader:
    """Return a row of hsplit."""
    return as_arrow("hsplit", [hsplit(500, **values)]).to_reader()


def have_refused(database: Database, sqlstate: str) -> None:
    """Have every insert into hsplit fail with a code, by a trigger."""
    database.run(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN RAISE EXCEPTION 'the words of the server' USING ERRCODE = '{sqlstate}'; END$$"
    )
    database.run("CREATE TRIGGER refusing BEFORE INSERT ON hsplit FOR EACH ROW EXECUTE FUNCTION refuse()")


KINDS = {
    **dict.fromkeys(("08006", "57P01", "57P03", "53300", "25P03"), (ServerUnreachableError, True)),
    **dict.fromkeys(("28000", "28P01", "3D000"), (ServerUnreachableError, False)),
    **dict.fromkeys(("55P03", "40P01", "40001", "55006"), (ServerLockedError, True)),
    "25006": (ServerReadOnlyError, False),
    "53200": (ServerError, True),
    **dict.fromkeys(
        (
            "42501",
            "42P01",
            "42703",
            "42601",
            "0A000",
            "22003",
            "22012",
            "22021",
            "23503",
            "23505",
            "23514",
            "53100",
            "54000",
        ),
        (ServerError, False),
    ),
    **dict.fromkeys(("57014", "P0001", "XX001", "58030", "25P02", "44000", "ZZ999"), (ServerError, False)),
    **dict.fromkeys(
        ("42809", "428C9", "42P10", "55000", "09000", "27000", "2F005", "38000", "39004"), (ServerError, False)
    ),
}


OF_THE_TRIGGER = frozenset(
    state
    for state in KINDS
    if state[:2] in ("09", "22", "23", "27", "2F", "38", "39", "42", "44", "P0", "ZZ") or state in ("0A000", "55000")
)
"""What is the trigger's own doing when it arises in one."""


@pytest.mark.sampled
@pytest.mark.parametrize("sqlstate", some_of(sorted(KINDS), 2))
def test_a_code_decides_what_is_raised(database: Database, opened: Open, sqlstate: str) -> None:
    """Whatever the server's words are, its code tells our class, whether trying again helps, and what to try."""
    have_refused(database, sqlstate)
    kind, transient = KINDS[sqlstate]

    with opened(writable=True) as server, pytest.raises(ServerError) as error, server.begin() as session:
        session.insert("hsplit", one_row())

    assert type(error.value) is kind
    assert error.value.transient is transient
    assert re.fullmatch(r"primary: .*[^.]\.", error.value.message)
    assert error.value.hint
    assert "bug report" not in error.value.hint
    assert ("refuse()" in error.value.message) is (sqlstate in OF_THE_TRIGGER)
    assert database.run("SELECT count(*) FROM hsplit") == [(0,)]


def test_every_meaning_is_tested() -> None:
    """No code is described that no test has seen."""
    known = {code if code in MEANINGS else code[:2] for code in KINDS}

    assert set(MEANINGS) - known <= {"57P02", "57P05", "XX002", "3F000"}


def test_no_privilege(running: Cluster, database: Database, opened: Open) -> None:
    """A missing privilege is reported with what to grant; reading may be allowed without writing."""
    running.create_login("reader")
    database.run("CREATE TABLE secrets (acd smallint)")
    database.run("GRANT SELECT ON hsplit TO reader")
    fill(database, hsplit(500))
    requested: list[Callable[[WriteSession], object]] = [
        lambda session: session.lock(FIVE),
        lambda session: session.delete(FIVE),
        lambda session: session.insert("hsplit", one_row()),
    ]
    try:
        with opened(database.url(user="reader"), writable=True) as server:
            assert server.read(ANY).read_all().num_rows == 1
            assert set(server.tables(["hsplit", "secrets"])) == {"hsplit", "secrets"}
            for ask in requested:
                with pytest.raises(ServerError, match=r"may not do that: permission denied") as error:
                    in_session(server, ask)
                assert "INSERT, UPDATE and DELETE" in error.value.hint
            with pytest.raises(ServerError, match="may not do that"):
                server.highest("secrets", "acd")
            with pytest.raises(ServerError, match="may not do that"), server.scratch((("n", ColumnType("date")),)):
                pass
    finally:
        running.drop_login("reader", database)


def in_session(server: Server, ask: Callable[[WriteSession], object]) -> None:
    """Ask something of a session."""
    with server.begin() as session:
        ask(session)


def test_a_query_that_takes_too_long(running: Cluster, database: Database, opened: Open) -> None:
    """A statement is stopped when its time is over, with the sentence every kind of server has."""
    database.run("CREATE VIEW slow AS SELECT hsplit.*, (pg_sleep(5) IS NULL)::int AS slept FROM hsplit")
    fill(database, hsplit(500))
    slow = ReadQuery(Selection("slow", HSPLIT.columns))
    requested: list[Callable[[Server], object]] = [
        lambda server: list(server.fingerprint(FingerprintQuery(slow.selection, (), 0, incomplete="slept"))),
        lambda server: server.read(slow).read_all(),
    ]

    with opened(query_seconds=1) as server:
        for ask in requested:
            began = time.monotonic()
            with pytest.raises(ServerError) as error:
                ask(server)

            assert error.value.message == "primary: a query took longer than 1 seconds and was stopped."
            assert "limits.query_seconds" in error.value.hint
            assert not error.value.transient
            assert time.monotonic() - began < 4.5
        assert server.highest("hsplit", "acd") == 1
        assert running.backends(database, having=ACTIVE) == []


def test_rows_that_somebody_else_has_locked(database: Database, opened: Open) -> None:
    """A wait for a lock ends in time; trying again may help, and reading is not hindered by it."""
    fill(database, hsplit(500))

    with database.another() as other, opened(writable=True) as server:
        other.run("BEGIN")
        other.run("UPDATE hsplit SET acdcalls = 7")
        began = time.monotonic()
        with pytest.raises(ServerLockedError) as error, server.begin() as session:
            session.lock(FIVE)

        assert error.value.transient
        assert 0.8 < time.monotonic() - began < 4
        assert server.read(ANY).read_all().num_rows == 1
        other.run("ROLLBACK")
        with server.begin() as session:
            session.lock(FIVE)
            assert session.delete(FIVE) == 1
            assert server.read(ANY).read_all().num_rows == 1


def test_a_lock_keeps_new_rows_out(database: Database, opened: Open) -> None:
    """While a table is locked no other session adds to it: what the plan was compared with is true until the commit."""
    fill(database, hsplit(500))

    with database.another() as other, opened(writable=True) as server:
        with server.begin() as session:
            session.lock(FIVE)
            other.run("SET lock_timeout = 300")
            with pytest.raises(Exception, match="lock timeout"):
                other.run("INSERT INTO hsplit (acd) VALUES (1)")
            assert session.delete(FIVE) == 1
            session.commit()
        other.run("INSERT INTO hsplit (acd) VALUES (1)")

    assert database.run("SELECT count(*) FROM hsplit") == [(1,)]


def test_rows_committed_while_waiting_for_the_lock_are_read(database: Database, opened: Open) -> None:
    """What others committed before the lock was granted is in what is read after it."""
    fill(database, hsplit(500))

    with database.another() as other, opened(writable=True, lock_seconds=20) as server, server.begin() as session:
        assert session.read(ANY).read_all().num_rows == 1
        other.run("BEGIN")
        other.run("INSERT INTO hsplit SELECT * FROM hsplit")
        committing = threading.Timer(0.3, lambda: other.run("COMMIT"))
        committing.start()
        session.lock(FIVE)
        committing.join()

        assert session.delete(FIVE) == 2


def test_two_who_wait_for_each_other(database: Database, opened: Open) -> None:
    """The one of two whom the server ends gets a transient error; the other goes on."""
    create_table(database, "dsplit")
    other = Selection("dsplit", FIVE.columns)
    raised: list[ServerError] = []

    with opened(writable=True, lock_seconds=20) as server:
        both = threading.Barrier(2)

        def lock(first: str, second: str) -> None:
            selections = {"hsplit": FIVE, "dsplit": other}
            try:
                with server.begin() as session:
                    session.lock(selections[first])
                    both.wait()
                    session.lock(selections[second])
            except ServerError as error:
                raised.append(error)

        waiting = [
            threading.Thread(target=lock, args=tables) for tables in (("hsplit", "dsplit"), ("dsplit", "hsplit"))
        ]
        for one in waiting:
            one.start()
        for one in waiting:
            one.join()

    assert len(raised) == 1
    assert isinstance(raised[0], ServerLockedError)
    assert raised[0].transient
    assert "waited for each other" in raised[0].message


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pa.table({"acd": pa.array([70_000], pa.int32())}), "acd does not fit its type there, smallint"),
        (pa.table({"nocolumn": pa.array([1], pa.int32())}), "hsplit has no nocolumn"),
        (pa.table({"acd": pa.array(["one"])}), "acd does not fit"),
    ],
)
def test_values_and_columns_that_do_not_fit(database: Database, opened: Open, table: pa.Table, words: str) -> None:
    """A value its column cannot hold is never cut off to fit."""
    with opened(writable=True) as server, pytest.raises(ServerError, match=words), server.begin() as session:
        session.insert("hsplit", table.to_reader())

    assert database.run("SELECT count(*) FROM hsplit") == [(0,)]


@pytest.mark.parametrize("text", ["longer than it may be" * 3, "a\0b"])
def test_text_that_does_not_fit(database: Database, opened: Open, text: str) -> None:
    """Text that is too long, or that PostgreSQL cannot keep, is refused by the server."""
    create_table(database, "synonyms")

    with opened(writable=True) as server, pytest.raises(ServerError, match="does not fit"), server.begin() as session:
        session.insert("synonyms", pa.table({"item_name": [text]}).to_reader())


def test_a_transaction_that_failed_cannot_be_committed(database: Database, opened: Open) -> None:
    """A commit after an error that was swallowed is an error, not a rollback that appears to succeed."""
    fill(database, hsplit(500))
    database.run("ALTER TABLE hsplit ADD CHECK (acd = 1)")

    with opened(writable=True) as server, server.begin() as session:
        session.delete(FIVE)
        with pytest.raises(ServerError, match="constraint"):
            session.insert("hsplit", one_row(acd=2))
        with pytest.raises(ServerError, match="had failed before"):
            session.commit()

    assert database.run("SELECT count(*) FROM hsplit") == [(1,)]


def test_login_of_tests_is_no_superuser(running: Cluster) -> None:
    """What is tested is what an ordinary owner of a database can do."""
    assert running.admin.run(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{LOGIN}'") == [(False,)]


def test_who_holds_a_lock_is_named(database: Database, opened: Open) -> None:
    """A lock error names the session that holds the table, and the command that ends it."""
    fill(database, hsplit(500))
    with database.another() as other, opened(writable=True) as server:
        pid = other.run("SELECT pg_backend_pid()")[0][0]
        other.run("BEGIN")
        other.run("UPDATE hsplit SET acd = acd")
        with pytest.raises(ServerLockedError, match="locks on hsplit are held by") as error, server.begin() as session:
            session.lock(HSPLIT)
        other.run("ROLLBACK")

    assert f"session {pid} of " in error.value.message
    assert f"`select pg_terminate_backend({pid})`" in error.value.hint


def test_a_session_has_a_termination_command(opened: Open) -> None:
    """A write session is ended by a statement that names its process; of what is no session nothing is claimed."""
    with opened(writable=True) as server, server.begin() as session:
        pid = session.id.split()[1]

        assert server.termination_command(session.id) == f"select pg_terminate_backend({pid})"
        assert server.termination_command("somebody") == ""
