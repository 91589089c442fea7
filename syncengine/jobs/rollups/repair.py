"""Repairs days, weeks and months after their intervals: judges which can be, and plans it once these are repaired."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from syncengine import machine
from syncengine.catalogue import Catalogue
from syncengine.execute.images import image_of, image_of_relation
from syncengine.jobs.connections import as_of
from syncengine.jobs.observation import Observer
from syncengine.jobs.outages import blind_times_in
from syncengine.jobs.rollups.trust import PeriodJudge
from syncengine.model.bucket import EMPTY, Bucket, BucketColumns
from syncengine.model.checklist import Checklist
from syncengine.model.drift import Counts
from syncengine.model.errors import ServerError, StagingError
from syncengine.model.facts import ServerFacts
from syncengine.model.fingerprint import group_key
from syncengine.model.pair import PairSettings, Role
from syncengine.model.plan import Action, BucketWrite, Plan, Skipped, SkipReason, StaleRollup, Step, TablePart
from syncengine.model.plan_kind import Resync, RollupRepair
from syncengine.model.policy import Rollups
from syncengine.model.rollups import Period
from syncengine.model.sentences import listed
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions
from syncengine.observe.pair_facts import facts_of
from syncengine.observe.request import Request
from syncengine.observe.rollups.recomputed_rows import COLUMNS_SHOWN, RECOMPUTED, Recomputation, RecomputedRows
from syncengine.observe.scopes import ScopeQuestions
from syncengine.planning.checklist import with_summarizing_lines
from syncengine.planning.rollup_repair import (
    CopiedPeriods,
    IntervalEvidence,
    decide_copies,
    span_of_stale,
    split_ready,
    unread_reason,
    with_outcome,
)
from syncengine.planning.steps import TableWork, steps_of
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.ledger import Ledger

Servers = Mapping[Role, Server]
EXCLUDED = "its table is excluded"


@dataclass(frozen=True, slots=True)
class RollupRepairJob:
    """Repairs stale periods of one pair, as requested with the plan that repairs their intervals."""

    settings: PairSettings
    catalogue: Catalogue
    ledger: Ledger
    observer: Observer

    def with_expected_repairs(
        self, servers: Servers, made: Plan, resync: Resync, excluded: Collection[str] = ()
    ) -> Plan:
        """Return a plan with the expected repair of each stale period.

        Periods of `excluded` tables are left to Data Summarizing.
        """
        if resync.rollups is Rollups.LIST or not made.stale:
            return made
        excluded_periods = [with_outcome(one, Rollups.LIST, EXCLUDED) for one in made.stale if one.table in excluded]
        remaining = replace(made, stale=tuple(one for one in made.stale if one.table not in excluded))
        judged, not_compared = self._judge(servers, remaining, resync) if remaining.stale else ((), {})
        stale = (*excluded_periods, *judged)
        in_order = {one.place: at for at, one in enumerate(made.stale)}
        stale = tuple(sorted(stale, key=lambda one: in_order[one.place]))
        skipped = (*made.skipped, *_not_compared(not_compared))
        checklist = with_summarizing_lines(made.checklist, stale, self.settings.hooks)
        return replace(made, stale=stale, skipped=skipped, checklist=checklist)

    def _judge(self, servers: Servers, made: Plan, resync: Resync) -> tuple[tuple[StaleRollup, ...], Mapping[str, str]]:
        """Return the stale periods with the repair of each, and the tables that could not be read, and why."""
        evidence, facts = self._evidence(servers, made)
        if resync.rollups is Rollups.COPY:
            found = [self._copy(servers, made, into, ones, evidence, repaired=False) for into, ones in _by_server(made)]
            not_compared = {name: why for each in found for name, why in each.unread}
            return tuple(one for each in found for one in (*each.copied, *each.skipped)), not_compared
        with Cache.of(self.settings) as cache:
            judge = PeriodJudge(self.settings, self.catalogue, as_of(self.settings), servers, facts, evidence, cache)
            return tuple(judge.judged(made.stale)), judge.unread

    def plan(self, servers: Servers, made: Plan, resync: Resync, undone: Iterable[int], cache: Cache) -> Plan:
        """Return the plan that repairs the periods whose intervals are repaired; steps that are `undone` repaired none.

        Its `stale` are the periods left to Data Summarizing.
        """
        parts = [part for step in made.steps if step.number in set(undone) for part in step.parts]
        repairable = [one for one in made.stale if one.then is not Rollups.LIST]
        specs = {one.table: self.catalogue.table(one.table) for one in repairable}
        ready, later = split_ready(repairable, parts, specs)
        remaining = [*(one for one in made.stale if one.then is Rollups.LIST), *later]
        evidence, _ = self._evidence(servers, made)
        steps: list[Step] = []
        not_compared: dict[str, str] = {}
        kind = RollupRepair(resync.rollups is Rollups.COPY, resync.unknown_columns)
        if kind.copied:
            for into, ones in _by_server(replace(made, stale=ready)):
                found = self._copy(servers, made, into, ones, evidence, repaired=True)
                remaining += found.skipped
                not_compared.update(found.unread)
                work = tuple(TableWork(table, into, (decision,)) for table, decision in found.decisions)
                more = steps_of(work, most_rows=self.settings.limits.step_rows)
                steps += (replace(step, number=len(steps) + at, after=()) for at, step in enumerate(more, start=1))
        else:
            for into, table, ones in _by_table(ready):
                spec = self.catalogue.table(table)
                try:
                    written, refused = self._recompute(servers[into], spec, ones, evidence, kind, made.seed, cache)
                except ServerError as error:
                    if error.of_whole_server:
                        raise
                    not_compared[table] = error.message
                    remaining += (with_outcome(one, Rollups.LIST, unread_reason(table, error.message)) for one in ones)
                    continue
                remaining += refused
                for part in written:
                    steps.append(Step(len(steps) + 1, into, (part,)))
        return replace(
            made,
            kind=kind,
            ranges=(),
            steps=tuple(steps),
            skipped=tuple(_not_compared(not_compared)),
            stale=tuple(sorted(remaining, key=lambda one: one.order)),
            notes=(),
            tables=tuple(dict.fromkeys(one.table for one in made.stale)),
            checklist=Checklist(),
            requested=None,
            changes=(),
        )

    def _recompute(
        self,
        server: Server,
        spec: TableSpec,
        stale: Sequence[StaleRollup],
        evidence: IntervalEvidence,
        kind: RollupRepair,
        seed: int,
        cache: Cache,
    ) -> tuple[tuple[TablePart, ...], list[StaleRollup]]:
        """Return the parts that write a table's recomputed periods, and the periods not recomputed, with reasons."""
        remaining = [with_outcome(one, Rollups.LIST, why) for one in stale if (why := evidence.not_whole(one, spec))]
        by_period = {_period(one): one for one in stale if not evidence.not_whole(one, spec)}
        if not by_period:
            return (), remaining
        try:
            found = RecomputedRows(server, self.catalogue, cache, kind.unknown_columns).recompute(
                spec, tuple(by_period)
            )
        except StagingError as error:
            return (), [*remaining, *(with_outcome(one, Rollups.LIST, error.message) for one in by_period.values())]
        limit = self.settings.limits.deletions
        deleted = sum(found.counts[one].extra for one in by_period if one in found.counts and one not in found.refused)
        for period, one in by_period.items():
            why = found.refused.get(period, "")
            if deleted > limit:
                why = f"{deleted:,} rows of {spec.name} no longer have intervals, and at most {limit:,} may be deleted"
            if why:
                remaining.append(with_outcome(one, Rollups.LIST, why))
            elif found.not_recomputed:
                # They may be stale even where all sums are right.
                remaining.append(
                    with_outcome(
                        one, Rollups.LIST, f"all but {listed(found.not_recomputed, COLUMNS_SHOWN)} is recomputed"
                    )
                )
        writable = [period for period in by_period if period not in found.refused] if deleted <= limit else []
        return tuple(self._parts(server, spec, writable, found, seed, cache)), remaining

    def _parts(
        self, server: Server, spec: TableSpec, periods: Sequence[Period], found: Recomputation, seed: int, cache: Cache
    ) -> Iterator[TablePart]:
        """Yield the recomputed rows that differ from those on the server, in parts of bounded size."""
        every = [Bucket(period.row_date, None, period.acd) for period in found.counts]
        whole = TablePart(
            table=spec.name,
            action=Action.REPLACE_BUCKETS,
            buckets=tuple(BucketWrite(bucket, EMPTY, EMPTY, Counts()) for bucket in every),
            bucket_columns=BucketColumns.of(spec),
            columns=found.columns,
            compared=found.columns,
            key=group_key(spec, found.columns),
            beyond_fingerprint=any(not column.covered for column in found.columns),
        )
        if not every:
            return
        there = image_of(whole, seed, server, cache).by_bucket()
        made = image_of_relation(whole, seed, RECOMPUTED, cache).by_bucket()
        writes: list[BucketWrite] = []
        rows = 0
        for period in sorted(periods):
            bucket = Bucket(period.row_date, None, period.acd)
            source, target = made.get(bucket, EMPTY), there.get(bucket, EMPTY)
            if (source.rows, source.hash_sum, source.digest) == (target.rows, target.hash_sum, target.digest):
                continue
            if writes and rows + source.rows + target.rows > self.settings.limits.step_rows:
                yield replace(whole, buckets=tuple(writes))
                writes, rows = [], 0
            writes.append(BucketWrite(bucket, source, target, found.counts[period], span=period.span))
            rows += source.rows + target.rows
        if writes:
            yield replace(whole, buckets=tuple(writes))

    def _copy(
        self,
        servers: Servers,
        made: Plan,
        into: Role,
        stale: Sequence[StaleRollup],
        evidence: IntervalEvidence,
        *,
        repaired: bool,
    ) -> CopiedPeriods:
        names = dict.fromkeys(one.table for one in stale)
        specs = [self.catalogue.table(name) for name in names]
        below = dict.fromkeys(spec.rolled_from for spec in specs if spec.rolled_from)
        spans = [span_of_stale(one) for one in stale]
        request = Request(
            specs=(*(self.catalogue.table(name) for name in below), *specs),
            source=into.other,
            as_of=as_of(self.settings),
            seed=made.seed if repaired else machine.seed(),
            window=Window(min(span.start for span in spans), max(span.stop for span in spans)),
            acds=tuple(sorted({one.acd for one in stale if one.acd is not None})),
            for_writing=True,
        )
        return decide_copies(self.observer.observe(servers, request), stale, evidence, repaired=repaired)

    def _evidence(self, servers: Servers, made: Plan) -> tuple[IntervalEvidence, Mapping[Role, ServerFacts]]:
        fact_questions = FactQuestions(self.settings, self.catalogue, None, coverage=True)
        facts = facts_of(servers, fact_questions)
        both = tuple(facts.values())
        now = as_of(self.settings)
        spans = [span_of_stale(one) for one in made.stale]
        window = Window(min(span.start for span in spans), now)
        lengths = ScopeQuestions(self.settings, both, now, window).lengths
        runs = self.ledger.runs()
        touched = frozenset(place for run in runs for batch in run.done for place in batch.places)
        unsure = next((run.id for run in runs if run.unsure), "")
        unknown = frozenset(one.role for one in both if not one.coverage_known)
        blind, witnesses = (
            blind_times_in(both, self.settings, window),
            tuple(spec.name for spec in self.catalogue.witnesses),
        )
        return IntervalEvidence(made, blind, lengths, touched, unsure, unknown, witnesses), facts


def _not_compared(unread_tables: Mapping[str, str]) -> Iterator[Skipped]:
    for table, why in unread_tables.items():
        yield Skipped(table, None, SkipReason.NOT_COMPARED, (), Counts(), why)


def _period(one: StaleRollup) -> Period:
    return Period(one.archive, one.acd or 0, one.row_date)


def _by_server(made: Plan) -> Iterator[tuple[Role, tuple[StaleRollup, ...]]]:
    for role in Role:
        ones = tuple(one for one in made.stale if one.into is role)
        if ones:
            yield role, ones


def _by_table(stale: Iterable[StaleRollup]) -> Iterator[tuple[Role, str, tuple[StaleRollup, ...]]]:
    groups: dict[tuple[Role, str], list[StaleRollup]] = {}
    for one in stale:
        groups.setdefault((one.into, one.table), []).append(one)
    yield from ((into, table, tuple(ones)) for (into, table), ones in groups.items())
