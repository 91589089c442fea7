"""Rule 18: timetables are listed with where they run, and a plan names those that would run on both servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.model.errors import InputError, PairFileError
from syncengine.model.timetable_flag import TimetableState
from tests.cli.terminal import Typing
from tests.rules.timetabled import FLAG, schedule, task, three_owners, timetabled
from tests.scenes import sync, sync_plan_of


def test_timetables_stand_side_by_side_with_where_they_run(tmp_path: Path, typed: Typing) -> None:
    """Each timetable is listed with what it does and its state on either server; equal ones end with 0."""
    files = three_owners(tmp_path)

    result = typed("timetables", "--pair", files.pair_file)

    lines = {" ".join(line.split()) for line in result.out.splitlines()}
    assert result.code == 0
    assert "jm Morning only here not here Print split report" in lines
    assert "cms Nightly backup here or another here or another Backup of CMS data each server's own" in lines
    assert "4 timetables, alike on both servers." in lines
    assert "run on both" not in result.out


def test_without_the_flag_it_says_what_to_do(tmp_path: Path, typed: Typing) -> None:
    """Where the pair file names no column, no state is guessed from a similar one."""
    files = three_owners(tmp_path, settings="")

    result = typed("timetables", "--pair", files.pair_file)
    document = typed("timetables", "--pair", files.pair_file, "--json").document

    assert result.code == 0
    assert "not here" not in result.out
    assert "Where they run is not known, since the pair file names no column for it" in result.out
    assert "[timetables]" in result.out
    assert {one["primary"]["state"] for one in document["timetables"]} == {None}


def test_a_flag_of_no_state_is_not_alike(tmp_path: Path, typed: Typing) -> None:
    """A stored value that is none of the three is reported as unknown, and the command ends with 3."""
    stored = {"ttsched": [schedule("jm", "Morning", "1"), schedule("jm", "Weekly", "y"), schedule("jm", "Backup", "1")]}
    files = timetabled(tmp_path, both=stored)

    result = typed("timetables", "--pair", files.pair_file)
    document = typed("timetables", "--pair", files.pair_file, "--json").document

    assert result.code == 3
    unknown = "not known, since ttsched.run_local has none of the three values that the pair file names: jm 'Morning'."
    assert unknown in result.text
    assert "3 timetables, alike on both servers; where they run is not known for 1." in result.text
    assert not document["alike"]
    assert {one["name"]: one["runs_on_both"] for one in document["timetables"]} == {
        "Backup": None,
        "Morning": None,
        "Weekly": True,
    }


def test_differences_are_reported(tmp_path: Path, typed: Typing) -> None:
    """Timetables of one server only, other tasks, another order and a schedule that is missing are differences."""
    files = timetabled(
        tmp_path,
        primary={
            "ttsched": [schedule("a", "both"), schedule("a", "tasks"), schedule("a", "unscheduled")],
            "ttsctasks": [task("a", "both"), task("a", "tasks", "one"), task("a", "unscheduled"), task("a", "here")],
        },
        secondary={
            "ttsched": [schedule("a", "both"), schedule("a", "tasks")],
            "ttsctasks": [task("a", "both"), task("a", "tasks", "two"), task("a", "unscheduled"), task("a", "there")],
        },
    )

    result = typed("timetables", "--pair", files.pair_file)
    document = typed("timetables", "--pair", files.pair_file, "--json").document

    assert result.code == 3
    assert {one["name"]: one["differences"] for one in document["timetables"]} == {
        "both": [],
        "here": ["only on primary"],
        "there": ["only on secondary"],
        "tasks": ["tasks differ"],
        "unscheduled": ["no schedule on secondary"],
    }
    assert not document["alike"]
    assert "These run on both servers: a 'both', a 'tasks'." in result.out


def test_blanks_and_case_of_rows_are_no_difference(tmp_path: Path) -> None:
    """A name padded otherwise on one server is the same timetable (rule 16)."""
    files = timetabled(tmp_path, both={"ttsctasks": [task("a", "one")]})
    files.run("secondary", "UPDATE ttsctasks SET owner = RTRIM(owner), tt_name = RTRIM(tt_name), task = RTRIM(task)")

    listing = files.open().timetables()

    assert [one.name for one in listing.timetables] == ["one"]
    assert not listing.differing


def test_one_owner_can_be_requested(tmp_path: Path, typed: Typing) -> None:
    """--owner shows the timetables of one owner; nobody's are refused in a sentence."""
    files = three_owners(tmp_path)

    result = typed("timetables", "--pair", files.pair_file, "--owner", "rg")
    unknown = typed("timetables", "--pair", files.pair_file, "--owner", "nobody")

    assert "Greeting" in result.out
    assert "Morning" not in result.out
    assert unknown.code == 2
    assert "Neither server has a timetable of the owner 'nobody'." in unknown.err


