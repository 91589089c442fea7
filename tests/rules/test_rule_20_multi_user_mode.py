"""Rule 20: a server that a hook has put in single-user mode comes back, whatever becomes of the run."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from syncengine.app import open_pair
from syncengine.model.errors import ServerUnreachableError
from syncengine.model.hooks import HookRecord, HookState, in_single_user_mode, sorted_by_number
from syncengine.model.pair import Role
from syncengine.model.progress import SilentProgress
from syncengine.model.run import RunState
from tests.builders import Files
from tests.cli.terminal import Typing
from tests.examples import some_of
from tests.rules.hooked import (
    CLASS,
    MODES,
    PROGRAM_OF_FEW,
    class_wide,
    fails,
    hook,
    planned,
    python,
    ran,
    sleepers,
    states,
    users,
    with_hooks,
)

pytestmark = pytest.mark.usefixtures("few_tables")
Hit = Callable[[int, BaseException], None]
WORDS = [word for name in CLASS for word in ("-t", name)]
"""Names the whole class to a command."""


def test_multi_user_mode_comes_back_when_the_run_fails(tmp_path: Path, before_batch: Hit) -> None:
    """A server that fails in the middle stops the run, and the target returns to multi-user mode."""
    files = class_wide(tmp_path, *MODES, hook("logins"))
    pair, plan = planned(files)
    before_batch(0, ServerUnreachableError("the line is cut"))

    stopped = pair.execute(plan)
    done = files.open().resume()

    assert not stopped.outcome.done
    assert done.outcome.done
    assert ran(files) == ["single-user", "multi-user", "single-user", "multi-user", "logins"]


def test_multi_user_mode_comes_back_after_ctrl_c(tmp_path: Path, before_batch: Hit) -> None:
    """A run that its user stops restores the server; the other hooks are left for the resume."""
    files = class_wide(tmp_path, *MODES, hook("logins"))
    pair, plan = planned(files)
    before_batch(0, KeyboardInterrupt())

    stopped = pair.execute(plan)

    assert stopped.outcome.cancelled
    assert ran(files) == ["single-user", "multi-user"]
    assert stopped.by_hand == ()


def process(files: Files, *words: str) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    command = [*PROGRAM_OF_FEW, *words, "--pair", str(files.pair_file)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def until(there: Callable[[], bool]) -> None:
    """Wait until something is so."""
    last = time.monotonic() + 30
    while not there():
        assert time.monotonic() < last
        time.sleep(0.02)


@pytest.mark.soak
def test_ctrl_c_while_the_mode_is_changed_back_waits_for_it(tmp_path: Path) -> None:
    """Ctrl-C does not tear the hook that puts a server back: it is done, then the command ends with 130."""
    slow = python("import time; time.sleep(1.5); open('back', 'w').close()")
    files = class_wide(tmp_path, hook("single-user"), hook("multi-user", slow))

    running = process(files, "sync", *WORDS, "--yes")
    until(lambda: "multi-user" in ran(files))
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)

    assert running.returncode == 130, err
    assert (tmp_path / "back").exists()
    assert "Traceback" not in err


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize("number", some_of([signal.SIGTERM, signal.SIGHUP, signal.SIGINT], 3))
def test_what_stops_the_program_ends_the_hook(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, a request to end and a lost terminal end the hook and what it started; multi-user mode returns."""
    seconds = f"{os.getpid()}.{number:02}"
    sleeps = python(f"import subprocess; subprocess.run(['sleep', {seconds!r}])")
    files = class_wide(tmp_path, hook("single-user", sleeps), hook("multi-user"))

    running = process(files, "sync", *WORDS, "--yes")
    until(lambda: bool(sleepers(seconds)))
    running.send_signal(number)
    running.communicate(timeout=30)

    assert running.returncode == 130
    assert sleepers(seconds) == []
    assert users(files) == 0
    assert ran(files) == ["single-user", "multi-user"]


def killed_in_single_user_mode(files: Files) -> str:
    """Kill a run after its server was put in single-user mode, and return the run's id."""
    with_hooks(files, hook("single-user", python("os.kill(os.getppid(), 9)")), hook("multi-user"))
    running = process(files, "sync", *WORDS, "--yes")
    running.communicate(timeout=30)
    assert running.returncode == -signal.SIGKILL
    with_hooks(files, *MODES)
    return files.open().run().id


@pytest.mark.soak
def test_a_machine_that_went_down_is_reported_and_repaired(tmp_path: Path, typed: Typing) -> None:
    """Status names the server that was left in single-user mode, exit 5; resume runs the hook again, and the rest."""
    files = class_wide(tmp_path)
    run = killed_in_single_user_mode(files)

    status = typed("status", "--pair", files.pair_file)
    document = typed("status", "--json", "--ledger", "--pair", files.pair_file).document
    resumed = typed("resume", "--pair", files.pair_file)
    after = typed("status", "--json", "--ledger", "--pair", files.pair_file).document

    assert status.code == 5
    assert "A hook put secondary in single-user mode, and no hook has ended it" in status.text
    assert (document["in_single_user_mode"], after["in_single_user_mode"]) == (["secondary"], [])
    assert resumed.code == 0, resumed.text
    assert ran(files) == ["single-user", "single-user", "multi-user"]
    assert files.open().run(run).state is RunState.DONE


