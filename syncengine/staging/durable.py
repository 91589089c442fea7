"""The one place that writes, renames, removes and flushes our files: complete or not at all, whenever it stops.

All of it goes through `disk`, so that a test which puts another one there sees, refuses or loses every operation.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from syncengine.staging.errors import staging_errors
from syncengine.staging.private_files import FOLDER_MODE, opener

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

BUFFER = 1 << 18
"""Bytes of a new file that are written at once."""


class Disk:
    """What can be done to a disk: each is one operation of the operating system, and raises its errors."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder for this user only."""
        folder.mkdir(FOLDER_MODE)

    def remove_folder(self, folder: Path) -> None:
        """Remove an empty folder."""
        folder.rmdir()

    def flush_folder(self, folder: Path) -> None:
        """Make durable which names a folder has."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def open(self, path: Path, flags: int) -> int:
        """Open a file with the flags of `os`, for this user only, and return its descriptor."""
        return opener(str(path), flags)

    def close(self, descriptor: int) -> None:
        """Close a file."""
        os.close(descriptor)

    def write(self, descriptor: int, data: ReadableBuffer) -> int:
        """Write at the end of what was written, and return how many bytes were."""
        return os.write(descriptor, data)

    def write_at(self, descriptor: int, data: bytes, at: int) -> int:
        """Write at a place of a file, and return how many bytes were."""
        return os.pwrite(descriptor, data, at)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(descriptor, size)

    def flush(self, descriptor: int) -> None:
        """Make a file durable, with its size."""
        os.fsync(descriptor)

    def flush_content(self, descriptor: int) -> None:
        """Make a file durable whose size has not changed, which takes half as long."""
        getattr(os, "fdatasync", os.fsync)(descriptor)

    def rename(self, path: Path, to: Path) -> None:
        """Rename a file or a folder, in place of a file that has that name."""
        path.replace(to)

    def unlink(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()


disk = Disk()
"""The disk of this process."""


class NewFile:
    """A file that is written from its beginning to its end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray()

    def write(self, data: ReadableBuffer) -> int:
        """Append some bytes."""
        view = memoryview(data).cast("B")
        self._buffer += view
        if len(self._buffer) >= BUFFER:
            self.finish()
        return len(view)

    def finish(self) -> None:
        """Write what was appended and not yet written."""
        data, self._buffer = self._buffer, bytearray()
        _write_all(self._descriptor, data)


@contextmanager
def new_file(path: Path, part: Path) -> Iterator[NewFile]:
    """Give a file `part` to write to, and rename it to `path` at the end, durable before it is visible."""
    with opened(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as descriptor:
        file = NewFile(descriptor)
        yield file
        file.finish()
        disk.flush(descriptor)
    rename(part, path)


def write_whole(path: Path, text: str) -> None:
    """Write a file beside and rename it into place, durable before it is visible."""
    # Two processes may write the same file at once: the last one counts, and neither mixes with the other.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with staging_errors(path.parent), new_file(path, part) as file:
        file.write(text.encode())


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """Give the descriptor of an open file."""
    descriptor = disk.open(path, flags)
    try:
        yield descriptor
    finally:
        disk.close(descriptor)


def append(descriptor: int, data: bytes, *, size: int) -> None:
    """Append to a file of a size, durable when this returns; cut it to that size where that fails."""
    try:
        _write_all(descriptor, data)
        disk.flush(descriptor)
    except OSError:
        with suppress(OSError):
            disk.truncate(descriptor, size)
        raise


def overwrite(path: Path, data: bytes, at: int) -> None:
    """Write over bytes that a file has, durable when this returns."""
    with opened(path, os.O_WRONLY) as descriptor:
        if disk.write_at(descriptor, data, at) != len(data):
            raise OSError(errno.ENOSPC, "the disk is full")
        # Neither its length nor its name changes.
        disk.flush_content(descriptor)


def make_folder(folder: Path, *, fresh: bool = False, lasting: bool = True) -> tuple[Path, ...]:
    """Make a folder and those above it that are missing, durably, and return them, the topmost last.

    One that is not `lasting` may be gone after the machine stops. Raises `FileExistsError` for a `fresh` one that is
    there.
    """
    missing = tuple(one for one in (folder, *folder.parents) if not one.exists())
    for one in reversed(missing):
        try:
            disk.make_folder(one)
        except FileExistsError:
            # Another process made it meanwhile.
            if (fresh and one == folder) or not one.is_dir():
                raise
        if lasting or one != folder:
            disk.flush_folder(one.parent)
    if fresh and not missing:
        disk.make_folder(folder)
    return missing


def make_file(path: Path) -> None:
    """Make an empty private file where there is none, for a library that would make it readable by others."""
    disk.close(disk.open(path, os.O_RDWR | os.O_CREAT))


def rename(path: Path, to: Path) -> None:
    """Rename a file or a folder, durable when this returns."""
    disk.rename(path, to)
    for folder in dict.fromkeys((to.parent, path.parent)):
        disk.flush_folder(folder)


def remove(path: Path) -> None:
    """Remove a file, if it is there; it may be there again after the machine stops."""
    with suppress(FileNotFoundError):
        disk.unlink(path)


def remove_durably(folder: Path, paths: Iterable[Path]) -> None:
    """Remove files of a folder, those that are there, durable when this returns."""
    for path in paths:
        remove(path)
    # Even where none was there: whoever removed them may have been killed before this.
    if folder.exists():
        disk.flush_folder(folder)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it; a part of it may be there again after the machine stops."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            remove_tree(path)
        else:
            remove(path)
    disk.remove_folder(folder)


def _write_all(descriptor: int, data: ReadableBuffer) -> None:
    if len(view := memoryview(data)) and disk.write(descriptor, view) != len(view):
        raise OSError(errno.ENOSPC, "the disk is full")
