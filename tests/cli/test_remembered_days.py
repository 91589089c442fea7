"""A verify beside a memory that was damaged, or is an older one: a day that differs is DRIFT, and never IN SYNC."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from syncengine.staging.remembered_days import FILE
from tests.builders import Files, settings_of
from tests.cli.terminal import CommandResult, Typing
from tests.examples import SOAKING
from tests.observe.test_remembered_verdicts import CLOSED, built

Verify = Callable[[], CommandResult]
DIFFERS, NEIGHBOUR = CLOSED[0], CLOSED[1]
"""Two days of which the dates as text are a bit apart."""


@pytest.fixture(autouse=True)
def _small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no days along for being small."""
    monkeypatch.setattr("syncengine.observe.remembered_days.QUERY_ROWS", 1)


@pytest.fixture
def verify(tmp_path: Path, typed: Typing) -> Verify:
    """Return what verifies one ACD of a pair."""
    return lambda: typed("verify", "--pair", tmp_path / "pair.toml", "--table", "htrunk", "--acd", "1")


def memory_of(files: Files) -> Path:
    """Return the file that days are remembered in."""
    return settings_of(files.pair_file).staging / FILE


def replace_file(file: Path, content: bytes | None) -> None:
    """Put another file in its place, or none."""
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        file.with_name(name).unlink(missing_ok=True)
    if content is not None:
        file.write_bytes(content)


def with_one_difference(files: Files, verify: Verify) -> bytes:
    """Have one day differ and the others remembered, and return the memory."""
    files.run("secondary", "UPDATE htrunk SET incalls = 6 WHERE row_date = ?", [DIFFERS])
    assert verify().code == 3
    result = verify()
    assert result.code == 3
    assert "remembered as equal" in result.out
    return memory_of(files).read_bytes()


def test_a_flipped_bit_in_a_record_hides_no_difference(tmp_path: Path, verify: Verify) -> None:
    """The date of a remembered day that becomes, by one bit, that of a day that differs: DRIFT, and what was done."""
    files = built(tmp_path)
    content = with_one_difference(files, verify)
    at = content.rindex(f"{NEIGHBOUR}".encode())
    altered = content[:at] + f"{DIFFERS}".encode() + content[at + 10 :]
    assert sum((one ^ other).bit_count() for one, other in zip(content, altered, strict=True)) == 1
    replace_file(memory_of(files), altered)

    result = verify()

    assert result.code == 3
    assert "DRIFT" in result.out
    assert "is damaged and was set aside" in " ".join(result.out.split())
    assert "remembered as equal" not in result.out


@pytest.mark.sampled
def test_no_altered_record_hides_a_difference(tmp_path: Path, verify: Verify) -> None:
    """Whichever record is taken for one of the day that differs, the verdict is DRIFT."""
    files = built(tmp_path)
    content, file = with_one_difference(files, verify), memory_of(files)
    with sqlite3.connect(file) as connection:
        places = connection.execute("SELECT acd, day FROM days ORDER BY day, acd").fetchall()
    connection.close()
    assert len(places) >= len(CLOSED) - 1
    for acd, day in places if SOAKING else places[::6]:
        replace_file(file, content)
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE days SET day = ? WHERE (acd, day) = (?, ?)", (f"{DIFFERS}", acd, day))
        connection.close()
        assert verify().code == 3, (acd, day)


@pytest.mark.sampled
def test_no_damaged_file_hides_a_difference(tmp_path: Path, verify: Verify) -> None:
    """Cut, zeroed or missing, the file has days read, and the verdict is DRIFT."""
    files = built(tmp_path)
    content, file = with_one_difference(files, verify), memory_of(files)
    cuts = range(0, len(content), 512) if SOAKING else [len(content) // 2]
    damaged = [None, bytes(len(content)), *(content[:at] for at in cuts)]
    damaged += [content[:at] + bytes(len(content) - at) for at in cuts]
    for one in damaged:
        replace_file(file, one)
        assert verify().code == 3, one and len(one)


def test_an_older_memory_hides_no_difference(tmp_path: Path, verify: Verify) -> None:
    """A memory restored from before a row was changed: the day is no longer of the version that was equal."""
    files = built(tmp_path)
    assert verify().code == 0
    file = memory_of(files)
    older = file.read_bytes()
    files.run("secondary", "UPDATE htrunk SET incalls = 6 WHERE row_date = ?", [DIFFERS])
    assert verify().code == 3

    replace_file(file, older)

    assert verify().code == 3


@pytest.mark.soak
def test_a_memory_from_before_a_run_hides_nothing_of_it(tmp_path: Path, typed: Typing, verify: Verify) -> None:
    """A memory restored from before a run that wrote a day, and an undo of it, does not call that day equal."""
    files = built(tmp_path)
    assert verify().code == 0
    file = memory_of(files)
    older = file.read_bytes()
    files.run("primary", "UPDATE htrunk SET incalls = 6 WHERE row_date = ?", [DIFFERS])
    resync = ("resync", "--pair", files.pair_file, "--from", "primary", "--window", f"{DIFFERS}", "--table", "htrunk")
    assert typed(*resync, "--yes").code == 0
    assert verify().code == 0
    replace_file(file, older)
    assert typed("undo", "--pair", files.pair_file, "--yes").code == 0

    replace_file(file, older)

    assert verify().code == 3
