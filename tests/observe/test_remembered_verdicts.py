"""Remembered verdicts: closed days that were equal are not all read again, and only while they are valid."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.drift import Observation
from syncengine.model.errors import ServerError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.pair import Role
from syncengine.model.progress import SilentProgress
from syncengine.model.remembered_days import DaysQuery, DayVersions
from syncengine.model.spec import TableSpec
from syncengine.model.window_syntax import parse_window
from syncengine.observe.observation import observe
from syncengine.observe.request import Request
from syncengine.report.verify_json import verify_document
from syncengine.report.verify_text import print_verdict
from syncengine.servers.protocol import Server, ServerDescription
from syncengine.staging.cache import Cache
from syncengine.staging.remembered_days import FILE, Memory
from tests.builders import Files, build_files, catalogue, row, servers_of, settings_of
from tests.interference import Interference, InterferingServer
from tests.scenes import trunk

NOW = datetime(2026, 1, 1, 6, 10)
TODAY = date(2000, 6, 5)
CLOSED = tuple(TODAY - timedelta(days=n) for n in range(12, 0, -1))
"""Twelve days that are wholly past; the tenth that is read again is two of them."""
AGAIN = {CLOSED[-1], CLOSED[-2]}
EVERYTHING = {*CLOSED, TODAY}
Versions = Callable[[Server, DaysQuery], DayVersions | None]


def of_day(day: date, **values: Any) -> list[dict[str, Any]]:
    """Return four rows of a day."""
    return [trunk(label, group, row_date=day, **values) for label in (400, 430) for group in (1, 2)]


def built(folder: Path, **more: Any) -> Files:
    """Build a pair that is equal on twelve days and today."""
    return build_files(folder, ("htrunk",), both={"htrunk": [one for day in EVERYTHING for one in of_day(day)]}, **more)


@dataclass
class Watched(InterferingServer):
    """A server whose queries are counted, with given versions and a given locale."""

    inner: Server
    versions: Versions
    locale: str
    before: Callable[[], None]
    queries: list[FingerprintQuery] = field(default_factory=list)
    version_queries: list[DaysQuery] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.inner, Interference())

    def fingerprint(self, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        """Record the query, and answer it."""
        if query.selection.window is not None:
            self.before()
            self.queries.append(query)
        return super().fingerprint(query)

    def describe(self) -> ServerDescription:
        """Return the given locale."""
        return replace(super().describe(), locale=self.locale)

    def day_versions(self, query: DaysQuery) -> DayVersions | None:
        """Return the given versions, and record the query."""
        self.version_queries.append(query)
        return self.versions(self.inner, query)


def no_versions(server: Server, query: DaysQuery) -> DayVersions | None:
    """Return no versions, as some servers do."""
    del server, query
    return None


def of_the_file(server: Server, query: DaysQuery) -> DayVersions | None:
    """Return the versions of the file."""
    return server.day_versions(query)


def steady(*changed: date, acd: int = 1, history: str = "1", position: int = 1) -> Versions:
    """Return versions that are the same for every day, after any write, but for days that changed."""
    versions = DayVersions(history, position, {(acd, day): "changed" for day in changed})
    return lambda *_: versions


@dataclass
class Verified:
    """A verdict, and the queries made for it."""

    observation: Observation
    queries: int
    days: set[date]
    notes: list[str]
    versions_of: set[date]
    """The days whose versions were read."""


def verify(
    files: Files,
    *,
    now: datetime = NOW,
    versions: Versions | None = None,
    locale: str = "en_US.819",
    spec: TableSpec | None = None,
    before: Callable[[], None] = lambda: None,
    **request: Any,
) -> Verified:
    """Verify one table with what is remembered of the pair."""
    settings = settings_of(files.pair_file)
    with (
        servers_of(files.pair_file) as opened,
        Memory(settings.staging) as memory,
        Cache(settings.staging, memory_mb=settings.limits.memory_mb) as cache,
    ):
        servers = {role: Watched(server, versions or steady(), locale, before) for role, server in opened.items()}
        specs = (spec or catalogue().table("htrunk"),)
        base = Request(specs, Role.PRIMARY, datetime(2000, 6, 5, 7, 10), seed=7, now=now)
        observation = observe(servers, settings, catalogue(), replace(base, **request), cache, SilentProgress(), memory)
        queries = [query.selection for server in servers.values() for query in server.queries]
        days = {day for one in queries if one.window for day in one.window.days()}
        windows = [query.selection.window for server in servers.values() for query in server.version_queries]
        versions_of = {day for window in windows if window for day in window.days()}
        return Verified(observation, len(queries), days & EVERYTHING, memory.notes, versions_of & EVERYTHING)


def shown(observation: Observation) -> list[str]:
    """Return the lines of the verdict as they are printed."""
    console = Console(file=StringIO(), width=200)
    print_verdict(console, observation)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_the_second_verify_reads_the_open_day_and_a_tenth(tmp_path: Path) -> None:
    """Closed days found equal are not read again but for the tenth, in fewer questions, to the same verdict."""
    files = build_files(
        tmp_path, ("htrunk",), both={"htrunk": [o for n in range(60) for o in of_day(TODAY - timedelta(days=n))]}
    )
    first, second = verify(files), verify(files, now=NOW + timedelta(hours=1))

    assert first.observation.in_sync
    assert second.observation.in_sync
    assert second.queries < first.queries
    before, after = first.observation.tables[0], second.observation.tables[0]
    assert before.remembered.days == 0
    assert after.rows_compared < before.rows_compared / 5
    assert after.buckets_compared + after.remembered.buckets == before.buckets_compared
    assert after.rows_compared + after.remembered.rows == before.rows_compared


def test_only_closed_days_are_remembered(tmp_path: Path) -> None:
    """Today is read each time, and so is a day that a server has not archived to its end."""
    files = built(tmp_path, archived={"primary": datetime(2000, 6, 5, 7), "secondary": datetime(2000, 6, 4, 23)})
    verify(files)

    assert verify(files).days >= {TODAY - timedelta(days=1)}
    files.run("secondary", "UPDATE arch_stat SET status = '3' WHERE acd = 1")
    again = verify(files, now=NOW + timedelta(hours=1))
    assert again.observation.remembered.oldest == NOW


def test_days_without_an_archive_status_are_not_remembered(tmp_path: Path) -> None:
    """Where a server does not report what it has archived, days are compared, and not remembered."""
    files = built(tmp_path)
    files.run("secondary", "UPDATE arch_stat SET status = '3'")
    verify(files)

    assert verify(files).observation.remembered.days == 0


def test_a_failed_query_of_versions_is_ignored(tmp_path: Path) -> None:
    """Where the query of versions fails, as at a time limit, all rows are read."""
    files = built(tmp_path)
    verify(files)

    def stopped(server: Server, query: DaysQuery) -> DayVersions | None:
        raise ServerError(f"canceling statement due to statement timeout: {server}, {query}")

    found = verify(files, versions=stopped)

    assert found.observation.in_sync
    assert found.days == EVERYTHING


@pytest.mark.soak
def test_in_ten_verifies_everything_is_read(tmp_path: Path) -> None:
    """Each verify reads the days that were longest not read, so that ten read all, whose time is new then."""
    files = built(tmp_path)
    verify(files)
    read: set[date] = set()
    for hour in range(1, 11):
        found = verify(files, now=NOW + timedelta(hours=hour))
        oldest = found.observation.remembered.oldest
        read |= found.days

    assert read == EVERYTHING
    assert oldest is not None
    assert oldest > NOW


def test_small_days_between_two_that_are_read_are_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second query costs more than a few rows, and less than many."""
    files = built(tmp_path)
    verify(files)
    verify(files, now=NOW + timedelta(hours=1))
    small = verify(files, now=NOW + timedelta(hours=2))
    assert small.days == {TODAY, *CLOSED[-4:]}

    monkeypatch.setattr("syncengine.observe.remembered_days.QUERY_ROWS", 1)
    assert verify(files, now=NOW + timedelta(hours=3)).days == {TODAY, *CLOSED[-6:-4]}


