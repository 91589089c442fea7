"""A server, the disk or the user that stops a run: a sentence, the right exit code, and nothing half-written."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncengine.model.errors import ServerUnreachableError
from syncengine.model.pair import Role
from tests.builders import Files, build_files, ledger_of
from tests.cli.terminal import (
    PROGRAM,
    TRUNKS,
    Typing,
    contents,
    drifting_pair,
    is_one_sentence,
    type_in_process,
    without_privileges,
)
from tests.interference import Interference, interfere
from tests.scenes import trunks
from tests.waiting import wait_until

RESYNC = ("resync", "--yes", "--pair")
LOCK = (
    "import duckdb, sys; open_db = duckdb.connect(sys.argv[1]); open_db.execute('BEGIN'); print('held', flush=True); "
    "sys.stdin.read()"
)


@contextmanager
def locked_by_another(database: Path) -> Iterator[int]:
    """Hold a database open in another process, and give its id."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCK, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process.pid
        finally:
            process.communicate("")


@pytest.mark.parametrize("role", ["primary", "secondary"])
@pytest.mark.parametrize("command", [RESYNC, ("verify", "--pair")])
def test_a_locked_database_is_reported_with_the_process_that_has_it(
    tmp_path: Path, typed: Typing, command: tuple[str, ...], role: str
) -> None:
    """A database another process has open ends with exit 1, names server and process, and changes nothing."""
    files = drifting_pair(tmp_path)
    before = files.bag("secondary", "htrunk")

    with locked_by_another(files.database(role)) as process:
        result = typed(*command, files.pair_file, *TRUNKS)

    assert result.code == 1
    assert is_one_sentence(result.err)
    assert f"{role}: another process (process {process}) has the database open" in result.err
    assert "run the same command again" in result.err
    assert files.bag("secondary", "htrunk") == before


def test_a_run_that_has_the_database_open_is_named(tmp_path: Path, typed: Typing) -> None:
    """If a run of this pair has an embedded server open, the message names the run, not a process."""
    files = drifting_pair(tmp_path)

    with ledger_of(files.pair_file).locked() as lock, locked_by_another(files.database("secondary")):
        lock.name("20000605-061203-3f1a")
        result = typed(*RESYNC, files.pair_file, *TRUNKS)

    assert result.code == 4
    assert "Another run is writing to this pair: run 20000605-061203-3f1a" in result.err
    assert "Close it there" not in result.err


def test_a_target_set_to_read_only_is_not_written(tmp_path: Path, typed: Typing) -> None:
    """read_only in the pair file stops a resync with a sentence that names it; verify goes on working."""
    files = drifting_pair(tmp_path, server_settings='load = "r3v8ag.f"\nread_only = true')
    before = files.bag("secondary", "htrunk")

    verified = typed("verify", "--pair", files.pair_file, *TRUNKS)
    result = typed(*RESYNC, files.pair_file, *TRUNKS)

    assert verified.code == 3
    assert result.code == 1
    assert "read_only" in result.text
    assert "secondary" in result.text
    assert "Traceback" not in result.err
    assert files.bag("secondary", "htrunk") == before


@pytest.mark.soak
def test_a_target_without_permission_to_write(tmp_path: Path) -> None:
    """A database file this user may only read stops a resync with a sentence about permissions."""
    files = drifting_pair(tmp_path)
    files.database("secondary").chmod(0o444)
    before = files.bag("secondary", "htrunk")

    result = type_in_process(*RESYNC, files.pair_file, *TRUNKS, preexec_fn=without_privileges)

    assert result.code == 1
    assert "secondary: the database cannot be written to" in result.text
    assert "permissions" in result.text
    assert "Traceback" not in result.err
    assert files.bag("secondary", "htrunk") == before


@pytest.mark.soak
def test_a_verify_needs_no_permission_to_write(tmp_path: Path) -> None:
    """A user who may only read both databases and their folder can verify."""
    files = drifting_pair(tmp_path)
    tmp_path.chmod(0o555)
    for role in Role:
        files.database(role).chmod(0o444)

    result = type_in_process("verify", "--pair", files.pair_file, *TRUNKS, preexec_fn=without_privileges)
    tmp_path.chmod(0o755)

    assert result.code == 3, result.err
    assert "DRIFT" in result.out


