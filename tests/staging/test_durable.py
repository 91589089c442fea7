"""Files that are there whole or not at all, whoever else writes them."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pyarrow as pa
import pytest

from syncengine.staging.durable import write_whole
from syncengine.staging.marks import append_mark, create_marks
from syncengine.staging.pieces import write_piece

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

    def flush(descriptor: int) -> None:
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
    if kind == "mark":
        assert [at for at, _ in flushed] == [file]
    else:
        assert [at for at, _ in flushed] == [file, folder]
        assert [name in there for _, there in flushed] == [False, True]
