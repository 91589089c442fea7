"""Turns an observation, the rules and the user's policy into a plan. Pure: reads no clock and no server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import Bucket
from syncengine.model.consequences import consequence_sentences, consequences_of
from syncengine.model.drift import ChangedBy, Counts, Observation, TableObservation, TableState
from syncengine.model.expected import own_rows_sentences
from syncengine.model.pair import DEFAULT_LIMITS, CallHistory, Hook, Limits, Role
from syncengine.model.plan import Plan, PlannedChange, RestoreRange, Skipped, SkipReason
from syncengine.model.plan_kind import BackfillPortion, Resync, Sync
from syncengine.model.policy import Policy
from syncengine.model.spans import joined
from syncengine.model.spec import DataClass
from syncengine.planning.administration import GROUP_REASONS, MANUAL, AdministrationContext, AdministrationRequest
from syncengine.planning.bucket_decisions import Decision, DecisionContext, TableDecisions
from syncengine.planning.by_hand import administration_lines
from syncengine.planning.call_history import primary_is_back, switch_back_lines
from syncengine.planning.checklist import checklist_of, interval_under_way
from syncengine.planning.coverage import CoverageLookup
from syncengine.planning.cuts import CutContext
from syncengine.planning.ranges import planned_ranges, restore_ranges
from syncengine.planning.reconcile import Reconciliation
from syncengine.planning.refusals import refuse_deletions, refuse_unarchived, refuse_unlike
from syncengine.planning.rollups import RollupSides, skip_rollups, stale_rollups, written_intervals
from syncengine.planning.steps import TableWork, skip_companions, steps_of
from syncengine.planning.stretches import DecisionSpans, incomplete_by_stretch
from syncengine.planning.written_periods import NOTHING_WRITTEN, WrittenPeriods


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What the user requests, apart from tables and times."""

    kind: Resync | BackfillPortion | Sync
    limits: Limits = DEFAULT_LIMITS
    take_broken: bool = False
    """Replace whole buckets by broken ones (rule 9)."""
    hooks: tuple[Hook, ...] = ()
    """The commands that carry out lines of the checklist."""
    call_history: CallHistory | None = None
    """Where External Call History is on while both servers work."""
    administration: AdministrationRequest | None = None
    """Set where administration is copied, too."""
    unwritable: Mapping[tuple[Role, str], str] = field(default_factory=dict)
    """Tables that cannot be written on a server, each with the reason: their differences are skipped."""
    runs: WrittenPeriods = NOTHING_WRITTEN
    """What earlier runs have written: a roll-up older than its intervals is not copied (rule 10)."""

    @property
    def policy(self) -> Policy:
        """How differences are treated."""
        return self.kind.policy


def plan(observation: Observation, catalogue: Catalogue, request: PlanRequest) -> Plan:
    """Return the plan; raises `RefusedError` naming the rule that forbids it."""
    refuse_unlike(observation)
    refuse_unarchived(observation)
    cuts = CutContext.of(observation, request.policy)
    uncompared = frozenset(table.spec.name for table in observation.not_compared)
    decided_with_cuts = cuts.with_cuts(_table_decisions_by_server(observation, request, uncompared))
    writable = tuple(
        (into, table, list(_writable(decisions, into, table, request))) for into, table, decisions in decided_with_cuts
    )
    decided = tuple(skip_companions(writable, catalogue.one_step, uncompared))
    steps = steps_of(
        tuple(TableWork(table, into, tuple(ds)) for into, table, ds in decided if any(d.action for d in ds)),
        catalogue.one_step,
        most_rows=request.limits.step_rows,
    )
    written = {table.spec.data_class for _, table, decisions in decided if any(d.action for d in decisions)}
    stale = stale_rollups(steps, catalogue, observation)
    tables = tuple(table.spec.name for table in observation.tables)
    switch_back = request.call_history is CallHistory.PRIMARY and primary_is_back(steps, observation, catalogue)
    call_history = tuple(switch_back_lines()) if switch_back else ()
    changes = tuple(_changes(observation, request, decided))
    result = Plan(
        kind=request.kind,
        seed=observation.seed,
        as_of=observation.as_of,
        target=observation.target,
        requested=observation.requested,
        zone=observation.zone,
        identities=tuple((facts.role, facts.identity) for facts in observation.facts),
        ranges=tuple(planned_ranges(observation, steps, both=request.policy.both_directions)),
        steps=steps,
        skipped=(
            *not_compared(observation),
            *_skipped(decided),
            *(one for table in observation.tables for one in cuts.skipped(table)),
        ),
        stale=stale,
        notes=tuple(_notes(observation, request, written)),
        tables=tables,
        acds=observation.acds,
        changes=changes,
        checklist=checklist_of(
            steps,
            tables,
            stale,
            catalogue,
            request.hooks,
            call_history_lines=call_history,
            under_way=interval_under_way(observation),
            timetables=observation.timetables,
            changes=changes,
        ),
    )
    refuse_deletions(result, request.limits)
    return result


