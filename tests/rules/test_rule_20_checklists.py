"""Rule 20: what no table can do is listed, before and after, in order, and only what applies."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.cli.main import run_for_code
from syncengine.model.plan import Plan
from syncengine.model.spec import DataClass, SyncedBy
from tests.builders import Files, build_files, catalogue, row
from tests.cli.terminal import CommandResult
from tests.scenes import plan_of, sync, sync_plan_of, trunks


def synonym(number: int) -> dict[str, Any]:
    """Return a name in the dictionary."""
    return row("synonyms", item_type="split", value=f"{number}", item_name=f"name {number}")


def dictionary(folder: Path) -> Files:
    """Build a pair of which the primary has a name more."""
    return build_files(
        folder, ["synonyms", "agroups", "dbitems"], both={"synonyms": [synonym(1)]}, primary={"synonyms": [synonym(2)]}
    )


def texts(plan: Plan) -> tuple[str, str]:
    """Return what has to be done before and after, as one text each."""
    before, after = (" ".join(line.text for line in lines) for lines in (plan.checklist.before, plan.checklist.after))
    return before, after


def test_a_synonym_needs_no_single_user_mode(tmp_path: Path) -> None:
    """A copy of single tables asks for nothing before it; Visual Vectors is restarted after it (chapter 2)."""
    before, after = texts(sync_plan_of(dictionary(tmp_path), sets=("dictionary",)))

    assert before == ""
    assert "Visual Vectors" in after
    assert "secondary" in after
    assert "single-user" not in after


def test_history_needs_nothing(tmp_path: Path) -> None:
    """A restore of intervals asks for nothing by hand, as long as no roll-up above them is stale."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 500)}, primary={"htrunk": trunks(500, 530)})

    assert texts(plan_of(files, tables=("htrunk",))) == ("", "")


def test_what_differs_in_nothing_needs_nothing(tmp_path: Path) -> None:
    """A plan without steps has no checklist, whatever it compared."""
    files = build_files(tmp_path, ["synonyms", "agroups"], both={"synonyms": [synonym(1)]})

    assert texts(sync_plan_of(files, sets=("synonyms",))) == ("", "")


def test_users_have_logins(tmp_path: Path) -> None:
    """Added users need a login, a home directory and the same password; removed ones are removed by hand."""
    files = build_files(
        tmp_path,
        list(catalogue().set("users").tables),
        primary={"users": [row("users", user_id="anna"), row("users", user_id="ben")]},
        secondary={"users": [row("users", user_id="carl")]},
    )

    _, after = texts(sync_plan_of(files, sets=("users",), remove_users=True))

    assert "On secondary, create the login and home directory of each added user (2)" in after
    assert "the same password as on primary" in after
    assert "On secondary, remove the logins of the deleted users (1)." in after


@pytest.mark.soak
def test_a_whole_class_needs_single_user_mode(tmp_path: Path) -> None:
    """Where every table of a class is taken in, the target goes into single-user mode and back, in that order."""
    names = [spec.name for spec in catalogue().of_class(DataClass.SYSTEM) if spec.synced_by is SyncedBy.COPYING]
    files = build_files(tmp_path, names, primary={"users": [row("users", user_id="anna")]})

    before, after = texts(sync_plan_of(files, tables=names))

    assert before == (
        "Put secondary in single-user mode: system administration is copied as a whole (tables: users); single "
        "tables can be copied without it."
    )
    assert after.startswith("Return secondary to multi-user mode.")


def test_stale_roll_ups_are_summarised_again(tmp_path: Path) -> None:
    """Repaired intervals of a day that was summarised end in a line for Data Summarizing (rule 10)."""
    day = date(2000, 6, 3)
    files = build_files(
        tmp_path,
        ["htrunk", "dtrunk"],
        both={"htrunk": trunks(400, 500, row_date=day)},
        primary={"htrunk": trunks(500, 530, row_date=day)},
        archived=datetime(2000, 6, 5, 7, 0),
    )

    plan = plan_of(files, window="2000-06-03 05:00..05:29", tables=("htrunk",))

    assert bool(plan.stale) == ("Data Summarizing" in texts(plan)[1])
    assert plan.stale


def test_the_checklist_is_shown_before_and_after(tmp_path: Path, capsys: Any) -> None:
    """The plan shows it, what is left to do is shown again after the run, and JSON has it."""
    files = dictionary(tmp_path)
    command = ["sync", "--pair", str(files.pair_file), "--set", "dictionary"]

    assert run_for_code([*command, "--dry-run"]) == 3
    assert "By hand after" in capsys.readouterr().out
    assert run_for_code([*command, "--dry-run", "--json"]) == 3
    document = CommandResult(3, capsys.readouterr().out, "").document
    [line] = document["checklist"]["after"][:1]
    assert "Visual Vectors" in line.pop("text")
    assert (line["kind"], line["server"], line["hook"]) == ("visual-vectors", "secondary", False)
    assert (line["file"], line["source"], line["details"]) == (None, None, [])
    assert run_for_code([*command, "--yes"]) == 0
    out = capsys.readouterr().out
    assert out.index("IN SYNC") < out.index("Still to be done by hand")


@pytest.mark.soak
def test_an_undo_has_its_own_checklist(tmp_path: Path) -> None:
    """Visual Vectors has to forget names that are undone."""
    files = dictionary(tmp_path)
    sync(files, sets=("dictionary",))

    assert "Visual Vectors" in texts(files.open().plan_undo())[1]
