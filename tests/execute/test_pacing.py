"""What slows a run down: a rate, the hours, an archive, others waiting for locks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncengine.execute.pacing import Pacer, parse_hours
from syncengine.model.bucket import BucketColumns
from syncengine.model.errors import CancelledError, InputError
from syncengine.model.pair import DEFAULT_LIMITS, Role
from syncengine.model.run import RunKind
from syncengine.model.selection import ReadQuery, Selection
from syncengine.observe.facts import running_archive
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.protocol import Server
from syncengine.servers.throttle import AT_ONCE, Throttle, ThrottledRows, ThrottledServer
from syncengine.staging.ledger import Ledger, NewRun
from syncengine.staging.marks import read_marks
from syncengine.staging.run_folder import RunFolder
from tests.builders import Files, build_files
from tests.scenes import trunks

EVENING = datetime(2000, 6, 5, 21, 59, 50)


class Clock:
    """A clock that moves only when somebody sleeps by it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Return the seconds it shows."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.slept.append(seconds)
        self.now += seconds

    def wall(self) -> datetime:
        """Show the same time as the switch's clock would."""
        return EVENING + timedelta(seconds=self.now - 100.0)


class Crowd:
    """A server on which others wait for locks: how many, query by query."""

    def __init__(self, *waiting: int | None) -> None:
        self._answers = list(waiting)
        self.queries = 0

    def waiting_sessions(self) -> int | None:
        """Say how many wait; the last answer stays."""
        self.queries += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    """Hold the lock of a run that is under way."""
    ledger = Ledger(tmp_path / "staging")
    with ledger.locked() as lock:
        yield ledger.begin(lock, NewRun(RunKind.BACKFILL, 1, "a test"), needs_bytes=0)


def no_archive(server: Server, role: Role) -> str:
    """Say that no archive is running."""
    del server, role
    return ""


def pacer(run: RunFolder, clock: Clock, notes: list[str], **options: Any) -> Pacer:
    """Return a pacing of two quiet servers, by a clock of its own."""
    servers: Mapping[Role, Any] = options.pop("servers", {role: Crowd(None) for role in Role})
    hours = options.pop("hours", None)
    return Pacer(
        run=run,
        servers=servers,
        into=frozenset((Role.SECONDARY,)),
        hours=parse_hours(hours) if hours else None,
        wall_clock=clock.wall,
        archiving=options.pop("archiving", no_archive),
        report=notes.append,
        clock=clock,
        sleep=clock.sleep,
    )


def marks(run: RunFolder) -> list[str]:
    """Return why the run waited, from its marks."""
    return [mark["why"] for mark in read_marks(run.marks) if mark["mark"] == "waiting"]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("08:00-17:30", ["08:00", "12:00", "17:29"], ["07:59", "17:30", "23:00", "00:00"]),
        ("22:00-05:00", ["22:00", "23:59", "00:00", "04:59"], ["05:00", "12:00", "21:59"]),
        (" 1:00 - 24:00 ", ["01:00", "23:59"], ["00:00", "00:59"]),
        ("00:00-05:00", ["00:00", "04:59"], ["05:00", "23:59"]),
    ],
)
def test_hours_of_the_day(text: str, inside: list[str], outside: list[str]) -> None:
    """Hours include their first minute and not their last, and may pass midnight."""
    hours = parse_hours(text)

    assert all(hours.contains(datetime.fromisoformat(f"2000-06-05T{one}")) for one in inside)
    assert not any(hours.contains(datetime.fromisoformat(f"2000-06-05T{one}")) for one in outside)


@pytest.mark.parametrize(
    "text", ["", "22-05", "22:00", "25:00-05:00", "22:00-24:30", "22:60-05:00", "22:00-22:00", "night"]
)
def test_invalid_hours_are_refused(text: str) -> None:
    """Anything else gets one sentence with an example."""
    with pytest.raises(InputError, match=r"Not valid hours: .*\. Type them as 22:00-05:00"):
        parse_hours(text)