def _table_decisions_by_server(
    observation: Observation, request: PlanRequest, uncompared: frozenset[str]
) -> Iterator[TableDecisions]:
    """Yield the decisions of each table, by the server they would write to, without `uncompared` tables."""
    source, target = observation.facts.map(CoverageLookup)
    tables = tuple(table for table in observation.tables if table.state is TableState.COMPARED)
    if request.policy.both_directions:
        by_place: dict[tuple[Role, str], tuple[TableObservation, list[Decision]]] = {}
        for into, table, decision in Reconciliation(observation, source, target).decide(tables):
            by_place.setdefault((into, table.spec.name), (table, []))[1].append(decision)
        yield from ((into, table, decisions) for (into, _), (table, decisions) in by_place.items())
        return
    context = DecisionContext(
        observation, request.policy, source, target, request.take_broken, DecisionSpans.of(observation)
    )
    administration = _administration_context(observation, request)
    sides = RollupSides(source, target, request.runs)
    written: set[tuple[str, Bucket]] = set()
    # Intervals first: whether a roll-up may be copied depends on what happens to them.
    for table in sorted(tables, key=lambda t: t.spec.grain.summarised):
        decisions = list(_table_decisions(context, administration, table, observation))
        decisions = list(_writable(decisions, observation.target, table, request))
        decisions = list(skip_rollups(table, decisions, tables, written, sides, uncompared))
        written |= set(written_intervals(table, decisions))
        yield observation.target, table, decisions


def _writable(
    decisions: Iterable[Decision], into: Role, table: TableObservation, request: PlanRequest
) -> Iterator[Decision]:
    """Yield decisions; those that write are skipped if their table cannot be written."""
    why = request.unwritable.get((into, table.spec.name), "")
    for one in decisions:
        yield (
            Decision(one.drift, skip_reason=SkipReason.UNWRITABLE, detail=why)
            if why and one.action is not None
            else one
        )


def _administration_context(observation: Observation, request: PlanRequest) -> AdministrationContext:
    requested = request.administration or AdministrationRequest()
    return AdministrationContext.of(request.policy, observation.source, requested, observation.tables)


def _changes(
    observation: Observation, request: PlanRequest, decided: Iterable[TableDecisions]
) -> Iterator[PlannedChange]:
    """Yield the key groups of administration that differ; where their bucket is not written, with its reason."""
    administration = _administration_context(observation, request)
    written: set[tuple[str, Bucket]] = set()
    skipped: dict[tuple[str, Bucket], SkipReason] = {}
    for _, table, decisions in decided:
        for one in decisions if table.spec.time is None else ():
            place = table.spec.name, one.drift.bucket
            if one.action is not None:
                written.add(place)
            elif one.skip_reason is not None and one.skip_reason not in GROUP_REASONS:
                skipped[place] = one.skip_reason
    for table in observation.tables:
        for drift in table.differing if table.spec.time is None else ():
            place = table.spec.name, drift.bucket
            why = None if place in written else skipped.get(place)
            for change in administration.changes(table, drift):
                yield replace(change, skip_reason=why) if change.skip_reason is None else change


