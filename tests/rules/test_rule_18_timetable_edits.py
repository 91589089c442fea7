"""Rule 18: the guide's global edit, with an undo it never had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncengine.app import VerifiedRun
from syncengine.model.errors import InputError
from syncengine.model.plan import Plan, SkipReason
from syncengine.model.refusals import NothingToUndoError
from syncengine.model.run import RunKind
from tests.builders import Files
from tests.cli.terminal import Typing
from tests.rules.timetabled import FLAG, flags, schedule, task, three_owners, timetabled

Hit = Callable[[int, BaseException], None]
BEFORE = {"Greeting": "n", "Morning": "n", "Nightly backup": "y", "Weekly": "n"}
TAKEN_OVER = BEFORE | {"Morning": "o", "Weekly": "o"}


def taken_over(files: Files, *owners: str) -> VerifiedRun:
    """Let timetables run only on the secondary, as when the primary has failed."""
    pair = files.open()
    return pair.execute(pair.plan_run_on("this", owners=owners or ("jm",)))


def undo(files: Files, run: VerifiedRun) -> Plan:
    """Take a run back, and return the plan of that."""
    pair = files.open()
    plan = pair.plan_undo(run.outcome.run_id)
    pair.execute(plan)
    return plan


def set_flag(files: Files, name: str, flag: str) -> None:
    """Set a flag of the secondary as somebody else would."""
    files.run("secondary", "UPDATE ttsched SET run_local = ? WHERE RTRIM(tt_name) = ?", (flag, name))


def test_all_timetables_of_an_owner_are_set_and_nothing_else(tmp_path: Path) -> None:
    """Only the flag of that owner's rows on that server changes; every other column and row is as before."""
    files = three_owners(tmp_path)
    primary = files.bag("primary", "ttsched")
    others = files.run("secondary", "SELECT * EXCLUDE (run_local) FROM ttsched ORDER BY ALL")

    run = taken_over(files)

    assert run.outcome.done
    assert not run.unlike
    assert flags(files) == TAKEN_OVER
    assert files.run("secondary", "SELECT * EXCLUDE (run_local) FROM ttsched ORDER BY ALL") == others
    assert files.bag("primary", "ttsched") == primary


@pytest.mark.parametrize(("run_on", "flag"), [("this", "o"), ("any", "y")])
@pytest.mark.parametrize("server", ["primary", "secondary"])
def test_either_option_on_either_server(tmp_path: Path, run_on: str, flag: str, server: str) -> None:
    """Both choices of the guide's screen are there, for both servers and several owners at once."""
    files = three_owners(tmp_path)
    pair = files.open()

    pair.execute(pair.plan_run_on(run_on, owners=("jm", "rg"), on=server))

    assert {name: value for name, value in flags(files, server).items() if name != "Nightly backup"} == {
        "Greeting": flag,
        "Morning": flag,
        "Weekly": flag,
    }


def test_the_command_shows_its_plan_and_what_is_left(tmp_path: Path, typed: Typing) -> None:
    """--dry-run writes nothing; --yes writes, compares again, and warns that a table write may take effect later."""
    files = three_owners(tmp_path)
    words = ("timetables", "--pair", files.pair_file, "--run-on", "this", "--owner", "jm")

    shown = typed(*words, "--dry-run")
    untouched = flags(files)
    nobody = typed(*words)
    result = typed(*words, "--yes")
    again = typed(*words, "--yes")

    assert (shown.code, nobody.code, result.code, again.code) == (3, 2, 0, 0)
    assert untouched == BEFORE
    assert "Plan: run the timetables of jm only on secondary" in shown.out
    assert "jm Morning not here only here" in shown.text
    assert "ttsched.run_local of 2 timetables is set on secondary." in shown.out
    assert "a flag written into the table may take effect later" in result.out
    assert "checked: every flag is as planned" in result.out
    assert "Nothing to do: 2 timetables are so already." in again.out
    assert flags(files) == TAKEN_OVER


def test_json_lists_each_timetable(tmp_path: Path, typed: Typing) -> None:
    """The plan names each timetable with what is stored now and then; the run and its kind are in the ledger."""
    files = three_owners(tmp_path)

    document = typed(
        "timetables", "--pair", files.pair_file, "--run-on", "this", "--owner", "jm", "--yes", "--json"
    ).document

    assert document["edit"]["about"] == "run the timetables of jm only on secondary"
    assert document["edit"]["timetables"][0] == {
        "owner": "jm",
        "name": "Morning",
        "now": {"label": "not here", "stored": "n"},
        "then": {"label": "only here", "stored": "o"},
    }
    assert document["kind"] == "timetables"
    assert document["outcome"]["done"]
    (record,) = files.open().runs()
    assert (record.header.kind, record.header.about) == (
        RunKind.TIMETABLES,
        "run the timetables of jm only on secondary",
    )


