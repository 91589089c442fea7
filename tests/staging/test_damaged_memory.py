"""A memory file that was damaged at rest: what is recalled was stored so, or the file is set aside with a note."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from syncengine.model.errors import StagingError
from syncengine.model.remembered_days import DayPlace, EqualDay, VerifiedDays
from syncengine.staging.remembered_days import FILE, Memory
from tests.examples import SOAK_SEED, SOAKING
from tests.staging.test_remembered_days import AT, FIRST, RESET, SECOND, remembered

TABLES = ("hsplit", "hagent")
FORGOTTEN = ("hsplit", 1, FIRST)
SAMPLE = 97
"""One in so many bytes is altered in CI, in one of its bits."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder in memory where there is one: each of many files is made durable."""
    in_memory = Path("/dev/shm")  # noqa: S108
    with TemporaryDirectory(dir=in_memory if in_memory.is_dir() else tmp_path) as found:
        yield Path(found)


def days_of(table: str) -> tuple[EqualDay, ...]:
    """Return days that differ in all their fields."""
    number = TABLES.index(table)
    places = ((1, FIRST), (1, SECOND), (None, FIRST), (2, date(1999, 12, 31)))
    return tuple(
        EqualDay(acd, day, AT, 2**60 + n, 48, 96 + n, () if acd is not None else (1, 2), f"{number}{n}" * 16, (n, 7))
        for n, (acd, day) in enumerate(places)
    )


def filled(folder: Path) -> bytes:
    """Keep days of two tables, and return the file."""
    for table in TABLES:
        remembered(folder, *days_of(table), table=table).close()
    return (folder / FILE).read_bytes()


def write_over(folder: Path, content: bytes) -> None:
    """Put a file in the place of what is there."""
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}.set-aside"):
        (folder / name).unlink(missing_ok=True)
    (folder / FILE).write_bytes(content)


def recalled(memory: Memory) -> dict[tuple[str, DayPlace], EqualDay]:
    """Return all that is recalled; what was known of clock resets must come with it."""
    found = {table: memory.recall("here", table) for table in TABLES}
    assert all(one.resets == {RESET} for one in found.values() if one.days)
    return {(table, place): day for table, one in found.items() for place, day in one.days.items()}


def check(folder: Path, what: object) -> bool:
    """Check a memory for what it must never do, and say whether all was recalled.

    It recalls what was stored, or a part of it, or nothing and says so. What is forgotten is not recalled again. What a
    verify has learnt that began before that is not stored.
    """
    whole = {(table, one.place): one for table in TABLES for one in days_of(table)}
    with Memory(folder) as memory:
        found = recalled(memory)
        assert found.items() <= whole.items(), what
        assert not (found and memory.notes), what
        gone = True
        try:
            memory.forget([FORGOTTEN])
        except StagingError:
            gone = False
        late = VerifiedDays(days_of("hsplit")[:1], frozenset(), frozenset({RESET}), "the mark of before")
        memory.remember("here", "hsplit", late)
    with Memory(folder) as memory:
        after = recalled(memory)
        assert not gone or ("hsplit", (1, FIRST)) not in after, what
        assert after.items() <= whole.items(), what
    return found == whole


