"""The memory of a pair: which closed days were equal, so that the next verify need not read them again.

It only ever saves work. If its file is damaged, nothing is remembered and everything is read. Each record
is true by itself: a lost one, or an older file in its place, only costs reading.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from threading import RLock
from typing import Any, Self, TypeVar

from syncengine import machine
from syncengine.model.errors import StagingError
from syncengine.model.facts import ClockReset
from syncengine.model.remembered_days import EqualDay, RememberedDays, VerifiedDays
from syncengine.staging.durable import make_file, make_folder, remove_durably, rename
from syncengine.staging.pair_lock import holder_of

FILE = "verdicts.sqlite3"
VERSION = 2
"""Of the file. Files of another version are not used."""
WAIT_SECONDS = 10.0
"""How long to wait for another process that writes to the file."""
BUSY_SECONDS = 0.01
"""How long to wait between two attempts where SQLite does not wait by itself."""
SCHEMA = """
CREATE TABLE tables (
    name TEXT PRIMARY KEY, environment TEXT NOT NULL, resets TEXT NOT NULL, mark TEXT NOT NULL, checksum TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE days (
    name TEXT NOT NULL, acd TEXT NOT NULL, day TEXT NOT NULL, at TEXT NOT NULL, seed TEXT NOT NULL,
    buckets INTEGER NOT NULL, rows INTEGER NOT NULL, besides TEXT NOT NULL, version TEXT NOT NULL,
    positions TEXT NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (name, acd, day)
) WITHOUT ROWID;
"""
DAY = "acd, day, at, seed, buckets, rows, besides, version, positions"
"""The columns of a day, beside its table and checksum."""
NO_ACD = ""
"""How the ACD None is stored: to SQLite, two NULLs are not the same key."""
A_RUN_IS_ON = "a run is on"
"""A mark no table has: results of a comparison during a run are not remembered."""

Writes = Iterable[tuple[str, int | None, date | None]]
T = TypeVar("T")


class _OtherVersionError(Exception):
    """The file is of another version of this program."""


class Memory:
    """The remembered days of a pair, in its staging folder; nothing is created before there is something to store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / FILE
        self._open: sqlite3.Connection | None = None
        self._lock = RLock()
        self.notes: list[str] = []
        """Notes for people, a sentence each: a damaged file that was set aside."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def recall(self, environment: str, table: str) -> RememberedDays:
        """Return the remembered days of a table, none where they were remembered in another environment."""
        mark = A_RUN_IS_ON if holder_of(self._folder) else ""
        found = self._attempt(lambda connection: _recalled(connection, environment, table), create=False)
        if found is None:
            return RememberedDays(mark=mark)
        return RememberedDays(found.days, found.resets, mark or found.mark)

    def remember(self, environment: str, table: str, learnt: VerifiedDays) -> None:
        """Store what a verify has learnt about a table, unless some of it was forgotten meanwhile."""
        if not learnt.equal and not self._file.exists():
            return
        running = bool(holder_of(self._folder))
        self._attempt(lambda connection: _remember(connection, environment, table, learnt, running), create=True)

    def forget(self, writes: Writes) -> None:
        """Delete the remembered days of tables and ACDs that are about to be written, durable when this returns.

        The day None stands for the whole table. A verify in progress does not remember these tables either.
        Raises `StagingError` where they cannot be deleted: nothing may be written then.
        """
        wanted = tuple(dict.fromkeys(writes))
        if wanted and self._attempt(lambda connection: _forget(connection, wanted), create=True) is None:
            raise StagingError(
                f"What is remembered in {self._file} cannot be dropped.",
                hint="Delete that file: it only saves verifies some work. Or set staging in the pair file to a folder "
                "that can be written to.",
            )

    def distrust(self, writes: Writes) -> None:
        """Delete days that were found to differ, if possible; for comparisons that remember nothing themselves."""
        wanted = tuple(dict.fromkeys(writes))
        if wanted:
            self._attempt(lambda connection: _forget(connection, wanted), create=False)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _attempt(self, do: Callable[[sqlite3.Connection], T], *, create: bool) -> T | None:
        """Return the result, or None where the file cannot be used; an invalid one is set aside first."""
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
                make_folder(self._folder)
                # The log and the index that SQLite makes beside it get the permissions it has.
                make_file(self._file)
            self._open = sqlite3.connect(
                self._file, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            _prepare(self._open)
        return self._open

    def _set_aside(self, error: Exception) -> bool:
        """Rename a file that is damaged or of another version; False where that is not the fault."""
        # For invalid text the module raises its own error, without a code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR:
            # Locked, read-only, or without room: it may work the next time.
            return False
        aside = self._file.with_name(f"{FILE}.set-aside")
        try:
            # First: a log that is there again after the machine stops must not be that of the next file.
            remove_durably(self._folder, (self._file.with_name(FILE + suffix) for suffix in ("-wal", "-shm")))
            rename(self._file, aside)
        except OSError:
            return False
        what = "is of another version" if isinstance(error, _OtherVersionError) else "is damaged"
        self.notes.append(
            f"what was remembered of earlier verifies {what} and was set aside as {aside}: everything was read again"
        )
        return True


def _prepare(connection: sqlite3.Connection) -> None:
    """Prepare a new file; raises for an invalid one."""
    with _transaction(connection, "DEFERRED"):
        # Both as of one moment: a file that another process is preparing is not one of another version.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (objects,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if version == 0 and not objects:
        _use_log(connection)
        with _transaction(connection):
            # Another process may have prepared it meanwhile.
            if not connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
                for statement in SCHEMA.split(";")[:-1]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
    elif version != VERSION:
        raise _OtherVersionError
    # A forgotten day must not return after a power failure.
    connection.execute("PRAGMA synchronous = FULL")
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("it is inconsistent")
    _check_records(connection)


def _use_log(connection: sqlite3.Connection) -> None:
    """Have a new file written through a log; waits for others that do the same, for which SQLite itself does not."""
    until = machine.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or machine.monotonic() > until:
                raise
            machine.sleep(BUSY_SECONDS)
        else:
            return


def _check_records(connection: sqlite3.Connection) -> None:
    """Compare every record with its checksum, which covers its table and environment too; raises for one that fails.

    All of them before any is used: a file with one damaged record is not used at all.
    """
    environments: dict[str, str] = {}
    before = ("", "", "")
    with _transaction(connection, "DEFERRED"):
        for name, *rest, checksum in connection.execute("SELECT name, environment, resets, mark, checksum FROM tables"):
            _check(checksum, _checksum(name, *rest))
            environments[name] = rest[0]
        for name, *rest, checksum in connection.execute(f"SELECT name, {DAY}, checksum FROM days"):
            _check(checksum, _checksum(environments.get(name), name, *rest))
            # A misplaced record would be read all the same, and not found when it is to be deleted.
            place = (name, rest[0], rest[1])
            if place <= before:
                raise sqlite3.DatabaseError("records are out of order")
            before = place


def _check(found: object, checksum: str) -> None:
    if found != checksum:
        raise sqlite3.DatabaseError("a record has changed")


def _checksum(*values: object) -> str:
    return hashlib.blake2b(repr(values).encode(errors="surrogatepass"), digest_size=16).hexdigest()


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
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


def _save_state(connection: sqlite3.Connection, *values: str) -> None:
    connection.execute("INSERT OR REPLACE INTO tables VALUES (?, ?, ?, ?, ?)", (*values, _checksum(*values)))


def _recalled(connection: sqlite3.Connection, environment: str, table: str) -> RememberedDays:
    saved_environment, resets, mark = _state(connection, table)
    if saved_environment != environment:
        return RememberedDays(mark=mark)
    rows = connection.execute(f"SELECT {DAY} FROM days WHERE name = ?", (table,))
    days = [_equal_day(*row) for row in rows]
    return RememberedDays({one.place: one for one in days}, frozenset(map(_reset, resets.split())), mark)


def _remember(
    connection: sqlite3.Connection, environment: str, table: str, learnt: VerifiedDays, running: bool
) -> None:
    with _transaction(connection):
        saved_environment, _, mark = _state(connection, table)
        if saved_environment != environment:
            connection.execute("DELETE FROM days WHERE name = ?", (table,))
        if learnt.oldest_day is not None:
            connection.execute("DELETE FROM days WHERE name = ? AND day < ?", (table, learnt.oldest_day.isoformat()))
        for acd, day in learnt.dropped:
            _drop(connection, table, acd, day)
        if mark == learnt.mark and not running:
            rows = [(table, *_row(one)) for one in learnt.equal]
            connection.executemany(
                f"INSERT OR REPLACE INTO days VALUES ({', '.join('?' * 11)})",
                [(*row, _checksum(environment, *row)) for row in rows],
            )
        if learnt.dropped:
            mark = _new_mark()
        resets = " ".join(f"{one.server}/{one.acd}/{one.day}/{one.label}" for one in sorted(learnt.resets))
        _save_state(connection, table, environment, resets, mark)


def _forget(connection: sqlite3.Connection, writes: tuple[tuple[str, int | None, date | None], ...]) -> bool:
    with _transaction(connection):
        for table in dict.fromkeys(table for table, _, _ in writes):
            environment, resets, _ = _state(connection, table)
            _save_state(connection, table, environment, resets, _new_mark())
        for table, acd, day in writes:
            if day is None:
                connection.execute("DELETE FROM days WHERE name = ?", (table,))
            else:
                _drop(connection, table, acd, day)
    return True


def _drop(connection: sqlite3.Connection, table: str, acd: int | None, day: date) -> None:
    """Delete a day of an ACD, and with it that of unknown ACDs: it may have been one of them."""
    places = (table, day.isoformat(), NO_ACD if acd is None else str(acd), NO_ACD)
    connection.execute("DELETE FROM days WHERE name = ? AND day = ? AND acd IN (?, ?)", places)


def _new_mark() -> str:
    return machine.token(8)


def _row(one: EqualDay) -> tuple[Any, ...]:
    acd = NO_ACD if one.acd is None else str(one.acd)
    besides, positions = (" ".join(map(str, numbers)) for numbers in (one.known_acds, one.positions))
    day, at, seed = one.day.isoformat(), one.at.isoformat(), str(one.seed)
    return (acd, day, at, seed, one.buckets, one.rows, besides, one.version, positions)


def _equal_day(
    acd: str, day: str, at: str, seed: str, buckets: int, rows: int, besides: str, version: str, positions: str
) -> EqualDay:
    """Return the stored value; raises ValueError for an invalid one."""
    return EqualDay(
        int(acd) if acd else None,
        date.fromisoformat(day),
        datetime.fromisoformat(at),
        int(seed),
        int(buckets),
        int(rows),
        tuple(int(one) for one in besides.split()),
        version,
        tuple(int(one) for one in positions.split()),
    )


def _reset(text: str) -> ClockReset:
    """Return the stored value; raises ValueError for an invalid one."""
    server, acd, day, label = text.split("/")
    return ClockReset(server, int(acd), date.fromisoformat(day), int(label))
