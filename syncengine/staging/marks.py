"""Marks: lines of JSON appended to a file and flushed to disk, each with a checksum, readable while a run goes on."""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from syncengine.model.errors import StagingError
from syncengine.staging.errors import staging_errors

CHECKSUM = ', "crc": "'
"""What comes before the checksum of everything before it, at the end of each line, which stays JSON."""


def append_mark(file: Path, entry: Mapping[str, object]) -> None:
    """Append one mark, durable when this returns."""
    body = json.dumps({"at": datetime.now().isoformat(timespec="seconds"), **entry}, default=str)
    line = f'{body[:-1]}{CHECKSUM}{zlib.crc32(body.encode()):08x}"}}\n'
    with staging_errors(file.parent):
        # Not created here: a run whose folder was taken away must not go on in a new one.
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND)
        try:
            before = os.fstat(descriptor).st_size
            if os.write(descriptor, line.encode()) != len(line.encode()):
                # The next mark must not stick to half of this one.
                os.ftruncate(descriptor, before)
                raise OSError(errno.ENOSPC, "the disk is full")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_marks(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the marks of a file. A last line that was cut off was never relied on, and is left out.

    Raises `StagingError` for a damaged line before it.
    """
    lines = _lines(file)
    for number, line in enumerate(lines, start=1):
        entry = _entry(line)
        if entry is not None:
            yield entry
        elif number < len(lines) or line.endswith(b"\n"):
            raise StagingError(
                f"{file} is damaged in line {number}: what that run did is not known for certain any more.",
                hint="Nothing was written. `syncengine verify` says how the pair stands; a new run mends what differs.",
            )


def legible_marks(file: Path) -> Iterator[dict[str, Any]]:
    """Yield those marks of a damaged file that can be read."""
    return (entry for entry in map(_entry, _lines(file)) if entry is not None)


def mend_tail(file: Path) -> None:
    """Take away a last line that was cut off, so that the next mark does not stick to it."""
    lines = _lines(file)
    if lines and not lines[-1].endswith(b"\n"):
        with staging_errors(file.parent):
            os.truncate(file, sum(map(len, lines[:-1])))


def _lines(file: Path) -> list[bytes]:
    with staging_errors(file.parent):
        return file.read_bytes().splitlines(keepends=True)


def _entry(line: bytes) -> dict[str, Any] | None:
    body, _, checksum = line.rstrip(b"\n").rpartition(CHECKSUM.encode())
    body += b"}"
    if not line.endswith(b"\n") or checksum != f'{zlib.crc32(body):08x}"}}'.encode():
        return None
    entry = json.loads(body)
    return entry if isinstance(entry, dict) else None
