"""Names and values that only PostgreSQL has: computed apart, or refused in one sentence that names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from syncengine.model.bucket import BucketColumns, BucketState
from syncengine.model.errors import ServerError
from syncengine.model.fingerprint import FingerprintColumn, FingerprintQuery
from syncengine.model.selection import ReadQuery, Selection, date_of
from syncengine.model.spec import ColumnType
from syncengine.servers.sql.fingerprints import bucket_state, fingerprint_statement
from tests.servers.postgresql.cluster import Database

pytestmark = pytest.mark.postgresql
Open = Callable[..., Any]
FAR = ("infinity", "-infinity", "9999-12-31", "10000-01-01", "0044-03-15 BC", "5874897-12-31", "0999-12-31")
NEAR = ("2000-06-05", "1000-01-01", "8999-12-31")


def test_dates_of_any_calendar_come_and_go(database: Database, opened: Open) -> None:
    """They are folded as everybody folds them, read, found by value and written as what they are, infinity too."""
    database.run("CREATE TABLE days (k integer, d date, until date)")
    database.run("CREATE TABLE copied (k integer, d date, until date)")
    for number, day in enumerate((*FAR, *NEAR, None)):
        database.run("INSERT INTO days SELECT $1, CAST($2 AS date), CAST($2 AS date)", (number, day))
    columns = BucketColumns(date="d")
    compared = tuple(
        FingerprintColumn(name, ColumnType(kind)) for name, kind in (("k", "integer"), ("d", "date"), ("until", "date"))
    )
    query = FingerprintQuery(Selection("days", columns), compared, seed=11)

    with opened(writable=True) as server:
        computed = dict(server.fingerprint(query))
        rows = server.read(ReadQuery(query.selection)).read_all()
        (bounds,) = server.bounds("days", columns)
        untimed = server.read(ReadQuery(Selection("days", columns, untimed=True), ("k",))).read_all()
        for text, number in (("infinity", 0), ("0044-03-15 (BC)", 4), ("10000-01-01", 3), ("2000-06-05", 7)):
            group = Selection("days", columns, group_columns=("until",), groups=((date_of(text),),))
            assert server.read(ReadQuery(group, ("k",))).read_all().column(0).to_pylist() == [number]
        with server.begin() as session:
            session.insert("copied", rows.to_reader())
            session.commit()

    assert computed == folded_here(query, rows)
    assert (bounds.rows, bounds.untimed) == (11, 8)
    assert sorted(untimed.column(0).to_pylist()) == [0, 1, 2, 3, 4, 5, 6, 10]
    assert database.run("SELECT k FROM (TABLE days EXCEPT ALL TABLE copied) AS lost") == []


def folded_here(query: FingerprintQuery, rows: Any) -> dict[Any, BucketState]:
    """Return the same fingerprint over rows that were fetched."""
    with duckdb.connect(":memory:") as connection:
        connection.register("fetched", rows)
        statement = fingerprint_statement(query, source="fetched")
        return dict(bucket_state(one) for one in connection.execute(statement.text, list(statement.values)).fetchall())


def test_a_value_that_cannot_be_read_is_named(database: Database, opened: Open) -> None:
    """What no decimal of ours holds is an error with table, column and value, not the driver's words."""
    database.run("CREATE TABLE shares (k integer, share numeric(8,2))")
    database.run("INSERT INTO shares VALUES (1, 1.5), (2, 'nan')")

    with (
        opened() as server,
        pytest.raises(ServerError, match=r"shares\.share contains nan, which cannot be read as numeric\(8,2\)"),
    ):
        server.read(ReadQuery(Selection("shares", BucketColumns()))).read_all()


def test_names_that_differ_only_in_case_are_refused(database: Database, opened: Open) -> None:
    """Such columns, or tables of which none is called as asked, are a problem in words; one in mixed case is none."""
    database.run('CREATE TABLE "Mixed" ("Id" integer, "Note?" text)')
    database.run('CREATE TABLE twice ("Id" integer, id integer)')
    database.run('CREATE TABLE "ABC" (a integer)')
    database.run('CREATE TABLE "Abc" (b integer)')

    with opened() as server:
        found = {**server.tables(["mixed", "twice", "abc"]), **server.tables(["Abc"])}
        server.read(
            ReadQuery(Selection("mixed", BucketColumns(), group_columns=("note?",), groups=(("x",),)))
        ).read_all()

    assert [(column.name, column.type.name) for column in found["mixed"].columns] == [
        ("id", "integer"),
        ("note?", "varchar"),
    ]
    assert (found["mixed"].problem, found["Abc"].names) == ("", ("b",))
    assert found["twice"].problem == 'has the columns "Id" and "id", whose names differ only in case'
    assert found["abc"].problem.startswith('has "ABC" and "Abc", whose names differ only in case')
