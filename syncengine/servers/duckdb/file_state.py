"""What a DuckDB file shows from outside: which file it is, and whether anything was written to it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

HEADERS = 3 * 4096
"""Bytes of the file's header and the two of the database, which are numbered: each checkpoint writes the next."""
TAIL = 64 * 1024
"""Bytes from the end of the log, to which each commit is appended until a checkpoint removes it."""


def identity_of(path: Path) -> str:
    """Return what identifies a database file, under any path."""
    found = path.stat()
    return f"file {found.st_ino} on device {found.st_dev}"


def state_of(path: Path) -> str | None:
    """Return a value that changes with each commit, None where there is no file.

    The number of the checkpoint and the length of the log change with each commit, however coarse the clock of the
    file system is. The times distinguish an older copy restored in its place, which may reach the same numbers again.
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
