"""Keys that differ in blanks at their end alone, on a server whose `=` ignores these, as Informix's does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncengine.execute import preparation
from syncengine.model.plan import Action
from syncengine.model.selection import Selection
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.sql.rows import delete_statement
from tests.builders import build_files

SPEC = """summary = "Calls by who promised them"
class = "custom"
synced_by = "copying"
acd = "acd"
key = ["who"]

[tables]
c_promised = { archive = "interval" }

[time]
date = "row_date"
label = "starttime"
interval = "intrvl"

[columns]
acd = { type = "smallint" }
row_date = { type = "date" }
starttime = { type = "smallint" }
intrvl = { type = "smallint" }
who = { type = "varchar(8)" }
promised = { type = "integer" }
"""
MADE = (
    "CREATE TABLE c_promised (acd SMALLINT, row_date DATE, starttime SMALLINT, intrvl SMALLINT, who VARCHAR, "
    "promised INTEGER)"
)
ROWS = "SELECT * FROM c_promised ORDER BY ALL"


@pytest.mark.parametrize("at_once", [preparation.GROUPS_AT_ONCE, 1])
def test_rows_of_such_keys_are_written_and_restored_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """What a delete takes of them is what was journalled, in a resync as in its undo, and however many at once."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "c_promised.toml").write_text(SPEC)
    files = build_files(tmp_path, settings='specs = ["specs"]')
    held = {"primary": [("a", 1), ("a ", 9), ("z", 3)], "secondary": [("a", 1), ("a  ", 2), ("z", 3)]}
    for role, rows in held.items():
        files.run(role, MADE)
        for row in rows:
            files.run(role, "INSERT INTO c_promised VALUES (1, '2000-06-05', 500, 30, ?, ?)", row)
    before = files.run("secondary", ROWS)
    deletes: list[str] = []

    def blind(selection: Selection) -> Statement:
        made = delete_statement(selection)
        deletes.append(made.text.replace('"who" = ?', 'RTRIM("who") = RTRIM(?)'))
        assert deletes[-1] != made.text
        return replace(made, text=deletes[-1])

    monkeypatch.setattr("syncengine.servers.duckdb.server.delete_statement", blind)
    monkeypatch.setattr(preparation, "GROUPS_AT_ONCE", at_once)
    pair = files.open()
    done = pair.execute(pair.plan_resync(window="2000-06-05 05:00..05:29", tables="c_promised", policy="rows"))
    after = files.run("secondary", ROWS)
    back = pair.plan_undo()
    undone = pair.execute(back)

    assert done.outcome.done, done.outcome.steps
    assert after == files.run("primary", ROWS)
    assert [part.action for step in back.steps for part in step.parts] == [Action.RESTORE_GROUPS]
    assert undone.outcome.done, undone.outcome.steps
    assert files.run("secondary", ROWS) == before
    assert len(deletes) == (2 if at_once > 1 else 4)
