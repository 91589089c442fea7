"""The commands that verify suggests repair what it has found, for all tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import Files
from tests.cli.terminal import CommandResult, Typing, suggested
from tests.own_tables import CALLS, NOTES, call, with_own_tables
from tests.scenes import trunks


def suggested_commands(result: CommandResult) -> list[list[str]]:
    """Return the commands that a verdict ends with, as words."""
    return suggested(result.out, "To repair it")


def drifting(folder: Path, *, trunks_differ: bool) -> Files:
    """Build a pair in which tables of somebody's own differ, and some rows of a CMS table."""
    files = with_own_tables(
        folder,
        ["htrunk", "hcwc"],
        both={"htrunk": trunks(400, 500)},
        primary={CALLS: [call(500, 3)], NOTES: [(1, "a")]},
        secondary={CALLS: [call(500, 2)]},
    )
    files.add("primary", "htrunk", *(trunks(500, 530) if trunks_differ else ()))
    return files


def test_tables_of_ones_own_are_named(tmp_path: Path, typed: Typing) -> None:
    """The suggested commands repair tables of the user's own beside equal tables of the CMS, and all is in sync."""
    files = drifting(tmp_path, trunks_differ=False)

    observation = typed("verify", "--pair", files.pair_file)
    found = suggested_commands(observation)
    for words in found:
        assert "--set" not in words
        assert typed(*words[:-1], "--yes").code == 0

    assert [words[0] for words in found] == ["resync", "sync"]
    assert typed("verify", "--pair", files.pair_file).code == 0


@pytest.mark.soak
def test_tables_of_both_kinds_are_named(tmp_path: Path, typed: Typing) -> None:
    """A command for history names the tables of somebody's own beside those of the CMS that differ."""
    files = drifting(tmp_path, trunks_differ=True)

    (resync, _) = suggested_commands(typed("verify", "--pair", files.pair_file))

    assert {CALLS, "htrunk"} <= set(resync)
    assert "history" not in resync


def test_what_no_copy_can_write_is_reported(tmp_path: Path, typed: Typing) -> None:
    """A view that differs is in no command to type; the verdict says that it is one, and JSON too."""
    files = drifting(tmp_path, trunks_differ=False)
    files.run("secondary", f"ALTER TABLE {CALLS} RENAME TO c_below")
    files.run("secondary", f"CREATE VIEW {CALLS} AS SELECT * FROM c_below")

    result = typed("verify", "--pair", files.pair_file)
    document = typed("verify", "--pair", files.pair_file, "--json").document

    assert [words[0] for words in suggested_commands(result)] == ["sync"]
    assert f"No copy repairs {CALLS} on secondary: it is a view" in result.text
    assert {t["table"]: t["unwritable"] for t in document["tables"] if t["unwritable"]}.keys() == {CALLS}


def test_a_set_leaves_out_what_no_copy_can_write(tmp_path: Path, typed: Typing) -> None:
    """If a set is requested, the suggested command leaves out a view in it, and is not refused."""
    files = drifting(tmp_path, trunks_differ=True)
    (tmp_path / "specs" / "sets.toml").write_text(f'[sets.ours]\nsummary = "Ours"\ntables = ["{CALLS}", "htrunk"]\n')
    files.run("secondary", f"ALTER TABLE {CALLS} RENAME TO c_below")
    files.run("secondary", f"CREATE VIEW {CALLS} AS SELECT * FROM c_below")

    (resync,) = suggested_commands(typed("verify", "--pair", files.pair_file, "--set", "ours"))

    assert resync[resync.index("--set") :][:4] == ["--set", "ours", "--exclude-table", CALLS]
    assert typed(*resync[:-1], "--yes").code == 0
