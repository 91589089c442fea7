"""Which days of a table a verify need not read again, and which it may remember.

Only intervals and events with a label are remembered, by closed days: those both servers have archived
and that are wholly past. Days, weeks and months are read each time, since they follow from intervals and
are few; so are events with epoch seconds, whose rows do not say on which day a run would write them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from syncengine.diffing.buckets import BucketPair
from syncengine.diffing.stretches import stretches
from syncengine.model.drift import Scope
from syncengine.model.errors import ServerError
from syncengine.model.facts import ClockReset, ServerFacts
from syncengine.model.fingerprint import VERSION, FingerprintColumn
from syncengine.model.grain import Archive
from syncengine.model.interval import floor_to
from syncengine.model.pair import PairSettings, Role
from syncengine.model.remembered_days import (
    DayPlace,
    DaysQuery,
    DayVersions,
    EqualDay,
    PairVersions,
    RememberedCounts,
    RememberedDays,
    VerifiedDays,
)
from syncengine.model.selection import select_window
from syncengine.model.sides import Sides
from syncengine.model.spec import TableSpec
from syncengine.model.window import DAY, Window
from syncengine.observe.slices import SLICE
from syncengine.servers.protocol import LiveTable, Server, ServerDescription

FORMAT = 2
"""The version of what an environment is made from, and of what its days mean."""
SHARE = 10
"""The number of verifies in which every remembered day is read again."""
LONGEST = timedelta(days=400)
"""More than a CMS stores of intervals; a longer window is always read."""
QUERY_ROWS = 30_000
"""Rows of both servers that take about as long to read as one more query takes to begin."""


def can_be_remembered(spec: TableSpec) -> bool:
    """Say whether days of a table can be remembered at all."""
    labelled = spec.time is not None and spec.time.label is not None
    return labelled and spec.grain.sliced and not spec.future_dates


def few_enough(scopes: Iterable[Scope]) -> bool:
    """Say whether windows are of a length worth remembering day by day."""
    return all(scope.window is None or scope.window.stop - scope.window.start <= LONGEST for scope in scopes)


def environment_of(
    spec: TableSpec,
    compared: tuple[FingerprintColumn, ...],
    live: Mapping[Role, LiveTable],
    settings: PairSettings,
    descriptions: Mapping[Role, ServerDescription],
) -> str:
    """Return a digest of everything that drops what is remembered of a table when it changes."""
    sides = [
        (
            role.value,
            live[role].owner,
            live[role].columns,
            descriptions[role].load,
            descriptions[role].kind,
            descriptions[role].identity,
            descriptions[role].locale,
        )
        for role in Role
    ]
    columns = [(column.name, str(column.type), column.significant) for column in spec.columns]
    meaning = (spec.name, spec.acd, spec.archive, spec.time, spec.key, sorted(spec.ignored), columns)
    text = repr((FORMAT, VERSION, meaning, compared, settings.timezone, sides, sorted(settings.pseudo_acds)))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class TableMemory:
    """What one verify may use of the days remembered of one table. A day is read or skipped for all ACDs together."""

    spec: TableSpec
    environment: str
    remembered_days: RememberedDays
    scopes: tuple[Scope, ...]
    facts: Sides[ServerFacts]
    as_of: datetime
    now: datetime
    """The clock of this machine."""
    versions: PairVersions | None = None
    """Of the days that may be skipped or remembered, None before they are read."""

    @cached_property
    def span(self) -> Window | None:
        """From the first to the last of the days that may be skipped or remembered, None where there are none."""
        days = [day for day in self._days if self._candidate(day)]
        return Window(_span(days[0]).start, _span(days[-1]).stop) if days else None

    def queries(self, zone: str) -> tuple[DaysQuery, ...]:
        """Return the queries of the versions of these days, slice by slice as rows are compared."""
        acds = None if any(scope.acd is None for scope in self.scopes) else tuple(sorted(self.named))
        pieces = self.span.cut(SLICE) if self.span is not None else ()
        found = (select_window(self.spec, piece, zone=zone, acds=acds) for piece in pieces)
        return tuple(DaysQuery(one, self.named) for one in found if one is not None)

    @cached_property
    def skipped(self) -> frozenset[date]:
        """The days that are not read: remembered for every requested ACD, but for the share that is read again.

        That is the tenth not read for longest, the latest of those first: it joins the days that are read anyway.
        A few rows between days that are read are read with them: that is faster than a second query.
        """
        whole = dict(self._whole())
        ages = {day: min(one.at for one in found) for day, found in whole.items()}
        again = -(-len(ages) // SHARE)
        spared = set(sorted(ages, key=lambda day: (ages[day], date.max - day))[again:])
        gap: list[date] = []
        read_before = False
        for day in self._days:
            if day in spared:
                gap.append(day)
                continue
            if read_before and sum(one.rows for passed in gap for one in whole[passed]) < QUERY_ROWS:
                spared.difference_update(gap)
            gap, read_before = [], True
        return frozenset(spared)

    @property
    def counts(self) -> RememberedCounts:
        """What is not read, for the verdict."""
        skipped = {
            place: one for place, one in self._valid.items() if self._requested(place) and place[1] in self.skipped
        }
        spared, days = skipped.values(), {day for (_, day), one in skipped.items() if one.buckets}
        return RememberedCounts(
            tables=1 if spared else 0,
            days=len(days),
            days_in_all=len(days),
            buckets=sum(one.buckets for one in spared),
            rows=sum(one.rows for one in spared),
            oldest=min((one.at for one in spared), default=None),
        )

    def contradicted_by(self, unequal: Iterable[DayPlace]) -> bool:
        """Say whether a day that is remembered as equal is not: then none is relied on."""
        return any(place in self._valid for place in unequal)

    def verified_days(self, tally: Tally, seed: int, *, everything: bool) -> VerifiedDays:
        """Return what to remember of a comparison; `everything` says that no window was requested."""
        distrusted = self.contradicted_by(tally.unequal)
        known = {place for place in self.remembered_days.days if distrusted or place in self._invalid}
        starts = [scope.window.start.date() for scope in self.scopes if scope.window]
        return VerifiedDays(
            equal=tuple(self._equal(tally, seed)),
            dropped=frozenset(known),
            resets=self._resets,
            mark=self.remembered_days.mark,
            oldest_day=min(starts, default=None) if everything else None,
        )

    @cached_property
    def named(self) -> frozenset[int]:
        """The ACDs that have a scope of their own."""
        return frozenset(scope.acd for scope in self.scopes if scope.acd is not None)

    @cached_property
    def _resets(self) -> frozenset[ClockReset]:
        return frozenset(reset for facts in self.facts for reset in facts.clock_resets)

    @cached_property
    def _valid(self) -> dict[DayPlace, EqualDay]:
        """What is remembered and still valid."""
        return {
            place: one
            for place, one in self.remembered_days.days.items()
            if place not in self._invalid and self._versioned(place)
        }

    @cached_property
    def _invalid(self) -> frozenset[DayPlace]:
        """What is remembered and no longer valid: dated after now, changed since, or before an unknown clock reset."""
        new = self._resets - self.remembered_days.resets
        return frozenset(
            place
            for place, one in self.remembered_days.days.items()
            if one.at > self.now or any(_touches(reset, one) for reset in new) or self._changed(place, one)
        )

    def _versioned(self, place: DayPlace) -> bool:
        """Say whether the version of a day was read from the servers."""
        span = self.span if self.versions is not None else None
        return span is not None and self._requested(place) and span.start <= _span(place[1]).start < span.stop

    def _changed(self, place: DayPlace, one: EqualDay) -> bool:
        if self.versions is None or not self._versioned(place):
            return False
        positions = zip(self.versions.positions, one.positions, strict=True)
        return self.versions.of(place) != one.version or any(now < then for now, then in positions)

    def _candidate(self, day: date) -> bool:
        """Say whether all of a day is requested, and it may be skipped or remembered."""
        span = _span(day)
        parts = {scope: part for scope in self.scopes if scope.window and (part := scope.window.clipped(span))}
        return any(
            part == span and ((scope.acd, day) in self.remembered_days.days or self._is_closed(scope.acd, span))
            for scope, part in parts.items()
        )

    def _is_closed(self, acd: int | None, span: Window) -> bool:
        closed = self._closed_until(acd)
        return closed is not None and span.stop <= closed

    def _requested(self, place: DayPlace) -> bool:
        return any(scope.acd == place[0] for scope in self.scopes)

    @cached_property
    def _days(self) -> tuple[date, ...]:
        """Every requested day, in order."""
        return tuple(sorted({day for scope in self.scopes if scope.window for day in scope.window.days()}))

    def _whole(self) -> Iterator[tuple[date, tuple[EqualDay, ...]]]:
        """Yield the days that are whole, and remembered, in every scope that has any of their time."""
        for day in self._days:
            span = _span(day)
            parts = {scope: part for scope in self.scopes if scope.window and (part := scope.window.clipped(span))}
            if all(part == span and self._remembers(scope, day) for scope, part in parts.items()):
                yield day, tuple(self._valid[scope.acd, day] for scope in parts)

    def _remembers(self, scope: Scope, day: date) -> bool:
        one = self._valid.get((scope.acd, day))
        # An ACD that was known then, and is not now, is among those that are not known.
        return one is not None and (scope.acd is not None or self.named.issuperset(one.known_acds))

    def _equal(self, tally: Tally, seed: int) -> Iterator[EqualDay]:
        if self.versions is None:
            return
        besides, positions = tuple(sorted(self.named)), self.versions.positions
        for scope in self.scopes:
            if scope.window is None:
                continue
            own = () if scope.acd is not None else besides
            for day in scope.window.days():
                span, place = _span(day), (scope.acd, day)
                if day in tally.skipped or place in tally.unequal or scope.window.clipped(span) != span:
                    continue
                if self._is_closed(scope.acd, span) and self._versioned(place):
                    buckets, rows = tally.compared.get(place, (0, 0))
                    version = self.versions.of(place)
                    yield EqualDay(scope.acd, day, self.now, seed, buckets, rows, own, version, positions)

    def _closed_until(self, acd: int | None) -> datetime | None:
        """Return until when both servers report that they have archived, None where one does not report it.

        A day of events is open for another day: they are written late.
        """
        acds = (acd,) if acd is not None else tuple({one for facts in self.facts for one in facts.acds})
        reported = [facts.archived(one, Archive.INTERVAL).until for facts in self.facts for one in acds]
        ends = [until for until in reported if until is not None]
        if not ends or len(ends) < len(reported):
            return None
        closed = floor_to(min(*ends, self.as_of), 24 * 60)
        return closed - self.spec.grain.written_late


@dataclass(slots=True)
class Tally:
    """What of each day was compared in this verify."""

    named: frozenset[int]
    """The ACDs that have a scope of their own."""
    skipped: frozenset[date]
    compared: dict[DayPlace, tuple[int, int]] = field(default_factory=dict)
    """Buckets, and rows of both servers."""
    unequal: set[DayPlace] = field(default_factory=set)
    """Days with a bucket whose fingerprints were not equal when first read, even if they were later."""

    @property
    def days(self) -> int:
        """How many days that have rows were read."""
        return len({day for (_, day), (_, rows) in self.compared.items() if rows})

    def add(self, pairs: tuple[BucketPair, ...]) -> None:
        """Count one whole slice. A day on which intervals of a server may overlap is not equal."""
        tiled = {bucket: one.source_tiles and one.target_tiles for bucket, one in stretches(pairs).items()}
        for pair in pairs:
            day = pair.bucket.row_date
            if day is None:
                continue
            acd = pair.bucket.acd if pair.bucket.acd in self.named else None
            buckets, rows = self.compared.get((acd, day), (0, 0))
            self.compared[acd, day] = (buckets + 1, rows + pair.rows)
            if not (pair.source.same_rows(pair.target) and tiled.get(pair.bucket, True)):
                self.unequal.add((acd, day))


def with_versions(memory: TableMemory, servers: Mapping[Role, Server], zone: str, pool: Executor) -> TableMemory | None:
    """Read the versions of days from both servers at once; None where one of them has none.

    They are read before the rows: a change while rows are compared gives other versions than those remembered.
    """
    queries = memory.queries(zone)
    if not queries:
        return memory
    futures = {role: pool.submit(_versions_on, server, queries) for role, server in servers.items()}
    answers = {role: future.result() for role, future in futures.items()}
    known = {role: versions for role, versions in answers.items() if versions is not None}
    return replace(memory, versions=PairVersions(known)) if len(known) == len(answers) else None


def _versions_on(server: Server, queries: Iterable[DaysQuery]) -> DayVersions | None:
    """Return the versions of days on one server, None where it has none, or restarted its count meanwhile.

    Where the query fails, for example at a time limit, there are none either: the rows are read instead.
    """
    found: DayVersions | None = None
    for query in queries:
        try:
            versions = server.day_versions(query)
        except ServerError as error:
            if error.of_whole_server:
                raise
            return None
        if versions is None or (found is not None and versions.history != found.history):
            return None
        found = versions if found is None else replace(found, days={**found.days, **versions.days})
    return found


def _span(day: date) -> Window:
    start = datetime(day.year, day.month, day.day)
    return Window(start, start + DAY)


def _touches(reset: ClockReset, one: EqualDay) -> bool:
    """Say whether a clock reset may have changed rows of that day or later; at midnight, also of the day before."""
    if reset.acd and one.acd is not None and reset.acd != one.acd:
        return False
    return reset.day == date.min or one.day >= reset.day - DAY
