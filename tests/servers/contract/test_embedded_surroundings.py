"""What a write meets at a table of a DuckDB file, and the sequences that number its columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from syncengine.model.bucket import BucketColumns
from syncengine.model.pair import Limits, Role
from syncengine.model.remembered_days import DaysQuery
from syncengine.model.selection import Selection
from syncengine.model.surroundings import Counter, Reference
from syncengine.servers.duckdb.server import DuckDBServer


@contextmanager
def opened(path: Path, *statements: str) -> Iterator[DuckDBServer]:
    """Make a database, and give the server over it."""
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    server = DuckDBServer(path, Role.PRIMARY, writable=True, limits=Limits())
    try:
        yield server
    finally:
        server.close()


def write(server: DuckDBServer, table: str, **columns: Any) -> None:
    """Write rows."""
    rows = pa.table(columns)
    with server.begin() as session:
        session.insert(table, pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches()))
        session.commit()


NAMED = {
    "seq": "nextval('SEQ')",
    "Seq": "nextval('seq')",
    "quoted": """nextval('"main"."Quoted"')""",
    "o.far": "nextval('O.far')",
    "whole": "nextval('numbers.main.whole')",
    "of_it": "nextval('numbers.of_it')",
    "it's": "nextval('it''s')",
    "a.b": """nextval('"a.b"')""",
}


@pytest.mark.parametrize("name", NAMED)
def test_a_sequence_is_advanced_however_its_default_names_it(tmp_path: Path, name: str) -> None:
    """In other case, in quotes, with its schema or database: the next insert gets the number after what was written."""
    quoted = name if name == "o.far" else f'"{name}"'
    path = tmp_path / "numbers.duckdb"
    with opened(
        path,
        "CREATE SCHEMA o",
        f"CREATE SEQUENCE {quoted}",
        f"CREATE TABLE t (id INTEGER PRIMARY KEY DEFAULT {NAMED[name]}, v INTEGER)",
    ) as server:
        assert server.surroundings(["t"])["t"].counters == (Counter("id", name),)
        write(server, "t", id=[1, 2], v=[1, 1])

    with duckdb.connect(str(path)) as connection:
        assert connection.execute("INSERT INTO t (v) VALUES (2) RETURNING id").fetchall() == [(3,)]


@pytest.mark.parametrize(
    ("native", "default", "values", "following"),
    [
        ("VARCHAR", "'X' || nextval('q')", ["X7"], None),
        ("DATE", "DATE '2000-01-01' + CAST(nextval('q') AS INTEGER)", [date(2000, 1, 8)], None),
        ("DOUBLE", "nextval('q')", [float("inf"), float("nan"), 6.5], 7.0),
        ("DOUBLE", "nextval('q')", [float("inf")], 1.0),
        ("DECIMAL(9, 2)", "nextval('q')", [Decimal("6.50")], Decimal(7)),
        ("UTINYINT", "nextval('q')", [7], 8),
        ("INTEGER", "nextval(concat('q', ''))", [7], None),
    ],
)
def test_what_holds_no_numbers_is_written_all_the_same(
    tmp_path: Path, native: str, default: str, values: list[Any], following: object
) -> None:
    """Where a sequence cannot be advanced that is said, and the table is written; no number without an end counts."""
    path = tmp_path / "numbers.duckdb"
    with opened(path, "CREATE SEQUENCE q", f"CREATE TABLE t (id {native} DEFAULT {default}, v INTEGER)") as server:
        (counter,) = server.surroundings(["t"])["t"].counters
        write(server, "t", id=values, v=[1] * len(values))

    assert bool(counter.why_not_advanced) is (following is None)
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchall() == [(len(values),)]
        if following is not None:
            assert connection.execute("INSERT INTO t (v) VALUES (2) RETURNING id").fetchall() == [(following,)]


def test_names_that_differ_in_other_letters_are_others(tmp_path: Path) -> None:
    """A table and a view whose names differ by the case of É alone are two: locked, and remembered, each as it is."""
    with opened(
        tmp_path / "letters.duckdb",
        'CREATE TABLE "É" (a INTEGER, b INTEGER)',
        'CREATE TABLE "é" (a INTEGER, c INTEGER)',
        'INSERT INTO "É" VALUES (1, 2)',
        'CREATE TABLE "à" (a INTEGER)',
        'CREATE VIEW "À" AS SELECT * FROM "à"',
    ) as server:
        everything = Selection("É", BucketColumns())
        with server.begin() as session:
            session.lock(everything)
            assert session.delete(everything) == 1

        assert server.day_versions(DaysQuery(Selection("À", BucketColumns()))) is None
        assert server.day_versions(DaysQuery(Selection("à", BucketColumns()))) is not None


def test_a_reference_is_found_in_any_case(tmp_path: Path) -> None:
    """A reference to a table is found although its statement spelled the table differently."""
    with opened(
        tmp_path / "references.duckdb",
        "CREATE TABLE Parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER REFERENCES PARENT (id))",
    ) as server:
        found = server.surroundings(["parent", "child"])

    (reference,) = found["parent"].referred_by
    assert reference == Reference(reference.name, "child", "Parent", ("id",))
    assert found["child"].refers == (reference,)
