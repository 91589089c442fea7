"""Rules 8 and 18: a schedule that is missing is made as a restore would make it, or its timetable is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.plan import SkipReason
from tests.builders import Files
from tests.cli.terminal import Typing
from tests.rules.timetabled import FLAG, flags, schedule, task, timetabled
from tests.scenes import sync, sync_plan_of

STATES = {"here": "o", "any": "y", "not": "n"}
SET = ("--set", "timetables")


def made_later(folder: Path, settings: str = FLAG) -> Files:
    """Build a pair of which the primary has had new timetables since the secondary was last a copy of it."""
    old = [schedule("jm", "Morning", "o", status="2")]
    new = [schedule("jm", name, flag, start_time=515, status="1") for name, flag in STATES.items()]
    return timetabled(
        folder,
        settings=settings,
        both={"ttsctasks": [task("jm", "Morning")]},
        primary={"ttsched": old + new, "ttsctasks": [task("jm", name) for name in STATES]},
        secondary={"ttsched": [schedule("jm", "Morning", "n", status="3")]},
    )


def taken_over(typed: Typing, files: Files) -> Any:
    """Let all timetables of the owner run on the secondary."""
    return typed("timetables", "--pair", files.pair_file, "--run-on", "any", "--owner", "jm", "--yes")


def test_a_missing_schedule_is_made_in_the_state_a_restore_would_give_it(tmp_path: Path, typed: Typing) -> None:
    """Only here becomes not here, the default stays; the plan shows it, a look confirms it, and an undo removes it."""
    files = made_later(tmp_path)
    before = files.bag("secondary", "ttsched")
    primary = files.bag("primary", "ttsched")

    plan = typed("sync", "--pair", files.pair_file, *SET, "--dry-run", "--json").document
    done = typed("sync", "--pair", files.pair_file, *SET, "--yes")
    rows = files.run("secondary", "SELECT * FROM ttsched ORDER BY ALL")
    listed = typed("timetables", "--pair", files.pair_file)
    # A timetable that has run since is still the one that was made.
    files.run("secondary", "UPDATE ttsched SET status = '4' WHERE RTRIM(tt_name) = 'any'")
    undone = typed("undo", "--pair", files.pair_file, "--yes")

    assert [(one["name"], one["source"]["label"], one["then"]["label"]) for one in plan["schedules"]] == [
        ("any", "here or another", "here or another"),
        ("here", "only here", "not here"),
        ("not", "not here", "not here"),
    ]
    assert [part["table"] for step in plan["steps"] for part in step["parts"]] == ["ttsctasks", "ttsched"]
    assert plan["steps"][1]["parts"][0]["rows_missing"] == 3
    assert (done.code, listed.code, undone.code) == (0, 0, 0)
    # The global edit would let all of the owner's run on both servers.
    assert (
        "run on neither, since they did not run on primary: jm 'not' (to run one, choose where it is to run"
        in done.text
    )
    assert "--run-on" not in done.text
    assert "these will run on both servers: jm 'any'; these run on neither, since" in " ".join(done.out.split())
    assert {name.rstrip(): (flag, start) for _, name, _, _, start, _, flag, _ in rows} == {
        "Morning": ("n", 0),
        "any": ("y", 515),
        "here": ("n", 515),
        "not": ("n", 515),
    }
    assert files.bag("secondary", "ttsched") == before
    assert files.bag("primary", "ttsched") == primary


def test_what_comes_back_as_not_here_is_said_to_run_only_on_the_secondary(tmp_path: Path) -> None:
    """Of a copy back that matters, since people work on the primary: which still run over there is named."""
    names = ("Over there", "Anywhere")
    files = timetabled(
        tmp_path,
        both={"ttsctasks": [task("jm", "Morning")]},
        secondary={
            "ttsctasks": [task("jm", name) for name in names],
            "ttsched": [schedule("jm", "Over there", "o"), schedule("jm", "Anywhere", "y")],
        },
    )

    plan = sync_plan_of(files, sets=("timetables",), source="secondary")

    (line,) = [line for line in plan.checklist.after if line.kind == "timetables"]
    assert line.text == (
        "Check the timetables of primary: these will run on both servers: jm 'Anywhere'; these still run only on "
        "secondary, and not on primary: jm 'Over there' (to run one there, choose where it is to run in its window on "
        "primary, and Modify it)."
    )


def test_without_the_flag_the_timetable_is_named_and_the_exit_code_is_3(tmp_path: Path, typed: Typing) -> None:
    """Where no state can be known none is made: copying, verifying and listing each name it and end with 3."""
    files = made_later(tmp_path, settings="")

    shown = typed("sync", "--pair", files.pair_file, *SET, "--dry-run")
    done = typed("sync", "--pair", files.pair_file, *SET, "--yes")
    verified = typed("verify", "--pair", files.pair_file, *SET)
    listed = typed("timetables", "--pair", files.pair_file)
    left_out = typed("verify", "--pair", files.pair_file, *SET, "--exclude-table", "ttsched")

    assert (shown.code, done.code, verified.code, listed.code) == (3, 3, 3, 3)
    assert set(flags(files)) == {"Morning"}
    names = "jm 'any', jm 'here', jm 'not'"
    assert f"no schedule there, so it does not run there ({names}: the pair file" in " ".join(done.out.split())
    for result in (done, verified, listed):
        assert f"Without a schedule on secondary, where they never run: {names}." in " ".join(result.out.split())
    assert "IN SYNC" not in done.out + verified.out
    assert left_out.code == 0


def test_a_takeover_makes_the_schedule_that_is_missing_or_names_it(tmp_path: Path, typed: Typing) -> None:
    """With the primary up the schedule is made and goes with the undo; without it the rest runs, and the code is 3."""
    files = made_later(tmp_path)
    sync(files, sets=("timetables",), exclude=("ttsched",))
    before = files.bag("secondary", "ttsched")

    whole = taken_over(typed, files)
    made = flags(files)
    undone = typed("undo", "--pair", files.pair_file, "--yes")
    after = files.bag("secondary", "ttsched")
    files.database("primary").unlink()
    alone = taken_over(typed, files)

    assert (whole.code, undone.code, alone.code) == (0, 0, 3)
    assert made == dict.fromkeys(("Morning", *STATES), "y")
    assert after == before
    assert flags(files) == {"Morning": "y"}
    result = " ".join(alone.out.split())
    assert "no schedule on secondary and do not run there: jm 'any', jm 'here', jm 'not'." in result
    assert "choose where it is to run in its window on secondary, and Modify it" in result


def test_a_schedule_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    """One that somebody has made since the plan was shown stops the step, and stays as it is."""
    files = made_later(tmp_path)
    pair = files.open()
    plan = pair.plan_sync(sets=("timetables",))
    theirs = schedule("jm", "any", "o", start_time=600)
    files.add("secondary", "ttsched", theirs)

    run = pair.execute(plan)

    assert not run.outcome.done
    assert flags(files) == {"Morning": "n", "any": "o"}


def test_an_undo_leaves_schedules_that_somebody_has_set_since(tmp_path: Path, typed: Typing) -> None:
    """A flag set in the window after the copy is no work of the copy: its undo names the table, and ends with 5."""
    files = made_later(tmp_path)
    sync(files, sets=("timetables",))
    files.run("secondary", "UPDATE ttsched SET run_local = 'o' WHERE RTRIM(tt_name) = 'here'")

    undone = typed("undo", "--pair", files.pair_file, "--yes")

    assert undone.code == 5
    assert "ttsched: changed since by another program or user" in undone.out
    assert flags(files)["here"] == "o"


def test_what_cannot_be_made_is_left_with_its_reason(tmp_path: Path) -> None:
    """A flag of no state, a backup, a timetable removed there, and rows a server may number itself are not made."""
    names = ("odd", "gone", "Nightly backup", "new")
    files = timetabled(tmp_path, primary={"ttsctasks": [task("a", name) for name in names]})
    files.add("secondary", "ttsctasks", task("a", "gone"), task("a", "old"))
    files.add("secondary", "ttsched", schedule("a", "old"))
    sync(files, sets=("timetables",), policy="fill")
    files.run("secondary", "DELETE FROM ttsctasks WHERE RTRIM(tt_name) = 'gone'")
    files.add("primary", "ttsched", *(schedule("a", name, "?" if name == "odd" else "y") for name in names))

    plan = sync_plan_of(files, sets=("timetables",), prefer="secondary")
    deleting = sync_plan_of(files, sets=("timetables",), prefer="primary")
    for role in ("primary", "secondary"):
        files.run(role, "ALTER TABLE ttsched ADD COLUMN row_no INTEGER")
    files.run("primary", "UPDATE ttsched SET row_no = LENGTH(tt_name) + ROWID")
    numbered = sync_plan_of(files, sets=("timetables",), prefer="secondary")

    assert plan.schedules is not None
    assert [change.shown for change in plan.schedules.changes] == ["a 'new'"]
    unknown = "a 'odd': its flag on primary is none of the three configured values"
    assert [(one.reason, one.detail) for one in plan.unscheduled] == [(SkipReason.UNSCHEDULED, unknown)]
    assert numbered.schedules is None
    assert any("ttsched.row_no may be a row number of each server" in one.detail for one in numbered.unscheduled)
    (line,) = [line for line in deleting.checklist.after if line.kind == "timetables"]
    assert "these no longer exist on primary, but their schedules remain: a 'old'; delete them" in line.text


@pytest.mark.soak
def test_an_interrupted_copy_makes_its_schedules_on_resume(
    tmp_path: Path, before_batch: Callable[[int, BaseException], None], typed: Typing
) -> None:
    """Stopped before the step of schedules, it is resumed and undone like any run; so is a takeover that makes some."""
    files = made_later(tmp_path)
    before = files.bag("secondary", "ttsched")
    before_batch(1, KeyboardInterrupt())
    stopped = sync(files, sets=("timetables",))
    cut = set(flags(files))
    resumed = typed("resume", "--pair", files.pair_file)
    made = flags(files)
    undone = typed("undo", "--pair", files.pair_file, "--yes")

    assert stopped.outcome.cancelled
    assert cut == {"Morning"}
    assert (resumed.code, undone.code) == (0, 0)
    assert made == {"Morning": "n", "any": "y", "here": "n", "not": "n"}
    assert files.bag("secondary", "ttsched") == before


@pytest.mark.soak
def test_a_server_that_is_only_read_gets_no_schedule(tmp_path: Path, typed: Typing) -> None:
    """The plan can be looked at, and nothing of it is written."""
    files = made_later(tmp_path)
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace("[secondary]", "[secondary]\nread_only = true"))

    result = typed("sync", "--pair", files.pair_file, *SET, "--yes")

    assert result.code == 1
    assert set(flags(files)) == {"Morning"}


def test_no_advice_brings_a_deleted_timetable_back(tmp_path: Path, typed: Typing) -> None:
    """What is left of it on one server is named there, by verify too; no schedule of it is offered, or made, again."""
    files = timetabled(
        tmp_path,
        both={"ttsctasks": [task("jm", "Morning")], "ttsched": [schedule("jm", "Morning")]},
        secondary={"ttsctasks": [task("rg", "Gone")], "ttsched": [schedule("rg", "Gone")]},
    )
    pair = ("--pair", files.pair_file)
    primary = files.bag("primary", "ttsched")

    deleted = typed("sync", *pair, *SET, "--yes")
    listed = typed("timetables", *pair)
    verified = typed("verify", *pair, *SET)
    document = typed("verify", *pair, *SET, "--json").document
    back = typed("sync", *pair, *SET, "--from", "secondary", "--yes")

    result = "Schedules without tasks on secondary, and not on primary: rg 'Gone'. If they were deleted on primary, "
    assert "their schedules remain: rg 'Gone'; delete them in the window on secondary" in deleted.text
    assert (listed.code, verified.code) == (3, 0)
    assert result in listed.text
    assert result in verified.text
    assert "Left to be done by hand: 1 thing" in verified.text
    assert [line["server"] for line in document["by_hand"]] == ["secondary"]
    assert "Without a schedule" not in listed.text + verified.text
    assert back.code == 0
    assert files.bag("primary", "ttsched") == primary


def test_a_copy_that_could_make_no_schedule_does_not_send_one_round_in_circles(tmp_path: Path, typed: Typing) -> None:
    """The verdict of a verify offers the command that may make it; that of the command itself offers the window."""
    files = made_later(tmp_path)
    for role in ("primary", "secondary"):
        files.run(role, "ALTER TABLE ttsched ADD COLUMN row_no INTEGER")
    files.run("primary", "UPDATE ttsched SET row_no = ROWID")

    done = typed("sync", "--pair", files.pair_file, *SET, "--yes")
    verified = typed("verify", "--pair", files.pair_file, *SET)

    offer = "makes schedules from those on primary"
    assert (done.code, verified.code) == (3, 3)
    assert "may be a row number of each server" in done.text
    assert offer not in done.text
    assert "In the timetable window on secondary, choose where they run, and Modify it. The plan says why" in done.text
    assert offer in verified.text
