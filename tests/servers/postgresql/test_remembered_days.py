"""Days are spared on pairs of PostgreSQL databases: never one that somebody changed, however near to the verify."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.drift import Observation
from syncengine.model.remembered_days import DaysQuery, DayVersions
from syncengine.servers.postgresql.server import PostgreSQLServer
from tests.builders import build_files
from tests.examples import SOAK_SEED, SOAKING, some_of
from tests.observe.test_remembered_verdicts import TODAY, of_day
from tests.servers.postgresql.cluster import Cluster, Database
from tests.servers.postgresql.loading import PostgreSQLFiles, copy_pair

pytestmark = pytest.mark.postgresql
DAYS = tuple(TODAY - timedelta(days=n) for n in range(1, 25))
MOMENTS = ("at once", "before the versions", "before the rows", "after a while")
SECONDS = 300.0 if SOAKING else 2.0
WRITERS = 8 if SOAKING else 4


@pytest.fixture
def pair(tmp_path: Path, running: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgreSQLFiles]:
    """Give a pair of databases that are equal, of which no days are read along for being small."""
    monkeypatch.setattr("syncengine.observe.remembered_days.QUERY_ROWS", 1)
    rows = [one for day in (*DAYS, TODAY) for one in of_day(day)]
    made = copy_pair(build_files(tmp_path / "files", ("htrunk",), both={"htrunk": rows}), running, tmp_path / "pair")
    yield made
    made.end()


def verify(pair: PostgreSQLFiles) -> Observation:
    """Verify the pair by what is remembered."""
    return pair.open().verify(tables=("htrunk",))


def differing(found: Observation) -> set[date | None]:
    """Return the days that a verify has found to differ."""
    return {drift.bucket.row_date for drift in found.tables[0].differing}


def spared(found: Observation) -> int:
    """Return how many days were not read."""
    return found.tables[0].remembered.days


CHANGES: Mapping[str, tuple[str, str]] = {
    "update": (
        "UPDATE htrunk SET incalls = incalls + 1 WHERE {row}",
        "UPDATE htrunk SET incalls = incalls - 1 WHERE {row}",
    ),
    "delete": (
        "WITH gone AS (DELETE FROM htrunk WHERE {row} RETURNING *) INSERT INTO spare SELECT * FROM gone",
        "WITH back AS (DELETE FROM spare WHERE {row} RETURNING *) INSERT INTO htrunk SELECT * FROM back",
    ),
    "insert": (
        "INSERT INTO htrunk SELECT * FROM htrunk WHERE {row}",
        "DELETE FROM htrunk WHERE {row} AND ctid = (SELECT MAX(ctid) FROM htrunk WHERE {row})",
    ),
    "delete and insert": (
        "WITH gone AS (DELETE FROM htrunk WHERE {row} RETURNING *), aside AS (INSERT INTO spare SELECT * FROM gone) "
        "INSERT INTO htrunk (row_date, starttime, acd, tkgrp) SELECT row_date, starttime, acd, tkgrp FROM gone",
        "WITH gone AS (DELETE FROM htrunk WHERE {row}), back AS (DELETE FROM spare WHERE {row} RETURNING *) "
        "INSERT INTO htrunk SELECT * FROM back",
    ),
}
"""What has a day differ, and what has it be equal again."""


def row_of(day: date) -> str:
    """Return the condition that selects one row of a day."""
    return f"row_date = DATE '{day}' AND starttime = 400 AND tkgrp = 1"


@pytest.mark.sampled
@pytest.mark.parametrize("role", some_of(["secondary", "primary"], 2))
def test_a_commit_at_any_moment_is_found_by_the_next_verify(
    pair: PostgreSQLFiles, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Committed before a verify, while it runs on either side of the question for versions, or after it: found next."""
    pair.run(role, "CREATE TABLE spare AS SELECT * FROM htrunk WHERE false")
    assert verify(pair).in_sync
    hooks: dict[str, Callable[[], object]] = {}
    requested = PostgreSQLServer.day_versions

    def meddled(server: PostgreSQLServer, query: DaysQuery) -> DayVersions | None:
        if server.describe().role == role:
            hooks.pop("before the versions", lambda: None)()
        versions = requested(server, query)
        if server.describe().role == role:
            hooks.pop("before the rows", lambda: None)()
        return versions

    monkeypatch.setattr(PostgreSQLServer, "day_versions", meddled)
    days = iter(DAYS)
    # In a soak each with each.
    tried = product(CHANGES.values(), MOMENTS) if SOAKING else zip(CHANGES.values(), MOMENTS, strict=True)
    with pair.database(role).another() as other:
        for (change, heal), moment in tried:
            day = next(days)
            other.run("BEGIN")
            other.run(change.format(row=row_of(day)))
            if moment in ("at once", "after a while"):
                found = verify(pair)
                assert found.in_sync, (change, moment)
                assert spared(found) > len(DAYS) / 2, (change, moment)
                other.run("COMMIT")
                time.sleep(3 if moment == "after a while" and SOAKING else 0)
            else:
                hooks[moment] = lambda: other.run("COMMIT")
                first = verify(pair)
                assert not hooks
                assert moment == "before the rows" or differing(first) == {day}, (change, moment)
            found = verify(pair)
            assert differing(found) == {day}, (change, moment)
            assert spared(found) > len(DAYS) / 2, (change, moment)
            other.run(heal.format(row=row_of(day)))
    assert verify(pair).in_sync