@pytest.mark.soak
def test_a_staging_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Staging where this user may not write is said with what to set, before anything is written to the target."""
    files = drifting_pair(tmp_path)
    (tmp_path / "closed").mkdir(mode=0o555)
    files.pair_file.write_text('staging = "closed"\n' + files.pair_file.read_text())
    before = files.bag("secondary", "htrunk")

    result = type_in_process(*RESYNC, files.pair_file, *TRUNKS, preexec_fn=without_privileges)

    assert result.code == 1
    assert is_one_sentence(result.err)
    assert f"The staging folder {tmp_path / 'closed'} cannot be written to" in result.err
    assert "Set staging in the pair file" in result.err
    assert files.bag("secondary", "htrunk") == before


def test_a_staging_folder_that_is_a_file(tmp_path: Path, typed: Typing) -> None:
    """Staging that names a file is said in a sentence."""
    files = drifting_pair(tmp_path)
    (tmp_path / "taken").write_text("")
    files.pair_file.write_text('staging = "taken"\n' + files.pair_file.read_text())

    result = typed(*RESYNC, files.pair_file, *TRUNKS)

    assert result.code == 1
    assert is_one_sentence(result.err)
    assert str(tmp_path / "taken") in result.err


def smallest_piece(files: Files) -> int:
    """Return the size of the smallest staged piece of a resync of a copy of the pair."""
    copy = files.folder / "copy"
    copy.mkdir()
    for file in (files.pair_file, files.database("primary"), files.database("secondary")):
        shutil.copy(file, copy)
    assert type_in_process(*RESYNC, copy / "pair.toml", *TRUNKS).code == 0
    sizes = [piece.stat().st_size for piece in (copy / "pair.staging").rglob("*.parquet")]
    shutil.rmtree(copy)
    return min(sizes)


@pytest.mark.soak
def test_no_disk_left_for_a_piece(tmp_path: Path) -> None:
    """A piece that no longer fits on the disk ends with a sentence and exit 1, and the target is as it was."""
    files = drifting_pair(tmp_path)
    before = contents(tmp_path)
    room = smallest_piece(files) - 500

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    result = type_in_process(*RESYNC, files.pair_file, *TRUNKS, preexec_fn=little_room)

    after = {name: content for name, content in contents(tmp_path).items() if "staging" not in name}
    assert result.code == 1
    assert "There is no disk space left for staging" in result.text
    assert "Make room there" in result.text
    assert "Traceback" not in result.text
    assert after == before


def three_steps(folder: Path) -> Files:
    """Build a pair that differs in three intervals, each of which is a step of its own."""
    return build_files(
        folder,
        ["htrunk"],
        primary={"htrunk": trunks(400, 700, incalls=9)},
        secondary={"htrunk": trunks(400, 700)},
        settings="limits = { step_rows = 1 }",
    )


EVENING = ("--window", "2000-06-05 05:00..06:29", "--table", "htrunk")


def repaired(files: Files) -> set[int]:
    """Return the labels of which the secondary has all rows of the primary."""
    intervals = files.run("secondary", "SELECT starttime, MIN(incalls), MAX(incalls) FROM htrunk GROUP BY ALL")
    assert all(low == high for _, low, high in intervals), "an interval is half written"
    return {label for label, _, high in intervals if high == 9}


def test_the_rest_is_done_by_the_same_command(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C the same command repairs the rest, and ends in sync."""
    files = three_steps(tmp_path)

    def stop(inserts: int, table: str) -> None:
        del table
        if inserts == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        interfere(patch, Role.SECONDARY, Interference(after_insert=stop))
        typed(*RESYNC, files.pair_file, *EVENING)
    result = typed(*RESYNC, files.pair_file, *EVENING)

    assert result.code == 0
    assert repaired(files) == {500, 530, 600}


def marks(files: Files) -> list[dict[str, object]]:
    """Return the marks of the steps of the runs on a pair."""
    files_of_marks = (files.folder / "pair.staging" / "runs").glob("*/steps.jsonl")
    return [json.loads(line) for file in files_of_marks for line in file.read_text().splitlines() if line.endswith("}")]


