"""Files that are there whole or not at all, whoever else writes them."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from syncengine.staging.durable import write_whole

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