def test_a_server_that_is_down_is_named_and_the_other_listed(tmp_path: Path, typed: Typing) -> None:
    """The secondary's timetables are shown while the primary is down, which is when they are needed."""
    files = three_owners(tmp_path)
    files.database("primary").unlink()

    result = typed("timetables", "--pair", files.pair_file)

    assert result.code == 1
    assert "primary: " in result.out
    assert "Morning" in result.out
    assert "only on secondary" not in result.out


def test_a_flag_may_be_stored_unlike_on_each_server(tmp_path: Path) -> None:
    """A flag that names the server it runs on means another state on either; a number and NULL are values too."""
    settings = (
        '[timetables]\nflag = "ttsched.start_time"\nhere_or_another = "NULL"\n'
        "only_here = { primary = 1, secondary = 2 }\nnot_here = { primary = 2, secondary = 1 }\n"
    )
    files = timetabled(
        tmp_path,
        settings=settings,
        both={"ttsched": [schedule("a", "one", start_time=1), schedule("a", "two", start_time=None)]},
    )

    one, two = files.open().timetables().timetables

    assert (one.primary.state, one.secondary.state) == (TimetableState.ONLY_HERE, TimetableState.NOT_HERE)
    assert two.primary.state is two.secondary.state is TimetableState.HERE_OR_ANOTHER
    assert (one.runs_on_both, two.runs_on_both) == (False, True)


VALUES = 'only_here = "o"\nhere_or_another = "y"\nnot_here = "n"\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f'flag = "ttsctasks.task"\n{VALUES}', "'ttsctasks.task' is not a column of ttsched"),
        (f'flag = "ttsched.run local"\n{VALUES}', "is not a column of ttsched"),
        (f'flag = "ttsched.owner"\n{VALUES}', "identifies the timetable; it does not say where it runs"),
        ('flag = "ttsched.run_local"\nonly_here = "o"\n', "here_or_another and not_here is missing"),
        (VALUES, "has stored values without their column; add flag = 'ttsched.COLUMN'"),
        (
            'flag = "ttsched.run_local"\nonly_here = "o"\nhere_or_another = "y"\nnot_here = "y"\n',
            "here_or_another and not_here are both stored as 'y' on primary",
        ),
        (
            'flag = "ttsched.run_local"\nonly_here = { primary = "o" }\nhere_or_another = "y"\nnot_here = "n"\n',
            "needs a value for each server",
        ),
        (f'flag = "ttsched.run_local"\nonly_here = 1.5\n{VALUES[16:]}', "a stored value is text or a whole number"),
        ('flagg = "ttsched.run_local"\n', "flagg"),
    ],
)
def test_faults_of_the_pair_file_are_reported(tmp_path: Path, text: str, fault: str) -> None:
    """Each fault of [timetables] is one sentence with its key."""
    files = timetabled(tmp_path, settings=f"[timetables]\n{text}")

    with pytest.raises(PairFileError) as caught:
        files.open()

    (reported,) = caught.value.faults
    assert reported.startswith("timetables")
    assert fault in reported


@pytest.mark.parametrize(
    ("column", "values", "fault"),
    [
        ("run_locale", VALUES, "primary: ttsched has no column run_locale, only owner, tt_name, "),
        ("start_date", VALUES, "ttsched.start_date is DATE, and a flag is text or a whole number"),
        ("acd", VALUES, "ttsched.acd is SMALLINT, which cannot store 'o' (only here)"),
        ("acd", VALUES.replace('"o"', '"01"'), "which does not store numbers as '01' (only here)"),
    ],
)
def test_a_column_that_does_not_fit_is_reported(
    tmp_path: Path, typed: Typing, column: str, values: str, fault: str
) -> None:
    """The pair file's setting is compared with the live column; a verify continues, and reports it too."""
    files = timetabled(tmp_path, settings=f'[timetables]\nflag = "ttsched.{column}"\n{values}')
    for role in ("primary", "secondary"):
        files.add(role, "ttsctasks", task("a", "one"))

    result = typed("timetables", "--pair", files.pair_file)
    verified = typed("verify", "--pair", files.pair_file, "--set", "timetables")

    assert result.code == 2
    assert fault in result.err
    assert "Correct [timetables] in the pair file." in result.err
    assert verified.code == 0
    assert fault in verified.out


