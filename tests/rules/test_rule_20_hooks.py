"""Rule 20: hooks carry out lines of a checklist before the first write and after the last comparison, in any case."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from syncengine.app import open_pair
from syncengine.hooks.command import END_BYTES
from syncengine.model.errors import ChangedSincePlanError, InputError
from syncengine.model.hooks import HookState
from tests.builders import build_files, row
from tests.cli.terminal import PROGRAM, Typing
from tests.rules.hooked import (
    CLASS,
    DONE,
    MODES,
    class_wide,
    fails,
    hook,
    notes,
    planned,
    python,
    ran,
    sleepers,
    states,
    users,
    with_hooks,
)
from tests.rules.test_rule_20_checklists import dictionary
from tests.scenes import trunks

pytestmark = pytest.mark.usefixtures("few_tables")


def test_hooks_carry_out_lines_before_and_after(tmp_path: Path) -> None:
    """Hooks run in the plan's order, around the writing, and what they have done is not left to people."""
    script = python(
        "marks = open(f'pair.staging/runs/{os.environ[\"SYNCENGINE_RUN\"]}/steps.jsonl').read()\n"
        "print('written' if '\"state\": \"done\", \"into\"' in marks else 'untouched', "
        "'looked at' if '\"checked\"' in marks else 'not looked at')"
    )
    files = class_wide(tmp_path, *(hook(kind, script) for kind in ("single-user", "multi-user", "logins")))
    pair, plan = planned(files)

    result = pair.execute(plan)

    assert ran(files) == ["single-user", "multi-user", "logins"]
    assert [record.last_lines for record in result.hooks] == ["untouched not looked at", *["written looked at"] * 2]
    assert result.outcome.done
    assert {state for _, state in states(result)} == {HookState.DONE}
    assert users(files) == 1
    assert {line.kind for line, _ in result.by_hand}.isdisjoint(ran(files))


@pytest.mark.soak
def test_a_hook_gets_the_purpose_of_its_run(tmp_path: Path) -> None:
    """Run, kind, server, pair file and the lines are in its environment, and it runs in the pair file's folder."""
    files = class_wide(tmp_path, *MODES)
    pair, plan = planned(files)

    result = pair.execute(plan)

    [(_, variables), _] = notes(files)
    assert variables == {
        "SYNCENGINE_HOOK": "single-user",
        "SYNCENGINE_SERVER": "secondary",
        "SYNCENGINE_PAIR": str(files.pair_file),
        "SYNCENGINE_RUN": result.outcome.run_id,
        "SYNCENGINE_LINES": (
            "Put secondary in single-user mode: system administration is copied as a whole (tables: users); single "
            "tables can be copied without it."
        ),
        "SYNCENGINE_FILES": "",
        "SYNCENGINE_SOURCE": "",
    }


@pytest.mark.soak
def test_files_are_named_one_below_the_other(tmp_path: Path) -> None:
    """The hook for files runs once, for all that have to be copied to a server."""
    files = class_wide(tmp_path, *MODES, hook("files"))
    files.add("primary", "r_custom", row("r_custom"))
    pair, plan = planned(files)

    pair.execute(plan)

    [variables] = [variables for _, variables in notes(files) if variables["SYNCENGINE_HOOK"] == "files"]
    assert variables["SYNCENGINE_FILES"].splitlines() == [f"/cms/db/gem/{name}_custom" for name in "cr"]
    assert variables["SYNCENGINE_SOURCE"] == "primary"
    assert len(variables["SYNCENGINE_LINES"].splitlines()) == 2


def test_no_shell_sees_the_arguments(tmp_path: Path) -> None:
    """What means something to a shell is handed over as it stands, braces included."""
    odd = ("$(touch hacked)", "; touch hacked", "`id`", "*", "{server}", "a  b", "")
    files = class_wide(tmp_path, hook("single-user", (*DONE, *odd)), hook("multi-user"))
    pair, plan = planned(files)

    pair.execute(plan)

    assert notes(files)[0][0] == list(odd)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.soak
def test_each_server_may_have_its_own_command(tmp_path: Path) -> None:
    """The command of a server comes before that of both; a server without one is left to people."""
    own = with_hooks(
        class_wide(tmp_path / "own"),
        f"{hook('single-user', (*DONE, 'both'))}secondary = {json.dumps([*DONE, 'own'])}\n",
        hook("multi-user"),
        hook("logins", key="primary"),
    )
    pair, plan = planned(own)

    result = pair.execute(plan)

    assert notes(own)[0][0] == ["own"]
    assert "logins" in {line.kind for line, _ in result.by_hand}


