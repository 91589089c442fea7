"""A run loses its disk, files or tables: one sentence, whole steps, and a run that can be resumed."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Callable
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from syncengine import machine
from syncengine.model.pair import Role
from syncengine.model.run import BatchState, RunState
from syncengine.servers.protocol import Server
from syncengine.staging.run_folder import RunFolder
from tests.builders import build_files, half_hours
from tests.cli.terminal import CommandResult, Typing
from tests.examples import SOAK_SEED, SOAKING, some_of
from tests.interference import Interference, interfere
from tests.mixed_plans import resync_of_any_class
from tests.survival.children import died_of, opened
from tests.survival.conftest import Embedded, Made
from tests.survival.embedded import EmbeddedStage
from tests.survival.outages import Outages
from tests.survival.scenes import POLICIES, TABLES, WINDOW

FULL_AT = 30 if SOAKING else 1
"""Moments at which the disk is full, of each kind, besides the first."""
FLIPPED = 40 if SOAKING else 1
"""Bits that flip, each in a run of its own."""


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typing:
    """Type commands in this process."""
    return Typing(capsys)


@pytest.fixture
def outages(embedded: Embedded) -> Outages:
    """Give a pair of files and the expected result of a resync."""
    return embedded("replace")


def resync(outages: Outages, typed: Typing, policy: str = "replace") -> CommandResult:
    """Type the resync."""
    tables = [word for table in TABLES for word in ("--table", table)]
    with resync_of_any_class():
        return typed(
            *("resync", "--yes", "--pair", outages.stage.pair_file, "--window", WINDOW, "--policy", policy), *tables
        )


def fails_clearly(output: CommandResult, *words: str) -> None:
    """Require a documented exit code of a failed command, and sentences without a trace."""
    assert output.code in (1, 5), output.text
    assert "Traceback" not in output.text
    assert "unexpected error" not in output.text, output.text
    for word in words:
        assert word in output.text, output.text


def resume_to_end(outages: Outages, typed: Typing) -> None:
    """Check for whole steps, and finish: by resume, or where that is refused, by the same command again."""
    outages.expected.steps_done(outages.stage.target())
    if typed("resume", "--pair", outages.stage.pair_file).code != 0:
        output = resync(outages, typed)
        assert output.code == 0, output.text
    assert outages.stage.target() == outages.expected.after


def full(does: Callable[..., Any], nth: int) -> Callable[..., Any]:
    """Return a call that is refused from its nth time on, as on a full disk."""
    calls = [0]

    def refused(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] >= nth:
            raise OSError(errno.ENOSPC, "No space left on device")
        return does(*given, **named)

    return refused


def half(does: Callable[..., int], nth: int) -> Callable[..., int]:
    """Return a write that from its nth time on takes half of what it is given, as on a full disk."""
    calls = [0]

    def written(descriptor: int, data: bytes) -> int:
        calls[0] += 1
        return does(descriptor, data[: len(data) // 2] if calls[0] >= nth else data)

    return written


FULL: dict[str, tuple[Any, str, Callable[..., Any], int]] = {
    "flushing": (os, "fsync", full, 40),
    "marking": (os, "write", full, 15),
    "marking by half": (os, "write", half, 15),
    "pieces": (pq.ParquetWriter, "write_batch", full, 12),
}


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize("kind", some_of(tuple(FULL), 2))
def test_the_disk_is_full(outages: Outages, typed: Typing, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A disk that fills at any moment ends the run with a sentence that says so; steps are whole, and resumed later."""
    where, name, becomes, most = FULL[kind]
    dice = random.Random(f"{kind}{SOAK_SEED}")  # noqa: S311  # the same each time
    for nth in sorted({1, *(dice.randint(2, most) for _ in range(FULL_AT))}):
        outages.stage.reset()
        with monkeypatch.context() as patched:
            patched.setattr(where, name, becomes(getattr(where, name), nth))
            output = resync(outages, typed)
        fails_clearly(output, "no disk left for staging")
        resume_to_end(outages, typed)


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize(("nth", "moment"), some_of(list(product([1, 4], ["in the middle of", "before"])), 3))
def test_the_staging_folder_is_removed(
    outages: Outages, typed: Typing, monkeypatch: pytest.MonkeyPatch, nth: int, moment: str
) -> None:
    """Where the staging folder is removed, the step under way is rolled back; a new resync ends in the same target."""
    assert isinstance(outages.stage, EmbeddedStage)
    staging, begun = outages.stage.staging, [0]

    def before(_: Server) -> None:
        begun[0] += 1
        if moment == "before" and begun[0] == nth:
            # The next batch may be being staged into it meanwhile.
            shutil.rmtree(staging, ignore_errors=True)

    def after(inserts: int, _: str) -> None:
        if moment != "before" and inserts == nth:
            # The next batch may be being staged into it meanwhile.
            shutil.rmtree(staging, ignore_errors=True)

    with monkeypatch.context() as patched:
        interfere(patched, Role.SECONDARY, Interference(before_begin=before, after_insert=after))
        output = resync(outages, typed)

    fails_clearly(output, "staging folder", "Run the same command again")
    assert "syncengine resume" not in output.text
    resume_to_end(outages, typed)


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize("policy", some_of(POLICIES, 2))
def test_the_ledger_is_damaged(embedded: Embedded, typed: Typing, policy: str) -> None:
    """A bit that flipped in the marks is reported, nothing is written, and a new resync ends in the same target."""
    outages = embedded(policy)
    stage = outages.stage
    assert isinstance(stage, EmbeddedStage)
    dice = random.Random(f"{policy}{SOAK_SEED}")  # noqa: S311  # the same each time
    for _ in range(FLIPPED):
        stage.reset()
        assert died_of(outages.order(dice.randint(2, 5), "inserting"))
        (marks,) = stage.staging.rglob("steps.jsonl")
        data = bytearray(marks.read_bytes())
        at = dice.randrange(data.rindex(b"\n", 0, len(data) - 1))
        data[at] ^= 1 << dice.randrange(7)
        marks.write_bytes(data)
        before = stage.target()

        output = typed("resume", "--pair", stage.pair_file)

        fails_clearly(output, "damaged")
        assert stage.target() == before
        again = resync(outages, typed, policy)
        assert again.code == 0, again.text
        assert stage.target() == outages.expected.after