def long_pair(folder: Path) -> Files:
    """Build a pair whose resync takes many steps."""
    files = build_files(folder, ["htrunk"], both={"htrunk": trunks(0, 700)}, settings="limits = { step_rows = 1 }")
    for role, calls in (("primary", 9), ("secondary", 5)):
        files.run(role, "DELETE FROM htrunk WHERE tkgrp = 2")
        files.run(
            role,
            f"INSERT INTO htrunk SELECT * REPLACE (row_date - CAST(n AS INTEGER) AS row_date, {calls} AS incalls) "
            "FROM htrunk, range(1, 8) AS days(n)".replace("SELECT *", "SELECT htrunk.*"),
        )
    return files


LONG = ("--window", "2000-05-29..2000-06-04", "--table", "htrunk")


def intervals_repaired(files: Files) -> int:
    """Return how many intervals of the secondary have the primary's figures."""
    return int(files.run("secondary", "SELECT COUNT(*) FROM htrunk WHERE incalls = 9")[0][0])


def test_an_interrupt_stops_a_real_process(tmp_path: Path) -> None:
    """SIGINT in the middle of a long resync: whole steps are done, it says how many, and the exit code is 130."""
    files = long_pair(tmp_path)
    steps = 7 * 14

    with subprocess.Popen(
        [*PROGRAM, *RESYNC, str(files.pair_file), *LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: sum(mark.get("state") == "done" for mark in marks(files)) >= 3 or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    done = intervals_repaired(files)
    assert process.returncode == 130, err
    assert 3 <= done < steps
    assert f"{done} of {steps} steps done" in out
    assert "Traceback" not in err
    assert len(files.bag("secondary", "htrunk")) == len(files.bag("primary", "htrunk"))


def test_an_interrupt_before_anything_is_written(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the pair is only looked at says that nothing was written, with exit 130."""
    files = drifting_pair(tmp_path)
    before = contents(tmp_path)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("syncengine.jobs.observation.observe_pair", stop)
    result = typed(*RESYNC, files.pair_file, *TRUNKS)

    assert result.code == 130
    assert "nothing was written" in result.err.lower()
    assert contents(tmp_path) == before


def test_a_second_run_on_the_same_pair_is_turned_away(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a run is writing, another run on the pair ends with exit 1 and names the first one."""
    files = drifting_pair(tmp_path)
    answers = []

    def run_again(inserts: int, table: str) -> None:
        del inserts, table
        # Another pair file that shares the staging folder, so that no database lock comes in between.
        others = drifting_pair(tmp_path / "other")
        text = others.pair_file.read_text()
        others.pair_file.write_text(f'staging = "{tmp_path / "pair.staging"}"\n{text}')
        answers.append(type_in_process(*RESYNC, others.pair_file, *TRUNKS))

    interfere(monkeypatch, Role.SECONDARY, Interference(after_insert=run_again))
    first = typed(*RESYNC, files.pair_file, *TRUNKS, "--json")

    (second,) = answers
    assert first.code == 0
    assert second.code == 4
    assert is_one_sentence(second.err)
    assert f"Another run is writing to this pair: run {first.document['outcome']['run']}" in second.err
    assert f"process {os.getpid()}" in second.err


@pytest.mark.soak
def test_two_runs_at_once_by_the_same_pair_file(tmp_path: Path) -> None:
    """Of two resyncs of one pair at once, one reports the other; nothing is written twice."""
    files = long_pair(tmp_path)

    with subprocess.Popen(
        [*PROGRAM, *RESYNC, str(files.pair_file), *LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: any(mark.get("state") == "done" for mark in marks(files)) or process.poll() is not None)
        second = type_in_process(*RESYNC, files.pair_file, *LONG)
        process.communicate(timeout=60)

    assert process.returncode == 0
    assert second.code == 4
    assert is_one_sentence(second.err)
    assert str(process.pid) in second.err
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_a_server_lost_while_outages_are_planned_is_reported(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that goes away when it is asked about its tables ends the command, and is no reason of an outage's."""
    files = drifting_pair(tmp_path)
    files.run("secondary", "UPDATE htrunk SET incomplete = 1 WHERE starttime = 500")

    def lost(*_: object) -> None:
        raise ServerUnreachableError("secondary: the connection was lost.")

    monkeypatch.setattr("syncengine.servers.duckdb.server.DuckDBServer.surroundings", lost)
    result = typed("outages", "--pair", files.pair_file)

    assert result.code == 1
    assert "the connection was lost" in result.err
