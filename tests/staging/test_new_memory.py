"""The memory of a pair is prepared once, whoever comes first."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from threading import Barrier, Thread

from syncengine.staging.remembered_days import Memory

ROUNDS, AT_ONCE = 60, 4


def test_several_processes_prepare_a_new_memory_at_once(tmp_path: Path) -> None:
    """Each can forget a day, none is refused, and none takes the file of another for one of another version."""
    notes: list[str] = []
    refused: list[Exception] = []

    def forget(folder: Path, begin: Barrier) -> None:
        begin.wait()
        try:
            with Memory(folder) as memory:
                memory.forget([("htrunk", 1, date(2000, 5, 24))])
                notes.extend(memory.notes)
        except Exception as error:  # noqa: BLE001  # in a thread: it is compared below
            refused.append(error)

    for number in range(ROUNDS):
        begin = Barrier(AT_ONCE)
        threads = [Thread(target=forget, args=(tmp_path / str(number), begin)) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert not refused
    assert not notes
    assert not list(tmp_path.glob("*/*.set-aside"))
