"""The permissions of folders and files: for this user only, with any umask.

Staged, journalled and remembered rows contain callers' numbers and agents' logins.
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
    """The settings this process was started with."""

    umask: int = -1


_PROCESS = _Process()


def set_private_umask() -> None:
    """Make all new files of this process private: ours, and those that SQLite and DuckDB make beside them."""
    _PROCESS.umask = os.umask(OTHERS)
    os.umask(_PROCESS.umask | OTHERS)


def original_umask() -> int:
    """Return the umask this process was started with, for the commands it starts; -1 where it is unchanged."""
    return _PROCESS.umask


def opener(path: str, flags: int) -> int:
    """Open a file for `open`; an existing one with other permissions gets private ones."""
    descriptor = os.open(path, flags, FILE_MODE)
    if flags & os.O_CREAT:
        try:
            if os.fstat(descriptor).st_mode & OTHERS:
                os.fchmod(descriptor, FILE_MODE)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def make_private(path: Path) -> None:
    """Remove the permissions of others from a file or folder."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)


@dataclass(frozen=True, slots=True)
class Exposure:
    """Why a folder is not private, as the end of a sentence, and what to type."""

    problem: str
    remedy: str


def exposures(folder: Path) -> Iterator[Exposure]:
    """Yield why a folder is not private; nothing for one that does not exist."""
    try:
        found = folder.lstat()
    except OSError:
        return
    if stat.S_ISLNK(found.st_mode):
        yield Exposure("is a symbolic link, which others could redirect", f"Name {folder.resolve()} itself")
        return
    user = os.geteuid()
    if found.st_uid not in (user, 0) and user:
        yield Exposure(f"belongs to {_name_of(found.st_uid)}", f"Run syncengine as {_name_of(found.st_uid)}")
    elif found.st_mode & OTHERS_WRITE:
        yield Exposure(
            "can be written to by others, who could alter what is stored there",
            f"Check that everything in it is yours, then type: chmod 700 {shlex.quote(str(folder))}",
        )


def _name_of(number: int) -> str:
    """Return the name of a user."""
    try:
        return f"user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"user {number}"