def test_it_works_while_the_primary_is_down(tmp_path: Path) -> None:
    """The edit is for when the primary has failed: edit, undo and a second undo ask the secondary only."""
    files = three_owners(tmp_path)
    files.database("primary").unlink()

    run = taken_over(files)
    set_ = flags(files)
    undo(files, run)

    assert run.outcome.done
    assert set_ == TAKEN_OVER
    assert flags(files) == BEFORE


def test_an_undo_leaves_what_has_happened_since(tmp_path: Path) -> None:
    """Flags are restored one timetable at a time: schedules that ran, came or went since do not hinder it."""
    files = three_owners(tmp_path)
    run = taken_over(files, "jm", "rg")
    files.run("secondary", "UPDATE ttsched SET status = '2', start_date = '2000-06-06'")
    files.run("secondary", "DELETE FROM ttsched WHERE RTRIM(tt_name) = 'Weekly'")
    files.add("secondary", "ttsched", schedule("jm", "Evening"))
    set_flag(files, "Greeting", "y")

    plan = undo(files, run)

    assert flags(files) == {"Evening": "y", "Greeting": "y", "Morning": "n", "Nightly backup": "y"}
    assert {row[-1] for row in files.bag("secondary", "ttsched", "RTRIM(tt_name) = 'Morning'")} == {"2"}
    (skipped,) = plan.skipped
    assert skipped.reason is SkipReason.CHANGED_SINCE
    assert skipped.detail == "jm 'Weekly', rg 'Greeting'"


def test_an_incomplete_undo_ends_with_5(tmp_path: Path, typed: Typing) -> None:
    """What somebody else has set since is named, and the code says that not all is as before."""
    files = three_owners(tmp_path)
    taken_over(files)
    set_flag(files, "Weekly", "y")

    result = typed("undo", "--pair", files.pair_file, "--yes")

    assert result.code == 5
    assert "changed since by another program or user (jm 'Weekly')" in result.out
    assert flags(files) == BEFORE | {"Weekly": "y"}


@pytest.mark.soak
def test_a_later_edit_is_named_and_undone_first(tmp_path: Path) -> None:
    """Of two edits the first cannot be undone before the second, and can after it."""
    files = three_owners(tmp_path)
    first = taken_over(files)
    pair = files.open()
    second = pair.execute(pair.plan_run_on("any", owners=("jm",)))

    with pytest.raises(NothingToUndoError) as caught:
        files.open().plan_undo(first.outcome.run_id)
    undo(files, second)
    between = flags(files)
    undo(files, first)

    assert f"a later run has written it since (run {second.outcome.run_id}: jm 'Morning', jm 'Weekly')" in str(
        caught.value
    )
    assert between == TAKEN_OVER
    assert flags(files) == BEFORE


@pytest.mark.soak
def test_an_undo_of_an_edit_can_be_undone(tmp_path: Path) -> None:
    """Undone, and the undo undone, the flags are as the edit had set them."""
    files = three_owners(tmp_path)
    run = taken_over(files)
    pair = files.open()
    back = pair.execute(pair.plan_undo(run.outcome.run_id))

    undo(files, back)

    assert flags(files) == TAKEN_OVER


def test_an_undo_of_restored_flags_has_nothing_to_do(tmp_path: Path, typed: Typing) -> None:
    """Where somebody has put the flags back by hand, an undo has nothing to do and says so."""
    files = three_owners(tmp_path)
    taken_over(files)
    for name in ("Morning", "Weekly"):
        set_flag(files, name, "n")

    result = typed("undo", "--pair", files.pair_file, "--yes")

    assert result.code == 0
    assert "Nothing to do." in result.out


def test_any_stored_flag_is_restored(tmp_path: Path) -> None:
    """A flag that is none of the three states, or NULL, is overwritten, shown as it is stored, and restored."""
    files = timetabled(
        tmp_path, secondary={"ttsched": [schedule("jm", "odd", "?"), schedule("jm", "none", None)]}, settings=FLAG
    )
    pair = files.open()
    plan = pair.plan_run_on("this", owners=("jm",))
    run = pair.execute(plan)
    assert plan.edit is not None
    assert {change.labels for change in plan.edit.changes} == {("NULL", "only here"), ("'?'", "only here")}
    assert flags(files) == {"none": "o", "odd": "o"}

    undo(files, run)

    assert flags(files) == {"none": None, "odd": "?"}


def test_a_timetable_whose_schedules_were_unlike_is_not_guessed(tmp_path: Path) -> None:
    """Which of two schedules of one name had which flag, nothing tells afterwards: it is left, and named."""
    unlike = [schedule("jm", "two", "n", start_time=100), schedule("jm", "two", "y", start_time=200)]
    files = timetabled(tmp_path, secondary={"ttsched": [*unlike, schedule("jm", "one", "n")]})
    run = taken_over(files)
    assert flags(files) == {"one": "o", "two": "o"}

    plan = undo(files, run)

    assert flags(files) == {"one": "n", "two": "o"}
    assert [(one.reason, one.detail) for one in plan.skipped] == [(SkipReason.MIXED, "jm 'two'")]


