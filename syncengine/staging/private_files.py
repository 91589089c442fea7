"""The one place that makes folders and files: for this user alone, whatever the umask.

What is staged, journalled and remembered holds callers' numbers and agents' logins.
"""

from __future__ import annotations

import os
import pwd
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600
OTHERS = 0o077
"""The permissions of everybody else."""
OTHERS_WRITE = 0o022


@dataclass(slots=True)
class _Process:
    """What this process was started with."""

    umask: int = -1


_PROCESS = _Process()


def set_private_umask() -> None:
    """Let no file that this process makes be for others: neither ours, nor those that SQLite and DuckDB make beside."""
    _PROCESS.umask = os.umask(OTHERS)
    os.umask(_PROCESS.umask | OTHERS)


def original_umask() -> int:
    """Return the umask of whoever started this process, for the commands it starts; -1 where it still holds."""
    return _PROCESS.umask


def make_folder(folder: Path, *, fresh: bool = False) -> tuple[Path, ...]:
    """Make a folder and those above it that are missing, and return them, the topmost last.

    Raises `FileExistsError` for a `fresh` one that is there.
    """
    missing = tuple(one for one in (folder, *folder.parents) if not one.exists())
    for one in reversed(missing):
        one.mkdir(FOLDER_MODE, exist_ok=not (fresh and one == folder))
    if fresh and not missing:
        folder.mkdir(FOLDER_MODE)
    return missing


def opener(path: str, flags: int) -> int:
    """Open a file as `open` has it opened; one that was left with other permissions gets these."""
    descriptor = os.open(path, flags, FILE_MODE)
    if flags & os.O_CREAT:
        try:
            if os.fstat(descriptor).st_mode & OTHERS:
                os.fchmod(descriptor, FILE_MODE)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def make_file(path: Path) -> None:
    """Make an empty file where there is none, for a library that would make it for everybody."""
    os.close(opener(str(path), os.O_RDWR | os.O_CREAT))


def make_private(path: Path) -> None:
    """Take from a file or folder what others may do with it."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is wrong with a folder for what is private: how its sentence ends, and what to type."""

    problem: str
    remedy: str


def exposures(folder: Path) -> Iterator[Exposure]:
    """Yield what keeps a folder from being private; nothing for one that is not there."""
    try:
        found = folder.lstat()
    except OSError:
        return
    if stat.S_ISLNK(found.st_mode):
        yield Exposure("is a symbolic link, and others may lead it elsewhere", f"Name {folder.resolve()} itself")
        return
    user = os.geteuid()
    if found.st_uid not in (user, 0) and user:
        yield Exposure(f"belongs to {_name_of(found.st_uid)}", f"Run syncengine as {_name_of(found.st_uid)}")
    elif found.st_mode & OTHERS_WRITE:
        yield Exposure(
            "can be written to by others, who could alter what is kept there",
            f"Look whether all in it is yours, then type: chmod 700 {shlex.quote(str(folder))}",
        )


def _name_of(number: int) -> str:
    """Return the name of a user."""
    try:
        return f"user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"user {number}"
