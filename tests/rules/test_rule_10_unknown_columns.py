"""Rule 10: a column that no rule rolls up is never invented; it stays, or its row is made only on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.app import VerifiedRun
from syncengine.model.errors import InputError, ServerError
from syncengine.model.pair import Role
from tests.builders import Files
from tests.cli.terminal import Typing
from tests.interference import Interference, interfere
from tests.rules.summarised import SUNDAY, pair
from tests.rules.test_rule_10_rollup_repair import fates, run_repair, window

SAME_DAY = f"row_date = DATE '{SUNDAY}'"


def unknown(folder: Path, *, of_a_day: int = 336, secondary: str = "") -> Files:
    """Build a pair whose half hours and days have a column that no spec describes, 7 in each half hour."""
    files = pair(folder, blind={SUNDAY: 1030})
    for role in ("primary", "secondary"):
        for table, value in (("hcwc", 7), ("dcwc", of_a_day), ("wcwc", of_a_day), ("mcwc", of_a_day)):
            files.run(role, f"ALTER TABLE {table} ADD COLUMN mystery INTEGER DEFAULT {value}")
    if secondary:
        files.run("secondary", secondary)
    return files


def repaired(files: Files, **options: Any) -> VerifiedRun:
    """Repair the half hour of Sunday and the day over it."""
    return run_repair(files, window=window(SUNDAY), **options)


def days(files: Files) -> list[tuple[str, int, int | None]]:
    """Return code, calls and the unknown column of the secondary's day."""
    return files.run("secondary", f"SELECT trim(cwc), acdcalls, mystery FROM dcwc WHERE {SAME_DAY} ORDER BY cwc DESC")


def whole(files: Files) -> list[int]:
    """Return the calls of the day as the server that was not blind has them."""
    return [calls for (calls,) in files.run("primary", f"SELECT acdcalls FROM dcwc WHERE {SAME_DAY} ORDER BY cwc DESC")]


def test_in_a_row_that_is_there_it_stays_and_is_named(tmp_path: Path) -> None:
    """The sums are made anew, the column is neither 7 nor guessed, and the plan and the run both name it."""
    files = unknown(tmp_path)

    done = repaired(files)

    assert days(files) == [("7", whole(files)[0], 336), ("42", whole(files)[1], 336)]
    assert fates(done.plan)["dcwc"] == ("recompute", "but not mystery, which no rule covers")
    assert done.rollups is not None
    assert fates(done.rollups)["dcwc"] == ("list", "all but mystery is recomputed")


def test_it_is_named_also_where_the_day_stands(tmp_path: Path) -> None:
    """Where all sums of the day are right already, the column may still be stale: that is said."""
    files = unknown(tmp_path)
    files.run("secondary", f"DELETE FROM dcwc WHERE {SAME_DAY}")
    rows = files.run("primary", f"SELECT * FROM dcwc WHERE {SAME_DAY}")
    for one in rows:
        marks = ", ".join("?" for _ in one)
        files.run("secondary", f"INSERT INTO dcwc VALUES ({marks})", one)

    done = repaired(files)

    assert done.rollups is not None
    assert fates(done.rollups)["dcwc"] == ("list", "all but mystery is recomputed")
    assert [mystery for _, _, mystery in days(files)] == [336, 336]


@pytest.mark.parametrize("choice", ["refuse", "null"])
def test_a_row_that_is_to_be_made_is_refused_or_has_null(tmp_path: Path, choice: str) -> None:
    """A code that has no row in the day yet: its day is left, and with null made without inventing the column."""
    files = unknown(tmp_path, secondary=f"DELETE FROM dcwc WHERE {SAME_DAY} AND trim(cwc) = '42'")
    before = days(files)

    done = repaired(files, unknown_columns=choice)

    assert done.rollups is not None
    if choice == "refuse":
        assert days(files) == before
        assert "do not give mystery; `unknown_columns='null'`" in fates(done.rollups)["dcwc"][1]
    else:
        assert days(files) == [("7", whole(files)[0], 336), ("42", whole(files)[1], None)]
        assert fates(done.rollups)["dcwc"] == ("list", "all but mystery is recomputed")


@pytest.mark.soak("refuse")
@pytest.mark.parametrize("choice", ["refuse", "null"])
def test_rows_that_cannot_be_distinguished_are_skipped_or_become_one(tmp_path: Path, choice: str) -> None:
    """Two rows of one code in the day: nothing says which value is whose."""
    twice = f"INSERT INTO dcwc SELECT * REPLACE (mystery + 1 AS mystery) FROM dcwc WHERE {SAME_DAY} AND trim(cwc) = '7'"
    files = unknown(tmp_path, secondary=twice)
    before = days(files)

    done = repaired(files, unknown_columns=choice)

    assert done.rollups is not None
    if choice == "refuse":
        assert days(files) == before
        assert "several rows of a key group, which nothing distinguishes" in fates(done.rollups)["dcwc"][1]
    else:
        assert days(files) == [("7", whole(files)[0], None), ("42", whole(files)[1], 336)]


@pytest.mark.soak
def test_where_it_cannot_be_null_no_row_is_made(tmp_path: Path) -> None:
    """A column that must have a value prevents its day from being made, with any setting."""
    files = unknown(tmp_path, secondary=f"DELETE FROM dcwc WHERE {SAME_DAY} AND trim(cwc) = '42'")
    files.run("secondary", "ALTER TABLE dcwc ALTER COLUMN mystery SET NOT NULL")
    before = days(files)

    done = repaired(files, unknown_columns="null")

    assert done.rollups is not None
    assert "do not give mystery, which cannot be NULL" in fates(done.rollups)["dcwc"][1]
    assert days(files) == before


@pytest.mark.soak
def test_undo_restores_the_rows(tmp_path: Path) -> None:
    """Rows that were made with NULL go with the run."""
    files = unknown(tmp_path, secondary=f"DELETE FROM dcwc WHERE {SAME_DAY} AND trim(cwc) = '42'")
    before = files.bag("secondary", "dcwc")
    repaired(files, unknown_columns="null")

    files.open().execute(files.open().plan_undo())

    assert files.bag("secondary", "dcwc") == before


def test_it_is_only_for_what_is_recomputed(tmp_path: Path, typed: Typing) -> None:
    """The option without --rollups recompute, or with another word, is said with what to type instead."""
    files = pair(tmp_path)

    result = typed("resync", "--pair", files.pair_file, "--window", window(SUNDAY), "--unknown-columns", "null")

    assert result.code == 2
    assert "Add --rollups recompute." in result.err
    with pytest.raises(InputError, match=r"unknown_columns=.guess.` is not valid"):
        files.open().plan_resync(window=window(SUNDAY), unknown_columns="guess")


def test_an_unwritten_day_is_not_reported_as_recomputed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not do the step of the day leaves all of it stale, and it is reported once, with that."""
    files = unknown(tmp_path)

    def refused(inserts: int, table: str) -> None:
        if table == "dcwc":
            raise ServerError(f"secondary: dcwc has a constraint ({inserts})")

    interfere(monkeypatch, Role.SECONDARY, Interference(after_insert=refused))

    done = repaired(files)

    assert done.rollups is not None
    assert [(one.table, one.why) for one in done.rollups.stale] == [("dcwc", "it was not written")]