def test_a_batch_waits_for_its_hours(run: RunFolder) -> None:
    """Ten seconds before ten in the evening it waits ten seconds, reports that once, and continues."""
    clock, notes = Clock(), list[str]()

    pacer(run, clock, notes, hours="22:00-05:00")()

    assert sum(clock.slept) == 10
    assert notes == marks(run) == ["for the hours 22:00-05:00"]
    assert run.record(running=True).waiting == ""


def test_a_waiting_run_is_recorded_as_waiting(run: RunFolder) -> None:
    """While it waits, `status` shows why; Ctrl-C ends the wait."""
    clock = Clock()

    def stop(_: float) -> None:
        assert run.record(running=True).waiting == "for the hours 22:00-05:00"
        raise KeyboardInterrupt

    waits = pacer(run, clock, [], hours="22:00-05:00")
    waits.sleep = stop
    with pytest.raises(KeyboardInterrupt):
        waits()


def test_quiet_servers_are_polled_now_and_then(run: RunFolder) -> None:
    """Batches that follow one another quickly do not ask the servers each time, and mark nothing."""
    clock, servers = Clock(), {role: Crowd(0) for role in Role}
    paces = pacer(run, clock, [], servers=servers)

    for _ in range(60):
        paces()
        clock.now += 1

    assert 2 <= servers[Role.SECONDARY].queries <= 12
    assert (clock.slept, marks(run)) == ([], [])


def test_a_batch_waits_while_an_archive_runs(run: RunFolder, tmp_path: Path) -> None:
    """An archive that a server's arch_stat shows as running is waited for, queried on the open server."""
    files = build_files(tmp_path / "pair")
    files.run("secondary", "UPDATE arch_stat SET status = '4' WHERE trim(arch_type) = '2'")
    clock, notes = Clock(), list[str]()
    servers = opened(files)
    paces = pacer(run, clock, notes, servers=servers, archiving=running_archive)

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) == 3:
            with servers[Role.SECONDARY].begin() as session:
                session.delete(Selection("arch_stat", BucketColumns()))
                session.commit()

    paces.sleep = sleep
    paces()

    assert len(clock.slept) == 3
    assert notes == marks(run) == ["until the daily archive of ACD 1 on secondary has run"]
    for server in servers.values():
        server.close()


def test_a_batch_lets_those_pass_who_wait_for_locks(run: RunFolder) -> None:
    """While others wait for locks on the target no batch begins; those on the source are not in its way."""
    clock, notes = Clock(), list[str]()
    servers = {Role.PRIMARY: Crowd(5), Role.SECONDARY: Crowd(2, 1, 0)}

    pacer(run, clock, notes, servers=servers)()

    assert len(clock.slept) == 2
    assert notes == ["because others wait for locks on secondary"]


def test_locks_that_are_never_released_do_not_stop_a_run_for_ever(run: RunFolder) -> None:
    """After some minutes a batch begins anyway."""
    clock = Clock()

    pacer(run, clock, [], servers={Role.PRIMARY: Crowd(0), Role.SECONDARY: Crowd(7)})()

    assert 60 <= sum(clock.slept) <= 900


def test_locks_are_waited_for_some_minutes_in_all(run: RunFolder) -> None:
    """After one long wait later batches do not wait again, and a note says so."""
    clock, notes = Clock(), list[str]()
    paces = pacer(run, clock, notes, servers={Role.PRIMARY: Crowd(0), Role.SECONDARY: Crowd(7)})

    for _ in range(50):
        paces()
        clock.now += 60

    assert sum(clock.slept) <= 900
    assert "continues although others wait for locks on secondary" in notes[-1]


def opened(files: Files) -> dict[Role, Server]:
    """Open both servers for writing."""
    return {role: DuckDBServer(files.database(role), role, writable=True, limits=DEFAULT_LIMITS) for role in Role}


def throttled(files: Files, rate: float, clock: Clock) -> dict[Role, ThrottledServer]:
    """Open both servers under one bound."""
    throttle = Throttle(rate, clock, clock.sleep)
    return {role: ThrottledServer(server, throttle) for role, server in opened(files).items()}


