"""Files that are there whole or not at all, whoever else writes them."""

from __future__ import annotations

import multiprocessing
import os
import random
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from syncengine.model.run import RunHeader, RunKind
from syncengine.staging import durable
from syncengine.staging.durable import write_whole
from syncengine.staging.last_synced import FOLDER, LastSynced
from syncengine.staging.ledger import Ledger
from syncengine.staging.marks import append_mark, create_marks, read_marks, repair_end
from syncengine.staging.pieces import write_piece
from syncengine.staging.run_folder import RunFolder
from tests.world.disk import SimulatedDisk, no_fault

TIMES = 100


def write_often(path: Path, letter: str) -> None:
    """Write a file of one letter again and again."""
    for _ in range(TIMES):
        write_whole(path, letter * 20_000)


def test_two_processes_write_one_file_without_harm(tmp_path: Path) -> None:
    """The last one counts: no file is half the one and half the other, none is lost, and nothing is left beside."""
    path = tmp_path / "synonyms.json"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_often, args=(path, letter)) for letter in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0, 0]
    assert path.read_text() in ("a" * 20_000, "b" * 20_000)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["document", "piece", "mark"])
def test_what_is_saved_is_flushed_before_it_is_relied_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A file is flushed to disk before it has its name, and its folder after that, when keeping it returns."""
    marks = tmp_path / "marks.jsonl"
    create_marks(marks)
    flushed: list[tuple[int, frozenset[str]]] = []
    sizes: list[int] = []

    def flush(descriptor: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        flushed.append((os.fstat(descriptor).st_ino, frozenset(one.name for one in tmp_path.iterdir())))

    monkeypatch.setattr(os, "fsync", flush)

    match kind:
        case "document":
            write_whole(tmp_path / "document", "text")
        case "piece":
            rows = pa.table({"acd": [1]})
            write_piece(tmp_path, "piece", pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches()))
        case _:
            append_mark(marks, {"mark": "step"})

    name = {"document": "document", "piece": "piece.parquet", "mark": marks.name}[kind]
    file, folder = (tmp_path / name).stat().st_ino, tmp_path.stat().st_ino
    # Whole, at that moment.
    assert sizes[0] == (tmp_path / name).stat().st_size
    if kind == "mark":
        assert [at for at, _ in flushed] == [file]
    else:
        assert [at for at, _ in flushed] == [file, folder]
        assert [name in there for _, there in flushed] == [False, True]


class DiedError(BaseException):
    """The process is dead."""


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> SimulatedDisk:
    """Have this process use a disk that loses what is not flushed."""
    simulated = SimulatedDisk()
    monkeypatch.setattr(durable, "disk", simulated)
    return simulated


@pytest.mark.parametrize("seed", range(12))
def test_a_mark_is_flushed_before_a_later_process_counts_it(tmp_path: Path, disk: SimulatedDisk, seed: int) -> None:
    """A process that is killed before it flushes a mark leaves one to count, and then the machine stops."""
    marks = tmp_path / "marks.jsonl"
    create_marks(marks)
    append_mark(marks, {"mark": "one"})

    def before(operation: str, path: Path) -> None:
        if operation == "flush" and path == marks:
            raise DiedError

    disk.before = before
    with pytest.raises(DiedError):
        append_mark(marks, {"mark": "two"})
    disk.restart()
    disk.before = no_fault
    repair_end(marks)
    disk.stop(random.Random(seed))  # noqa: S311  # the same each time

    assert [one["mark"] for one in read_marks(marks)] == ["one", "two"]


@pytest.mark.parametrize("seed", range(12))
def test_a_run_that_is_being_removed_is_whole_or_gone(tmp_path: Path, disk: SimulatedDisk, seed: int) -> None:
    """Whatever part of a removal is lost as the machine stops, no damaged run is left."""
    names = [f"20000605-00000{number}-0000" for number in (1, 2)]
    for number, name in enumerate(names):
        run = RunFolder(tmp_path / "runs" / name)
        run.create(RunHeader(name, number + 1, RunKind.RESYNC, datetime(2000, 6, 5), 1, "about"))
        run.mark("begun")
        run.mark("ended", done=True, stopped="")

    ledger = Ledger(tmp_path)
    list(ledger.prune(keep_days=1, keep_mb=1000, now=datetime(2000, 9, 1)))
    disk.stop(random.Random(seed))  # noqa: S311  # the same each time

    disk.restart()
    assert [(run.id, run.problem) for run in ledger.runs()] == [(names[1], "")]


@pytest.mark.parametrize("seed", range(4))
def test_what_a_killed_process_forgot_stays_forgotten(tmp_path: Path, disk: SimulatedDisk, seed: int) -> None:
    """Rows of the last sync that a process removed and did not flush are removed durably by the next."""
    folder = tmp_path / FOLDER
    durable.make_folder(folder)
    write_whole(folder / "synonyms.json", "{}")

    def before(operation: str, path: Path) -> None:
        if operation == "flush_folder" and path == folder:
            raise DiedError

    disk.before = before
    with pytest.raises(DiedError):
        LastSynced(tmp_path).forget(["synonyms"])
    disk.restart()
    disk.before = no_fault
    LastSynced(tmp_path).forget(["synonyms"])
    disk.stop(random.Random(seed))  # noqa: S311  # the same each time

    assert list(folder.iterdir()) == []
