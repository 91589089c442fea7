"""The disk that loses what is not flushed: what was flushed survives, and each thing that was not is sometimes lost."""

from __future__ import annotations

import os
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncengine.model.errors import OccupiedError
from syncengine.staging import durable
from syncengine.staging.durable import opened
from syncengine.staging.pair_lock import pair_locked
from tests.world.disk import SimulatedDisk

NAMES = ("a", "b", "c")
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(("write", "flush", "rename", "unlink", "flush_folder")), st.sampled_from(NAMES)),
    max_size=14,
)


class DiedError(BaseException):
    """The process is dead."""


def content(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def outcomes(do: object, before: bytes = b"") -> set[bytes | None]:
    """Return what a file may be after an operation and a stop, over many seeds; None where it is gone."""
    assert callable(do)
    found: set[bytes | None] = set()
    for seed in range(60):
        with TemporaryDirectory() as name:
            path = Path(name) / "file"
            path.write_bytes(before)
            disk = SimulatedDisk()
            do(disk, path)
            disk.stop(random.Random(seed))  # the same each time
            found.add(path.read_bytes() if path.exists() else None)
    return found


@given(OPERATIONS, st.integers(0, 1000))
def test_what_was_flushed_survives(operations: list[tuple[str, str]], seed: int) -> None:
    """A file whose content and name were flushed, and to which nothing was done since, is as it was."""
    with TemporaryDirectory() as name:
        folder, disk, safe = Path(name), SimulatedDisk(), dict[str, bytes]()
        flushed: dict[str, bytes] = {}
        for number, (operation, at) in enumerate(operations):
            path, to = folder / at, folder / NAMES[(NAMES.index(at) + 1) % len(NAMES)]
            if operation == "write":
                descriptor = disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                disk.write(descriptor, b"%d;" % number)
                disk.close(descriptor)
                flushed.pop(at, None)
                safe.pop(at, None)
            elif operation == "flush_folder":
                disk.flush_folder(folder)
                safe = dict(flushed)
            elif not path.exists():
                continue
            elif operation == "flush":
                descriptor = disk.open(path, os.O_WRONLY)
                disk.flush(descriptor)
                disk.close(descriptor)
                flushed[at] = path.read_bytes()
            else:
                for gone in (at, to.name) if operation == "rename" else (at,):
                    safe.pop(gone, None)
                if operation == "unlink":
                    disk.unlink(path)
                    flushed.pop(at, None)
                else:
                    disk.rename(path, to)
                    flushed.pop(to.name, None)
                    if at in flushed:
                        flushed[to.name] = flushed.pop(at)
        disk.stop(random.Random(seed))  # the same each time
        left = content(folder)
        assert {at: left.get(at) for at in safe} == safe
        # A second stop loses nothing more.
        disk.restart()
        disk.stop(random.Random(seed))  # the same each time
        assert content(folder) == left


def test_an_append_may_be_lost_cut_zero_or_there() -> None:
    """What was appended and not flushed is any of these; what was there before it stays."""

    def append(disk: SimulatedDisk, path: Path) -> None:
        descriptor = disk.open(path, os.O_WRONLY | os.O_APPEND)
        disk.write(descriptor, b"56")

    assert outcomes(append, b"1234") == {b"1234", b"12345", b"123456", b"1234\0\0"}


def test_a_write_in_place_and_a_cut_may_be_lost() -> None:
    """So may these: the file is as before or as after, or in between."""

    def write(disk: SimulatedDisk, path: Path) -> None:
        disk.write_at(disk.open(path, os.O_WRONLY), b"ab", 1)

    def cut(disk: SimulatedDisk, path: Path) -> None:
        disk.truncate(disk.open(path, os.O_WRONLY), 1)

    assert outcomes(write, b"1234") == {b"1234", b"1a34", b"1ab4", b"1\0\x004"}
    assert outcomes(cut, b"1234") == {b"1234", b"1"}


def test_a_removal_may_be_lost() -> None:
    """Until its folder is flushed."""

    def remove(disk: SimulatedDisk, path: Path) -> None:
        disk.unlink(path)

    def remove_durably(disk: SimulatedDisk, path: Path) -> None:
        disk.unlink(path)
        disk.flush_folder(path.parent)

    assert outcomes(remove, b"1") == {b"1", None}
    assert outcomes(remove_durably, b"1") == {None}


def test_a_name_without_its_content() -> None:
    """A file that was renamed into place but never flushed may be empty there."""

    def replace(disk: SimulatedDisk, path: Path) -> None:
        part = path.with_name("part")
        descriptor = disk.open(part, os.O_WRONLY | os.O_CREAT)
        disk.write(descriptor, b"new")
        disk.rename(part, path)

    assert outcomes(replace, b"old") >= {b"old", b"", b"new"}


def test_a_folder_may_be_lost_with_all_in_it_and_come_back_under_its_name() -> None:
    """A folder that was made or renamed, and not flushed, is or is not; its flushed files are whole wherever it is."""
    made: set[tuple[str, ...]] = set()
    for seed in range(40):
        with TemporaryDirectory() as name:
            folder, disk = Path(name), SimulatedDisk()
            (folder / "old").mkdir()
            (folder / "old" / "file").write_bytes(b"1")
            disk.rename(folder / "old", folder / "new")
            disk.make_folder(folder / "other")
            disk.stop(random.Random(seed))  # the same each time
            there = tuple(sorted(path.name for path in folder.iterdir()))
            made.add(there)
            assert (folder / there[0] / "file").read_bytes() == b"1"

    assert made == {("old",), ("new",), ("old", "other"), ("new", "other")}


def test_a_dead_process_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its death each operation raises the same error and has no effect; its lock is free for the next process."""
    disk = SimulatedDisk()
    monkeypatch.setattr(durable, "disk", disk)

    def before(operation: str, path: Path) -> None:
        if operation == "write" and path.name == "file":
            raise DiedError

    def work() -> None:
        with pair_locked(tmp_path), opened(tmp_path / "file", os.O_WRONLY | os.O_CREAT) as descriptor:
            disk.write(descriptor, b"1")

    disk.before = before
    with pytest.raises(DiedError) as died:
        work()
    with pytest.raises(DiedError) as again:
        durable.write_whole(tmp_path / "other", "text")
    assert again.value is died.value
    assert not (tmp_path / "other").exists()
    assert (tmp_path / "file").read_bytes() == b""
    disk.restart()
    with pair_locked(tmp_path), pytest.raises(OccupiedError), pair_locked(tmp_path):
        pass


def test_an_error_of_the_operating_system_is_no_death(tmp_path: Path) -> None:
    """A full disk refuses one operation; the next one works."""
    full = [OSError(28, "No space left on device")]

    def before(operation: str, path: Path) -> None:
        del operation, path
        if full:
            raise full.pop()

    disk = SimulatedDisk(before)
    with pytest.raises(OSError, match="No space"):
        disk.make_folder(tmp_path / "new")
    disk.make_folder(tmp_path / "new")

    assert (tmp_path / "new").is_dir()
    assert disk.operations == 2