def test_whole_numbers_are_written_as_numbers(tmp_path: Path) -> None:
    """A flag in a column of numbers, stored unlike on each server, is set to that of the server that is edited."""
    settings = (
        '[timetables]\nflag = "ttsched.start_time"\nonly_here = { primary = 1, secondary = 2 }\n'
        "here_or_another = 0\nnot_here = { primary = 2, secondary = 1 }\n"
    )
    files = timetabled(tmp_path, settings=settings, both={"ttsched": [schedule("jm", "one", start_time=1)]})

    taken_over(files)

    assert files.run("secondary", "SELECT start_time FROM ttsched") == [(2,)]
    assert files.run("primary", "SELECT start_time FROM ttsched") == [(1,)]


def test_rows_that_move_between_plan_and_step_stop_it(tmp_path: Path) -> None:
    """A schedule that changes after the plan was shown is not written over; the same command plans anew."""
    files = three_owners(tmp_path)
    pair = files.open()
    plan = pair.plan_run_on("this", owners=("jm",))
    files.run("secondary", "UPDATE ttsched SET status = '4' WHERE RTRIM(tt_name) = 'Morning'")

    run = pair.execute(plan)

    assert not run.outcome.done
    assert "have changed since the plan was made" in run.outcome.steps[0].why
    assert flags(files) == BEFORE


def test_an_interrupted_edit_is_resumed(tmp_path: Path, before_batch: Hit) -> None:
    """Stopped before its step, also with the primary down, it is resumed and then undone like any run."""
    files = three_owners(tmp_path)
    files.database("primary").unlink()
    before_batch(0, KeyboardInterrupt())
    run = taken_over(files)
    assert run.outcome.cancelled
    assert flags(files) == BEFORE

    resumed = files.open().resume()

    assert resumed.outcome.done
    assert flags(files) == TAKEN_OVER
    undo(files, resumed)
    assert flags(files) == BEFORE


@pytest.mark.parametrize(
    ("settings", "owner", "says"),
    [
        ("", "jm", "does not name the column for where a timetable runs"),
        (
            "",
            "jm",
            "Do it by hand: log in to secondary as cms, and make the global edit of jm in the timetable win",
        ),
        (FLAG, "nobody", "secondary has no timetable of the owner 'nobody'. There are cms, jm, rg."),
        (FLAG.replace("run_local", "runs"), "jm", "secondary: ttsched has no column runs"),
    ],
)
def test_invalid_edits_are_refused_in_a_sentence(tmp_path: Path, settings: str, owner: str, says: str) -> None:
    """Without the column, or for nobody's timetables, there is no edit."""
    files = three_owners(tmp_path, settings=settings)

    with pytest.raises(InputError) as caught:
        files.open().plan_run_on("this", owners=(owner,))

    assert says in str(caught.value)


def test_an_edit_names_whose_timetables(tmp_path: Path, typed: Typing) -> None:
    """Without --owner nobody's timetables are edited, rather than everybody's."""
    result = typed("timetables", "--pair", three_owners(tmp_path).pair_file, "--run-on", "any", "--yes")

    assert result.code == 2
    assert "Add --owner" in result.err


def test_an_undo_needs_the_column_it_was_made_with(tmp_path: Path) -> None:
    """A pair file that names another column by now is reported, and nothing is written into either."""
    files = three_owners(tmp_path)
    run = taken_over(files)
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace("run_local", "status"))

    with pytest.raises(InputError) as caught:
        files.open().plan_undo(run.outcome.run_id)

    assert "has set ttsched.run_local, which the pair file no longer names" in str(caught.value)


def test_a_server_that_is_only_read_is_not_edited(tmp_path: Path, typed: Typing) -> None:
    """read_only holds for this write as for every other."""
    files = three_owners(tmp_path)
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace("[secondary]", "[secondary]\nread_only = true"))

    result = typed("timetables", "--pair", files.pair_file, "--run-on", "this", "--owner", "jm", "--yes")

    assert result.code == 1
    assert "read" in result.err
    assert flags(files) == BEFORE


def test_a_takeover_and_the_way_back(tmp_path: Path, typed: Typing) -> None:
    """The guide's procedure: all owners run on the secondary while the primary is down, and each flag goes back."""
    files = three_owners(tmp_path)
    set_flag(files, "Greeting", "y")
    files.add("secondary", "ttsctasks", task("jm", "Morning", "Print it twice", 2))
    normal = flags(files)
    words = ("timetables", "--pair", files.pair_file, "--run-on", "this", "--owner", "jm", "--owner", "rg", "--yes")

    assert typed(*words).code == 0
    assert flags(files) == TAKEN_OVER | {"Greeting": "o"}
    assert typed("undo", "--pair", files.pair_file, "--yes").code == 0

    assert flags(files) == normal