def test_a_day_that_differs_is_read_each_time(tmp_path: Path) -> None:
    """Drift is never remembered, and is found each time until it is repaired."""
    files = built(tmp_path)
    files.run("secondary", "DELETE FROM htrunk WHERE row_date = ? AND tkgrp = 1", [CLOSED[0]])

    for hour in range(3):
        found = verify(files, now=NOW + timedelta(hours=hour))
        assert CLOSED[0] in found.days
        assert {drift.bucket.row_date for drift in found.observation.tables[0].differing} == {CLOSED[0]}


def test_a_change_by_hand_is_found_by_the_version(tmp_path: Path) -> None:
    """A file that was changed by hand is another one: nothing remembered of it is valid."""
    files = built(tmp_path)
    verify(files, versions=of_the_file)
    assert verify(files, versions=of_the_file).days == {TODAY, *AGAIN}
    files.run("secondary", "UPDATE htrunk SET incalls = 6 WHERE row_date = ?", [CLOSED[0]])

    found = verify(files, versions=of_the_file)

    assert found.days == EVERYTHING
    assert {drift.bucket.row_date for drift in found.observation.tables[0].differing} == {CLOSED[0]}


def test_one_wrong_day_drops_the_table(tmp_path: Path) -> None:
    """Where versions show nothing, a day that differs when read again has every other day read in the same verify."""
    files = built(tmp_path)
    verify(files)
    files.run("secondary", "UPDATE htrunk SET incalls = 6 WHERE row_date IN (?, ?)", [CLOSED[0], CLOSED[-1]])

    found = verify(files)

    assert {drift.bucket.row_date for drift in found.observation.tables[0].differing} == {CLOSED[0], CLOSED[-1]}
    assert found.observation.remembered.days == 0


