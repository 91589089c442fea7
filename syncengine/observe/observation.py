"""Observes a pair: reads both servers, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date, datetime

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import BucketColumns, bucket_start
from syncengine.model.cuts import Cut
from syncengine.model.drift import BucketDrift, Observation, Scope, TableObservation, TableState
from syncengine.model.errors import InputError, ServerError
from syncengine.model.facts import ServerFacts
from syncengine.model.merging import merged
from syncengine.model.names import folded
from syncengine.model.pair import PairSettings, Role
from syncengine.model.progress import Progress
from syncengine.model.remembered_days import ALL_READ, RememberedCounts
from syncengine.model.selection import KeyGroups
from syncengine.model.sides import Sides
from syncengine.model.spans import with_spans
from syncengine.model.spec import TableSpec
from syncengine.model.timetables import COPIED
from syncengine.model.window import DAY, Window
from syncengine.model.without_acd import WITHOUT_ACD
from syncengine.observe.broken_intervals import without_unlike_counts
from syncengine.observe.changes_since_sync import ChangesSinceSync
from syncengine.observe.columns import ColumnsVerdict, judge_columns
from syncengine.observe.comparison import Comparison, Findings, compare
from syncengine.observe.cuts import RelevantOutages, with_cuts
from syncengine.observe.expected_differences import Expectations, dropped, pseudo_acds_of
from syncengine.observe.guards import with_guards
from syncengine.observe.pair_facts import facts_for
from syncengine.observe.refusals import refuse_impossible, refuse_nothing, unarchived
from syncengine.observe.remembered_days import (
    TableMemory,
    Tally,
    can_be_remembered,
    environment_of,
    few_enough,
    with_versions,
)
from syncengine.observe.request import ALL_MONTHS, MonthRange, Request
from syncengine.observe.samples import samples_of
from syncengine.observe.scopes import ScopeQuestions, scopes_of
from syncengine.observe.server_threads import server_threads
from syncengine.observe.slices import Slice, SlicePlan
from syncengine.observe.timetables.comparison import excluded_timetables, list_timetables
from syncengine.servers.protocol import Bounds, LiveTable, Server
from syncengine.staging.cache import Cache
from syncengine.staging.last_synced import LastSynced
from syncengine.staging.remembered_days import Memory

FILE_KEYS_SHOWN = 100
"""Key groups to report of a table that belongs to files."""


@dataclass(frozen=True, slots=True)
class TableWork:
    """One table to compare and the slices to compare it in."""

    spec: TableSpec
    verdict: ColumnsVerdict
    scopes: tuple[Scope, ...] = ()
    slice_plan: SlicePlan | None = None
    memory: TableMemory | None = None
    months: MonthRange = ALL_MONTHS

    def slices(self, *, use_memory: bool = True) -> tuple[Slice, ...]:
        """Return the slices, but for days that are remembered where these are relied on."""
        skipped = self.memory.skipped if self.memory is not None and use_memory else frozenset[date]()
        return tuple(self.slice_plan.slices(self.months, skipped)) if self.slice_plan is not None else ()

    @property
    def excluded(self) -> KeyGroups | None:
        """Rows that are each server's own."""
        return self.slice_plan.excluded if self.slice_plan is not None else None


def observe(
    servers: Mapping[Role, Server],
    settings: PairSettings,
    catalogue: Catalogue,
    request: Request,
    cache: Cache,
    progress: Progress,
    memory: Memory | None = None,
    last: LastSynced | None = None,
) -> Observation:
    """Return what differs between source and target, and what planning needs to know of both.

    Days that `memory` knows to be equal are not read where the request allows it; days that differ are dropped from
    it in any case. With `last`, tables without time are also compared with the rows remembered of them.
    """
    refuse_impossible(request)
    with server_threads(servers.values()) as pool:
        return _ObservationRun(servers, settings, catalogue, request, cache, pool, memory, last).run(progress)


def questions_of(settings: PairSettings, facts: Sides[ServerFacts], request: Request) -> ScopeQuestions:
    """Return what the scopes of a request depend on."""
    return ScopeQuestions(settings, tuple(facts), request.as_of, request.window, request.acds)


