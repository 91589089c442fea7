"""Marks: lines of JSON appended to a file and flushed to disk, readable while a run goes on.

Each has a number, the checksum of the one before it and its own, so that one that is altered, missing, doubled or of
another run is detected; a file beside it has their count (`mark_count`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncengine import machine
from syncengine.staging import durable
from syncengine.staging.checksums import checksum
from syncengine.staging.errors import damaged, staging_errors
from syncengine.staging.mark_count import LOST as COUNT_LOST
from syncengine.staging.mark_count import MarkCount, create_count, read_count, write_count

CHECKSUM = b', "sum": "'
"""The separator before the checksum of a line, at its end; the line stays JSON."""
LOST = "it is no longer certain what that run did"


@dataclass(frozen=True, slots=True)
class _Line:
    """A mark in the file."""

    entry: dict[str, Any]
    checksum: str

    def follows(self, marks: int, last: str) -> bool:
        """Say whether it is the next after so many marks."""
        return bool(self.entry.get("n") == marks + 1 and self.entry.get("after") == last)


def create_marks(file: Path) -> None:
    """Make an empty file of marks, and its count."""
    with staging_errors(file.parent):
        durable.make_file(file)
        create_count(count_file(file), MarkCount(0, 0, _first(file)), _about(file))


def count_file(file: Path) -> Path:
    """Return the path of the count of a file of marks."""
    return file.with_suffix(".count")


def append_mark(file: Path, entry: Mapping[str, object]) -> None:
    """Append one mark, durable and counted when this returns.

    Raises `StagingError` where marks before it are damaged, as far as the end of the file shows that.
    """
    # Not created here: a run whose folder was removed must not continue in a new one.
    with staging_errors(file.parent), durable.opened(file, os.O_RDWR | os.O_APPEND) as descriptor:
        before = _with_repaired_end(file, descriptor)
        line, own = _encoded(before, entry)
        # The next mark must not be appended to half of this one.
        durable.append(descriptor, line, size=before.size)
        # From here on the mark stays, even if counting it fails: the count may have been written all the same.
        count = MarkCount(before.marks + 1, before.size + len(line), own)
        write_count(count_file(file), count, _about(file))


def read_marks(file: Path) -> tuple[dict[str, Any], ...]:
    """Return the marks of a file. A torn one beyond the count was never relied on, and is left out.

    Raises `StagingError` for any other damage.
    """
    with staging_errors(file.parent):
        # Read before and after, since marks may be made meanwhile: there are at least as many as the first count says,
        # and at most one more than the second.
        counted = read_count(count_file(file), _about(file))
        if not file.exists():
            raise damaged(file, LOST)
        data = file.read_bytes()
        most = read_count(count_file(file), _about(file)).count.marks + 1
    marks: list[dict[str, Any]] = []
    last, at = _first(file), 0
    while end := data.find(b"\n", at) + 1:
        line = _line(data[at:end])
        if line is None or not line.follows(len(marks), last):
            break
        marks.append(line.entry)
        last, at = line.checksum, end
    rest, least = data[at:], counted.count.marks
    if counted.half_written and len(marks) == least:
        raise damaged(count_file(file), COUNT_LOST)
    if len(marks) < least:
        where = f" in line {len(marks) + 1}" if rest else f": it ends after {len(marks)} of {least} marks"
        raise damaged(file, LOST, where)
    if len(marks) + bool(rest) > most or b"\n" in rest[:-1]:
        raise damaged(file, LOST, f" in line {len(marks) + 1}" if rest else f": it holds more than {most} marks")
    return tuple(marks)


def legible_marks(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the readable marks of a damaged file."""
    with staging_errors(file.parent):
        data = file.read_bytes()
    found = map(_line, data.splitlines(keepends=True))
    return (line.entry for line in found if line is not None)


def repair_end(file: Path) -> None:
    """Remove a torn last mark, or count a complete one that was not counted."""
    with staging_errors(file.parent), durable.opened(file, os.O_RDWR | os.O_APPEND) as descriptor:
        _with_repaired_end(file, descriptor)


def _with_repaired_end(file: Path, descriptor: int) -> MarkCount:
    """Return the count of a file of marks, with its end repaired after a crash: only that end is read."""
    counted = read_count(count_file(file), _about(file))
    count = counted.count
    size = os.fstat(descriptor).st_size
    if size == count.size and not counted.half_written:
        return count
    if size == count.size:
        raise damaged(count_file(file), COUNT_LOST)
    end = os.pread(descriptor, size - count.size, count.size) if size > count.size else b""
    if not end or b"\n" in end[:-1]:
        raise damaged(file, LOST, f" after line {count.marks}" if end else f": it ends before its {count.marks} marks")
    line = _line(end)
    if line is not None and line.follows(count.marks, count.last):
        count = MarkCount(count.marks + 1, size, line.checksum)
        # Whoever appended it may have been killed before this: a count must never be ahead of its marks.
        durable.disk.flush(descriptor)
        write_count(count_file(file), count, _about(file))
    elif counted.half_written:
        raise damaged(count_file(file), COUNT_LOST)
    else:
        durable.disk.truncate(descriptor, count.size)
    return count


def _encoded(before: MarkCount, entry: Mapping[str, object]) -> tuple[bytes, str]:
    """Return the line of a mark, and its checksum."""
    at = machine.now().isoformat(timespec="seconds")
    body = json.dumps({"n": before.marks + 1, "after": before.last, "at": at, **entry}, default=str)[:-1].encode()
    own = checksum(body, about="mark")
    return body + CHECKSUM + own.encode() + b'"}\n', own


def _line(line: bytes) -> _Line | None:
    """Return a line as a mark, or None where it is damaged."""
    body = line.rpartition(CHECKSUM)[0]
    own = checksum(body, about="mark")
    if line != body + CHECKSUM + own.encode() + b'"}\n':
        return None
    return _Line(json.loads(body + b"}"), own)


def _about(file: Path) -> str:
    """Return what distinguishes the marks of one run from those of another: the name of its folder."""
    return file.parent.name


def _first(file: Path) -> str:
    """Return the checksum that precedes the first mark."""
    return checksum(b"", about=_about(file))