def test_tables_that_are_missing_are_notes(tmp_path: Path) -> None:
    """A server without a table of timetables, or with one of other columns, is reported and not guessed."""
    files = timetabled(tmp_path, settings="", both={"ttsctasks": [task("a", "one")]})
    files.run("primary", "DROP TABLE ttsc")
    files.run("secondary", "ALTER TABLE ttsched DROP COLUMN owner")

    listing = files.open().timetables()

    assert listing.notes == (
        "primary has no ttsc table",
        "secondary: ttsched has no column owner, so its rows are of no timetable",
    )
    assert not listing.differing


def test_a_plan_names_what_would_run_on_both_servers(tmp_path: Path) -> None:
    """A timetable runs on both where both servers' own flags say so, and where its schedule is made so."""
    names = ["twice", "once", "new", "odd"]
    files = timetabled(
        tmp_path,
        primary={
            "ttsctasks": [task("a", name) for name in names],
            "ttsched": [schedule("a", "twice"), schedule("a", "once", "o"), schedule("a", "new"), schedule("a", "odd")],
        },
        secondary={
            "ttsctasks": [task("a", "other")],
            "ttsched": [schedule("a", "twice", "o"), schedule("a", "once", "n"), schedule("a", "odd", "?")],
        },
    )

    plan = sync_plan_of(files, sets=("timetables",))

    (line,) = [line for line in plan.checklist.after if line.kind == "timetables"]
    assert line.text == (
        "Check the timetables of secondary: these will run on both servers: a 'twice', a 'new'; "
        "these may run on both, since it is not known where they run: a 'odd'."
    )


def test_without_the_flag_only_possible_ones_are_reported_to_run_on_both(tmp_path: Path) -> None:
    """Where the state is not known, that it may run on both is said only of one with a schedule on both servers."""
    files = timetabled(
        tmp_path,
        settings="",
        both={"ttsched": [schedule("a", "both")]},
        primary={
            "ttsctasks": [task("a", "both"), task("a", "new"), task("a", "idle")],
            "ttsched": [schedule("a", "new")],
        },
    )

    plan = sync_plan_of(files, sets=("timetables",))

    (line,) = [line for line in plan.checklist.after if line.kind == "timetables"]
    assert line.text == (
        "Check the timetables of secondary: these may run on both, since it is not known where they run: a 'both'; "
        "these have no schedule there and do not run, not even after a takeover: a 'new'; for each, choose where it "
        "is to run in its window on secondary, and Modify it."
    )


@pytest.mark.parametrize("settings", ["", FLAG])
def test_only_copied_timetables_are_reported_to_run_on_both(tmp_path: Path, settings: str) -> None:
    """Timetables that are alike, or whose tasks are left as the target has them, are no matter of the run."""
    names = ["alike", "theirs"]
    files = timetabled(
        tmp_path,
        settings=settings,
        both={
            "ttsctasks": [task("a", name) for name in (*names, "copied")],
            "ttsched": [schedule("a", name, "?") for name in (*names, "copied")],
        },
    )
    assert sync(files, sets=("timetables",)).outcome.done
    files.run("secondary", "UPDATE ttsctasks SET task = 'Theirs' WHERE RTRIM(tt_name) = 'theirs'")
    files.run("primary", "UPDATE ttsctasks SET task = 'Ours' WHERE RTRIM(tt_name) IN ('theirs', 'copied')")

    plan = sync_plan_of(files, sets=("timetables",), prefer="secondary")

    (line,) = [line for line in plan.checklist.after if line.kind == "timetables"]
    assert line.text == (
        "Check the timetables of secondary: these may run on both, since it is not known where they run: a 'copied'."
    )