class _ObservationRun:
    """One observation in progress."""

    def __init__(
        self,
        servers: Mapping[Role, Server],
        settings: PairSettings,
        catalogue: Catalogue,
        request: Request,
        cache: Cache,
        pool: Executor,
        memory: Memory | None,
        last: LastSynced | None,
    ) -> None:
        self.servers = servers
        self.settings = settings
        self.request = request
        self.months = request.months or ALL_MONTHS
        self.cache = cache
        self.pool = pool
        self.memory = memory
        self.last = last
        self.with_files = frozenset(table for file in catalogue.files for table in catalogue.tables_of(file))
        self.files = catalogue.files_of(spec.name for spec in request.specs)
        self.facts = facts_for(servers, settings, catalogue, request)
        self.questions = questions_of(settings, self.facts, request)
        self.lengths = self.questions.lengths
        self.live = self._live_tables()
        self.timetables = None
        if any(spec.name in COPIED for spec in request.specs):
            self.timetables = list_timetables(servers, settings.timetables, request.as_of)

    def run(self, progress: Progress) -> Observation:
        works = [self._work_or_problem(spec) for spec in self.request.specs]
        if self.request.months is None:
            verdicts = ((work.spec, work.verdict, work.scopes) for work in works)
            observations = [
                TableObservation(spec, one.state, one.problem, scopes=scopes) for spec, one, scopes in verdicts
            ]
            refuse_nothing(self.request, observations, self.questions)
        progress.begin("Comparing", sum(len(work.slices()) for work in works))
        try:
            tables = tuple(self._observed_or_problem(work, progress) for work in works)
        finally:
            progress.end()
        found = Observation(
            as_of=self.request.as_of,
            seed=self.request.seed,
            requested=self.request.window,
            facts=self.facts,
            tables=tables,
            zone=self.settings.timezone,
            acds=self.request.acds,
            notes=tuple(note for memory in (self.memory, self.last) if memory is not None for note in memory.notes),
            timetables=self.timetables,
            files=self.files,
            interval_lengths=tuple(self.lengths.items()),
        )
        return merged((with_spans(found),), samples=self.settings.limits.samples)

    def _live_tables(self) -> Mapping[Role, Mapping[str, LiveTable]]:
        names = [spec.name for spec in self.request.specs]
        others = {role: server for role, server in self.servers.items() if role not in self.request.live}
        futures = {role: self.pool.submit(server.tables, names) for role, server in others.items()}
        return {**self.request.live, **{role: future.result() for role, future in futures.items()}}

    def _work_or_problem(self, spec: TableSpec) -> TableWork:
        """Return the work on a table; an error of this table alone is its verdict, and does not stop the others."""
        try:
            return self._work(spec)
        except ServerError as error:
            if error.of_whole_server:
                raise
            return TableWork(spec, ColumnsVerdict(TableState.NOT_READ, error.message, error.hint))

    def _observed_or_problem(self, work: TableWork, progress: Progress) -> TableObservation:
        """Compare a table; an error of this table alone is its verdict, and does not stop the others."""
        try:
            return self._observe(work, progress)
        except ServerError as error:
            if error.of_whole_server:
                raise
            return TableObservation(work.spec, TableState.NOT_READ, error.message, hint=error.hint, scopes=work.scopes)

    def _work(self, spec: TableSpec) -> TableWork:
        verdict = judge_columns(spec, {role: self.live[role].get(spec.name) for role in Role})
        there = verdict.state in (TableState.COMPARED, TableState.NOT_COMPARABLE)
        if there and spec.time is None and spec.acd is None and self.request.acds:
            return TableWork(spec, ColumnsVerdict(TableState.NOTHING, WITHOUT_ACD))
        if verdict.state is not TableState.COMPARED:
            return TableWork(spec, verdict)
        if spec.time is None:
            excluded = excluded_timetables(self.timetables, spec, verdict)
            slice_plan = SlicePlan(spec, (), self.settings.timezone, excluded=excluded)
            return TableWork(spec, verdict, (), slice_plan, months=self.months)
        # Without the columns that neither server has.
        spec = replace(spec, time=verdict.time)
        if spec.time is not None and spec.time.epoch is not None and self.settings.clock_zone is None:
            return self._without_zone(spec)
        bounds = self._bounds(spec)
        scopes = tuple(
            self._within_bounds(spec, scope, bounds) for scope in scopes_of(spec, self.questions, self.lengths, bounds)
        )
        untimed = self.request.window is None and any(one.untimed for found in bounds.values() for one in found)
        slice_plan = SlicePlan(spec, scopes, self.settings.timezone, self.request.parts, untimed)
        memory = self._table_memory(spec, verdict, scopes)
        empty = bool(bounds) and not any(one.rows for found in bounds.values() for one in found)
        if not (any(slice_plan.slices()) or empty or unarchived(self.request, spec, scopes, self.questions)):
            why = next((note for scope in scopes for note in scope.notes), _why_nothing(spec, self.request))
            return TableWork(spec, replace(verdict, state=TableState.NOTHING, problem=why), scopes)
        return TableWork(spec, verdict, scopes, slice_plan, memory, self.months)

    def _table_memory(self, spec: TableSpec, verdict: ColumnsVerdict, scopes: tuple[Scope, ...]) -> TableMemory | None:
        """Return what is remembered of a table; None where it is not recalled and will not be remembered."""
        memory, now = self.memory, self.request.now
        if memory is None or now is None or not self.request.may_recall or verdict.uncovered:
            return None
        if not can_be_remembered(spec) or not few_enough(scopes):
            return None
        live = {role: self.live[role][spec.name] for role in Role}
        described = {role: server.describe() for role, server in self.servers.items()}
        environment = environment_of(spec, verdict.compared, live, self.settings, described)
        remembered = memory.recall(environment, spec.name)
        table_memory = TableMemory(spec, environment, remembered, scopes, self.facts, self.request.as_of, now)
        return with_versions(table_memory, self.servers, self.settings.timezone, self.pool)

    def _without_zone(self, spec: TableSpec) -> TableWork:
        """Leave out, or refuse to write, a table whose times cannot be read."""
        if self.request.for_writing:
            raise InputError(
                f"The times of {spec.name} are epoch seconds, and {self.settings.file.name} does not say which clock "
                "the switch's is.",
                hint='Add a line like timezone = "America/Denver" to it, or leave the table out with `exclude=`.',
            )
        why = "its times are epoch seconds, and the pair file names no timezone"
        return TableWork(spec, ColumnsVerdict(TableState.NOTHING, why))

    def _bounds(self, spec: TableSpec) -> dict[Role, tuple[Bounds, ...]]:
        if self.request.window is not None and not spec.circular:
            return {}
        columns = BucketColumns.of(spec)
        futures = {role: self.pool.submit(server.bounds, spec.name, columns) for role, server in self.servers.items()}
        return {role: future.result() for role, future in futures.items()}

    def _within_bounds(self, spec: TableSpec, scope: Scope, bounds: Mapping[Role, tuple[Bounds, ...]]) -> Scope:
        """Shrink an open scope to the time that has rows, so that no empty years are read."""
        if self.request.window is not None or scope.window is None:
            return scope
        columns, zone = BucketColumns.of(spec), self.settings.timezone
        ends = [bound.first for one in bounds.values() for bound in one] + [
            bound.last for one in bounds.values() for bound in one
        ]
        moments = [start for end in ends if end is not None and (start := bucket_start(end, columns, zone)) is not None]
        if not moments:
            return replace(scope, window=None)
        # A day to either side allows for the length of a bucket and for changes of clocks.
        first, last = min(moments) - DAY, max(moments) + 32 * DAY
        extent = Window(datetime(first.year, first.month, first.day), datetime(last.year, last.month, last.day))
        return replace(scope, window=scope.window.clipped(extent))

    def _observe(self, work: TableWork, progress: Progress) -> TableObservation:
        spec, verdict = work.spec, work.verdict
        if verdict.state is not TableState.COMPARED:
            expected = tuple(dropped(work.scopes))
            return TableObservation(
                spec, verdict.state, verdict.problem, hint=verdict.hint, scopes=work.scopes, expected=expected
            )
        comparison = Comparison(
            spec=spec,
            verdict=verdict,
            source=self.servers[self.request.source],
            target=self.servers[self.request.source.other],
            facts=self.facts,
            cache=self.cache,
            pool=self.pool,
            limits=self.settings.limits,
            seed=self.request.seed,
            every_row=self.request.every_row,
            zone=self.settings.timezone,
            expectations=self._expectations(spec, verdict),
            excluded=work.excluded,
        )
        findings, remembered = self._compared(work, comparison, progress)
        # Where a write follows the rules of roll-ups decide on them: what is repaired below changes what they count.
        counted = () if self.request.for_writing else tuple(without_unlike_counts(comparison, findings))
        samples = samples_of(comparison, findings)
        cuts: tuple[Cut, ...] = ()
        if self.settings.clock_zone is not None:
            # Without it the wall clock time at which a row began is not known.
            relevant = RelevantOutages(
                work.scopes, self.request.parts, self.settings.clock_zone, self.request.as_of, self.months
            )
            findings.differing, cuts = with_cuts(comparison, relevant, findings.differing)
        if self.request.for_writing:
            findings.differing = list(with_guards(comparison, findings.differing))
        differing, others = self._of_requested_acds(spec, findings)
        changes = None
        if self.last is not None and spec.time is None and self.months.open_start:
            # Of a table that belongs to files, more changes are reported, so that their files are named.
            shown = FILE_KEYS_SHOWN if spec.name in self.with_files else self.settings.limits.samples
            since = ChangesSinceSync(comparison, self.last, guarded=self.request.for_writing, shown=shown)
            changes, differing = since.compare(differing)
        return TableObservation(
            spec=spec,
            state=verdict.state,
            scopes=work.scopes,
            compared=verdict.compared,
            all_columns=verdict.all_columns,
            uncovered=verdict.uncovered,
            unknown=verdict.unknown,
            strength=comparison.strength,
            buckets_compared=findings.buckets,
            rows_compared=findings.rows,
            differing=differing,
            other_acds=others,
            source_extents=tuple(findings.extents.values()),
            source_rows=findings.source_rows,
            target_rows=findings.target_rows,
            samples=samples,
            changes=changes,
            notes=verdict.notes,
            excluded=work.excluded,
            remembered=remembered,
            expected=(*findings.expected.differences(spec), *counted, *dropped(work.scopes)),
            overlaps=tuple(findings.overlaps),
            cuts=cuts,
        )

    def _expectations(self, spec: TableSpec, verdict: ColumnsVerdict) -> Expectations:
        """Return what is expected to differ; columns are counted for people, and not where a write follows."""
        own = [column for column in verdict.all_columns if column.name in spec.ignored and column.covered]
        return Expectations(
            pseudo_acds=pseudo_acds_of(self.facts),
            rows=tuple(one for one in self.settings.expected if one.table == folded(spec.name)),
            columns=() if self.request.for_writing else tuple(own),
            written=self.request.for_writing,
        )

    def _compared(
        self, work: TableWork, comparison: Comparison, progress: Progress
    ) -> tuple[Findings, RememberedCounts]:
        """Compare a table but for the days remembered of it, and remember what was learnt."""
        name, table_memory, memory = work.spec.name, work.memory, self.memory

        def advance(units: int, rows: int) -> None:
            progress.advance(units, name, rows=rows)

        if table_memory is None or memory is None:
            findings = compare(comparison, work.slices(), advance)
            if memory is not None and can_be_remembered(work.spec):
                memory.distrust((name, one.bucket.acd, one.bucket.row_date) for one in findings.differing)
            return findings, ALL_READ
        remembered, tally = table_memory.counts, Tally(table_memory.named, table_memory.skipped)
        findings = compare(comparison, work.slices(), advance, tally.add)
        if table_memory.contradicted_by(tally.unequal):
            # What was remembered is wrong here, so it is not relied on anywhere in the table.
            remembered, tally = ALL_READ, Tally(table_memory.named, frozenset())
            findings = compare(comparison, work.slices(use_memory=False), lambda _, rows: advance(0, rows), tally.add)
        verified = table_memory.verified_days(tally, self.request.seed, everything=self.request.window is None)
        memory.remember(table_memory.environment, name, verified)
        return findings, replace(remembered, days_in_all=remembered.days + tally.days)

    def _of_requested_acds(
        self, spec: TableSpec, findings: Findings
    ) -> tuple[tuple[BucketDrift, ...], tuple[int | None, ...]]:
        """Separate the drift of the requested ACDs from that of the others, which is only reported (rule 3)."""
        if not self.request.acds or spec.acd is None or spec.time is not None:
            return tuple(findings.differing), ()
        inside = tuple(drift for drift in findings.differing if drift.bucket.acd in self.request.acds)
        others = tuple(drift.bucket.acd for drift in findings.differing if drift.bucket.acd not in self.request.acds)
        return inside, others


def _why_nothing(spec: TableSpec, request: Request) -> str:
    if spec.acd is None and request.acds:
        return WITHOUT_ACD
    if spec.grain.summarised:
        return f"the window has no whole period of its {spec.archive} archive"
    return "nothing of the window is archived on both servers and still stored by both"
