"""Turns an observation, the rules and the user's policy into a plan. Pure: reads no clock and no server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from syncengine.catalogue import Catalogue
from syncengine.model.bucket import Bucket
from syncengine.model.consequences import following_sentences, followings
from syncengine.model.drift import ChangedBy, Counts, Observation, TableObservation, TableState
from syncengine.model.expected import left_sentences
from syncengine.model.pair import DEFAULT_LIMITS, CallHistory, Hook, Limits, Role
from syncengine.model.plan import KeptBack, KeptWhy, Plan, PlannedChange, RestoreRange
from syncengine.model.plan_kind import BackfillPortion, Resync, Sync
from syncengine.model.policy import Policy
from syncengine.model.spans import joined
from syncengine.model.spec import DataClass
from syncengine.planning.administration import MANUAL, Administering, AdministrationWishes
from syncengine.planning.bucket_decisions import Decided, Deciding, Decision
from syncengine.planning.by_hand import administered
from syncengine.planning.call_history import primary_is_back, switched_back
from syncengine.planning.checklist import checklist_of, interval_under_way
from syncengine.planning.cuts import Cutting
from syncengine.planning.ranges import planned_ranges, restore_ranges
from syncengine.planning.reconcile import Reconciling
from syncengine.planning.refusals import refuse_deletions, refuse_unarchived, refuse_unlike
from syncengine.planning.rollups import hold_rollups, stale_rollups, written_intervals
from syncengine.planning.steps import TableWork, keep_together, steps_of
from syncengine.planning.stretches import Places, inside
from syncengine.planning.witnesses import Seeing


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asks for beside tables and times."""

    kind: Resync | BackfillPortion | Sync
    limits: Limits = DEFAULT_LIMITS
    take_broken: bool = False
    """Replace whole buckets by broken ones where told to (rule 9)."""
    hooks: tuple[Hook, ...] = ()
    """The commands that carry out lines of the checklist."""
    call_history: CallHistory | None = None
    """Where External Call History is on while all is well."""
    administration: AdministrationWishes | None = None
    """Set where administration is copied, too."""
    unwritable: Mapping[tuple[Role, str], str] = field(default_factory=dict)
    """Tables that cannot be written on a server, each with why: what differs of them is left as it is."""

    @property
    def policy(self) -> Policy:
        """How it treats what differs."""
        return self.kind.policy


def plan(observation: Observation, catalogue: Catalogue, wishes: Wishes) -> Plan:
    """Return the plan; raises `RefusedError` naming the rule that forbids it."""
    refuse_unlike(observation)
    refuse_unarchived(observation)
    cutting = Cutting.of(observation, wishes.policy)
    lost = frozenset(table.spec.name for table in observation.not_compared)
    wanted = cutting.decided(_decided(observation, wishes, lost))
    writable = tuple(
        (into, table, list(_writable(decisions, into, table, wishes))) for into, table, decisions in wanted
    )
    decided = tuple(keep_together(writable, catalogue.one_step, lost))
    steps = steps_of(
        tuple(TableWork(table, into, tuple(ds)) for into, table, ds in decided if any(d.action for d in ds)),
        catalogue.one_step,
        most_rows=wishes.limits.step_rows,
    )
    written = {table.spec.data_class for _, table, decisions in decided if any(d.action for d in decisions)}
    stale = stale_rollups(steps, catalogue, observation)
    tables = tuple(table.spec.name for table in observation.tables)
    switched = wishes.call_history is CallHistory.PRIMARY and primary_is_back(steps, observation, catalogue)
    call_history = tuple(switched_back()) if switched else ()
    changes = tuple(_changes(observation, wishes))
    result = Plan(
        kind=wishes.kind,
        seed=observation.seed,
        as_of=observation.as_of,
        target=observation.target,
        requested=observation.requested,
        zone=observation.zone,
        identities=tuple((facts.role, facts.identity) for facts in observation.facts),
        ranges=tuple(planned_ranges(observation, steps, both=wishes.policy.both_directions)),
        steps=steps,
        kept=(
            *not_compared(observation),
            *_kept(decided),
            *(one for table in observation.tables for one in cutting.kept(table)),
        ),
        stale=stale,
        notes=tuple(_notes(observation, wishes, written)),
        tables=tables,
        acds=observation.acds,
        changes=changes,
        checklist=checklist_of(
            steps,
            tables,
            stale,
            catalogue,
            wishes.hooks,
            call_history=call_history,
            under_way=interval_under_way(observation),
            timetables=observation.timetables,
            changes=changes,
        ),
    )
    refuse_deletions(result, wishes.limits)
    return result


def _decided(observation: Observation, wishes: Wishes, lost: frozenset[str]) -> Iterator[Decided]:
    """Yield the decisions of each table, by the server they would write to; `lost` could not be compared."""
    source, target = observation.facts.map(Seeing)
    tables = tuple(table for table in observation.tables if table.state is TableState.COMPARED)
    if wishes.policy.both_directions:
        by_place: dict[tuple[Role, str], tuple[TableObservation, list[Decision]]] = {}
        for into, table, decision in Reconciling(observation, source, target).decide(tables):
            by_place.setdefault((into, table.spec.name), (table, []))[1].append(decision)
        yield from ((into, table, decisions) for (into, _), (table, decisions) in by_place.items())
        return
    deciding = Deciding(observation, wishes.policy, source, target, wishes.take_broken, Places.of(observation))
    administering = _administering(observation, wishes)
    written: set[tuple[str, Bucket]] = set()
    # Intervals first: whether a roll-up may be copied depends on what happens to them.
    for table in sorted(tables, key=lambda t: t.spec.grain.summarised):
        decisions = list(_table_decisions(deciding, administering, table, observation))
        decisions = list(_writable(decisions, observation.target, table, wishes))
        decisions = list(hold_rollups(table, decisions, tables, written, lost))
        written |= set(written_intervals(table, decisions))
        yield observation.target, table, decisions