@pytest.mark.soak
def test_a_dry_run_marks_the_lines_and_runs_nothing(tmp_path: Path, typed: Typing) -> None:
    """The plan says which lines a hook will carry out, in words and in JSON, and no hook is run."""
    files = class_wide(tmp_path, *MODES)
    words = [word for name in CLASS for word in ("-t", name)]
    command = ("sync", "--pair", str(files.pair_file), *words, "--dry-run")

    result = typed(*command)
    document = typed(*command, "--json").document

    assert "single tables can be copied without it. [hook]" in result.out
    assert "added user (1), and set the same password as on primary.\n" in result.out
    hooks = {line["kind"]: line["hook"] for line in document["checklist"]["after"]}
    assert hooks["multi-user"]
    assert not hooks["logins"]
    assert ran(files) == []


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (fails(), "ended with exit code 3, and printed: no route to cms-boulder"),
        (("./nowhere",), "could not be started: No such file or directory"),
        (python("import time; print('waits', flush=True); time.sleep(60)"), "did not finish within 1 second"),
        (python("os.kill(os.getpid(), 9)"), "was ended by signal 9"),
    ],
)
def test_a_hook_that_fails_before_the_first_write_stops_the_run(
    tmp_path: Path, typed: Typing, command: tuple[str, ...], says: str
) -> None:
    """Nothing is written, exit 1 says which hook and why; a server that may have changed returns to multi-user mode."""
    single = hook("single-user", command, timeout_seconds=1)
    files = class_wide(tmp_path, single, hook("multi-user"))
    words = [word for name in CLASS for word in ("-t", name)]

    result = typed("sync", "--pair", files.pair_file, *words, "--yes")

    assert result.code == 1
    assert "It stopped early: the hook single-user of secondary" in result.text
    assert "; nothing is written without it" in result.text
    assert says in result.text
    assert "syncengine resume" in result.out
    assert users(files) == 0
    assert ran(files) == ([] if "nowhere" in command[0] else ["single-user", "multi-user"])


def test_a_server_left_in_single_user_mode_is_reported(tmp_path: Path, typed: Typing) -> None:
    """Where the hook for multi-user mode fails too, its line is left to do by hand, though nothing was written."""
    files = class_wide(tmp_path, hook("single-user", fails()), hook("multi-user", fails("no answer")))
    words = [word for name in CLASS for word in ("-t", name)]

    result = typed("sync", "--pair", files.pair_file, *words, "--yes")

    left = result.out.partition("Still to be done by hand")[2]
    assert result.code == 1
    assert left.split("\n")[1].endswith("Return secondary to multi-user mode.")
    assert "The hook multi-user of secondary ended with exit code 3, and printed: no answer" in left
    assert "2. " not in left


def test_the_run_is_resumed_once_the_hook_is_repaired(tmp_path: Path) -> None:
    """A run that a hook stopped is resumable, and the hook is run again then."""
    files = class_wide(tmp_path, hook("single-user", fails()), hook("multi-user"))
    pair, plan = planned(files)
    stopped = pair.execute(plan)

    done = with_hooks(files, *MODES).open().resume(stopped.outcome.run_id)

    assert not stopped.outcome.done
    assert done.outcome.done
    assert ran(files) == ["single-user", "multi-user"] * 2
    assert users(files) == 1


def test_a_hook_that_fails_after_the_run_leaves_its_line(tmp_path: Path, typed: Typing) -> None:
    """The line stays under what is to be done by hand, with why; the others run all the same; the exit code is 5."""
    files = class_wide(tmp_path, *MODES, hook("logins", fails()), hook("files"))
    words = [word for name in CLASS for word in ("-t", name)]

    result = typed("sync", "--pair", files.pair_file, *words, "--yes")

    left = result.out.partition("Still to be done by hand")[2]
    assert result.code == 5
    assert "IN SYNC" in result.out
    assert "create the login and home directory" in left
    assert "The hook logins of secondary ended with exit code 3, and printed: no route to cms-boulder" in left
    assert "multi-user mode" not in left
    assert "To try the hooks that failed again:\n  syncengine resume" in left
    assert "To try the hooks that failed again" in typed("status", "--ledger", "--pair", files.pair_file).out
    assert users(files) == 1


@pytest.mark.soak
def test_only_what_failed_is_tried_again(tmp_path: Path) -> None:
    """Resume runs the hooks that failed, and no other, without writing anything or changing the mode again."""
    files = class_wide(tmp_path, *MODES, hook("logins", fails()))
    pair, plan = planned(files)
    first = pair.execute(plan)

    again = with_hooks(files, *MODES, hook("logins")).open().resume(first.outcome.run_id)

    assert ran(files) == ["single-user", "multi-user", "logins", "logins"]
    assert states(again) == [("logins", HookState.DONE)]
    with pytest.raises(InputError, match="nothing to resume"):
        files.open().resume(first.outcome.run_id)


