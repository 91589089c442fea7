"""Mends days, weeks and months after their intervals: says what could be, and plans it once these are repaired."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from syncengine.catalogue import Catalogue
from syncengine.execute.images import hold, hold_relation
from syncengine.jobs.connections import as_of
from syncengine.jobs.observation import Observer
from syncengine.jobs.outages import blind_in
from syncengine.jobs.rollups.trust import Trusting
from syncengine.model.bucket import EMPTY, Bucket, BucketColumns
from syncengine.model.checklist import Checklist
from syncengine.model.drift import Counts
from syncengine.model.errors import ServerError, StagingError
from syncengine.model.facts import ServerFacts
from syncengine.model.fingerprint import group_key
from syncengine.model.pair import PairSettings, Role
from syncengine.model.plan import Action, BucketWrite, KeptBack, KeptWhy, Plan, StaleRollup, Step, TablePart
from syncengine.model.plan_kind import Resync, RollupRepair
from syncengine.model.policy import Rollups
from syncengine.model.rollups import Period
from syncengine.model.sentences import listed
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions
from syncengine.observe.pair_facts import facts_of
from syncengine.observe.request import Request
from syncengine.observe.rollups.recomputed_rows import COLUMNS_SHOWN, RECOMPUTED, Recomputed, Recomputing
from syncengine.observe.scopes import ScopeQuestions
from syncengine.planning.checklist import summarized_anew
from syncengine.planning.rollup_repair import Copied, Sights, copied, left_over, span_of_stale, told, unread
from syncengine.planning.steps import TableWork, steps_of
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.ledger import Ledger

Servers = Mapping[Role, Server]
LEFT_OUT = "it is left out"


@dataclass(frozen=True, slots=True)
class MendingRollups:
    """Mends stale periods of one pair, as the plan that mends their intervals asks for it."""

    settings: PairSettings
    catalogue: Catalogue
    ledger: Ledger
    observer: Observer

    def foretold(self, servers: Servers, made: Plan, wish: Resync, excluded: Collection[str] = ()) -> Plan:
        """Return a plan with what becomes of each stale period, as far as that can be told before it is done.

        `excluded` tables are left out, and their periods left to Data Summarizing.
        """
        if wish.rollups is Rollups.LIST or not made.stale:
            return made
        out = [told(one, Rollups.LIST, LEFT_OUT) for one in made.stale if one.table in excluded]
        asked = replace(made, stale=tuple(one for one in made.stale if one.table not in excluded))
        judged, lost = self._judged(servers, asked, wish) if asked.stale else ((), {})
        stale = (*out, *judged)
        in_order = {one.place: at for at, one in enumerate(made.stale)}
        stale = tuple(sorted(stale, key=lambda one: in_order[one.place]))
        kept = (*made.kept, *_not_compared(lost))
        checklist = summarized_anew(made.checklist, stale, self.settings.hooks)
        return replace(made, stale=stale, kept=kept, checklist=checklist)

    def _judged(self, servers: Servers, made: Plan, wish: Resync) -> tuple[tuple[StaleRollup, ...], Mapping[str, str]]:
        """Return the stale periods of a plan with what becomes of each, and which tables could not be read, and why."""
        sights, facts = self._sights(servers, made)
        if wish.rollups is Rollups.COPY:
            found = [self._copied(servers, made, into, ones, sights, mended=False) for into, ones in _by_server(made)]
            lost = {name: why for each in found for name, why in each.unread}
            return tuple(one for each in found for one in (*each.taken, *each.left)), lost
        with Cache.of(self.settings) as cache:
            trusting = Trusting(self.settings, self.catalogue, as_of(self.settings), servers, facts, sights, cache)
            return tuple(trusting.judged(made.stale)), trusting.unread

    def plan(self, servers: Servers, made: Plan, wish: Resync, undone: Iterable[int], cache: Cache) -> Plan:
        """Return the plan that mends the periods whose intervals are mended, all steps but the `undone` being done.

        Its `stale` are those that are left to Data Summarizing.
        """
        parts = [part for step in made.steps if step.number in set(undone) for part in step.parts]
        asked = [one for one in made.stale if one.then is not Rollups.LIST]
        specs = {one.table: self.catalogue.table(one.table) for one in asked}
        ready, later = left_over(asked, parts, specs)
        left = [*(one for one in made.stale if one.then is Rollups.LIST), *later]
        sights, _ = self._sights(servers, made)
        steps: list[Step] = []
        lost: dict[str, str] = {}
        kind = RollupRepair(wish.rollups is Rollups.COPY, wish.unknown_columns)
        if kind.copied:
            for into, ones in _by_server(replace(made, stale=ready)):
                found = self._copied(servers, made, into, ones, sights, mended=True)
                left += found.left
                lost.update(found.unread)
                work = tuple(TableWork(table, into, (decision,)) for table, decision in found.decisions)
                more = steps_of(work, most_rows=self.settings.limits.step_rows)
                steps += (replace(step, number=len(steps) + at, after=()) for at, step in enumerate(more, start=1))
        else:
            for into, table, ones in _by_table(ready):
                spec = self.catalogue.table(table)
                try:
                    seen, refused = self._recomputed(servers[into], spec, ones, sights, kind, made.seed, cache)
                except ServerError as error:
                    if error.of_whole_server:
                        raise
                    lost[table] = error.message
                    left += (told(one, Rollups.LIST, unread(table, error.message)) for one in ones)
                    continue
                left += refused
                for part in seen:
                    steps.append(Step(len(steps) + 1, into, (part,)))
        return replace(
            made,
            kind=kind,
            ranges=(),
            steps=tuple(steps),
            kept=tuple(_not_compared(lost)),
            stale=tuple(sorted(left, key=lambda one: one.order)),
            notes=(),
            tables=tuple(dict.fromkeys(one.table for one in made.stale)),
            checklist=Checklist(),
            requested=None,
            changes=(),
        )

    def _recomputed(
        self,
        server: Server,
        spec: TableSpec,
        stale: Sequence[StaleRollup],
        sights: Sights,
        kind: RollupRepair,
        seed: int,
        cache: Cache,
    ) -> tuple[tuple[TablePart, ...], list[StaleRollup]]:
        """Return the parts that write a table's periods anew, and those that are left and why."""
        left = [told(one, Rollups.LIST, why) for one in stale if (why := sights.not_whole(one, spec))]
        by_period = {_period(one): one for one in stale if not sights.not_whole(one, spec)}
        if not by_period:
            return (), left
        try:
            found = Recomputing(server, self.catalogue, cache, kind.unknown_columns).make(spec, tuple(by_period))
        except StagingError as error:
            return (), [*left, *(told(one, Rollups.LIST, error.message) for one in by_period.values())]
        limit = self.settings.limits.deletions
        gone = sum(found.counts[one].extra for one in by_period if one in found.counts and one not in found.refused)
        for period, one in by_period.items():
            why = found.refused.get(period, "")
            if gone > limit:
                why = f"{gone:,} rows of {spec.name} have no intervals any more, and {limit:,} may be deleted"
            if why:
                left.append(told(one, Rollups.LIST, why))
            elif found.left:
                # They may be stale also where all sums are right.
                left.append(told(one, Rollups.LIST, f"all but {listed(found.left, COLUMNS_SHOWN)} is recomputed"))
        writable = [period for period in by_period if period not in found.refused] if gone <= limit else []
        return tuple(self._parts(server, spec, writable, found, seed, cache)), left

    def _parts(
        self, server: Server, spec: TableSpec, periods: Sequence[Period], found: Recomputed, seed: int, cache: Cache
    ) -> Iterator[TablePart]:
        """Yield what of the rows that were made is unlike those that are there, in parts of bounded size."""
        every = [Bucket(period.row_date, None, period.acd) for period in found.counts]
        whole = TablePart(
            table=spec.name,
            action=Action.REPLACE_BUCKETS,
            buckets=tuple(BucketWrite(bucket, EMPTY, EMPTY, Counts()) for bucket in every),
            bucket_columns=BucketColumns.of(spec),
            columns=found.columns,
            compared=found.columns,
            key=group_key(spec, found.columns),
            beyond_fingerprint=any(not column.folded for column in found.columns),
        )
        if not every:
            return
        there = hold(whole, seed, server, cache).by_bucket()
        made = hold_relation(whole, seed, RECOMPUTED, cache).by_bucket()
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

    def _copied(
        self, servers: Servers, made: Plan, into: Role, stale: Sequence[StaleRollup], sights: Sights, *, mended: bool
    ) -> Copied:
        names = dict.fromkeys(one.table for one in stale)
        specs = [self.catalogue.table(name) for name in names]
        below = dict.fromkeys(spec.rolled_from for spec in specs if spec.rolled_from)
        spans = [span_of_stale(one) for one in stale]
        request = Request(
            specs=(*(self.catalogue.table(name) for name in below), *specs),
            source=into.other,
            as_of=as_of(self.settings),
            seed=made.seed if mended else secrets.randbits(63),
            window=Window(min(span.start for span in spans), max(span.stop for span in spans)),
            acds=tuple(sorted({one.acd for one in stale if one.acd is not None})),
            for_writing=True,
        )
        return copied(self.observer.observe(servers, request), stale, sights, mended=mended)

    def _sights(self, servers: Servers, made: Plan) -> tuple[Sights, Mapping[Role, ServerFacts]]:
        asking = FactQuestions(self.settings, self.catalogue, None, coverage=True)
        facts = facts_of(servers, asking)
        both = tuple(facts.values())
        now = as_of(self.settings)
        spans = [span_of_stale(one) for one in made.stale]
        looked = Window(min(span.start for span in spans), now)
        lengths = ScopeQuestions(self.settings, both, now, looked).lengths
        runs = self.ledger.runs()
        touched = frozenset(
            (batch.into, part.table, bucket.acd, bucket.row_date)
            for run in runs
            for batch in run.done
            for part in batch.parts
            for image in (part.before, part.after)
            for bucket in image.by_bucket()
        )
        unsure = next((run.id for run in runs if run.unsure), "")
        unknown = frozenset(one.role for one in both if not one.tells_coverage)
        blind, witnesses = blind_in(both, self.settings, looked), tuple(spec.name for spec in self.catalogue.witnesses)
        return Sights(made, blind, lengths, touched, unsure, unknown, witnesses), facts


def _not_compared(lost: Mapping[str, str]) -> Iterator[KeptBack]:
    for table, why in lost.items():
        yield KeptBack(table, None, KeptWhy.NOT_COMPARED, (), Counts(), why)


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
