"""A resync shows its plan and asks before it writes; without a terminal it stops with a message."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders import Files
from tests.cli.terminal import PROGRAM, TRUNKS, CommandResult, Typing, contents, drifting_pair, type_in_process
from tests.examples import some_of


@contextmanager
def keyboard(keys: bytes) -> Iterator[int]:
    """Give a terminal on which keys were typed."""
    master, slave = pty.openpty()
    try:
        os.write(master, keys)
        yield slave
    finally:
        os.close(slave)
        os.close(master)


def answering(files: Files, keys: bytes, *words: str) -> CommandResult:
    """Type a resync at a terminal and answer its question."""
    with keyboard(keys) as terminal:
        done = subprocess.run(
            [*PROGRAM, "resync", "--pair", str(files.pair_file), *TRUNKS, *words],
            check=False,
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=60,
        )
    return CommandResult(done.returncode, done.stdout, done.stderr)


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize("keys", some_of([b"\n", b"n\n", b"\x04"], 3))
def test_without_a_yes_nothing_is_written(tmp_path: Path, keys: bytes) -> None:
    """Answering n, nothing or end of input writes nothing, says so, and exits with 130."""
    files = drifting_pair(tmp_path)
    before = contents(tmp_path)

    result = answering(files, keys)

    assert result.code == 130
    assert "Write this into secondary?" in result.text
    assert "othing was written" in result.text
    assert "Traceback" not in result.err
    assert contents(tmp_path) == before


def test_the_plan_is_shown_before_the_question(tmp_path: Path) -> None:
    """The question comes after the plan, and a yes carries it out and proves it."""
    files = drifting_pair(tmp_path)

    result = answering(files, b"y\n")

    assert result.code == 0
    assert result.out.index("Plan: replace from primary to secondary") < result.out.index("IN SYNC")
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


@pytest.mark.soak("words1")
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_without_a_terminal_there_is_no_question(tmp_path: Path, words: tuple[str, ...]) -> None:
    """With input from a pipe and no --yes nothing is compared or written: exit 2 and what to add."""
    files = drifting_pair(tmp_path)
    before = contents(tmp_path)

    result = type_in_process("resync", "--pair", files.pair_file, *TRUNKS, *words, input="y\n")

    assert result.code == 2
    assert result.err == "Cannot ask for confirmation: no terminal. Add --yes to write, or --dry-run to see the plan.\n"
    assert "Plan: " not in result.out
    assert contents(tmp_path) == before


@pytest.mark.soak
def test_json_has_no_question_at_a_terminal(tmp_path: Path) -> None:
    """A question would spoil the document, so --json wants --yes or --dry-run even at a terminal."""
    files = drifting_pair(tmp_path)

    result = answering(files, b"y\n", "--json")

    assert result.code == 2
    assert json.loads(result.out)["format"] == "syncengine.error"
    assert "Write this into" not in result.out


def test_a_dry_run_shows_the_plan_and_writes_nothing(tmp_path: Path, typed: Typing) -> None:
    """--dry-run prints both ranges and what would be written, exits with 3, and leaves every file as it was."""
    files = drifting_pair(tmp_path)
    before = contents(tmp_path)

    result = typed("resync", "--pair", files.pair_file, *TRUNKS, "--dry-run")

    assert result.code == 3
    assert "2000-06-05 05:00-05:29" in result.out
    assert "1 step into secondary: 1 table, 1 bucket" in result.out
    assert contents(tmp_path) == before


def test_a_dry_run_of_nothing_to_do(tmp_path: Path, typed: Typing) -> None:
    """Where nothing differs the dry run says so with exit 0, and so does the run."""
    files = drifting_pair(tmp_path)
    files.run("secondary", "UPDATE htrunk SET incalls = 9 WHERE starttime = 500")

    dry_run = typed("resync", "--pair", files.pair_file, *TRUNKS, "--dry-run")
    done = typed("resync", "--pair", files.pair_file, *TRUNKS, "--yes")

    assert (dry_run.code, done.code) == (0, 0)
    assert "nothing differs" in dry_run.out
    assert "IN SYNC" in done.out
