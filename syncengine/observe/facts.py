"""Reads from a server what planning needs besides its rows: archiving, storage, links, intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import BucketColumns
from syncengine.model.clock import clock_after
from syncengine.model.errors import ServerError
from syncengine.model.facts import (
    ArchiveState,
    ArchiveStatus,
    ClockReset,
    DayLengths,
    LinkDown,
    Outage,
    ServerFacts,
    StorageAllocation,
)
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.grain import IN_ARCH_STAT, Archive
from syncengine.model.interval import LENGTHS, at_label, floor_to
from syncengine.model.pair import PairSettings, Role
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.columns import ColumnNeed, misfit, needs_of, usable_time
from syncengine.observe.covered_intervals import CoveredIntervals, can_be_day, can_be_label
from syncengine.servers.protocol import LiveTable, Server
from syncengine.servers.retry import with_retries

ARCHIVE_CODES = {grain.code: grain.archive for grain in IN_ARCH_STAT}
FINISHED = "2"
STATES = {
    "1": ArchiveState.NOT_RUN,
    FINISHED: ArchiveState.FINISHED,
    "3": ArchiveState.FAILED,
    "4": ArchiveState.RUNNING,
}
STATUS_WORDS = {"1": "has not run", "3": "ended in failure", "4": "is running now"}
OFF = ("n", "no", "off", "0")
"""Values of a y or n column that may mean that collection is off; no source documents them."""
TIME_FORMATS = ("%m/%d/%y %H:%M", "%m/%d/%y %H:%M:%S", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
CLOCK_RESET = 96
"""The linkex reason that marks a clock being set, not a link being down."""
WENT_DOWN = (93, 94, 95, 97)
"""The linkex reasons for the end of a link, or of collection over it."""
LONGEST_DURATION = 2**31 - 1
"""The most seconds an Informix INTEGER holds."""
EPOCH = date(1970, 1, 1)
ALWAYS_THERE = ("arch_stat", "dcalloc", "linkex")
"""Tables whose absence is noted."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Some columns of a table, and a clause that says what is not known without them."""

    consequence: str
    columns: Mapping[str, ColumnNeed]


COLLECTION = "dcadmin"
"""The table that says whether data collection is on; read only on request."""

FACTS: Mapping[str, tuple[Fact, ...]] = {
    "arch_stat": (
        Fact(
            "how far its archives have run is not known",
            {
                "acd": ColumnNeed.WHOLE,
                "arch_type": ColumnNeed.TEXT,
                "last_time": ColumnNeed.TEXT,
                "status": ColumnNeed.TEXT,
            },
        ),
    ),
    "dcalloc": (
        Fact("how long it stores rows is not known", {"acd": ColumnNeed.WHOLE, "item": ColumnNeed.TEXT}),
        Fact("the capacity of its circular tables is not known", {"num_items": ColumnNeed.WHOLE}),
        *(
            Fact(f"how long it stores {grain.word}s is not known", {grain.retention_column: ColumnNeed.WHOLE})
            for grain in IN_ARCH_STAT
        ),
    ),
    "linkex": (
        Fact(
            "its outages are not known",
            {
                "acd": ColumnNeed.WHOLE,
                "row_date": ColumnNeed.DATE,
                "row_time": ColumnNeed.WHOLE,
                "duration": ColumnNeed.WHOLE,
                "reason": ColumnNeed.WHOLE,
            },
        ),
    ),
    "acds": (
        Fact("the ACDs set up there are not known", {"acd": ColumnNeed.WHOLE}),
        Fact("the interval lengths set up there are not known", {"intrvl": ColumnNeed.WHOLE}),
    ),
    COLLECTION: (
        Fact(
            "whether its data collection is on is not known",
            {"acd": ColumnNeed.WHOLE, "collection_on": ColumnNeed.TEXT},
        ),
    ),
}
"""What is read of small tables, whose columns are partly inferred. Without the first fact, nothing is."""


@dataclass(frozen=True, slots=True)
class FactQuestions:
    """What to read: the interval lengths of which days, and whether to read the coverage of every interval."""

    settings: PairSettings
    catalogue: Catalogue
    window: Window | None
    coverage: bool
    collection: bool = False
    """Whether to read if data collection is on."""