def _table_decisions(
    context: DecisionContext, administration: AdministrationContext, table: TableObservation, observation: Observation
) -> Iterator[Decision]:
    if table.spec.time is None:
        for drift in table.differing:
            yield from administration.decide(table, drift)
        return
    ranges: dict[int | None, RestoreRange] = {r.acd: r for r in restore_ranges(table, observation)}
    incomplete = incomplete_by_stretch(table)
    for drift in table.differing:
        yield context.historical(table, drift, ranges, incomplete)


def not_compared(observation: Observation) -> Iterator[Skipped]:
    """Yield the tables that could not be compared."""
    for table in observation.not_compared:
        yield Skipped(table.spec.name, None, SkipReason.NOT_COMPARED, (), Counts(), table.problem)


def _skipped(decided: Iterable[TableDecisions]) -> Iterator[Skipped]:
    """Yield what is skipped, joined by table, ACD and reason."""
    for _, table, decisions in decided:
        groups: dict[tuple[int | None, SkipReason, str], list[Decision]] = defaultdict(list)
        for decision in decisions:
            if decision.skip_reason is not None:
                groups[decision.drift.bucket.acd, decision.skip_reason, decision.detail].append(decision)
        for (acd, why, detail), members in groups.items():
            counts = sum((d.drift.counts for d in members), Counts())
            yield Skipped(table.spec.name, acd, why, joined(d.drift.span for d in members), counts, detail)


def _manual_notes(observation: Observation, request: PlanRequest) -> Iterator[str]:
    """Yield notes on differing tables that are not synchronised by copying (rule 19)."""
    manual = tuple(
        table
        for table in observation.tables
        if table.spec.synced_by in MANUAL and table.differing and table.changes is not None
    )
    if not manual:
        return
    names = ", ".join(table.spec.name for table in manual)
    it = "it" if len(manual) == 1 else "them"
    if request.administration is not None and request.administration.include_manual:
        whys = ", ".join(dict.fromkeys(table.spec.synced_why for table in manual))
        yield f"{names}: written, though not synchronised by copying ({whys})"
        return
    yield f"{names}: skipped, though a restore by the vendor's procedure would overwrite {it}"
    lines = administration_lines(replace(observation, tables=manual))
    yield from (f"{line.text.rstrip('.')}; or add `include_manual=True` to copy it" for line in lines)


def _notes(observation: Observation, request: PlanRequest, written: set[DataClass]) -> Iterator[str]:
    for table in observation.tables:
        if table.other_acds:
            names = ", ".join("none" if acd is None else str(acd) for acd in table.other_acds)
            yield f"{table.spec.name}: differs for ACD {names} too, which this plan does not change"
        if table.unknown:
            yield f"{table.spec.name}: no spec describes {', '.join(table.unknown)}; copied like the rest"
    yield from _manual_notes(observation, request)
    uncovered = [f"{table.spec.name}.{column}" for table in observation.tables for column in table.uncovered]
    if uncovered:
        yield f"compared row by row, since no fingerprint covers fractions: {', '.join(uncovered)}"
    absent = [table.spec.name for table in observation.tables if table.state is TableState.ABSENT]
    if absent:
        yield f"on neither server: {', '.join(absent)}"
    yield from (sentence for table in observation.tables for sentence in table.cut_sentences())
    yield from (sentence for table in observation.tables for sentence in table.overlap_sentences)
    yield from observation.notes
    new = [
        table.spec.name
        for table in observation.tables
        if any(group.changed_by is ChangedBy.UNKNOWN for group in table.changes or ())
    ]
    if new:
        yield f"{', '.join(new)}: never found alike before, so it is not known which server changed what"
    yield from consequence_sentences(consequences_of(observation))
    yield from own_rows_sentences((table.spec.name, table.expected) for table in observation.tables)
    loads = [facts.load for facts in observation.facts]
    if None in loads:
        yield "the load of a server is not known: set load or a hook for it in the pair file (pkginfo -x cms shows it)"
    if observation.source is Role.SECONDARY and written & {DataClass.SYSTEM, DataClass.ACD}:
        yield "administration flows from primary to secondary: this overwrites what was administered on the primary"
    if DataClass.ACD in written:
        target = observation.target
        yield f"writing ACD administration may cost {target} its current interval: verify it once it is archived"
