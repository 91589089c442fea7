"""On PostgreSQL too, what goes wrong with one table ends nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.builders import Files, build_files, row
from tests.cli.terminal import WINDOW, Typing
from tests.scenes import code, trunks
from tests.servers.postgresql.cluster import Cluster, environment
from tests.servers.postgresql.loading import PostgreSQLFiles, copy_pair

pytestmark = pytest.mark.postgresql
TABLES = ("htrunk", "hcwc", "synonyms", "agroups")
NAMED = [word for name in TABLES for word in ("--table", name)]
Built = Callable[..., PostgreSQLFiles]


@pytest.fixture
def built(tmp_path: Path, running: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Built]:
    """Return what builds a pair of databases in which htrunk and hcwc differ."""
    made: list[PostgreSQLFiles] = []
    for name, value in environment().items():
        monkeypatch.setenv(name, value)

    def build(**given: object) -> PostgreSQLFiles:
        files: Files = build_files(
            tmp_path / "files",
            TABLES,
            both={"htrunk": trunks(400, 500), "synonyms": [row("synonyms", value="1", item_name="a")]},
            primary={"htrunk": [*trunks(500, 530), *trunks(500, 530)], "hcwc": [code(500)]},
            **given,  # type: ignore[arg-type]
        )
        made.append(copy_pair(files, running, tmp_path / "databases"))
        return made[-1]

    yield build
    for one in made:
        one.end()


def test_all_that_cannot_be_read_is_named_at_once(built: Built, typed: Typing) -> None:
    """Two tables without the right to read and one that somebody has locked: each its reason, the last is compared."""
    pair = built(settings="limits.lock_seconds = 1")
    secondary = pair.database("secondary")
    for table in ("hcwc", "synonyms"):
        secondary.run(f"REVOKE SELECT ON {table} FROM {secondary.login}")
    with secondary.another() as other:
        other.run("BEGIN")
        other.run("LOCK TABLE agroups IN ACCESS EXCLUSIVE MODE")

        result = typed("verify", "--pair", pair.pair_file, *NAMED)

    assert result.code == 1
    for table in ("hcwc", "synonyms"):
        assert f"{table}: secondary: this login may not do that: permission denied for table {table} (" in result.text
    assert "agroups: secondary: another session holds a lock" in result.text
    assert "NOT COMPARED 3 tables: whether they differ is not known." in result.text
    assert "DRIFT 1 table and 1 bucket differ, of 1 table" in result.text
    assert "Traceback" not in result.err


def test_a_table_that_cannot_be_written_is_left_alone(built: Built, typed: Typing) -> None:
    """A unique index that rows of the source rightly break: its step is not done, the other table is repaired."""
    pair = built()
    pair.run("secondary", "CREATE UNIQUE INDEX once ON htrunk (row_date, starttime, tkgrp)")
    before = pair.bag("secondary", "htrunk")
    window = ("--window", "2000-06-05 05:00..05:29", "--table", "htrunk", "--table", "hcwc")

    result = typed("resync", "--pair", pair.pair_file, "--yes", *window)

    assert result.code == 5
    assert "was not done: secondary: " in result.text
    assert "1 of 2 steps done" in result.text
    assert "syncengine resume" not in result.text
    assert pair.bag("secondary", "hcwc") == pair.bag("primary", "hcwc")
    assert pair.bag("secondary", "htrunk") == before


def test_a_division_and_a_foreign_key_are_named_as_such(built: Built, typed: Typing) -> None:
    """A view that divides by zero is not a value that does not fit, and a key asks for the other table first."""
    files = built()
    files.run("secondary", "ALTER TABLE synonyms RENAME TO below")
    names = ", ".join(
        name if name != "item_name" else "CAST(1 / 0 AS CHAR(20)) AS item_name"
        for (name,) in files.run(
            "secondary", "SELECT column_name FROM information_schema.columns WHERE table_name = 'below'"
        )
    )
    files.run("secondary", f"CREATE VIEW synonyms AS SELECT {names} FROM below")
    files.run("secondary", "CREATE TABLE c_codes (cwc CHAR(17) PRIMARY KEY)")
    files.run("secondary", "ALTER TABLE hcwc ADD CONSTRAINT c_known FOREIGN KEY (cwc) REFERENCES c_codes")

    seen = typed("verify", "--pair", files.pair_file, "--table", "synonyms")
    done = typed("resync", "--pair", files.pair_file, *WINDOW, "--table", "hcwc", "--yes")

    (failed,) = [
        line.split() for line in typed("report", "--pair", files.pair_file).out.splitlines() if " failed " in line
    ]
    assert "it divides by zero" in seen.text
    assert "does not fit its column" not in seen.text
    assert "a foreign key forbids it" in done.text
    assert "copy the other table first" in done.text
    assert "step 1 (hcwc) was not done" in done.text
    assert failed[:-1] == ["hcwc", "secondary", "failed", "1", "·", "·"]
    assert "Repair what failed. Run `syncengine resync --pair " in done.text
    assert "again as this run was begun: it plans the rest anew" in done.text


def test_rights_to_write_are_checked_before_anything_is_written(built: Built, typed: Typing) -> None:
    """A plan and check name all rights that are lacking, at once; a right to every column is one to insert."""
    files = built()
    secondary = files.database("secondary")
    for table, right in (("hcwc", "INSERT, DELETE"), ("htrunk", "UPDATE"), ("synonyms", "INSERT")):
        secondary.run(f"REVOKE {right} ON {table} FROM {secondary.login}")
    names = secondary.run("SELECT column_name FROM information_schema.columns WHERE table_name = 'synonyms'")
    columns = ", ".join(f'"{name}"' for (name,) in names)
    secondary.run(f"GRANT INSERT ({columns}) ON synonyms TO {secondary.login}")
    pair = ("--pair", files.pair_file)

    planned = typed("resync", *pair, *WINDOW, "--table", "htrunk", "--table", "hcwc", "--dry-run")
    checked = typed("check", *pair, "-v")

    for result in (planned, checked):
        assert "this login lacks INSERT, DELETE on it" in result.text
        assert "this login lacks UPDATE on it" in result.text
    assert planned.code == 3
    assert "hcwc on secondary: this login lacks INSERT, DELETE on it" in planned.text
    assert "synonyms: this login lacks" not in checked.text