def _other_spec(files: Files, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    del files, patch
    return {"spec": replace(catalogue().table("htrunk"), not_compared=(("incalls", "a reason"),))}


def _other_columns(files: Files, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    del patch
    for role in Role:
        files.run(role, "ALTER TABLE htrunk ADD COLUMN mine INTEGER")
    return {}


def _other_text(before: str, after: str) -> Callable[[Files, pytest.MonkeyPatch], dict[str, Any]]:
    def change(files: Files, patch: pytest.MonkeyPatch) -> dict[str, Any]:
        del patch
        files.pair_file.write_text(files.pair_file.read_text().replace(before, after))
        return {}

    return change


def _other_place(files: Files, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    del patch
    shutil.copy(files.database("secondary"), files.folder / "other.duckdb")
    files.pair_file.write_text(files.pair_file.read_text().replace("///secondary.", "///other."))
    return {}


def _other_number(name: str) -> Callable[[Files, pytest.MonkeyPatch], dict[str, Any]]:
    def change(files: Files, patch: pytest.MonkeyPatch) -> dict[str, Any]:
        del files
        patch.setattr(f"syncengine.observe.remembered_days.{name}", 99)
        return {}

    return change


DROPS: dict[str, Callable[[Files, pytest.MonkeyPatch], dict[str, Any]]] = {
    "the spec": _other_spec,
    "the columns": _other_columns,
    "the load": _other_text("r3v8ag.f", "r3v9"),
    "the timezone": _other_text('"UTC"', '"America/Denver"'),
    "the database": _other_place,
    "the locale": lambda *_: {"locale": "de_DE.819"},
    "the fingerprint": _other_number("VERSION"),
    "the memory": _other_number("FORMAT"),
    "another history": lambda *_: {"versions": steady(history="2")},
    "the history went back": lambda *_: {"versions": steady(position=0)},
    "no versions": lambda *_: {"versions": no_versions},
    "the clock was set back": lambda *_: {"now": NOW - timedelta(hours=1)},
}


@pytest.mark.parametrize("what", DROPS)
def test_what_drops_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Each of these, once it has changed, has every day read again."""
    files = built(tmp_path)
    verify(files)
    assert verify(files).days == {TODAY, *AGAIN}

    changed = DROPS[what](files, monkeypatch)
    found = verify(files, **changed)

    assert found.observation.in_sync
    assert found.days == EVERYTHING


@pytest.mark.parametrize(("acd", "read"), [(1, {CLOSED[0]}), (2, set())])
def test_only_a_day_whose_version_changed_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, acd: int, read: set[date]
) -> None:
    """One day with another version is read, and found to differ; that of an ACD without rows drops nothing."""
    monkeypatch.setattr("syncengine.observe.remembered_days.QUERY_ROWS", 1)
    files = built(tmp_path)
    verify(files)
    files.run("secondary", "UPDATE htrunk SET incalls = 6 WHERE row_date = ?", [CLOSED[0]])

    found = verify(files, versions=steady(CLOSED[0], acd=acd))

    assert found.days == {TODAY, *AGAIN, *read}
    assert {drift.bucket.row_date for drift in found.observation.tables[0].differing} == read


def test_without_versions_nothing_is_remembered(tmp_path: Path) -> None:
    """A server that cannot show whether rows were changed has everything read, each time."""
    files = built(tmp_path)
    verify(files, versions=no_versions)

    assert verify(files, versions=no_versions).days == EVERYTHING
    assert not (settings_of(files.pair_file).staging / FILE).exists()


def test_a_count_restarted_between_two_slices_gives_no_versions(tmp_path: Path) -> None:
    """Versions of one table that are of two histories are not taken for one."""
    days = [TODAY - timedelta(days=n) for n in range(40)]
    files = build_files(tmp_path, ("htrunk",), both={"htrunk": [one for day in days for one in of_day(day)]})
    number = count()

    def restarted(server: Server, query: DaysQuery) -> DayVersions:
        del server, query
        return DayVersions(str(next(number)))

    verify(files, versions=restarted)

    assert not (settings_of(files.pair_file).staging / FILE).exists()


def test_versions_are_read_for_days_that_can_be_remembered(tmp_path: Path) -> None:
    """Days that are open, and those that a window cuts, have none; where every row is read none is read."""
    files = built(tmp_path)

    assert verify(files).versions_of == set(CLOSED)
    first = parse_window(f"{CLOSED[0]} 04:00..04:29")
    assert verify(files, window=first).versions_of == set()
    assert verify(files, every_row=True).versions_of == set()
    assert verify(files).versions_of == set(CLOSED)


def test_a_verify_of_some_days_leaves_the_others_remembered(tmp_path: Path) -> None:
    """Days that were not requested are neither skipped nor forgotten."""
    files = built(tmp_path)
    verify(files)
    one = parse_window(f"{CLOSED[5]} 00:00..23:59")
    verify(files, window=one, versions=steady(CLOSED[5]))

    assert verify(files, versions=steady(CLOSED[5])).days == {TODAY, *AGAIN}


@pytest.mark.parametrize("role", Role)
def test_a_clock_reset_drops_the_days_from_then_on(tmp_path: Path, role: Role) -> None:
    """A clock reset that was not known drops the days from the one before its own on; a known one drops none."""
    files = built(tmp_path)
    verify(files)
    reset = row("linkex", acd=1, row_date=CLOSED[6], row_time=30, reason=96)
    files.add(role, "linkex", reset)

    assert verify(files).days == {TODAY, *CLOSED[5:], CLOSED[4]}
    assert verify(files).days == {TODAY, *AGAIN}


def test_what_is_forgotten_is_read(tmp_path: Path) -> None:
    """A day that a run is about to write is read by the next verify, however the run ends."""
    files = built(tmp_path)
    verify(files)
    with Memory(settings_of(files.pair_file).staging) as memory:
        memory.forget([("htrunk", 1, CLOSED[0])])

    assert CLOSED[0] in verify(files).days


def test_a_verify_does_not_remember_across_a_write(tmp_path: Path) -> None:
    """What a run forgets during a verify is not remembered by it."""
    files = built(tmp_path)

    def forget() -> None:
        with Memory(settings_of(files.pair_file).staging) as memory:
            memory.forget([("htrunk", 1, CLOSED[0])])

    verify(files, before=forget)

    assert verify(files).days == EVERYTHING


def test_a_verdict_is_of_whole_days(tmp_path: Path) -> None:
    """A window that cuts a day has that day read, however well it is remembered."""
    files = built(tmp_path)
    verify(files)
    window = parse_window(f"{CLOSED[0]} 04:00..04:29")

    found = verify(files, window=window)

    assert found.days == {CLOSED[0]}
    assert found.observation.tables[0].rows_compared == 4


@pytest.mark.parametrize("options", [{"every_row": True}, {"for_writing": True}, {"fresh": True}], ids=str)
def test_what_does_not_rely_on_memory(tmp_path: Path, options: dict[str, Any]) -> None:
    """Every row, a plan, and the verify after a run read everything, and add nothing to what is remembered."""
    files = built(tmp_path)
    verify(files, **options)
    assert verify(files).days == EVERYTHING

    found = verify(files, **options)

    assert found.days == EVERYTHING
    assert found.observation.remembered.days == 0


@pytest.mark.parametrize("options", [{"every_row": True}, {"for_writing": True}], ids=str)
def test_drift_found_without_the_memory_is_dropped_from_it(tmp_path: Path, options: dict[str, Any]) -> None:
    """A day that a full verify or a plan finds to differ is not called equal by the next verify."""
    files = built(tmp_path)
    verify(files)
    files.run("secondary", "UPDATE htrunk SET incalls = 6 WHERE row_date = ?", [CLOSED[0]])
    assert verify(files).observation.in_sync

    assert not verify(files, **options).observation.in_sync

    assert not verify(files).observation.in_sync


def test_a_table_that_no_fingerprint_covers_is_not_remembered(tmp_path: Path) -> None:
    """A column with fractions has every row compared, each time."""
    files = built(tmp_path)
    for role in Role:
        files.run(role, "ALTER TABLE htrunk ADD COLUMN share DOUBLE")
    verify(files)

    assert verify(files).days == EVERYTHING


@pytest.mark.parametrize("table", ["dtrunk", "ag_actv"])
def test_days_and_epochs_are_not_remembered(tmp_path: Path, table: str) -> None:
    """Roll-ups, which follow from intervals, and events with epoch seconds are read each time."""
    epochs = [{"starttime": epoch} for epoch in (959_900_000, 960_000_000)]
    rows = [row(table, row_date=CLOSED[0], **more) for more in (epochs if table == "ag_actv" else [{}])]
    files = build_files(tmp_path, (table,), both={table: rows})
    spec = catalogue().table(table)
    verify(files, spec=spec)

    found = verify(files, spec=spec).observation

    assert found.tables[0].rows_compared == 2
    assert found.remembered.days == 0


def test_a_damaged_memory_is_reported(tmp_path: Path) -> None:
    """A damaged file fails no verify: everything is read, and the verdict says why."""
    files = built(tmp_path)
    verify(files)
    (settings_of(files.pair_file).staging / FILE).write_bytes(b"no database" * 1000)

    found = verify(files)

    assert found.days == EVERYTHING
    assert any("is damaged and was set aside" in line for line in shown(found.observation))
    assert "set aside" in json.dumps(verify_document(found.observation)["notes"])


def test_where_nothing_can_be_saved_everything_is_read(tmp_path: Path) -> None:
    """Without a staging folder a verify goes as if nothing were remembered."""
    files = built(tmp_path, settings='staging = "taken"')
    (tmp_path / "taken").write_text("")

    assert verify(files).observation.in_sync
    assert verify(files).days == EVERYTHING


def test_the_verdict_says_what_is_remembered(tmp_path: Path) -> None:
    """The line after the verdict says how much was not read and since when; a first verdict has no such line."""
    files = built(tmp_path)

    assert shown(verify(files).observation)[-2].startswith("IN SYNC")
    verdict, _, remembered = shown(verify(files, now=NOW + timedelta(hours=1)).observation)[-3:]

    assert verdict.startswith("IN SYNC  1 table, 6 buckets, 24 rows (by fingerprint")
    assert remembered.strip() == (
        "Not read again: 10 of 13 days of 1 table (20 buckets, 80 rows), remembered as equal, the oldest from "
        "2026-01-01 06:10; --full reads everything."
    )


def test_the_document_says_what_is_remembered(tmp_path: Path) -> None:
    """JSON has it for each table and for all, apart from what was compared."""
    files = built(tmp_path)
    verify(files)

    document = verify_document(verify(files, now=NOW + timedelta(hours=1)).observation)

    counts = {"days": 10, "days_in_all": 13, "buckets": 20, "rows": 80, "oldest": "2026-01-01T06:10:00"}
    assert document["remembered"] == {"tables": 1, **counts}
    assert document["tables"][0]["remembered"] == counts
    assert document["tables"][0]["rows_compared"] == 24
