"""The lock of a pair: one run writes at a time, and others can read which."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncengine import machine
from syncengine.model.errors import OccupiedError, StagingError
from syncengine.staging import durable
from syncengine.staging.checksums import checksum
from syncengine.staging.errors import staging_errors

LOCK = "pair.lock"
UNNAMED = "another run"
"""The holder of a lock that cannot be read."""
CHECKSUM = b", checksum "
TRIES = 5
BETWEEN_TRIES = 0.1
"""Seconds: checking whether the lock is held takes it for a moment."""


@contextmanager
def pair_locked(folder: Path) -> Iterator[PairLock]:
    """Hold the lock of the pair whose staging folder this is.

    Raises `OccupiedError` that names the run which holds it.
    """
    with staging_errors(folder):
        durable.make_folder(folder)
        descriptor = durable.disk.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        if not _acquired(descriptor, folder):
            holder = _recorded_holder(descriptor)
            raise OccupiedError(
                f"Another run is writing to this pair: {holder}.",
                hint="Wait until it is done, then run again; `syncengine status` shows how far it is.",
            )
        yield PairLock(descriptor)
    finally:
        durable.disk.close(descriptor)


class PairLock:
    """The lock while it is held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def name(self, run_id: str) -> None:
        """Record the run that holds it."""
        # Not flushed: after the machine stops there is no lock.
        durable.disk.truncate(self._descriptor, 0)
        words = f"run {run_id}, process {os.getpid()} on {socket.gethostname()}"
        durable.disk.write_at(self._descriptor, _line(words), 0)


def holder_of(folder: Path) -> str:
    """Return which run holds the lock of a pair, as text, or nothing where it is free."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _recorded_holder(descriptor)
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return ""


def _acquired(descriptor: int, folder: Path) -> bool:
    for attempt in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 < TRIES:
                machine.sleep(BETWEEN_TRIES)
        except OSError as error:
            raise StagingError(
                f"The staging folder {folder} cannot be locked: {error.strerror}.",
                hint="Set staging in the pair file to a folder on a local disk.",
            ) from error
        else:
            return True
    return False


def _recorded_holder(descriptor: int) -> str:
    """Return the recorded holder of the lock."""
    line = os.pread(descriptor, 4096, 0)
    words = line.rpartition(CHECKSUM)[0].decode("utf-8", "replace")
    return words if words and line == _line(words) else UNNAMED


def _line(words: str) -> bytes:
    return words.encode() + CHECKSUM + checksum(words.encode(), about=LOCK).encode() + b"\n"
