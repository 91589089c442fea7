"""The memory of a pair: which closed days were equal, so that the next verify need not read them again.

It only ever spares work. Whatever is wrong with its file, nothing is remembered, and everything is read.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from threading import RLock
from typing import Any, Self, TypeVar

from syncengine.model.errors import StagingError
from syncengine.model.facts import ClockReset
from syncengine.model.remembered_days import EqualDay, Learnt, Recalled
from syncengine.staging.pair_lock import holder_of

FILE = "verdicts.sqlite3"
VERSION = 1
"""Of the file. What was remembered under another one is not looked at."""
WAIT_SECONDS = 10.0
"""How long to wait for another process that writes to the file."""
SCHEMA = """
CREATE TABLE tables (name TEXT PRIMARY KEY, environment TEXT NOT NULL, resets TEXT NOT NULL, mark TEXT NOT NULL);
CREATE TABLE days (
    name TEXT NOT NULL, acd TEXT NOT NULL, day TEXT NOT NULL, at TEXT NOT NULL, seed TEXT NOT NULL,
    buckets INTEGER NOT NULL, rows INTEGER NOT NULL, besides TEXT NOT NULL, PRIMARY KEY (name, acd, day)
) WITHOUT ROWID;
"""
NO_ACD = ""
"""How the ACD None is kept: to SQLite, two NULLs are not the same key."""
A_RUN_IS_ON = "a run is on"
"""A mark no table has: what is compared while a run writes is not remembered."""

Writes = Iterable[tuple[str, int | None, date | None]]
T = TypeVar("T")


class _OtherVersionError(Exception):
    """The file is of another version of this program."""


class Memory:
    """What is remembered of a pair, in its staging folder; nothing is created before there is something to keep."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / FILE
        self._open: sqlite3.Connection | None = None
        self._lock = RLock()
        self.notes: list[str] = []
        """What people should know, a sentence each: a file that was damaged and set aside."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def recall(self, environment: str, table: str) -> Recalled:
        """Return what is remembered of a table, nothing where it was remembered in another environment."""
        mark = A_RUN_IS_ON if holder_of(self._folder) else ""
        found = self._tried(lambda connection: _recalled(connection, environment, table), create=False)
        if found is None:
            return Recalled(mark=mark)
        return Recalled(found.days, found.resets, mark or found.mark)

    def remember(self, environment: str, table: str, learnt: Learnt) -> None:
        """Keep what a verify has learnt of a table, unless some of the table was forgotten meanwhile."""
        if not learnt.equal and not self._file.exists():
            return
        running = bool(holder_of(self._folder))
        self._tried(lambda connection: _remember(connection, environment, table, learnt, running), create=True)

    def forget(self, writes: Writes) -> None:
        """Drop what is remembered of tables, ACDs and days that are about to be written, durable when this returns.

        The day None stands for the whole table. A verify under way does not remember these tables either.
        Raises `StagingError` where it cannot be dropped: nothing may be written then.
        """
        wanted = tuple(dict.fromkeys(writes))
        if wanted and self._tried(lambda connection: _forget(connection, wanted), create=True) is None:
            raise StagingError(
                f"What is remembered in {self._file} cannot be dropped.",
                hint="Delete that file; it only spares verifies work. Or set staging in the pair file to a folder "
                "that can be written to.",
            )

    def distrust(self, writes: Writes) -> None:
        """Drop what was found to differ, as far as that can be done; for looks that remember nothing themselves."""
        wanted = tuple(dict.fromkeys(writes))
        if wanted:
            self._tried(lambda connection: _forget(connection, wanted), create=False)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _tried(self, do: Callable[[sqlite3.Connection], T], *, create: bool) -> T | None:
        """Return what came of it, or None where the file cannot be used; one that is no good is set aside first."""
        with self._lock:
            for _ in range(2):
                try:
                    connection = self._connection(create=create)
                    return None if connection is None else do(connection)
                except (sqlite3.Error, _OtherVersionError, ValueError) as error:
                    self.close()
                    if not self._set_aside(error):
                        return None
                except OSError:
                    return None
            return None

    def _connection(self, *, create: bool) -> sqlite3.Connection | None:
        if self._open is None:
            if not self._file.exists():
                if not create:
                    return None
                self._folder.mkdir(parents=True, exist_ok=True)
            self._open = sqlite3.connect(
                self._file, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            _prepare(self._open)
        return self._open

    def _set_aside(self, error: Exception) -> bool:
        """Move a file that is damaged or of another version out of the way; False where that is not what is wrong."""
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            # Locked, not to be written to, or without room: it may be as good as ever the next time.
            return False
        aside = self._file.with_name(f"{FILE}.set-aside")
        try:
            self._file.replace(aside)
            for left in ("-wal", "-shm"):
                self._file.with_name(FILE + left).unlink(missing_ok=True)
        except OSError:
            return False
        what = "is of another version" if isinstance(error, _OtherVersionError) else "is damaged"
        self.notes.append(
            f"what was remembered of earlier verifies {what} and was set aside as {aside}: everything was read again"
        )
        return True


def _prepare(connection: sqlite3.Connection) -> None:
    """Make a file that is new ready; raises for one that is no good."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0 and not connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
        connection.execute("PRAGMA journal_mode = WAL")
        with _transaction(connection):
            # Somebody else may have made it ready meanwhile.
            if not connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
                for statement in SCHEMA.split(";")[:-1]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
    elif version != VERSION:
        raise _OtherVersionError
    # A forgotten day that came back after a power failure would be worse than none.
    connection.execute("PRAGMA synchronous = FULL")
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("it does not hold together")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _state(connection: sqlite3.Connection, table: str) -> tuple[str, str, str]:
    """Return the environment, the clock resets and the mark of a table."""
    found = connection.execute("SELECT environment, resets, mark FROM tables WHERE name = ?", (table,)).fetchone()
    return found or ("", "", "")