@pytest.mark.soak
def test_json_lists_hooks_and_remaining_work(tmp_path: Path, typed: Typing) -> None:
    """The document of a run has every hook with its state, and the lines that are left with why."""
    files = class_wide(tmp_path, *MODES, hook("logins", fails()))
    words = [word for name in CLASS for word in ("-t", name)]

    outcome = typed("sync", "--pair", files.pair_file, *words, "--yes", "--json").document["outcome"]
    report = typed("report", "--pair", files.pair_file, "--json").document

    found = [(one["kind"], one["state"]) for one in outcome["hooks"]]
    assert found == [("single-user", "done"), ("multi-user", "done"), ("logins", "failed")]
    [left] = [line for line in outcome["by_hand"] if line["kind"] == "logins"]
    assert (left["server"], left["hook"]) == ("secondary", True)
    assert "no route to cms-boulder" in left["why"]
    assert [(one["kind"], one["state"]) for one in report["hooks"]] == found
    assert report["hooks"][-1]["output"] == "no route to cms-boulder\n"


@pytest.mark.soak
def test_the_output_of_a_hook_is_saved_and_limited(tmp_path: Path, typed: Typing) -> None:
    """The run saves both outputs, without the middle of long ones, and without cursor codes."""
    talks = python("print('first'); print('x' * 100 + '\\n', end='' ) ; sys.stderr.write('\\x1b[2Jlast\\n')")
    floods = python("print('first'); [print('y' * 99) for _ in range(5000)]; print('end')")
    files = class_wide(tmp_path, hook("single-user", talks), hook("multi-user", floods))
    pair, plan = planned(files)

    result = pair.execute(plan)
    report = typed("report", "--pair", files.pair_file)
    every = typed("report", "--pair", files.pair_file, "-v")

    saved = {path.name: path.read_text() for path in files.folder.glob("pair.staging/runs/*/hooks/*")}
    talked, flooded = (saved[name] for name in sorted(saved))
    assert "[2Jlast" in talked
    assert "\x1b" not in talked
    assert flooded.startswith("first\n")
    assert flooded.endswith("end\n")
    assert "bytes left out" in flooded
    assert len(flooded) < 3 * END_BYTES
    assert "earlier lines; -v shows them" in report.out
    assert every.out.count("yyy") > report.out.count("yyy")
    assert result.hooks[0].last_lines.endswith("[2Jlast")


def test_secrets_are_neither_handed_on_nor_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a url takes from the environment is not in a hook's, and is masked in what it says."""
    files = class_wide(tmp_path)
    (tmp_path / "hunter2.duckdb").write_bytes(files.database("secondary").read_bytes())
    text = files.pair_file.read_text().replace("secondary.duckdb", "${CMS_PW}.duckdb")
    files.pair_file.write_text(text)
    says = python("print(os.environ.get('CMS_PW'), os.environ['OTHER'], 'hunter2')")
    with_hooks(files, hook("single-user", says), hook("multi-user"))
    monkeypatch.setenv("CMS_PW", "hunter2")
    monkeypatch.setenv("OTHER", "handed on")
    pair, plan = planned(files)

    result = pair.execute(plan)

    assert result.outcome.done
    assert result.hooks[0].last_lines == "None handed on ${CMS_PW}"
    run = files.folder / "pair.staging" / "runs"
    texts = [path.read_bytes() for path in run.rglob("*") if path.suffix in (".txt", ".json", ".jsonl")]
    assert texts
    assert not [text for text in texts if b"hunter2" in text]


@pytest.mark.soak
def test_an_undo_needs_what_the_run_needed(tmp_path: Path) -> None:
    """What was written in single-user mode is undone in it, by the same hooks, and so is the undo of that."""
    files = class_wide(tmp_path, *MODES)
    pair, plan = planned(files)
    pair.execute(plan)

    pair.execute(pair.plan_undo())
    undone_users = users(files)
    pair.execute(pair.plan_undo())

    assert ran(files) == ["single-user", "multi-user"] * 3
    assert (undone_users, users(files)) == (0, 1)


@pytest.mark.soak
def test_what_a_hook_leaves_running_does_not_hold_the_run(tmp_path: Path) -> None:
    """A hook that starts a service ends when it ends itself, though the service keeps its output open."""
    starts = python("import subprocess; subprocess.Popen(['sleep', '4321.5']); print('started')")
    files = class_wide(tmp_path, hook("single-user", starts), hook("multi-user"))
    pair, plan = planned(files)
    begun = time.monotonic()

    result = pair.execute(plan)

    try:
        assert time.monotonic() - begun < 30
        assert result.hooks[0].last_lines == "started"
        assert len(sleepers("4321.5")) == 1
    finally:
        for number in sleepers("4321.5"):
            os.kill(number, signal.SIGKILL)


