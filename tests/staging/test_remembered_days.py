"""The file that verdicts are remembered in: what it keeps, what it drops, and what may be wrong with it."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime
from pathlib import Path

import pytest

from syncengine.model.errors import StagingError
from syncengine.model.facts import ClockReset
from syncengine.model.remembered_days import EqualDay, VerifiedDays
from syncengine.staging.pair_lock import pair_locked
from syncengine.staging.remembered_days import FILE, Memory

AT = datetime(2026, 1, 1, 6, 10)
FIRST, SECOND = date(2000, 6, 1), date(2000, 6, 2)
RESET = ClockReset("primary", 1, FIRST, 330)


def equal(acd: int | None = 1, day: date = FIRST) -> EqualDay:
    """Return a day that was equal."""
    return EqualDay(acd, day, AT, 2**62, 48, 96, () if acd is not None else (1, 2))


def learnt(*days: EqualDay, mark: str = "", dropped: frozenset[tuple[int | None, date]] = frozenset()) -> VerifiedDays:
    """Return what a verify has learnt."""
    return VerifiedDays(days, dropped, frozenset({RESET}), mark)


def remembered(folder: Path, *days: EqualDay, table: str = "hsplit") -> Memory:
    """Return a memory of some days."""
    memory = Memory(folder)
    memory.remember("here", table, learnt(*days, mark=memory.recall("here", table).mark))
    return memory


def test_what_was_remembered_is_recalled(tmp_path: Path) -> None:
    """Days come back as they were stored, with the clock resets known then, in another process too."""
    remembered(tmp_path, equal(), equal(None, SECOND)).close()

    with Memory(tmp_path) as memory:
        recalled = memory.recall("here", "hsplit")

    assert recalled.days == {(1, FIRST): equal(), (None, SECOND): equal(None, SECOND)}
    assert recalled.resets == {RESET}
    assert memory.recall("here", "hagent").days == {}
    memory.close()


def test_nothing_is_created_before_it_is_needed(tmp_path: Path) -> None:
    """Looking, and learning nothing, leaves no folder behind."""
    with Memory(tmp_path / "staging") as memory:
        memory.recall("here", "hsplit")
        memory.remember("here", "hsplit", learnt())
        memory.distrust([("hsplit", 1, FIRST)])

    assert not (tmp_path / "staging").exists()


def test_another_environment_drops_the_table(tmp_path: Path) -> None:
    """Elsewhere nothing is recalled, and what is remembered there takes the place of the rest."""
    with remembered(tmp_path, equal()) as memory:
        assert memory.recall("elsewhere", "hsplit").days == {}
        memory.remember("elsewhere", "hsplit", learnt(equal(1, SECOND)))

        assert list(memory.recall("elsewhere", "hsplit").days) == [(1, SECOND)]
        assert memory.recall("here", "hsplit").days == {}


@pytest.mark.parametrize(
    ("write", "left"),
    [
        (("hsplit", 1, FIRST), [(2, FIRST), (1, SECOND), (None, SECOND)]),
        (("hsplit", None, FIRST), [(1, FIRST), (2, FIRST), (1, SECOND), (None, SECOND)]),
        (("hsplit", 1, None), []),
        (("hagent", 1, FIRST), [(1, FIRST), (2, FIRST), (None, FIRST), (1, SECOND), (None, SECOND)]),
    ],
    ids=["a day", "rows of no ACD", "a table", "another table"],
)
def test_forgetting(tmp_path: Path, write: tuple[str, int | None, date | None], left: list[object]) -> None:
    """A day is forgotten for its ACD and for ACDs not known, without a day the whole table is, and no other table."""
    days = (equal(1), equal(2), equal(None), equal(1, SECOND), equal(None, SECOND))
    with remembered(tmp_path, *days) as memory:
        memory.forget([write])

        assert set(memory.recall("here", "hsplit").days) == set(left)


def test_a_verify_under_way_does_not_remember_what_was_forgotten(tmp_path: Path) -> None:
    """What was compared before a run wrote is not remembered after it, also where there was no file yet."""
    with Memory(tmp_path) as memory, Memory(tmp_path) as of_a_run:
        before = memory.recall("here", "hsplit").mark
        of_a_run.forget([("hsplit", 1, FIRST)])
        memory.remember("here", "hsplit", learnt(equal(), mark=before))

        assert memory.recall("here", "hsplit").days == {}


def test_a_verify_under_way_does_not_remember_what_another_dropped(tmp_path: Path) -> None:
    """A day that one verify found to differ is not remembered by another that had looked before."""
    with remembered(tmp_path, equal()) as memory:
        before = memory.recall("here", "hsplit").mark
        memory.remember("here", "hsplit", learnt(mark=before, dropped=frozenset({(1, FIRST)})))
        memory.remember("here", "hsplit", learnt(equal(), mark=before))

        assert memory.recall("here", "hsplit").days == {}


@pytest.mark.parametrize("when", ["before it", "after it"])
def test_nothing_is_remembered_while_a_run_writes(tmp_path: Path, when: str) -> None:
    """A run that is on when a verify begins or ends keeps it from remembering."""
    with Memory(tmp_path) as memory:
        if when == "before it":
            with pair_locked(tmp_path):
                mark = memory.recall("here", "hsplit").mark
            memory.remember("here", "hsplit", learnt(equal(), mark=mark))
        else:
            mark = memory.recall("here", "hsplit").mark
            with pair_locked(tmp_path):
                memory.remember("here", "hsplit", learnt(equal(), mark=mark))

        assert memory.recall("here", "hsplit").days == {}


def test_what_was_found_to_differ_is_dropped(tmp_path: Path) -> None:
    """A look that remembers nothing itself still drops what it found to differ."""
    with remembered(tmp_path, equal(1), equal(2)) as memory:
        memory.distrust([("hsplit", 1, FIRST)])

        assert list(memory.recall("here", "hsplit").days) == [(2, FIRST)]


def test_days_beyond_retention_are_forgotten(tmp_path: Path) -> None:
    """Days before the oldest one that was asked about are dropped."""
    with remembered(tmp_path, equal(1, FIRST), equal(1, SECOND)) as memory:
        memory.remember("here", "hsplit", VerifiedDays((), frozenset(), frozenset(), "", SECOND))

        assert list(memory.recall("here", "hsplit").days) == [(1, SECOND)]


@pytest.mark.parametrize("damage", ["no database", "cut off", "a day that is none", "another table layout"])
def test_a_damaged_file_is_set_aside(tmp_path: Path, damage: str) -> None:
    """A damaged file counts as none and is set aside, with a note."""
    remembered(tmp_path, *(equal(acd, FIRST) for acd in range(1, 200))).close()
    file = tmp_path / FILE
    if damage == "no database":
        file.write_bytes(b"this is no database, whatever its name says" * 100)
    elif damage == "cut off":
        file.write_bytes(file.read_bytes()[:-5000])
    else:
        connection = sqlite3.connect(file)
        connection.execute("UPDATE days SET day = 'soon'" if damage == "a day that is none" else "DROP TABLE days")
        connection.commit()
        connection.close()

    with Memory(tmp_path) as memory:
        assert memory.recall("here", "hsplit").days == {}
        assert len(memory.notes) == 1
        assert f"is damaged and was set aside as {file}.set-aside" in memory.notes[0]
        memory.remember("here", "hsplit", learnt(equal()))
        assert list(memory.recall("here", "hsplit").days) == [(1, FIRST)]
    assert (tmp_path / f"{FILE}.set-aside").exists()


def test_a_file_of_another_version_is_set_aside(tmp_path: Path) -> None:
    """What another version of the program wrote is not looked at, and a run does not fail over it."""
    remembered(tmp_path, equal()).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with Memory(tmp_path) as memory:
        memory.forget([("hsplit", 1, FIRST)])
        assert "is of another version and was set aside" in memory.notes[0]
        assert memory.recall("here", "hsplit").days == {}


def test_where_there_can_be_no_folder_nothing_is_remembered(tmp_path: Path) -> None:
    """A folder that cannot be had fails no verify, only a run that must forget."""
    (tmp_path / "taken").write_text("")

    with Memory(tmp_path / "taken") as memory:
        memory.remember("here", "hsplit", learnt(equal()))
        assert memory.recall("here", "hsplit").days == {}
        memory.distrust([("hsplit", 1, FIRST)])
        with pytest.raises(StagingError, match="cannot be dropped"):
            memory.forget([("hsplit", 1, FIRST)])


def test_a_locked_file_is_waited_for_and_then_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locked for long, it fails no verify and is not set aside, but nothing is written that was not forgotten."""
    monkeypatch.setattr("syncengine.staging.remembered_days.WAIT_SECONDS", 0.05)
    remembered(tmp_path, equal()).close()
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with Memory(tmp_path) as memory:
        memory.remember("here", "hsplit", learnt(equal(2)))
        with pytest.raises(StagingError):
            memory.forget([("hsplit", 1, FIRST)])
        other.close()

        assert list(memory.recall("here", "hsplit").days) == [(1, FIRST)]
        assert memory.notes == []
