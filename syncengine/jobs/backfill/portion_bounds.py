"""Cuts a backfill into portions, by the rows of each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

from syncengine.catalogue import Catalogue
from syncengine.jobs.connections import as_of
from syncengine.model.bucket import BucketColumns, bucket_start
from syncengine.model.errors import ServerError, WindowError
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.grain import INTERVAL
from syncengine.model.pair import PairSettings, Role
from syncengine.model.portions import BackfillPlan, BackfillRequest, Portion
from syncengine.model.progress import Progress
from syncengine.model.selection import select_window
from syncengine.model.sides import Sides
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions
from syncengine.observe.pair_facts import facts_of
from syncengine.observe.refusals import refuse_absent
from syncengine.observe.scopes import DEFAULT_LENGTH, ScopeQuestions, closed_until
from syncengine.planning.portions import day_windows, month_windows
from syncengine.servers.protocol import Server

MONTHS = 12
"""How many months of weekly and monthly rows one portion has."""


@dataclass(frozen=True, slots=True)
class CountedSpan:
    """The time whose rows are counted, in whole intervals of each ACD, as they are compared and copied."""

    window: Window
    lengths: Mapping[int, int]
    """Minutes of an interval, by ACD."""
    acds: tuple[int, ...]

    @property
    def widest(self) -> Window:
        """The time that includes that of every ACD."""
        return self.of_acd(None)

    def of_acd(self, acd: int | None) -> Window:
        """Return the whole intervals of an ACD, or of the ACD with the longest."""
        longest = max(self.lengths.values(), default=DEFAULT_LENGTH)
        return self.window.aligned(longest if acd is None else self.lengths.get(acd, DEFAULT_LENGTH))


@dataclass(frozen=True, slots=True)
class PortionPlanner:
    """Cuts the backfills of one pair."""

    settings: PairSettings
    catalogue: Catalogue
    progress: Progress

    def portions(self, servers: Mapping[Role, Server], request: BackfillRequest) -> BackfillPlan:
        """Return the portions, and the tables that could not be counted. Reads no values, only counts.

        Raises `ServerError` where there is no portion and a table could not be counted: its rows are unknown.
        """
        specs = [self.catalogue.table(name) for name in request.tables]
        window, lengths, notes = self._archived(servers, request)
        span = CountedSpan(window, lengths, request.acds)
        source, target = servers[request.source], servers[request.source.other]
        there = source.tables([spec.name for spec in specs])
        on_either = there.keys() | {spec.name for spec in self._tables_on(target, specs)}
        refuse_absent([name for name in request.named if name not in on_either])
        daily = [spec for spec in specs if not spec.grain.long and spec.name in there]
        long = [spec for spec in specs if spec.grain.long and spec.name in there]
        failed: dict[str, ServerError] = {}
        rows = self._rows_by_day(source, daily, span, failed)
        # Days that only the target has are compared too: else the verdict would not include them.
        either = _larger(rows, self._rows_by_day(target, self._tables_on(target, daily), span, failed))
        found = day_windows(either, window, most_rows=request.portion_rows, most_days=request.portion_days)
        pieces = [(piece, tuple(spec.name for spec in daily)) for piece in found]
        # After the intervals, since a week or month is copied only where its intervals agree (rule 10).
        below = {spec.rolled_from for spec in long if spec.rolled_from is not None}
        long_rows = self._rows_by_day(source, long, span, failed)
        long_on_either = _larger(long_rows, self._rows_by_day(target, self._tables_on(target, long), span, failed))
        with_intervals = tuple(sorted((below - request.excluded) | {spec.name for spec in long}))
        later = []
        if long_on_either:
            first = datetime.combine(min(long_on_either), datetime.min.time())
            begun = window.since(first)
            later = [(piece, with_intervals) for piece in month_windows(begun, most_months=MONTHS)] if begun else []
        if request.newest_first:
            pieces.reverse()
            later.reverse()
        portions = tuple(
            Portion(at + 1, piece, tables, _rows_in(rows if at < len(pieces) else long_rows, piece))
            for at, (piece, tables) in enumerate([*pieces, *later])
        )
        if failed and not portions:
            _raise_nothing_counted(failed)
        identities = tuple((role, server.describe().identity) for role, server in servers.items())
        return BackfillPlan(
            request, portions, identities, notes, tuple((name, error.message) for name, error in failed.items())
        )

    def _archived(
        self, servers: Mapping[Role, Server], request: BackfillRequest
    ) -> tuple[Window, Mapping[int, int], tuple[str, ...]]:
        """Return the window up to what both servers have archived for every ACD (rule 6), interval lengths, notes."""
        now = as_of(self.settings)
        fact_questions = FactQuestions(self.settings, self.catalogue, None, coverage=False)
        facts = Sides.by_role(request.source, facts_of(servers, fact_questions, request.acds))
        questions = ScopeQuestions(self.settings, tuple(facts), now, acds=request.acds)
        lengths = questions.lengths
        ends = [
            closed_until(INTERVAL, acd, lengths.get(acd, DEFAULT_LENGTH), questions)
            for acd in (request.acds or tuple(lengths))
        ]
        until, why = min(ends, default=(now, ""))
        if until >= request.window.stop:
            return request.window, lengths, ()
        window = request.window.before(until)
        if window is None:
            raise WindowError(
                f"Nothing of the window {request.window} is archived on both servers: {why}.",
                hint="Give a window that has passed.",
            )
        return window, lengths, (f"up to {until:%Y-%m-%d %H:%M}{f': {why}' if why else ', which is now'}",)

    def _tables_on(self, server: Server, specs: Sequence[TableSpec]) -> list[TableSpec]:
        """Return the tables that a server has."""
        there = server.tables([spec.name for spec in specs])
        return [spec for spec in specs if spec.name in there]

    def _rows_by_day(
        self,
        source: Server,
        specs: Sequence[TableSpec],
        span: CountedSpan,
        failed: dict[str, ServerError],
    ) -> dict[date, int]:
        """Count a server's rows by day; no values are read. A table that cannot be counted is added to `failed`."""
        zone = self.settings.timezone
        rows: dict[date, int] = defaultdict(int)
        self.progress.begin("Counting", len(specs))
        try:
            for spec in specs:
                selection = select_window(spec, span.widest, zone=zone, acds=span.acds or None)
                if selection is None or (spec.acd is None and span.acds):
                    self.progress.advance(1, spec.name)
                    continue
                columns, count = BucketColumns.of(spec), 0
                try:
                    found = tuple(source.fingerprint(FingerprintQuery(selection, (), 0)))
                except ServerError as error:
                    if error.of_whole_server:
                        raise
                    failed.setdefault(spec.name, error)
                    found = ()
                for bucket, state in found:
                    start = bucket_start(bucket, columns, zone)
                    if start is not None and span.of_acd(bucket.acd).contains(start):
                        rows[start.date()] += state.rows
                        count += state.rows
                self.progress.advance(1, spec.name, rows=count)
        finally:
            self.progress.end()
        return dict(rows)


def _raise_nothing_counted(failed: Mapping[str, ServerError]) -> NoReturn:
    """Raise why tables could not be counted, where no other table has rows."""
    if len(failed) == 1:
        raise next(iter(failed.values()))
    problems = "; ".join(f"{name}: {error.message.rstrip('.')}" for name, error in failed.items())
    hint = next((error.hint for error in failed.values() if error.hint), "")
    raise ServerError(f"It is not known whether there is anything to copy. {problems}.", hint=hint)


def _larger(source: Mapping[date, int], target: Mapping[date, int]) -> dict[date, int]:
    """Return for each day the rows of the server that has more."""
    return {day: max(source.get(day, 0), target.get(day, 0)) for day in {*source, *target}}


def _rows_in(rows: Mapping[date, int], window: Window) -> int:
    return sum(rows.get(day, 0) for day in window.days())
