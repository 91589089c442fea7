"""Rule 20: files beside tables are named with source and target, only if changed; they are not compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.model.plan import Plan
from tests.builders import Files, build_files, row
from tests.cli.terminal import Typing
from tests.rules.hooked import hook, notes
from tests.scenes import sync_plan_of

TABLES = ("custobjects", "h_custom", "r_custom", "menu", "main_menu", "menu_add")
SETS = ("custom-reports", "main-menu")
REQUESTED = ("--set", "custom-reports", "--set", "main-menu")


def reports(folder: Path, settings: str = "") -> Files:
    """Build a pair on whose primary a report and a menu addition were made, and an old report deleted."""
    old = row("h_custom", report_name="Old", owner="jm")
    unchanged = row("h_custom", report_name="Stays", owner="jm")
    return build_files(
        folder,
        TABLES,
        settings=settings,
        both={"r_custom": [row("r_custom", report_name="Desk", owner="jm")], "h_custom": [unchanged]},
        primary={
            "h_custom": [row("h_custom", report_name="Calls", owner="jm")],
            "menu_add": [row("menu_add", item_name="Payroll", command="/opt/pay/run -now")],
        },
        secondary={"h_custom": [old]},
    )


def lines(plan: Plan) -> list[str]:
    """Return the lines about files."""
    return [line.text for line in plan.checklist.after if line.kind == "files"]


def test_files_are_named_with_source_and_target_and_only_if_changed(tmp_path: Path) -> None:
    """Each way a line names the reports and menu entries whose rows it copies, and none is about the good folder."""
    files = reports(tmp_path)

    there = sync_plan_of(files, sets=SETS)
    back = sync_plan_of(files, sets=SETS, source="secondary")
    alike = sync_plan_of(files, sets=("shortcuts",), tables=("r_custom",))

    assert lines(there) == [
        "Copy the files of jm 'Calls' from primary to secondary: /cms/db/gem/c_custom (custom report sources).",
        "Remove the files of jm 'Old' from secondary: /cms/db/gem/c_custom (custom report sources). "
        "primary no longer has it.",
        "Copy the files of jm 'Calls' from primary to secondary: /cms/db/gem/h_custom (historical custom reports).",
        "Remove the files of jm 'Old' from secondary: /cms/db/gem/h_custom (historical custom reports). "
        "primary no longer has it.",
        "Copy the files of 'Payroll' from primary to secondary: /opt/pay/run (what main menu additions start).",
    ]
    assert all("Copy the files of jm 'Old' from secondary to primary" in text for text in lines(back)[::2])
    assert all("Remove the files of jm 'Calls' from primary" in text for text in lines(back)[1::2])
    assert len(lines(back)) == 4
    assert lines(alike) == []


def test_a_journal_is_copied_as_a_whole_and_only_if_its_rows_change(tmp_path: Path) -> None:
    """One file for all rows is never taken apart, nor removed where rows were deleted."""
    old, new = (row("scwininfo", user_id="jm", shortcut=name, win_seq=1) for name in ("Old", "New"))
    files = build_files(
        tmp_path, ("scwininfo", "r_custom"), primary={"scwininfo": [new]}, secondary={"scwininfo": [old]}
    )

    plan = sync_plan_of(files, tables=("scwininfo", "r_custom"))

    journal = "Copy /cms/db/journal/shortcut (shortcut journals) from primary to secondary, since jm '"
    assert [text.startswith(journal) for text in lines(plan)] == [True]
    assert {"'New'", "'Old'"} <= set(lines(plan)[0].replace(",", "").split())


def test_a_hook_copies_files_and_never_takes_them_away(tmp_path: Path, typed: Typing) -> None:
    """It gets what is to be copied, and from where; what is to be removed, or restored by an undo, stays a line."""
    files = reports(tmp_path, settings=f"{hook('files')}\n")

    done = typed("sync", "--pair", files.pair_file, *REQUESTED, "--yes", "--json").document
    undone = typed("undo", "--pair", files.pair_file, "--yes", "--json").document

    [(_, variables)] = notes(files)
    assert variables["SYNCENGINE_FILES"].splitlines() == [
        "/cms/db/gem/c_custom",
        "/cms/db/gem/h_custom",
        "/opt/pay/run",
    ]
    assert (variables["SYNCENGINE_SOURCE"], variables["SYNCENGINE_SERVER"]) == ("primary", "secondary")
    assert [line["text"][:21] for line in done["outcome"]["by_hand"]] == ["Remove the files of j"] * 2
    left = [line["text"] for line in undone["outcome"]["by_hand"]]
    assert left[0].startswith("On secondary, restore the files of jm 'Calls', jm 'Old': /cms/db/gem/c_custom")
    assert left[2].startswith("On secondary, restore the files of 'Payroll': /opt/pay/run")
    assert {line["source"] for line in undone["outcome"]["by_hand"]} == {None}


def test_a_verify_says_that_files_were_not_compared(tmp_path: Path, typed: Typing) -> None:
    """In sync are the tables; a set that is only files is not looked at: exit code 3, and neither yes nor no."""
    files = reports(tmp_path)

    tables = typed("verify", "--pair", files.pair_file, "--table", "r_custom")
    document = typed("verify", "--pair", files.pair_file, "--table", "r_custom", "--json").document
    only = typed("verify", "--pair", files.pair_file, "--set", "designer-reports")
    nobody = typed("verify", "--pair", files.pair_file, "--set", "designer-reports", "--json").document

    assert tables.code == 0
    result = " ".join(tables.out.split())
    assert "IN SYNC 1 table" in result
    assert "Files beside them, not compared: /cms/db/gem/c_custom, /cms/db/gem/r_custom." in result
    assert [one["file"] for one in document["files_not_compared"]] == ["/cms/db/gem/c_custom", "/cms/db/gem/r_custom"]
    assert only.code == 3
    assert "NOT COMPARED" in only.out
    assert "IN SYNC" not in only.out
    assert nobody["in_sync"] is None


@pytest.mark.parametrize(("source", "target"), [("primary", "secondary"), ("secondary", "primary")])
def test_copying_only_files_is_refused_with_the_way(tmp_path: Path, typed: Typing, source: str, target: str) -> None:
    """There is no table to copy, and the sentence says which way the files go."""
    files = reports(tmp_path)

    result = typed("sync", "--pair", files.pair_file, "--set", "designer-reports", "--from", source)

    assert result.code == 2
    assert f"by hand, from {source} to {target}: /cms/cow/reports/designer" in result.err
