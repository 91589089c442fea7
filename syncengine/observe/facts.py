"""Asks a server what planning needs to know beside its rows: archiving, storage, links, intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import BucketColumns
from syncengine.model.facts import (
    WITNESSES,
    ArchiveStatus,
    DayLengths,
    IntervalCoverage,
    Kept,
    Outage,
    ServerFacts,
)
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.interval import LENGTHS, at_label, floor_to
from syncengine.model.pair import PairSettings, Role
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import Archive, TableSpec
from syncengine.model.window import Window
from syncengine.servers.protocol import LiveTable, Server

ARCHIVE_CODES = {"1": Archive.INTERVAL, "2": Archive.DAILY, "3": Archive.WEEKLY, "4": Archive.MONTHLY}
FINISHED = "2"
STATUS_WORDS = {"1": "has not run", "3": "ended in failure", "4": "is running now"}
TIME_FORMATS = ("%m/%d/%y %H:%M", "%m/%d/%y %H:%M:%S", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
CLOCK_RESET = 96
"""The linkex reason that marks a clock being set, not a link being down."""


@dataclass(frozen=True, slots=True)
class FactQuestions:
    """What to ask: which days' interval lengths, and whether to look at every interval's coverage."""

    settings: PairSettings
    catalogue: Catalogue
    window: Window | None
    coverage: bool


def gather_facts(server: Server, role: Role, questions: FactQuestions) -> ServerFacts:
    """Return what one server says of itself; tables it lacks are noted, not fatal."""
    names = ("arch_stat", "dcalloc", "linkex", "acds", *WITNESSES)
    live = server.tables(names)
    notes = [f"{role}: has no {name} table" for name in ("arch_stat", "dcalloc", "linkex") if name not in live]
    lengths, coverage = _intervals(server, live, questions)
    archives = tuple(_archives(_small_rows(server, live.get("arch_stat"))))
    kept = tuple(_kept(_small_rows(server, live.get("dcalloc"))))
    acds = {row["acd"] for row in _small_rows(server, live.get("acds"))}
    acds |= {status.acd for status in archives} | {day.acd for day in lengths} | {item.acd for item in kept}
    description = server.describe()
    return ServerFacts(
        role=role,
        identity=description.identity,
        kind=description.kind,
        load=questions.settings.server(role).load,
        acds=tuple(sorted(acd for acd in acds if acd is not None)),
        archives=archives,
        lengths=lengths or _lengths_by_acd(_small_rows(server, live.get("acds")), questions),
        kept=kept,
        outages=tuple(_outages(_small_rows(server, live.get("linkex")))),
        coverage=coverage,
        notes=tuple(notes),
    )


def parse_time(text: str) -> datetime | None:
    """Return the time a CMS wrote as text, or None where no known format fits."""
    for form in TIME_FORMATS:
        try:
            return datetime.strptime(" ".join(text.split()), form)
        except ValueError:
            continue
    return None


def _archives(rows: Iterable[dict[str, Any]]) -> Iterator[ArchiveStatus]:
    for row in rows:
        archive = ARCHIVE_CODES.get(str(row["arch_type"] or "").strip())
        if archive is None or row["acd"] is None:
            continue
        status = str(row["status"] or "").strip()
        text = str(row["last_time"] or "").strip()
        moment = parse_time(text)
        if status != FINISHED:
            problem = STATUS_WORDS.get(status, f"has the unknown status {status!r}")
            yield ArchiveStatus(row["acd"], archive, None, problem)
        elif moment is None:
            yield ArchiveStatus(row["acd"], archive, None, f"last ran at {text!r}, which is not a time known here")
        else:
            whole = moment if archive is Archive.INTERVAL else floor_to(moment, 24 * 60)
            yield ArchiveStatus(row["acd"], archive, whole)


def _kept(rows: Iterable[dict[str, Any]]) -> Iterator[Kept]:
    for row in rows:
        if row["acd"] is None:
            continue
        item = str(row["item"]).strip()
        capacity = row["num_items"] or 0
        spans = (
            (Archive.INTERVAL, row["days_intrahour"]),
            (Archive.DAILY, row["days_daily"]),
            (Archive.WEEKLY, row["weeks_weekly"]),
            (Archive.MONTHLY, row["months_monthly"]),
        )
        for archive, periods in spans:
            if periods is not None:
                yield Kept(row["acd"], item, archive, periods, capacity)
        yield Kept(row["acd"], item, Archive.EVENT, 0, capacity)


def _outages(rows: Iterable[dict[str, Any]]) -> Iterator[Outage]:
    """Yield each time a link was down: a row is stamped with when it went down, duration in seconds."""
    for row in rows:
        duration = row["duration"] or 0
        if None in (row["row_date"], row["row_time"], row["acd"]) or duration <= 0 or row["reason"] == CLOCK_RESET:
            continue
        down = at_label(row["row_date"], row["row_time"])
        yield Outage(row["acd"], Window(down, down + timedelta(seconds=duration)), row["reason"] or 0)


def _intervals(
    server: Server, live: Mapping[str, LiveTable], questions: FactQuestions
) -> tuple[tuple[DayLengths, ...], tuple[IntervalCoverage, ...]]:
    """Return interval lengths by ACD and day, and the coverage of every interval where it was asked for."""
    lengths: dict[tuple[int, date], tuple[int, int]] = {}
    seen: dict[tuple[int, date, int], tuple[int, int]] = {}
    for name in WITNESSES:
        if name not in live:
            continue
        for bucket, state in server.fingerprint(_coverage_query(questions.catalogue.table(name), questions)):
            if bucket.acd is None or bucket.row_date is None or bucket.slot is None:
                continue
            place = (bucket.acd, bucket.row_date, bucket.slot)
            incomplete, length = seen.get(place, (0, 0))
            told = state.lengths[1] if state.lengths else questions.settings.interval(bucket.acd) or 30
            seen[place] = (max(incomplete, state.incomplete or 0), max(length, told))
            if state.lengths is not None:
                day = (bucket.acd, bucket.row_date)
                low, high = lengths.get(day, state.lengths)
                lengths[day] = (min(low, state.lengths[0]), max(high, state.lengths[1]))
        if lengths and not questions.coverage:
            break
    coverage = tuple(IntervalCoverage(*place, *figures) for place, figures in sorted(seen.items()))
    return (
        tuple(DayLengths(acd, day, low, high) for (acd, day), (low, high) in sorted(lengths.items())),
        coverage if questions.coverage else (),
    )


def _coverage_query(spec: TableSpec, questions: FactQuestions) -> FingerprintQuery:
    time = spec.time
    columns = BucketColumns.of(spec)
    dates = None
    if questions.window is not None:
        day = timedelta(days=1)
        dates = (questions.window.start.date() - day, questions.window.stop.date() + 2 * day)
    return FingerprintQuery(
        selection=Selection(spec.name, columns, dates=dates),
        columns=(),
        seed=0,
        incomplete=time.incomplete if time else None,
        interval=time.interval if time else None,
    )


def _lengths_by_acd(rows: Iterable[dict[str, Any]], questions: FactQuestions) -> tuple[DayLengths, ...]:
    """Fall back to the set-up of the ACDs, where no interval row tells."""
    day = questions.window.start.date() if questions.window else date.min
    return tuple(
        DayLengths(row["acd"], day, row["intrvl"], row["intrvl"])
        for row in rows
        if row["acd"] is not None and row.get("intrvl") in LENGTHS
    )


def _small_rows(server: Server, table: LiveTable | None) -> list[dict[str, Any]]:
    if table is None:
        return []
    rows: list[dict[str, Any]] = server.read(ReadQuery(Selection(table.name, BucketColumns()))).read_all().to_pylist()
    return rows