@pytest.mark.soak
def test_the_next_run_restores_the_mode_an_earlier_one_left(tmp_path: Path) -> None:
    """A run that needs no single-user mode itself ends with the hook that an earlier one could not run."""
    files = class_wide(tmp_path)
    killed_in_single_user_mode(files)
    pair = files.open()

    result = pair.execute(pair.plan_sync(tables="users"))

    assert ran(files) == ["single-user", "multi-user"]
    assert states(result) == [("multi-user", HookState.DONE)]


@pytest.mark.soak
def test_an_earlier_server_that_cannot_be_restored_is_reported(tmp_path: Path) -> None:
    """The line stands under what is left by hand of the run that tried it, though its own plan has none like it."""
    files = class_wide(tmp_path)
    killed_in_single_user_mode(files)
    pair = with_hooks(files, hook("multi-user", fails())).open()

    result = pair.execute(pair.plan_sync(tables="users"))

    assert [(line.kind, bool(why)) for line, why in result.by_hand][:1] == [("multi-user", True)]


@pytest.mark.soak
def test_a_server_restored_by_another_run_enters_single_user_mode_again(tmp_path: Path) -> None:
    """Resume does not trust a mode that another run has undone meanwhile."""
    files = class_wide(tmp_path)
    run = killed_in_single_user_mode(files)
    pair = files.open()
    pair.execute(pair.plan_sync(tables="users"))
    files.run("secondary", "DELETE FROM users")

    files.open().resume(run)

    assert ran(files) == ["single-user", "multi-user", "single-user", "multi-user"]


@pytest.mark.soak
def test_a_hook_that_could_not_restore_it_is_retried(tmp_path: Path, typed: Typing) -> None:
    """Where the hook that puts a server back fails, status goes on naming the server; the next run tries it again."""
    files = class_wide(tmp_path, hook("single-user"), hook("multi-user", fails()))
    pair, plan = planned(files)
    pair.execute(plan)
    files.run("secondary", "DELETE FROM users")

    status = typed("status", "--ledger", "--pair", files.pair_file)
    with_hooks(files, *MODES)
    result = files.open().execute(files.open().plan_sync(tables="users", prefer="primary"))
    after = typed("status", "--ledger", "--pair", files.pair_file)

    assert status.code == 5
    assert "A hook put secondary in single-user mode, and no hook has ended it" in status.text
    assert states(result) == [("multi-user", HookState.DONE)]
    assert after.code == 0, after.text


@pytest.mark.soak
def test_a_resume_tries_to_restore_what_an_earlier_run_left(tmp_path: Path) -> None:
    """The run that failed to put the server of an earlier one back can be resumed for it."""
    files = class_wide(tmp_path)
    killed_in_single_user_mode(files)
    pair = with_hooks(files, hook("multi-user", fails())).open()
    failed = pair.execute(pair.plan_sync(tables="users"))

    again = with_hooks(files, *MODES).open().resume(failed.outcome.run_id)

    assert states(again) == [("multi-user", HookState.DONE)]


@pytest.mark.soak
def test_without_its_hook_a_server_is_left_to_people(tmp_path: Path) -> None:
    """Where the pair file names no hook for multi-user mode any more, the line says to do it by hand."""
    files = class_wide(tmp_path)
    killed_in_single_user_mode(files)
    pair = with_hooks(files).open()

    result = pair.execute(pair.plan_sync(tables="users"))

    [line] = [line for line, _ in result.by_hand if line.kind == "multi-user"]
    assert (line.server, line.hook) == ("secondary", False)


class Gone(SilentProgress):
    """A terminal that goes away once a server is in single-user mode."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Fail as a write to a closed window does."""
        del total, done
        if "multi-user" in what:
            raise OSError(errno.EIO, "Input/output error")


@pytest.mark.soak
def test_a_terminal_that_goes_away_keeps_no_server_from_coming_back(tmp_path: Path) -> None:
    """Where nothing can be shown any more, the hook that puts a server back runs all the same."""
    files = class_wide(tmp_path, *MODES)
    pair = open_pair(files.pair_file, progress=Gone())

    pair.execute(pair.plan_sync(tables=CLASS))

    assert ran(files) == ["single-user", "multi-user"]


def test_a_clock_that_was_set_back_changes_no_order() -> None:
    """Hooks of several runs are ordered by their numbers: the hour that autumn repeats puts none before another."""
    late, early = datetime(2000, 10, 29, 1, 50), datetime(2000, 10, 29, 1, 10)
    entering = HookRecord("single-user", Role.SECONDARY, 1, HookState.DONE, late)
    leaving = HookRecord("multi-user", Role.SECONDARY, 2, HookState.DONE, early)

    assert in_single_user_mode(sorted_by_number([leaving, entering])) == ()
    assert in_single_user_mode(sorted_by_number([leaving, entering])[:1]) == (Role.SECONDARY,)


def test_a_server_that_a_checklist_put_there_is_not_put_there_twice(tmp_path: Path, typed: Typing) -> None:
    """A run that needs it finds it in single-user mode, and puts it back at its end; status knows of both."""
    files = class_wide(tmp_path, *MODES)
    typed("checklist", "secondary-return", "--pair", files.pair_file, "--do", "6")
    pair, plan = planned(files)

    pair.execute(plan)

    assert ran(files) == ["single-user", "multi-user"]
    assert users(files) == 1
    assert typed("status", "--ledger", "--pair", files.pair_file).code == 0
