"""A backfill is cut by the rows of each day: what cannot be counted is never passed over in silence."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from syncengine.execute.transaction import BatchWriter
from syncengine.model.errors import ServerError
from syncengine.model.pair import Role
from tests.builders import Files, build_files
from tests.cli.terminal import Typing
from tests.interference import Interference, interfere
from tests.scenes import code, trunks

LOCKED = "primary: somebody has locked it"
WINDOW = ("--window", "2000-06-01..2000-06-04", "--table", "htrunk", "--table", "hcwc")


def history(folder: Path, **both: list[dict[str, object]]) -> Files:
    """Build a pair whose primary has a day of trunks, and a day of call work codes that has nothing else."""
    alone = {
        "htrunk": trunks(400, 600, row_date=date(2000, 6, 2)),
        "hcwc": [code(400, row_date=date(2000, 6, 1))],
    }
    return build_files(folder, ["htrunk", "hcwc"], primary=alone, both=both)


def locked(monkeypatch: pytest.MonkeyPatch, *tables: str, times: int = 1000) -> None:
    """Let the primary refuse some tables, so many times each."""
    left = dict.fromkeys(tables, times)

    def failing(name: str) -> None:
        if left.get(name, 0):
            left[name] -= 1
            raise ServerError(LOCKED)

    interfere(monkeypatch, Role.PRIMARY, Interference(before_query=failing))


def test_where_no_table_can_be_counted_it_is_an_error(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not known then whether there is anything to copy: each table is named with why, and exit is 1."""
    files = history(tmp_path)
    locked(monkeypatch, "htrunk", "hcwc")

    for more in (("--dry-run",), ("--yes",), ("--yes", "--json")):
        output = typed("backfill", "--pair", files.pair_file, *WINDOW, *more)

        assert output.code == 1, output.text
        assert "nothing to copy" not in output.text
        for table in ("htrunk", "hcwc"):
            assert f"{table}: {LOCKED}" in output.text


def test_a_table_without_rows_beside_it_changes_nothing(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the other tables have no rows of that time, the one that cannot be counted is the error."""
    files = history(tmp_path)
    locked(monkeypatch, "hcwc")

    output = typed("backfill", "--pair", files.pair_file, *WINDOW[2:], "--window", "2000-06-01", "--yes")

    assert (output.code, LOCKED in output.err) == (1, True)


def test_days_that_only_an_uncounted_table_has_are_not_called_done(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock released before the portions are compared still caused missing days: reported, and exit 5."""
    files = history(tmp_path)
    locked(monkeypatch, "hcwc", times=1)

    planned = typed("backfill", "--pair", files.pair_file, *WINDOW, "--dry-run", "--json")
    locked(monkeypatch, "hcwc", times=1)
    output = typed("backfill", "--pair", files.pair_file, *WINDOW, "--yes")
    known = typed("runs", files.open().run().id, "--pair", files.pair_file)

    assert planned.code == 1
    assert planned.document["not_counted"] == [{"table": "hcwc", "problem": LOCKED}]
    assert output.code == 5
    assert f"hcwc is not counted: {LOCKED}. Days that only it has are not copied." in output.text
    assert "not counted: hcwc; days that only it has were not compared" in output.text
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")
    assert files.bag("secondary", "hcwc") == []
    assert "in sync" not in known.out.splitlines()[0]
    # Once it is counted, the day is found.
    assert typed("backfill", "--pair", files.pair_file, *WINDOW, "--yes").code == 0
    assert files.bag("secondary", "hcwc") == files.bag("primary", "hcwc")


@pytest.mark.soak
def test_where_nothing_was_written_beside_it_the_end_is_an_error(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days in sync are no success while others were not compared; JSON names the table."""
    files = build_files(tmp_path, ["htrunk", "hcwc"], both={"htrunk": trunks(400, 600), "hcwc": [code(400)]})
    locked(monkeypatch, "hcwc", times=1)

    output = typed(
        "backfill", "--pair", files.pair_file, "--window", "2000-06-05 00:00..05:59", *WINDOW[2:], "--yes", "--json"
    )

    assert output.code == 1
    assert output.document["not_counted"] == ["hcwc"]


@pytest.mark.soak
def test_a_resumed_run_still_knows_it(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is resumed was cut without that table, and does not end as done and in sync."""
    files = history(tmp_path, htrunk=trunks(400, 600, row_date=date(2000, 6, 4)))
    locked(monkeypatch, "hcwc", times=1)
    with monkeypatch.context() as stopping:
        stopping.setattr(BatchWriter, "write", _stopped)
        cut = typed("backfill", "--pair", files.pair_file, *WINDOW, "--yes")
    resumed = typed("resume", "--pair", files.pair_file)

    assert cut.code == 130
    assert resumed.code == 5
    assert "not counted: hcwc" in resumed.text


def _stopped(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_a_dry_run_names_what_it_cannot_compare(tmp_path: Path, typed: Typing) -> None:
    """A table of unlike columns is named with why, once for all portions."""
    files = history(tmp_path)
    files.run("secondary", "ALTER TABLE hcwc ADD COLUMN more INTEGER")

    output = typed("backfill", "--pair", files.pair_file, *WINDOW, "--portion-days", "1", "--dry-run")

    assert output.text.count("hcwc is not compared: column more is missing on primary.") == 1
    assert output.code == 1
