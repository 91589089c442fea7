"""Databases are filled and read back without the code under test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import AS_OF, DAY, archive_rows, build_files, hsplit, row
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


def test_a_database_is_copied_with_what_it_holds(database: Database) -> None:
    """A copy holds the same rows, and what is written to one is not in the other."""
    create_tables(database, ["hsplit"])
    insert_rows(database, "hsplit", [hsplit(500)])

    copy = database.server.copy_database(database, f"{database.name}_2")
    insert_rows(copy, "hsplit", [hsplit(530)])

    assert len(bag(database, "hsplit")) == 1
    assert len(bag(copy, "hsplit")) == 2
    database.server.drop_database(copy)