@pytest.mark.sampled
@pytest.mark.parametrize("damage", some_of(["plan cut", "plan gone", "piece cut", "header cut"], 2))
def test_files_of_a_run_are_damaged(outages: Outages, typed: Typing, damage: str) -> None:
    """A file of a run that is cut or missing is reported in a sentence, or made again; nothing is written from it."""
    assert isinstance(outages.stage, EmbeddedStage)
    assert died_of(outages.order(3, "inserting"))
    name = {"plan": "0001.json", "header": "run.json", "piece": "*-source.parquet"}[damage.split(maxsplit=1)[0]]
    path = sorted(outages.stage.staging.rglob(name))[-1]
    if damage.endswith("gone"):
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-40])
    before = outages.stage.target()

    output = typed("resume", "--pair", outages.stage.pair_file)

    if damage == "piece cut":
        assert output.code == 0, output.text
    else:
        fails_clearly(output)
        assert outages.stage.target() == before
        assert resync(outages, typed).code == 0
    assert outages.stage.target() == outages.expected.after


@pytest.mark.soak
def test_the_clock_is_set_back(outages: Outages, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even with a clock set back, the last run is the one begun last, and is the one to resume."""
    stage = outages.stage
    assert resync(outages, typed).code == 0
    first = opened(stage.pair_file, stage.environment).run().id

    with monkeypatch.context() as patched:
        patched.setattr(machine, "now", lambda zone=None: datetime(1999, 1, 1, tzinfo=zone))
        output = typed("undo", "--yes", "--pair", stage.pair_file)
    runs = opened(stage.pair_file, stage.environment).runs()

    assert output.code in (0, 3), output.text
    assert [run.header.undoes for run in runs] == ["", first]
    assert runs[-1].state is RunState.DONE
    assert stage.target() == outages.expected.before


@pytest.mark.soak
@pytest.mark.postgresql
def test_a_table_is_dropped_in_the_middle(staged: Made, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table dropped during a run is reported; steps done before it stay, and the rest is whole."""
    stage = staged("postgresql")
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    outages, begun = Outages(stage, stage.expected("replace")), [0]

    def dropped(_: Server) -> None:
        begun[0] += 1
        if begun[0] == 3:
            stage.live.run("ALTER TABLE hagent RENAME TO elsewhere")

    with monkeypatch.context() as patched:
        interfere(patched, Role.SECONDARY, Interference(before_begin=dropped))
        output = resync(outages, typed)

    fails_clearly(output, "hagent")
    stage.live.run("ALTER TABLE elsewhere RENAME TO hagent")
    resume_to_end(outages, typed)


def test_the_disk_is_full_after_a_commit(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step whose commit can no longer be marked counts as done, and the next resume finds that out by comparing."""
    files = build_files(
        tmp_path, primary={"hsplit": half_hours()}, secondary={"hsplit": half_hours(acdcalls=1, incomplete=1)}
    )
    mark = RunFolder.mark

    def mark_until_committed(run: RunFolder, what: str, **entry: object) -> None:
        if entry.get("state") is BatchState.DONE:
            monkeypatch.setattr(os, "write", full(os.write, 1))
        mark(run, what, **entry)

    with monkeypatch.context() as patched:
        patched.setattr(RunFolder, "mark", mark_until_committed)
        output = typed("resync", "--pair", files.pair_file, "-w", "2000-06-05 05:13..05:19", "-t", "hsplit", "--yes")
    monkeypatch.undo()
    cut_short = files.open().runs()[-1]
    resumed = typed("resume", "--pair", files.pair_file)

    assert output.code == 1
    assert "1 of 1 step done" in output.text
    assert "no disk" in output.text
    assert [batch.state for batch in cut_short.batches] == [BatchState.OPEN]
    assert resumed.code == 0, resumed.text
    assert [batch.state for batch in files.open().runs()[-1].batches] == [BatchState.DONE]
    assert files.bag("secondary", "hsplit", "starttime = 500") == files.bag("primary", "hsplit", "starttime = 500")