def gather_facts(server: Server, role: Role, questions: FactQuestions) -> ServerFacts:
    """Return what one server reports of itself; tables and columns it lacks are noted, not fatal."""
    names = [name for name in FACTS if name != COLLECTION or questions.collection]
    witnesses = [spec.name for spec in questions.catalogue.witnesses]
    reader = _FactReader(server, role, server.tables((*names, *witnesses)))
    archives = tuple(_archives(reader.rows("arch_stat")))
    allocations = tuple(_allocations(reader.rows("dcalloc")))
    links = reader.rows("linkex")
    down = tuple(_links_down(links))
    outages = tuple(_outages(links, reader, questions.settings.timezone))
    set_up = reader.rows("acds")
    collecting = reader.rows(COLLECTION) if questions.collection else []
    covered = _intervals(reader, questions)
    lengths = tuple(DayLengths(*day, *both) for day, both in sorted(covered.lengths.items()))
    acds = {row["acd"] for row in set_up if row["acd"] is not None}
    acds |= {status.acd for status in archives} | {day.acd for day in lengths} | {item.acd for item in allocations}
    description = server.describe()
    facts = ServerFacts(
        role=role,
        identity=description.identity,
        kind=description.kind,
        load=description.load,
        acds=tuple(sorted(acds)),
        archives=archives,
        lengths=lengths or _lengths_by_acd(set_up, questions),
        quarters=tuple(covered.day_quarters()),
        storage_allocations=allocations,
        outages=outages,
        links_down=down,
        coverage=tuple(covered.coverage(questions.settings)) if questions.coverage else (),
        notes=tuple(reader.notes),
        clock_resets=tuple(_clock_resets(links, role)),
        coverage_known=not reader.tables_read.isdisjoint(witnesses),
        links_known="linkex" in reader.tables_read,
        links_unread=reader.problems.get("linkex", ""),
        archives_unread=reader.problems.get("arch_stat", ""),
        pseudo_acds=questions.settings.server(role).pseudo_acds,
        collection_off=tuple(_collection_off(collecting)),
    )
    return _without_pseudo_acds(facts, questions.settings.pseudo_acds)


def _without_pseudo_acds(facts: ServerFacts, pseudo: frozenset[int]) -> ServerFacts:
    """Leave out pseudo-ACDs: no link feeds them, and no archive of theirs is awaited."""
    return replace(
        facts,
        acds=tuple(acd for acd in facts.acds if acd not in pseudo),
        archives=tuple(one for one in facts.archives if one.acd not in pseudo),
        lengths=tuple(one for one in facts.lengths if one.acd not in pseudo),
        quarters=tuple(one for one in facts.quarters if one.acd not in pseudo),
        storage_allocations=tuple(one for one in facts.storage_allocations if one.acd not in pseudo),
        outages=tuple(one for one in facts.outages if one.acd not in pseudo),
        links_down=tuple(one for one in facts.links_down if one.acd not in pseudo),
        coverage=tuple(one for one in facts.coverage if one.acd not in pseudo),
        clock_resets=tuple(one for one in facts.clock_resets if one.acd not in pseudo),
        collection_off=tuple(acd for acd in facts.collection_off if acd not in pseudo),
    )