@pytest.mark.parametrize("rate", [0.5, 1, 7, 100, 5000])
def test_a_throttle_stays_within_its_rate(rate: float) -> None:
    """However rows are read, no more pass than the rate allows, except the first."""
    clock = Clock()
    throttle = Throttle(rate, clock, clock.sleep)
    passed = list[tuple[float, int]]()

    for rows in (1, 10, 3, 400, 1, 1, 50):
        throttle.take(rows)
        passed.append((clock.now, rows))

    allowed = [sum(rows for _, rows in passed[:at]) for at in range(len(passed))]
    assert [when - 100.0 for when, _ in passed] == pytest.approx([rows / rate for rows in allowed])


def test_what_was_not_used_is_not_saved_up() -> None:
    """After an hour of rest rows pass no faster than ever."""
    clock = Clock()
    throttle = Throttle(10, clock, clock.sleep)
    throttle.take(10)
    clock.now += 3600
    clock.slept.clear()

    for _ in range(5):
        throttle.take(10)

    assert sum(clock.slept) == pytest.approx(4)


def test_reading_and_writing_share_the_bound(tmp_path: Path) -> None:
    """Rows read from one server and inserted into the other count together, and all of them come through."""
    files = build_files(tmp_path, ["htrunk"], primary={"htrunk": trunks(0, 1000)})
    clock = Clock()
    servers = throttled(files, 100, clock)
    query = ReadQuery(Selection("htrunk", BucketColumns()))

    rows = servers[Role.PRIMARY].read(query).read_all()
    read = sum(clock.slept)
    with servers[Role.SECONDARY].begin() as session:
        session.insert("htrunk", rows.to_reader())
        session.commit()
    for server in servers.values():
        server.close()

    assert rows.num_rows == 40
    assert read == pytest.approx(0)
    assert sum(clock.slept) == pytest.approx(0.4)
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_large_batches_pass_in_small_pieces() -> None:
    """A slow rate is a steady one: rows come in pieces, not all at once after a long time."""
    clock = Clock()
    reader = pa.table({"a": list(range(3 * AT_ONCE))}).to_reader()

    sizes = [batch.num_rows for batch in ThrottledRows(reader, Throttle(AT_ONCE, clock, clock.sleep)).reader()]

    assert sizes == [AT_ONCE] * 3
    assert clock.slept == pytest.approx([1, 1])


def test_a_slow_rate_passes_rows_one_by_one() -> None:
    """Below a row a second rows come one at a time, so that no wait is longer than a row needs."""
    clock = Clock()

    list(ThrottledRows(pa.table({"a": [1, 2, 3]}).to_reader(), Throttle(0.5, clock, clock.sleep)).reader())

    assert clock.slept == pytest.approx([2, 2])


def test_an_interrupt_ends_the_wait(tmp_path: Path) -> None:
    """A stream that would take hours ends at once when its server is interrupted, as after Ctrl-C."""
    files = build_files(tmp_path, ["htrunk"], primary={"htrunk": trunks(0, 1000)})
    server = ThrottledServer(opened(files)[Role.PRIMARY], Throttle(0.01))
    reader = server.read(ReadQuery(Selection("htrunk", BucketColumns())))

    def read() -> None:
        with suppress(CancelledError):
            reader.read_all()

    waiting = threading.Thread(target=read, daemon=True)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()

    server.interrupt()
    waiting.join(10)

    assert not waiting.is_alive()


def test_questions_are_not_slowed_down(tmp_path: Path) -> None:
    """Everything but rows is passed on as it is."""
    files = build_files(tmp_path, ["htrunk"], primary={"htrunk": trunks(0, 1000)})
    clock = Clock()
    server = throttled(files, 0.001, clock)[Role.PRIMARY]

    assert server.describe().role is Role.PRIMARY
    assert set(server.tables(["htrunk", "nothing"])) == {"htrunk"}
    assert server.bounds("htrunk", BucketColumns(date="row_date", label="starttime", acd="acd"))[0].rows == 40
    assert server.highest("htrunk", "tkgrp") == 2
    assert (server.waiting_sessions(), clock.slept) == (None, [])
