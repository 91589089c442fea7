"""An executor from outside: what the work is, it is handed as plain values, and the same comes of it."""

from __future__ import annotations

from pathlib import Path

from syncengine.app import open_pair
from tests.builders import build_files, half_hours
from tests.executors import Pickling


def test_a_check_is_handed_over(tmp_path: Path) -> None:
    """What a check asks of the servers and of each table of the set-up is handed over, and finds the same."""
    files = build_files(tmp_path, both={"hsplit": half_hours()})
    executor = Pickling()

    found = open_pair(files.pair_file, executor=executor).check()

    assert found == files.open().check()
    assert executor.done[:2] == ["_look_of", "_look_of"]
