"""How many marks a file of marks has: stored beside it, so that marks lost from its end are noticed.

A mark is counted after it is flushed to disk, and what it announces is done after it is counted. So whenever a process
is killed or a machine stops, the count is at most one behind the marks and never ahead of them:

    append the mark   killed here: half a mark, zeros or nothing beyond the count; it was never relied on
    flush             killed here: a whole mark beyond the count; it counts, though nothing was done by it yet
    count, flush      killed here: the count of before, or the new one
do what it announces

What is beyond the count is therefore the last mark at most, and may be torn. Anything else is damage: a mark within the
count that does not fit, fewer marks than were counted, or more than one beyond it.

The count is written in place, in turn into two slots of a disk's sector each: while one is written the other stands.
A damaged slot is one that was being written, so that the mark it was to count is there, complete;
where it is not, the count is damaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from syncengine.staging.checksums import checksum
from syncengine.staging.durable import overwrite, write_whole
from syncengine.staging.errors import damaged

SECTOR = 512
SLOTS = 2
UNUSED = b"\n".rjust(SECTOR)
LOST = "it is no longer known whether all marks of that run are there"


@dataclass(frozen=True, slots=True)
class MarkCount:
    """The marks that are known to be on disk: how many, how many bytes, and the checksum of the last."""

    marks: int
    size: int
    last: str


@dataclass(frozen=True, slots=True)
class CountState:
    """The content of a count file."""

    count: MarkCount
    """The last complete count."""
    half_written: bool
    """The next count was being written: its mark is on disk."""


def create_count(file: Path, count: MarkCount, about: str) -> None:
    """Make the file of a count in its final size: later writes in place need no room."""
    slots = [UNUSED] * SLOTS
    slots[count.marks % SLOTS] = _slot(count, about)
    write_whole(file, b"".join(slots).decode())


def write_count(file: Path, count: MarkCount, about: str) -> None:
    """Write a count in place of the one before the last, durable when this returns."""
    overwrite(file, _slot(count, about), count.marks % SLOTS * SECTOR)


def read_count(file: Path, about: str) -> CountState:
    """Return the content of a count file; raises `StagingError` where it has no complete count."""
    if not file.exists():
        raise damaged(file, LOST)
    data = file.read_bytes()
    slots = {slot: _count(slot, about) for slot in (data[at * SECTOR : (at + 1) * SECTOR] for at in range(SLOTS))}
    counts = [count for count in slots.values() if count is not None]
    if not counts:
        raise damaged(file, LOST)
    half_written = any(count is None and slot != UNUSED for slot, count in slots.items())
    return CountState(max(counts, key=lambda count: count.marks), half_written)


def _slot(count: MarkCount, about: str) -> bytes:
    body = f"{count.marks} marks, {count.size} bytes, the last {count.last}"
    return f"{body}, checksum {checksum(body.encode(), about=about)}\n".encode().rjust(SECTOR)


def _count(slot: bytes, about: str) -> MarkCount | None:
    words = slot.split()
    try:
        count = MarkCount(int(words[0]), int(words[2]), words[6].removesuffix(b",").decode())
    except (IndexError, ValueError):
        return None
    return count if slot == _slot(count, about) else None