def own_pair(folder: Path, settings: str = FLAG) -> Any:
    """Build a pair of which each server has backups of its own, and the secondary one timetable too many."""
    return timetabled(
        folder,
        settings=settings,
        both={"ttsctasks": [task("cms", "Tape", "Incremental backup")]},
        primary={"ttsctasks": [task("a", "new"), task("cms", "Back up east")]},
        secondary={"ttsctasks": [task("a", "old"), task("cms", "Nightly BACKUP"), task("cms", "Tape", "label", 2)]},
    )


def test_backups_of_the_target_stay(tmp_path: Path) -> None:
    """Timetables that make backups, by name or task, are neither deleted, copied nor drift; the others are alike."""
    files = own_pair(tmp_path)
    own = "owner LIKE 'cms%'"
    before = files.bag("secondary", "ttsctasks", own)

    done = sync(files, sets=("timetables",))

    assert done.after is not None
    assert done.after.in_sync
    assert files.bag("secondary", "ttsctasks", own) == before
    others = f"NOT ({own})"
    assert files.bag("secondary", "ttsctasks", others) == files.bag("primary", "ttsctasks", others)
    note = next(note for note in done.plan.notes if "neither compared nor copied" in note)
    assert all(name in note for name in ("'Tape'", "'Back up east'", "'Nightly BACKUP'"))


def test_what_each_server_changes_of_its_backups_is_no_conflict(tmp_path: Path) -> None:
    """After a sync, backups changed on both sides are neither remembered nor asked about; the rest is (rule 15)."""
    files = own_pair(tmp_path)
    sync(files, sets=("timetables",))
    for role in ("primary", "secondary"):
        files.run(role, "UPDATE ttsctasks SET task = 'Incremental backup of ' || ? WHERE owner LIKE 'cms%'", (role,))
    files.add("secondary", "ttsctasks", task("a", "theirs"))

    plan = sync_plan_of(files, sets=("timetables",))

    assert [str(dict(change.group.key)["tt_name"]).rstrip() for change in plan.conflicts] == ["theirs"]


@pytest.mark.soak
def test_a_sync_of_timetables_is_undone_without_touching_the_backups(tmp_path: Path) -> None:
    """An undo puts the others back and leaves a backup alone that was changed meanwhile."""
    files = own_pair(tmp_path)
    before = files.bag("secondary", "ttsctasks")
    done = sync(files, sets=("timetables",))
    files.add("secondary", "ttsctasks", task("cms", "Nightly BACKUP", "verify the tape", 2))

    pair = files.open()
    undone = pair.execute(pair.plan_undo(done.outcome.run_id))

    assert undone.outcome.done
    assert not undone.plan.skipped
    now = files.bag("secondary", "ttsctasks", "task <> 'verify the tape'.rpad(70, ' ')")
    assert now == before


def test_the_pair_file_says_which_are_each_servers_own(tmp_path: Path) -> None:
    """With own = [] every timetable is copied and deleted like any other."""
    files = own_pair(tmp_path, "[timetables]\nown = []\n")

    done = sync(files, sets=("timetables",))

    assert done.after is not None
    assert done.after.in_sync
    assert files.bag("secondary", "ttsctasks") == files.bag("primary", "ttsctasks")


def test_every_kind_of_row_is_listed_with_v(tmp_path: Path, typed: Typing) -> None:
    """-v shows every task and its text, once where both servers have the same."""
    files = three_owners(tmp_path)
    files.add("secondary", "ttsctasks", task("rg", "Greeting", "Print it", 2))

    result = typed("timetables", "--pair", files.pair_file, "-v")

    assert "  both: Print split report\n" in result.out
    assert "  secondary: Print split report; Print it\n" in result.out


def test_options_of_an_edit_are_refused_without_one(tmp_path: Path, typed: Typing) -> None:
    """--yes without --run-on does not look as if something had been done."""
    result = typed("timetables", "--pair", three_owners(tmp_path).pair_file, "--yes")

    assert result.code == 2
    assert "require --run-on." in result.err


def test_an_owner_of_a_server_that_did_not_answer_is_not_called_unknown(tmp_path: Path) -> None:
    """Only where both servers were asked, nobody of a name is an error."""
    files = three_owners(tmp_path)
    with pytest.raises(InputError):
        files.open().timetables(owners="nobody")
    files.database("primary").unlink()

    assert files.open().timetables(owners="nobody").timetables == ()