@dataclass(slots=True)
class _FactReader:
    """Reads what a server has of the tables facts come from; what it lacks becomes notes."""

    server: Server
    role: Role
    live: Mapping[str, LiveTable]
    notes: list[str] = field(default_factory=list)
    tables_read: set[str] = field(default_factory=set)
    """The tables that could be read."""
    problems: dict[str, str] = field(default_factory=dict)
    """Why others could not, as a sentence without its full stop."""

    def note(self, text: str) -> None:
        """Note a sentence that begins with the name of the server."""
        self.notes.append(f"{self.role}: {text}")

    def without_name(self, text: str) -> str:
        """Return a message without this server's name and the full stop: the sentence around it names the server."""
        return text.removeprefix(f"{self.role}: ").rstrip(".")

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the columns of a small table that facts follow from, by the names the catalogue gives them."""
        table = self.live.get(name)
        if table is None:
            self.problems[name] = f"there is no table {name}"
            if name in ALWAYS_THERE:
                self.note(f"has no {name} table")
            return []
        columns = self._columns(table, FACTS[name])
        if not columns:
            return []
        try:
            rows = read_rows(self.server, name, columns)
        except ServerError as error:
            if error.of_whole_server:
                raise
            self.problems[name] = f"{name} cannot be read ({self.without_name(error.message)})"
            self.note(f"{name} cannot be read, so {FACTS[name][0].consequence} ({self.without_name(error.message)})")
            return []
        self.tables_read.add(name)
        return rows

    def _columns(self, table: LiveTable, facts: tuple[Fact, ...]) -> tuple[str, ...]:
        usable: list[str] = []
        if table.problem:
            self.problems[table.name] = self.without_name(table.problem)
            self.note(f"{self.without_name(table.problem)}, so {facts[0].consequence}")
            return ()
        for fact in facts:
            misfits = [problem for name, need in fact.columns.items() if (problem := misfit(table, name, need))]
            if misfits:
                self.note(f"{table.name} has {' and '.join(misfits)}, so {fact.consequence}")
            else:
                usable += fact.columns
            if not usable:
                self.problems[table.name] = f"{table.name} has {' and '.join(misfits)}"
                break
        return tuple(usable)

    def coverage_query(self, spec: TableSpec, questions: FactQuestions) -> FingerprintQuery | None:
        """Return the query of a witness table, or None for one that cannot be read."""
        table = self.live.get(spec.name)
        if table is None:
            return None
        if table.problem:
            self.note(f"{self.without_name(table.problem)}, so {spec.name} does not show which intervals were recorded")
            return None
        misfits = [problem for name, need in needs_of(spec).items() if (problem := misfit(table, name, need))]
        if misfits:
            self.note(f"{spec.name} has {' and '.join(misfits)}, so it does not show which intervals were recorded")
            return None
        time, lacking = usable_time(spec, table)
        for name, lost in lacking.items():
            self.note(f"{spec.name} has {misfit(table, name, ColumnNeed.WHOLE)}, so {lost}")
        return FingerprintQuery(
            selection=Selection(spec.name, BucketColumns.of(spec), dates=_dates_near(questions.window)),
            columns=(),
            seed=0,
            incomplete=time.incomplete if time else None,
            interval=time.interval if time else None,
        )


def parse_time(text: str) -> datetime | None:
    """Return the time a CMS wrote as text, or None where no known format fits."""
    for form in TIME_FORMATS:
        try:
            return datetime.strptime(" ".join(text.split()), form)
        except ValueError:
            continue
    return None


def read_rows(server: Server, table: str, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the rows of a small table under the requested names: a server answers in its own case."""
    query = ReadQuery(Selection(table, BucketColumns()), columns)
    answer = with_retries(lambda: server.read(query).read_all())
    values = [_values(answer.column(place)) for place in range(len(columns))]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return a column's values; Arrow would fail on dates that Python has none for."""
    if not pa.types.is_date32(column.type):
        return list(column.to_pylist())
    return [_day(number) for number in column.cast(pa.int32()).to_pylist()]


def _day(number: int | None) -> date | None:
    try:
        return None if number is None else EPOCH + timedelta(days=number)
    except OverflowError:
        return None


def _dates_near(window: Window | None) -> tuple[date, date] | None:
    if window is None:
        return None
    day = timedelta(days=1)
    return (window.start.date() - day, window.stop.date() + 2 * day)


def _archives(rows: Iterable[dict[str, Any]]) -> Iterator[ArchiveStatus]:
    for row in rows:
        archive = ARCHIVE_CODES.get((row["arch_type"] or "").strip())
        if archive is None or row["acd"] is None:
            continue
        status = (row["status"] or "").strip()
        text = (row["last_time"] or "").strip()
        moment = parse_time(text)
        last = moment if moment is not None and can_be_day(moment.date()) else None
        state = STATES.get(status, ArchiveState.UNKNOWN)
        until, problem = None, ""
        if status != FINISHED:
            problem = STATUS_WORDS.get(status, f"has the unknown status {status!r}")
        elif last is None:
            problem = f"last ran at {text!r}, which is not a valid time"
        else:
            until = last if archive.grain.sliced else floor_to(last, 24 * 60)
        yield ArchiveStatus(row["acd"], archive, until, problem, state, last)


def _collection_off(rows: Iterable[dict[str, Any]]) -> Iterator[int]:
    """Yield the ACDs of which no link collects."""
    on: dict[int, bool] = {}
    for row in rows:
        if row["acd"] is not None:
            collects = (row["collection_on"] or "").strip().lower() not in OFF
            on[row["acd"]] = on.get(row["acd"], False) or collects
    yield from sorted(acd for acd, collects in on.items() if not collects)