def bits(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield the places of bits: all of them in a soak, and else one of each byte in so many, and some of records."""
    if SOAKING:
        yield from ((at, bit) for at in range(len(content)) for bit in range(8))
        return
    dice = random.Random(SOAK_SEED or 1)  # noqa: S311
    yield from ((at, dice.randrange(8)) for at in range(0, len(content), SAMPLE))
    for text in (b"1999-12-31", b"2000-06-01", b"2000-06-02", b"hagent", b"hsplit"):
        yield from ((content.rindex(text) + dice.randrange(len(text)), dice.randrange(8)) for _ in range(4))


@pytest.mark.sampled
def test_a_bit_that_flips(folder: Path) -> None:
    """Whichever bit of the file changes, no day comes back that was not stored, and none that was forgotten."""
    content = filled(folder)
    assert check(folder, "nothing")
    harmless = 0
    for at, bit in bits(content):
        altered = bytearray(content)
        altered[at] ^= 1 << bit
        write_over(folder, bytes(altered))
        harmless += check(folder, (at, bit))
    assert harmless


@pytest.mark.sampled
def test_a_file_that_is_cut_or_zeroed(folder: Path) -> None:
    """Cut at any point, zeroed from any point on, or missing, it recalls no more than was stored."""
    content = filled(folder)
    step = 1 if SOAKING else 509
    for at in range(0, len(content), step):
        for damaged in (content[:at], content[:at] + bytes(len(content) - at)):
            write_over(folder, damaged)
            assert not check(folder, (at, len(damaged)))
    (folder / FILE).unlink()
    assert not check(folder, "missing")


RECORDS = {
    "a day of another date": "UPDATE days SET day = '2000-06-03' WHERE day = '2000-06-02'",
    "a day of another ACD": "UPDATE days SET acd = '3' WHERE acd = '2'",
    "a day of another time": "UPDATE days SET at = '2026-01-01T06:11:00' WHERE acd = '2'",
    "a day of another seed": "UPDATE days SET seed = '7' WHERE acd = '2'",
    "other buckets": "UPDATE days SET buckets = 49 WHERE acd = '2'",
    "other rows": "UPDATE days SET rows = 97 WHERE acd = '1'",
    "other ACDs beside": "UPDATE days SET besides = '1' WHERE acd = ''",
    "another version": "UPDATE days SET version = 'x' WHERE acd = '2'",
    "other positions": "UPDATE days SET positions = '0 0' WHERE acd = '2'",
    "a day of another table": "UPDATE days SET name = 'hvdn' WHERE acd = '2' AND name = 'hagent'",
    "all days of another table": "UPDATE OR REPLACE days SET name = 'hsplit' WHERE name = 'hagent'",
    "another table": "UPDATE tables SET name = 'hvdn' WHERE name = 'hagent'",
    "another environment": "UPDATE tables SET environment = 'there'",
    "other clock resets": "UPDATE tables SET resets = ''",
    "another mark": "UPDATE tables SET mark = 'x'",
    "a table that is lost": "DELETE FROM tables WHERE name = 'hagent'",
    "a number as text": "UPDATE days SET rows = rows || 'x' WHERE acd = '2'",
    "text that is none": "UPDATE days SET version = CAST(X'ff41' AS TEXT) WHERE acd = '2'",
    "a checksum that is none": "UPDATE days SET checksum = ''",
}


@pytest.mark.parametrize("what", RECORDS)
def test_a_record_that_was_altered(tmp_path: Path, what: str) -> None:
    """One changed field of one record has the file set aside, and nothing of any table recalled."""
    filled(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE)
    assert connection.execute(RECORDS[what]).rowcount
    connection.commit()
    connection.close()

    with Memory(tmp_path) as memory:
        assert recalled(memory) == {}
        assert len(memory.notes) == 1
        assert "is damaged and was set aside" in memory.notes[0]


def test_records_out_of_order(tmp_path: Path) -> None:
    """Records that lie in another order could not be found to be dropped: the file is set aside."""
    content = bytearray(filled(tmp_path))
    page = next(
        at for at in range(0, len(content), 4096) if content[at] == 10 and content[at : at + 4096].count(b"hagent") > 1
    )
    assert int.from_bytes(content[page + 3 : page + 5]) == 2 * len(days_of("hsplit"))
    first, last = page + 8, page + 8 + 2 * (2 * len(days_of("hsplit")) - 1)
    content[first : first + 2], content[last : last + 2] = content[last : last + 2], content[first : first + 2]
    write_over(tmp_path, bytes(content))

    with Memory(tmp_path) as memory:
        assert recalled(memory) == {}
        assert len(memory.notes) == 1


def test_a_record_that_is_lost_costs_nothing_but_reading(tmp_path: Path) -> None:
    """Days that are not there any more are not recalled, and the others are."""
    filled(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("DELETE FROM days WHERE acd = '1'")
    connection.commit()
    connection.close()

    assert not check(tmp_path, "lost")
