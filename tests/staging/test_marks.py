"""Marks and their count: what a crash leaves at the end is no damage, and everything else is."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from syncengine.model.errors import StagingError
from syncengine.staging.mark_count import SECTOR, SLOTS, CountState, read_count
from syncengine.staging.marks import append_mark, count_file, create_marks, read_marks, repair_end

LAST = 5
Harm = Callable[[list[bytes]], list[bytes]]


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """Make some marks, numbered."""
    file = tmp_path / "run" / "steps.jsonl"
    file.parent.mkdir()
    create_marks(file)
    for number in range(1, LAST + 1):
        append_mark(file, {"mark": "step", "step": number})
    return file


def steps(file: Path) -> list[int]:
    """Return the numbers of the marks that can be read."""
    return [mark["step"] for mark in read_marks(file)]


def lines(file: Path) -> list[bytes]:
    """Return the lines of a file."""
    return file.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("left", [b"", b"half of it", b"zeros", b"a line that does not fit\n"])
def test_what_a_crash_leaves_is_no_damage(marks: Path, left: bytes) -> None:
    """The mark that was being made is left out where it is torn, zeros or garbage, and the next takes its place."""
    count = count_file(marks).read_bytes()
    append_mark(marks, {"mark": "step", "step": LAST + 1})
    last = lines(marks)[-1]
    torn = {b"half of it": last[: len(last) // 2], b"zeros": bytes(len(last))}.get(left, left)
    marks.write_bytes(b"".join([*lines(marks)[:-1], torn]))
    count_file(marks).write_bytes(count)

    assert steps(marks) == [*range(1, LAST + 1)]
    append_mark(marks, {"mark": "step", "step": 9})
    assert steps(marks) == [*range(1, LAST + 1), 9]


def test_a_whole_mark_that_was_not_counted_yet_counts(marks: Path) -> None:
    """A mark that a crash left whole before it was counted is believed, and the next follows it."""
    count = count_file(marks).read_bytes()
    append_mark(marks, {"mark": "step", "step": LAST + 1})
    count_file(marks).write_bytes(count)

    assert steps(marks) == [*range(1, LAST + 2)]
    repair_end(marks)
    assert count_file(marks).read_bytes() != count
    append_mark(marks, {"mark": "step", "step": LAST + 2})
    assert steps(marks) == [*range(1, LAST + 3)]


def test_half_a_count_leaves_the_one_before(marks: Path) -> None:
    """A count that was being written when the machine stopped leaves the count before it, and no mark is lost."""
    data = bytearray(count_file(marks).read_bytes())
    slot = LAST % SLOTS * SECTOR
    data[slot : slot + SECTOR] = bytes(SECTOR)
    count_file(marks).write_bytes(data)

    assert steps(marks) == [*range(1, LAST + 1)]
    append_mark(marks, {"mark": "step", "step": LAST + 1})
    assert steps(marks) == [*range(1, LAST + 2)]


@pytest.mark.parametrize("newest", [True, False])
def test_a_count_that_is_damaged_stands_for_a_mark_that_must_be_there(marks: Path, newest: bool) -> None:
    """Where a count is no whole one, the mark that it was to count has to be there: else nobody knows how many were."""
    data = bytearray(count_file(marks).read_bytes())
    data[(LAST + (not newest)) % SLOTS * SECTOR + SECTOR - 3] ^= 1
    count_file(marks).write_bytes(data)
    if newest:
        marks.write_bytes(b"".join(lines(marks)[:-1]))

    with pytest.raises(StagingError, match=r"steps\.count is damaged"):
        read_marks(marks)
    with pytest.raises(StagingError, match=r"steps\.count is damaged"):
        append_mark(marks, {"mark": "step", "step": 9})


@pytest.mark.parametrize("call", ["fsync", "fdatasync"])
def test_a_flush_that_fails_leaves_marks_that_can_be_read(
    marks: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Whichever flush of a mark or of its count a disk refuses, what was made before is read, and the run goes on."""

    def refused(descriptor: int) -> None:
        del descriptor
        raise OSError(errno.EIO, "the disk does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, refused)
        with pytest.raises(StagingError):
            append_mark(marks, {"mark": "step", "step": LAST + 1})

    assert steps(marks)[:LAST] == [*range(1, LAST + 1)]
    append_mark(marks, {"mark": "step", "step": LAST + 2})
    assert steps(marks)[-1] == LAST + 2


HARMS: dict[str, Harm] = {
    "cut at a mark": lambda lines: lines[:-1],
    "cut at several": lambda lines: lines[:2],
    "empty": lambda lines: lines[:0],
    "one missing": lambda lines: [*lines[:2], *lines[3:]],
    "one doubled": lambda lines: [*lines[:2], lines[1], *lines[2:]],
    "two exchanged": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "the last doubled": lambda lines: [*lines, lines[-1], lines[-1]],
    "the first missing": lambda lines: lines[1:],
    "zeroed": lambda lines: [bytes(sum(map(len, lines)))],
    "half zeros": lambda lines: [*lines[:2], bytes(sum(map(len, lines[2:])))],
    "half of the last": lambda lines: [*lines[:-1], lines[-1][:-30]],
    "no end of line": lambda lines: [*lines[:-1], lines[-1][:-1]],
}


@pytest.mark.parametrize("harm", HARMS)
def test_marks_that_are_lost_are_missed(marks: Path, harm: str) -> None:
    """Counted marks that are cut, zeroed, missing, doubled or exchanged are reported, and no next one hides it."""
    marks.write_bytes(b"".join(HARMS[harm](lines(marks))))

    with pytest.raises(StagingError, match=r"steps\.jsonl is damaged"):
        read_marks(marks)
    with suppress(StagingError):
        append_mark(marks, {"mark": "step", "step": 9})
    with pytest.raises(StagingError, match=r"steps\.jsonl is damaged"):
        read_marks(marks)


@pytest.mark.parametrize("harm", ["gone", "empty", "zeroed", "cut", "another run's"])
def test_a_count_that_is_lost_is_missed(marks: Path, tmp_path: Path, harm: str) -> None:
    """Without a count nobody knows whether marks are missing; that of another run is none."""
    count = count_file(marks)
    if harm == "gone":
        count.unlink()
    elif harm == "another run's":
        other = tmp_path / "other" / "steps.jsonl"
        other.parent.mkdir()
        create_marks(other)
        append_mark(other, {"mark": "step", "step": 1})
        count.write_bytes(count_file(other).read_bytes())
    else:
        count.write_bytes({"empty": b"", "zeroed": bytes(SECTOR * SLOTS), "cut": count.read_bytes()[:100]}[harm])

    with pytest.raises(StagingError, match=r"steps\.count is (gone|damaged)"):
        read_marks(marks)


@pytest.mark.parametrize("torn", [b"", b"half a ma"])
def test_a_count_of_long_before_is_missed(marks: Path, torn: bytes) -> None:
    """Only the mark that was being made can be uncounted: with two beyond it the count itself is not the last one."""
    count = count_file(marks).read_bytes()
    for number in (LAST + 1, LAST + 2)[: 1 if torn else 2]:
        append_mark(marks, {"mark": "step", "step": number})
    count_file(marks).write_bytes(count)
    with marks.open("ab") as file:
        file.write(torn)

    with pytest.raises(StagingError, match=r"steps\.jsonl is damaged"):
        read_marks(marks)
    with pytest.raises(StagingError, match=r"steps\.jsonl is damaged"):
        append_mark(marks, {"mark": "step", "step": 9})


def test_marks_of_another_run_are_none(marks: Path, tmp_path: Path) -> None:
    """The marks and the count of one run do not pass for those of another."""
    other = tmp_path / "other"
    marks.parent.rename(other)

    with pytest.raises(StagingError, match="damaged"):
        read_marks(other / marks.name)


def test_marks_made_while_reading_are_not_damage(marks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many marks are made between a look at their count and one at themselves, none of them is too many."""

    def made_meanwhile(file: Path, about: str) -> CountState:
        count = read_count(file, about)
        monkeypatch.setattr("syncengine.staging.marks.read_count", read_count)
        for number in (LAST + 1, LAST + 2, LAST + 3):
            append_mark(marks, {"mark": "step", "step": number})
        return count

    monkeypatch.setattr("syncengine.staging.marks.read_count", made_meanwhile)

    assert steps(marks) == [*range(1, LAST + 4)]


def test_marks_are_read_while_they_are_made(marks: Path) -> None:
    """Who reads while a run goes on never takes it for damaged, nor misses what was there when the look began."""
    ended = threading.Event()

    def make() -> None:
        for number in range(LAST + 1, LAST + 60):
            append_mark(marks, {"mark": "step", "step": number})
        ended.set()

    maker = threading.Thread(target=make)
    maker.start()
    seen = LAST
    while not ended.is_set():
        found = steps(marks)
        assert found == [*range(1, len(found) + 1)]
        assert len(found) >= seen
        seen = len(found)
    maker.join()
    assert len(steps(marks)) == LAST + 59