def _recalled(connection: sqlite3.Connection, environment: str, table: str) -> Recalled:
    kept, resets, mark = _state(connection, table)
    if kept != environment:
        return Recalled(mark=mark)
    rows = connection.execute("SELECT acd, day, at, seed, buckets, rows, besides FROM days WHERE name = ?", (table,))
    days = [_equal_day(*row) for row in rows]
    return Recalled({one.place: one for one in days}, frozenset(map(_reset, resets.split())), mark)


def _remember(connection: sqlite3.Connection, environment: str, table: str, learnt: Learnt, running: bool) -> None:
    with _transaction(connection):
        kept, _, mark = _state(connection, table)
        if kept != environment:
            connection.execute("DELETE FROM days WHERE name = ?", (table,))
        if learnt.oldest_day is not None:
            connection.execute("DELETE FROM days WHERE name = ? AND day < ?", (table, learnt.oldest_day.isoformat()))
        for acd, day in learnt.dropped:
            _drop(connection, table, acd, day)
        if mark == learnt.mark and not running:
            connection.executemany(
                "INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(table, *_row(one)) for one in learnt.equal],
            )
        if learnt.dropped:
            mark = _new_mark()
        resets = " ".join(f"{one.server}/{one.acd}/{one.day}/{one.label}" for one in sorted(learnt.resets))
        connection.execute("INSERT OR REPLACE INTO tables VALUES (?, ?, ?, ?)", (table, environment, resets, mark))


def _forget(connection: sqlite3.Connection, writes: tuple[tuple[str, int | None, date | None], ...]) -> bool:
    with _transaction(connection):
        for table in dict.fromkeys(table for table, _, _ in writes):
            environment, resets, _ = _state(connection, table)
            values = (table, environment, resets, _new_mark())
            connection.execute("INSERT OR REPLACE INTO tables VALUES (?, ?, ?, ?)", values)
        for table, acd, day in writes:
            if day is None:
                connection.execute("DELETE FROM days WHERE name = ?", (table,))
            else:
                _drop(connection, table, acd, day)
    return True


def _drop(connection: sqlite3.Connection, table: str, acd: int | None, day: date) -> None:
    """Drop a day of an ACD, and with it that of the ACDs that were not known: it may have been one of them."""
    places = (table, day.isoformat(), NO_ACD if acd is None else str(acd), NO_ACD)
    connection.execute("DELETE FROM days WHERE name = ? AND day = ? AND acd IN (?, ?)", places)


def _new_mark() -> str:
    return secrets.token_hex(8)


def _row(one: EqualDay) -> tuple[Any, ...]:
    acd = NO_ACD if one.acd is None else str(one.acd)
    besides = " ".join(map(str, one.besides))
    return (acd, one.day.isoformat(), one.at.isoformat(), str(one.seed), one.buckets, one.rows, besides)


def _equal_day(acd: str, day: str, at: str, seed: str, buckets: int, rows: int, besides: str) -> EqualDay:
    """Return what was kept; raises ValueError where it is not that."""
    return EqualDay(
        int(acd) if acd else None,
        date.fromisoformat(day),
        datetime.fromisoformat(at),
        int(seed),
        int(buckets),
        int(rows),
        tuple(int(one) for one in besides.split()),
    )


def _reset(text: str) -> ClockReset:
    """Return what was kept; raises ValueError where it is not that."""
    server, acd, day, label = text.split("/")
    return ClockReset(server, int(acd), date.fromisoformat(day), int(label))