def _allocations(rows: Iterable[dict[str, Any]]) -> Iterator[StorageAllocation]:
    for row in rows:
        if row["acd"] is None or row["item"] is None:
            continue
        item = row["item"].strip()
        capacity = max(row.get("num_items") or 0, 0)
        for grain in IN_ARCH_STAT:
            periods = row.get(grain.retention_column)
            if periods is not None and periods >= 0:
                yield StorageAllocation(row["acd"], item, grain.archive, periods, capacity)
        yield StorageAllocation(row["acd"], item, Archive.EVENT, 0, capacity)


def _outages(rows: Iterable[dict[str, Any]], reader: _FactReader, zone: str) -> Iterator[Outage]:
    """Yield each time a link was down: a row is stamped with when it went down, duration in seconds.

    An hour that the clock skips is not among these seconds.
    """
    unusable = 0
    for row in rows:
        acd, day, label, duration = row["acd"], row["row_date"], row["row_time"], row["duration"]
        if row["reason"] == CLOCK_RESET or duration == 0:
            continue
        if duration is None and row["reason"] in WENT_DOWN and _has_acd_and_time(row):
            continue
        complete = acd is not None and duration is not None and 0 < duration <= LONGEST_DURATION
        if not complete or not can_be_day(day) or not can_be_label(label):
            unusable += 1
            continue
        down = at_label(day, label)
        yield Outage(acd, Window(down, clock_after(down, duration, zone)), row["reason"] or 0)
    if unusable:
        reader.note(f"linkex has no ACD, time or duration in {unusable:,} of its rows, so these are left out")


def _links_down(rows: Iterable[dict[str, Any]]) -> Iterator[LinkDown]:
    """Yield each link whose last row in the diary says that it went down, without a duration."""
    last: dict[int, tuple[datetime, dict[str, Any]]] = {}
    for row in rows:
        if row["reason"] != CLOCK_RESET and _has_acd_and_time(row):
            moment = at_label(row["row_date"], row["row_time"])
            if row["acd"] not in last or last[row["acd"]][0] <= moment:
                last[row["acd"]] = moment, row
    for acd, (moment, row) in sorted(last.items(), key=lambda one: one[0]):
        if row["reason"] in WENT_DOWN and not row["duration"]:
            yield LinkDown(acd, moment, row["reason"])


def _has_acd_and_time(row: dict[str, Any]) -> bool:
    """Say whether a row of the diary has its ACD and its time."""
    return row["acd"] is not None and can_be_day(row["row_date"]) and can_be_label(row["row_time"])


def _clock_resets(rows: Iterable[dict[str, Any]], role: Role) -> Iterator[ClockReset]:
    """Yield each time a clock was set; a row without an ACD or a day stands for all of them."""
    for row in rows:
        if row["reason"] == CLOCK_RESET:
            day, label = row["row_date"], row["row_time"]
            yield ClockReset(role.value, row["acd"] or 0, day if can_be_day(day) else date.min, label or 0)


def _intervals(reader: _FactReader, questions: FactQuestions) -> CoveredIntervals:
    """Return what the witness tables show: all of them where the coverage of every interval is requested."""
    covered = CoveredIntervals()
    for spec in questions.catalogue.witnesses:
        name, query = spec.name, reader.coverage_query(spec, questions)
        if query is None:
            continue
        try:
            states = tuple(reader.server.fingerprint(query))
        except ServerError as error:
            if error.of_whole_server:
                raise
            problem = reader.without_name(error.message)
            reader.note(f"{name} cannot be read, so it does not show which intervals were recorded ({problem})")
            continue
        reader.tables_read.add(name)
        for bucket, state in states:
            covered.add(name, bucket, state)
        if covered.lengths and not questions.coverage:
            break
    return covered


def _lengths_by_acd(rows: Iterable[dict[str, Any]], questions: FactQuestions) -> tuple[DayLengths, ...]:
    """Fall back to the set-up of the ACDs, where no interval row has a length."""
    day = questions.window.start.date() if questions.window else date.min
    return tuple(
        DayLengths(row["acd"], day, row["intrvl"], row["intrvl"])
        for row in rows
        if row["acd"] is not None and row.get("intrvl") in LENGTHS
    )


def running_archive(server: Server, role: Role) -> str:
    """Return which archive is running on a server at this moment, as the end of a sentence, or nothing."""
    reader = _FactReader(server, role, server.tables(("arch_stat",)))
    for status in _archives(reader.rows("arch_stat")):
        if status.state is ArchiveState.RUNNING:
            return f"the {status.archive} archive of ACD {status.acd} on {role} has run"
    return ""
