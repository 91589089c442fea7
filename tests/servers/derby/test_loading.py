"""Databases are filled and read back without the code under test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import AS_OF, DAY, archive_rows, build_files, hsplit, row
from tests.scenes import code
from tests.servers.derby.loading import bag, create_tables, insert_rows, load_duckdb, read_rows
from tests.servers.derby.network_server import Database

pytestmark = pytest.mark.informix


def test_null_blank_and_quotes_survive(database: Database) -> None:
    """Text comes back as it went in, padded by the server, and NULL is not taken for blank."""
    create_tables(database, ["synonyms"])
    texts = ["", None, " a", 'say "x", \ny', "é€"]

    insert_rows(database, "synonyms", [row("synonyms") | {"value": text} for text in texts])

    found = read_rows(database, "synonyms").column("value").to_pylist()
    assert found == [text if text is None else text.ljust(15) for text in texts]


def test_a_whole_file_is_copied(database: Database, tmp_path: Path) -> None:
    """The tables of a DuckDB file are created and hold the same rows."""
    rows = [hsplit(label, split) for label in (500, 530) for split in range(1, 4)]
    files = build_files(tmp_path, both={"hsplit": rows})

    load_duckdb(database, files.database("primary"))

    assert bag(database, "hsplit") == files.bag("primary", "hsplit")
    assert len(bag(database, "arch_stat")) == len(archive_rows(1, AS_OF))
    assert {one["row_date"] for one in read_rows(database, "hsplit").to_pylist()} == {DAY}


def test_columns_no_spec_describes_are_copied_too(database: Database, tmp_path: Path) -> None:
    """They keep their types and values, NULL among them."""
    files = build_files(tmp_path, ["hcwc"], both={"hcwc": [code(500), code(530)]})
    values = {"SMALLINT": "7", "BIGINT": "1099511627776", "FLOAT": "0.5", "DOUBLE": "0.1", "DECIMAL(9,2)": "7.25"}
    values |= {"INTEGER": "NULL", "DATE": "DATE '2000-06-05'", "VARCHAR": "' a''b'"}
    for number, (kind, value) in enumerate(values.items()):
        files.run("primary", f"ALTER TABLE hcwc ADD COLUMN mystery_{number} {kind} DEFAULT {value}")

    load_duckdb(database, files.database("primary"))

    assert bag(database, "hcwc") == files.bag("primary", "hcwc")


def test_a_database_is_copied_with_what_it_holds(database: Database) -> None:
    """A copy holds the same rows, and what is written to one is not in the other."""
    create_tables(database, ["hsplit"])
    insert_rows(database, "hsplit", [hsplit(500)])

    copy = database.server.copy_database(database, f"{database.name}_2")
    insert_rows(copy, "hsplit", [hsplit(530)])

    assert len(bag(database, "hsplit")) == 1
    assert len(bag(copy, "hsplit")) == 2
    database.server.drop_database(copy)