@pytest.mark.soak
def test_a_backfill_has_its_hooks_at_its_end(tmp_path: Path, typed: Typing) -> None:
    """The work that all portions of a backfill leave is listed once, and done once, by the hook for it."""
    days = [date(2000, 6, 1), date(2000, 6, 3)]
    files = build_files(
        tmp_path,
        ["htrunk", "dtrunk"],
        both={"htrunk": [one for day in days for one in trunks(400, 500, row_date=day)]},
        primary={"htrunk": [one for day in days for one in trunks(500, 530, row_date=day)]},
    )
    command = ("backfill", "-w", "2000-06-01..2000-06-04", "-t", "htrunk", "--portion-days", "1", "--yes")

    first = typed(*command, "--pair", files.pair_file)
    typed("undo", "--pair", files.pair_file, "--yes")
    with_hooks(files, hook("data-summarizing"))
    second = typed(*command, "--pair", files.pair_file, "--json").document["outcome"]

    assert first.code == 0, first.text
    assert first.out.count("Rerun Data Summarizing on secondary") == 1
    assert ran(files) == ["data-summarizing"]
    assert ([one["state"] for one in second["hooks"]], second["by_hand"]) == (["done"], [])


@pytest.mark.soak
def test_a_hook_can_ask_for_the_plan(tmp_path: Path) -> None:
    """A hook can read the report of its run while the run continues, and finds there what no variable names."""
    fetches = python(
        "import subprocess\n"
        f"command = [*{PROGRAM!r}, 'report', os.environ['SYNCENGINE_RUN'], '--json']\n"
        "output = subprocess.check_output([*command, '--pair', os.environ['SYNCENGINE_PAIR']])\n"
        "[plan] = json.loads(output)['plans']\n"
        "print([(one['table'], one['acd'], one['row_date'], one['into']) for one in plan['stale_rollups']])"
    )
    files = build_files(
        tmp_path,
        ["htrunk", "dtrunk"],
        both={"htrunk": trunks(400, 500, row_date=date(2000, 6, 4))},
        primary={"htrunk": trunks(500, 530, row_date=date(2000, 6, 4))},
    )
    with_hooks(files, hook("data-summarizing", fetches))
    pair = files.open()

    result = pair.execute(pair.plan_resync(tables="htrunk", window="2000-06-04 05:00..05:29"))

    assert result.hooks[0].last_lines == "[('dtrunk', 1, '2000-06-04', 'secondary')]", result.hooks[0]


def test_a_run_that_writes_nothing_runs_no_hook(tmp_path: Path) -> None:
    """Where nothing differs, nothing is done before it or after it."""
    files = class_wide(tmp_path, *MODES)
    files.run("primary", "DELETE FROM users")
    pair, plan = planned(files)

    pair.execute(plan)

    assert ran(files) == []


@pytest.mark.soak
def test_a_hook_for_one_line_of_the_dictionary(tmp_path: Path) -> None:
    """Lines without a hook stay with people, in the plan and after it."""
    files = with_hooks(dictionary(tmp_path), hook("visual-vectors"))
    pair = open_pair(files.pair_file)

    result = pair.execute(pair.plan_sync(sets="dictionary"))

    assert ran(files) == ["visual-vectors"]
    assert [line.kind for line, _ in result.by_hand] == ["verify-interval"]
    assert sys.executable not in " ".join(line.text for line in result.plan.checklist.after)


def test_no_work_is_listed_for_rows_that_were_not_written(
    tmp_path: Path, typed: Typing, before_batch: Callable[[int, BaseException], None]
) -> None:
    """Where the step of users failed, neither hook nor people remove their logins; what was written has its lines."""
    files = build_files(
        tmp_path,
        ["users", "r_custom"],
        settings=hook("remove-logins") + "\n",
        both={"users": [row("users", user_id="ann")]},
        primary={"r_custom": [row("r_custom", report_name="Desk", owner="jm")]},
        secondary={"users": [row("users", user_id="gone")]},
    )
    requested = ("--table", "users", "--table", "r_custom", "--remove-users", "--yes")
    before_batch(1, ChangedSincePlanError("secondary changed"))

    partly = typed("sync", "--pair", files.pair_file, *requested, "--json")
    left_over = notes(files)
    whole = typed("sync", "--pair", files.pair_file, *requested, "--json")

    assert partly.code == 5
    assert {line["kind"] for line in partly.document["outcome"]["by_hand"]} == {"files"}
    assert left_over == []
    assert whole.code == 0
    assert len(notes(files)) == 1
