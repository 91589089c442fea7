"""Commands of the user's: run as they are, bounded in time and output, ended with all they started."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncengine.hooks import command
from syncengine.hooks.command import END_BYTES, CommandResult, run_command


def run(folder: Path, code: str, *arguments: str, seconds: float = 20, **environment: str) -> CommandResult:
    """Run some Python as a command."""
    words = (sys.executable, "-c", code, *arguments)
    return run_command(words, folder=folder, environment=environment, timeout_seconds=seconds)


def test_both_outputs_are_saved_and_the_answer_apart(tmp_path: Path) -> None:
    """Standard error is part of the output, and not of the answer."""
    found = run(tmp_path, "import sys; print('printed', flush=True); sys.stderr.write('warned')")

    assert (found.problem, found.code, found.answer) == ("", 0, "printed\n")
    assert sorted(found.output.split()) == ["printed", "warned"]


def test_only_the_given_environment_is_passed_on(tmp_path: Path) -> None:
    """It has the environment it is given and no other, its folder, an empty input, and no terminal."""
    found = run(
        tmp_path, "import os, sys; print(os.environ.get('A'), os.getcwd(), repr(sys.stdin.read()), os.isatty(0))", A="b"
    )

    assert found.answer == f"b {tmp_path} '' False\n"
    assert "HOME" not in run(tmp_path, "import os; print(list(os.environ))").answer


def test_a_flood_is_bounded(tmp_path: Path) -> None:
    """Of a long output the beginning and the end are saved, and the size of the rest is reported."""
    found = run(tmp_path, "print('begins'); print('x' * 5_000_000); print('ends')")

    assert found.output.startswith("begins\n")
    assert found.output.endswith("ends\n")
    assert "bytes left out" in found.output
    assert len(found.output) < 2 * END_BYTES + 100


@pytest.mark.soak
def test_a_command_that_ignores_the_end_is_killed(tmp_path: Path) -> None:
    """A command that ignores the signal is killed, and its output until then is saved."""
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('waits', flush=True); time.sleep(60)"
    begun = time.monotonic()

    found = run(tmp_path, code, seconds=0.5)

    assert time.monotonic() - begun < 20
    assert found.problem == "did not finish within 0.5 seconds and was stopped"
    assert (found.code, found.output) == (None, "waits\n")


def test_no_line_is_cut_in_half(tmp_path: Path) -> None:
    """Where the middle is left out, no line is cut: half a secret could not be masked."""
    found = run(tmp_path, "[print('x' * 50, 'hunter2') for _ in range(9999)]")

    lines = {line for line in found.output.splitlines() if not line.startswith("...")}
    assert lines == {f"{'x' * 50} hunter2"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it is left running on purpose
def test_a_command_that_cannot_be_ended_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of another user, as with sudo, cannot be ended; that is a problem and no exception."""

    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "killpg", refused)
    monkeypatch.setattr(command, "GRACE_SECONDS", 0.1)

    found = run(tmp_path, "import time; time.sleep(5)", seconds=0.5)

    assert found.problem == "did not finish within 0.5 seconds and could not be stopped: it is still running"
    assert (found.code, found.started) == (None, True)


def test_an_interrupt_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    """An interrupt that was blocked until the process was started ends it."""

    @contextmanager
    def interrupted() -> Iterator[None]:
        yield
        raise KeyboardInterrupt

    sleeps = (sys.executable, "-c", "import time; time.sleep(1); open('lives', 'w').close()")
    with pytest.raises(KeyboardInterrupt):
        run_command(sleeps, folder=tmp_path, environment={}, timeout_seconds=20, starting=interrupted())
    time.sleep(2)

    assert not (tmp_path / "lives").exists()


def test_a_command_without_outputs_is_waited_for(tmp_path: Path) -> None:
    """A command that has closed its outputs is still running."""
    found = run(tmp_path, "import os, time; os.close(1); os.close(2); time.sleep(0.5); os._exit(7)")

    assert found.problem == "ended with exit code 7"
    assert found.seconds >= 0.5


def test_a_command_that_cannot_run_is_reported(tmp_path: Path) -> None:
    """A program that does not exist, or may not be run, is a problem and no exception."""
    (tmp_path / "text").write_text("no program")
    results = [
        run_command(words, folder=tmp_path, environment={}, timeout_seconds=5)
        for words in (("./nowhere",), ("./text",))
    ]

    assert [found.started for found in results] == [False, False]
    assert [found.problem for found in results] == [
        "could not be started: No such file or directory: ./nowhere",
        "could not be started: Permission denied: ./text",
    ]


def test_several_at_once(tmp_path: Path) -> None:
    """Commands may be run from several threads."""
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda n=number: answers.append(run(tmp_path, f"print({n})").answer))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["0\n", "1\n", "2\n", "3\n"]