def _writable(decisions: Iterable[Decision], into: Role, table: TableObservation, wishes: Wishes) -> Iterator[Decision]:
    """Yield decisions, those to write as reasons to keep where their table cannot be written."""
    why = wishes.unwritable.get((into, table.spec.name), "")
    for one in decisions:
        yield Decision(one.drift, kept=KeptWhy.UNWRITABLE, detail=why) if why and one.action is not None else one


def _administering(observation: Observation, wishes: Wishes) -> Administering:
    told = wishes.administration or AdministrationWishes()
    return Administering.of(wishes.policy, observation.source, told, observation.tables)


def _changes(observation: Observation, wishes: Wishes) -> Iterator[PlannedChange]:
    administering = _administering(observation, wishes)
    for table in observation.tables:
        for drift in table.differing if table.spec.time is None else ():
            yield from administering.changes(table, drift)


def _table_decisions(
    deciding: Deciding, administering: Administering, table: TableObservation, observation: Observation
) -> Iterator[Decision]:
    if table.spec.time is None:
        for drift in table.differing:
            yield from administering.decide(table, drift)
        return
    ranges: dict[int | None, RestoreRange] = {r.acd: r for r in restore_ranges(table, observation)}
    together = inside(table)
    for drift in table.differing:
        yield deciding.historical(table, drift, ranges, together)


def not_compared(observation: Observation) -> Iterator[KeptBack]:
    """Yield the tables of which nobody knows whether they differ."""
    for table in observation.not_compared:
        yield KeptBack(table.spec.name, None, KeptWhy.NOT_COMPARED, (), Counts(), table.problem)


def _kept(decided: Iterable[Decided]) -> Iterator[KeptBack]:
    """Yield what is left as it is, joined by table, ACD and reason."""
    for _, table, decisions in decided:
        groups: dict[tuple[int | None, KeptWhy, str], list[Decision]] = defaultdict(list)
        for decision in decisions:
            if decision.kept is not None:
                groups[decision.drift.bucket.acd, decision.kept, decision.detail].append(decision)
        for (acd, why, detail), members in groups.items():
            counts = sum((d.drift.counts for d in members), Counts())
            yield KeptBack(table.spec.name, acd, why, joined(d.drift.span for d in members), counts, detail)


def _of_manual(observation: Observation, wishes: Wishes) -> Iterator[str]:
    """Yield what becomes of tables that differ and are kept in step otherwise than by copying (rule 19)."""
    manual = tuple(
        table
        for table in observation.tables
        if table.spec.kept in MANUAL and table.differing and table.changes is not None
    )
    if not manual:
        return
    names = ", ".join(table.spec.name for table in manual)
    it, is_ = ("it", "is") if len(manual) == 1 else ("them", "are")
    if wishes.administration is not None and wishes.administration.include_manual:
        whys = ", ".join(dict.fromkeys(table.spec.why_kept for table in manual))
        yield f"{names}: written, though kept in step otherwise ({whys})"
        return
    left = "left as it is" if is_ == "is" else "left as they are"
    yield f"{names}: {left}, though a restore by the vendor's procedure would overwrite {it}"
    lines = administered(replace(observation, tables=manual))
    yield from (f"{line.text.rstrip('.')}; or add `include_manual=True` to copy it" for line in lines)


def _notes(observation: Observation, wishes: Wishes, written: set[DataClass]) -> Iterator[str]:
    for table in observation.tables:
        if table.other_acds:
            names = ", ".join("none" if acd is None else str(acd) for acd in table.other_acds)
            yield f"{table.spec.name}: differs for ACD {names} too, which this plan leaves alone"
        if table.unknown:
            yield f"{table.spec.name}: no spec describes {', '.join(table.unknown)}; copied like the rest"
    yield from _of_manual(observation, wishes)
    uncovered = [f"{table.spec.name}.{column}" for table in observation.tables for column in table.uncovered]
    if uncovered:
        yield f"compared by every row, since no fingerprint covers fractions: {', '.join(uncovered)}"
    absent = [table.spec.name for table in observation.tables if table.state is TableState.ABSENT]
    if absent:
        yield f"on neither server: {', '.join(absent)}"
    yield from (sentence for table in observation.tables for sentence in table.cut_sentences)
    yield from (sentence for table in observation.tables for sentence in table.overlap_sentences)
    yield from observation.notes
    new = [
        table.spec.name
        for table in observation.tables
        if any(group.changed_by is ChangedBy.UNKNOWN for group in table.changes or ())
    ]
    if new:
        yield f"{', '.join(new)}: both servers were not seen alike there before, so nobody knows who changed what"
    yield from following_sentences(followings(observation))
    yield from left_sentences((table.spec.name, table.expected) for table in observation.tables)
    loads = [facts.load for facts in observation.facts]
    if None in loads:
        yield "the load of a server is not known: set load or a hook for it in the pair file (pkginfo -x cms tells it)"
    if observation.source is Role.SECONDARY and written & {DataClass.SYSTEM, DataClass.ACD}:
        yield "administration flows from primary to secondary: this writes over what was administered on the primary"
    if DataClass.ACD in written:
        target = observation.target
        yield f"writing ACD administration may cost {target} its current interval: verify it once it is archived"