@dataclass
class Writer:
    """A session that has days of its own differ and be equal again, and keeps account of when."""

    database: Database
    days: tuple[date, ...]
    dice: random.Random
    stop: threading.Event
    changes: int = 0
    spans: list[tuple[date, bool, float, float]] = field(default_factory=list)
    """A day, whether it differed, and from when to when that is certain."""
    error: BaseException | None = None

    def run(self) -> None:
        """Write until versions to stop."""
        try:
            with self.database.another() as session:
                self._write(session)
        except BaseException as error:  # noqa: BLE001
            self.error = error

    def _write(self, session: Database) -> None:
        since = dict.fromkeys(self.days, time.monotonic())
        damaged: dict[date, str] = {}
        while not self.stop.is_set():
            day = self.dice.choice(self.days)
            differs = day in damaged
            kind = damaged.get(day) or self.dice.choice(sorted(CHANGES))
            statement = CHANGES[kind][1 if differs else 0].format(row=row_of(day))
            session.run("BEGIN")
            if self.dice.random() < 0.3:
                session.run("SAVEPOINT before")
                session.run(f"UPDATE htrunk SET incalls = -7 WHERE {row_of(day)}")
                session.run("ROLLBACK TO before")
            session.run(statement)
            self._wait()
            if self.dice.random() < 0.2:
                session.run("ROLLBACK")
                continue
            prepared = self.dice.random() < 0.2
            if prepared:
                name = f"{self.database.name}_{self.days[0]}"
                session.run(f"PREPARE TRANSACTION '{name}'")
                self._wait()
            self.spans.append((day, differs, since[day], time.monotonic()))
            session.run(f"COMMIT PREPARED '{name}'" if prepared else "COMMIT")
            since[day] = time.monotonic()
            self.changes += 1
            if differs:
                del damaged[day]
            else:
                damaged[day] = kind
            self._wait()
        self.spans += [(day, day in damaged, since[day], float("inf")) for day in self.days]

    def _wait(self) -> None:
        self.stop.wait(self.dice.choice((0, 0.001, 0.02, 0.2, 0.5, 2)) * self.dice.random())


@pytest.mark.sampled
def test_writers_in_a_pool_hide_nothing(pair: PostgreSQLFiles) -> None:
    """While several sessions write, a day that differed all the while is found, and one that was equal is not."""
    for role in ("primary", "secondary"):
        pair.run(role, "CREATE TABLE spare AS SELECT * FROM htrunk WHERE false")
    dice = random.Random(SOAK_SEED or 1)  # noqa: S311
    stop = threading.Event()
    each = len(DAYS) // WRITERS
    writers = [
        Writer(
            pair.database(("primary", "secondary")[n % 2]),
            DAYS[n * each : (n + 1) * each],
            random.Random(dice.random()),  # noqa: S311
            stop,
        )
        for n in range(WRITERS)
    ]
    assert verify(pair).in_sync
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    results: list[tuple[float, float, set[Any], int]] = []
    until = time.monotonic() + SECONDS
    try:
        while time.monotonic() < until or len(results) < 4:
            began = time.monotonic()
            found = verify(pair)
            results.append((began, time.monotonic(), differing(found), spared(found)))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert [writer.error for writer in writers] == [None] * WRITERS

    certain = {True: 0, False: 0}
    for began, ended, found_days, _ in results:
        for day, differs, since, past in (span for writer in writers for span in writer.spans):
            if since <= began and ended <= past:
                certain[differs] += 1
                assert (day in found_days) is differs, (day, began, ended, since, past)
    assert certain[True]
    assert certain[False]
    assert any(days for *_, days in results)
    assert sum(writer.changes for writer in writers) > WRITERS
    last = {day for writer in writers for day, differs, _, past in writer.spans if differs and past == float("inf")}
    assert differing(verify(pair)) == last
