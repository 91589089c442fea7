"""What a DuckDB file tells from outside: which file it is, and whether anything was written to it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

HEADERS = 3 * 4096
"""That of the file and its two of the database, which are numbered: each checkpoint writes one with the next number."""
TAIL = 64 * 1024
"""Of the log, to which each commit is added until a checkpoint removes it."""


def identity_of(path: Path) -> str:
    """Return what tells a database file from another, under whatever name it is reached."""
    found = path.stat()
    return f"file {found.st_ino} on device {found.st_dev}"


def state_of(path: Path) -> str | None:
    """Return what is another after each commit, None where there is no file.

    The number of the checkpoint and the length of the log move with each commit, however coarse the clock of the
    file system is. The times tell an older copy put back in its place, which may come to the same numbers again.
    """
    log = path.with_name(f"{path.name}.wal")
    try:
        database = _state(path, first=HEADERS)
    except FileNotFoundError:
        return None
    try:
        return f"{database}, log {_state(log, last=TAIL)}"
    except FileNotFoundError:
        return f"{database}, no log"


def _state(path: Path, *, first: int = 0, last: int = 0) -> str:
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        head = file.read(first)
        file.seek(max(found.st_size - last, 0))
        digest = hashlib.blake2b(head + file.read(last), digest_size=16).hexdigest()
    return f"{found.st_size} bytes {digest} at {found.st_mtime_ns}, {found.st_ctime_ns}"
