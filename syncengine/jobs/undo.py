"""Plans an undo from the ledger and the servers, and verifies it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from syncengine.catalogue import Catalogue
from syncengine.execute.executor import COPIED_FOLDER
from syncengine.execute.images import image_of
from syncengine.execute.journals import WrittenPart, refuse_damaged_journals, written_parts
from syncengine.jobs.surroundings import unwritable_steps
from syncengine.jobs.timetables.schedules import flags_as_made
from syncengine.model.bucket import EMPTY, BucketColumns, BucketState
from syncengine.model.drift import Counts, Observation
from syncengine.model.errors import InputError, ServerError
from syncengine.model.pair import PairSettings, Role
from syncengine.model.permission import NO_PERMISSION, Permission
from syncengine.model.plan import Plan, Skipped, SkipReason, Step
from syncengine.model.plan_kind import Undo
from syncengine.model.refusals import NothingToUndoError
from syncengine.model.run import BatchState, RunRecord, RunState
from syncengine.model.sentences import listed
from syncengine.model.sides import Sides
from syncengine.model.spans import span_of
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions
from syncengine.observe.pair_facts import facts_of
from syncengine.observe.scopes import ScopeQuestions, dropped_before
from syncengine.planning.checklist import checklist_of, interval_under_way
from syncengine.planning.ranges import undo_ranges, written_pieces
from syncengine.planning.rollups import stale_rollups
from syncengine.planning.undo import ServerBucket, UndoContext, WrittenBucket, undo_counts, undo_steps
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.ledger import Ledger
from syncengine.staging.run_folder import RunFolder

SHOWN = 3
UnreadTables = dict[tuple[Role, str], str]
"""Tables of a server that could not be read, and why."""


@dataclass(frozen=True, slots=True)
class UndoQuestions:
    """What planning an undo needs."""

    settings: PairSettings
    catalogue: Catalogue
    as_of: datetime
    ledger: Ledger


def plan_undo(
    record: RunRecord, run: RunFolder, servers: Mapping[Role, Server], questions: UndoQuestions, cache: Cache
) -> Plan:
    """Return the plan that undoes a run; raises `NothingToUndoError` where nothing of it can be undone."""
    _refuse_other_servers(record, run, servers)
    parts = tuple(written_parts(record, run))
    written = _by_bucket(parts)
    states, unread = _current_states(parts, servers, cache)
    unread_tables = _with_companions(parts, unread)
    written = _as_they_run(written, run, servers, states)
    not_compared = {place: one for place, one in written.items() if place[:2] in unread_tables}
    written = {place: one for place, one in written.items() if place not in not_compared}
    observed = _observed(servers, questions)
    spans, purged = _spans_and_purged(written, states, observed, servers, questions)
    now = UndoContext(states, _later_writers(record, questions.ledger), spans, purged)
    steps, skipped = undo_steps(written.values(), now)
    forbidden = unwritable_steps(steps, servers)
    if forbidden:
        steps, skipped = undo_steps(written.values(), replace(now, unwritable=forbidden))
    refuse_damaged_journals(steps, record, run)
    skipped = (*skipped, *_not_compared(not_compared, unread_tables), *_unknown_outcomes(record))
    if skipped and not steps:
        _refuse_nothing(record, skipped, compared=len(skipped) > len(unread_tables))
    first = next(iter((written or not_compared).values()))
    stale = stale_rollups(steps, questions.catalogue, observed)
    # What class-wide administration needs when it is written, it needs when it is undone.
    tables = tuple(dict.fromkeys(table for portion in record.portions_saved for table in run.plan(portion).tables))
    return Plan(
        kind=Undo(record.id, not_undone=record.side_effects),
        seed=record.header.seed,
        as_of=questions.as_of,
        target=steps[0].into if steps else first.into,
        zone=questions.settings.timezone,
        identities=tuple((role, server.describe().identity) for role, server in servers.items()),
        ranges=tuple(undo_ranges(written_pieces(steps))),
        steps=steps,
        skipped=skipped,
        stale=stale,
        tables=tables,
        checklist=checklist_of(
            steps,
            tables,
            stale,
            questions.catalogue,
            questions.settings.hooks,
            under_way=interval_under_way(observed),
            changes=tuple(one for portion in record.portions_saved for one in run.plan(portion).changes),
            undone_run=record.id,
        ),
    )


def schedule_undo_steps(
    record: RunRecord, run: RunFolder, servers: Mapping[Role, Server], cache: Cache
) -> tuple[tuple[Step, ...], tuple[Skipped, ...]]:
    """Return the steps that remove the schedules a run has made, or restore removed ones, and the skipped (rule 18)."""
    parts = tuple(part for part in written_parts(record, run) if part.part.only is not None)
    states, _ = _current_states(parts, servers, cache)
    written = _as_they_run(_by_bucket(parts), run, servers, states)
    return undo_steps(written.values(), UndoContext(states, later={}, spans={}, purged=frozenset()))


def _as_they_run(
    written: Mapping[ServerBucket, WrittenBucket],
    run: RunFolder,
    servers: Mapping[Role, Server],
    states: Mapping[ServerBucket, BucketState],
) -> dict[ServerBucket, WrittenBucket]:
    """Return what was written, with the present rows of made schedules: running one changes its status only."""
    found = dict(written)
    for place, one in written.items():
        made = run.plan(one.step[0]).schedules if one.part.only is not None else None
        if made is not None and not one.changed_between and flags_as_made(made, servers[one.into]):
            found[place] = replace(one, after=states.get(place, EMPTY))
    return found


def _refuse_nothing(record: RunRecord, skipped: Sequence[Skipped], *, compared: bool) -> NoReturn:
    if not compared:
        shown = listed([f"{one.table}: {one.detail.rstrip('.')}" for one in skipped], SHOWN, separator="; ")
        raise ServerError(
            f"Nothing of run {record.id} can be compared with the present rows. {shown}.",
            hint="Nothing was undone. Make the tables readable, then undo again.",
        )
    whys = [f"{one.table}: {one.reason}{f' ({one.detail})' if one.detail else ''}" for one in skipped]
    raise NothingToUndoError(
        f"Nothing of run {record.id} can be undone. {listed(whys, SHOWN, separator='; ')}.",
        run_id=record.id,
        hint=_undo_hint(skipped),
    )


def _undo_hint(skipped: Sequence[Skipped]) -> str:
    """Return what to do where nothing can be undone."""
    if any(one.reason is SkipReason.WRITTEN_SINCE for one in skipped):
        return "Undo the later run first, or see the tables with `syncengine verify`."
    return "See the tables with `syncengine verify`: a new run repairs what differs."


def unlike_journal(record: RunRecord, run: RunFolder, servers: Mapping[Role, Server], cache: Cache) -> Iterator[str]:
    """Yield the tables of which a written bucket is not now as the run left it."""
    unlike: dict[str, None] = {}
    for part in written_parts(record, run):
        present = image_of(part.part, part.seed, servers[part.into], cache).by_bucket()
        if any(present.get(w.bucket, EMPTY) != part.after.get(w.bucket, EMPTY) for w in part.part.buckets):
            unlike[part.part.table] = None
    yield from unlike


def permission_of(record: RunRecord, run: RunFolder) -> Permission:
    """Return the side effects a run was allowed, each by its own name: its undo is allowed them, too."""
    return NO_PERMISSION.with_approved(
        (
            *record.granted.approved,
            *(one for portion in record.portions_saved for one in run.plan(portion).effects_on_rows),
        )
    )


def _unknown_outcomes(record: RunRecord) -> Iterator[Skipped]:
    """Yield the tables of steps of unknown outcome: the target had neither the rows before nor those after."""
    for batch in record.batches:
        if batch.state is BatchState.UNKNOWN:
            for part in batch.parts:
                counts = Counts(missing=part.deleted, extra=part.inserted)
                yield Skipped(part.table, None, SkipReason.UNKNOWN, (), counts, f"step {batch.place.step}")


def _refuse_other_servers(record: RunRecord, run: RunFolder, servers: Mapping[Role, Server]) -> None:
    for role, identity in {one for portion in record.portions_saved for one in run.plan(portion).identities}:
        if servers[role].describe().identity != identity:
            raise InputError(
                f"Run {run.id} wrote to another {role} server than the pair file names now.",
                hint=f"Name the pair file that it was run with. {COPIED_FOLDER}",
            )


def _by_bucket(parts: tuple[WrittenPart, ...]) -> dict[ServerBucket, WrittenBucket]:
    """Return what was written by bucket; for one written twice, its state before the first and after the last time."""
    written: dict[ServerBucket, WrittenBucket] = {}
    for part in parts:
        for at, write in enumerate(part.part.buckets):
            before, after = part.states(write.bucket)
            place = (part.into, part.part.table, write.bucket)
            known = written.get(place)
            counts = _counts(part, at)
            if known is None:
                step = (part.portion, part.step.number)
                written[place] = WrittenBucket(part.into, part.part, step, write.bucket, before, after, counts)
            else:
                broken = known.changed_between or known.after != before
                written[place] = replace(known, after=after, counts=known.counts + counts, changed_between=broken)
    return written


def _counts(written: WrittenPart, at: int) -> Counts:
    """Return the counts of rows for undoing one of its buckets.

    A row that an outage cut and its pieces are in several buckets, and the plan counts a piece as changed: there the
    written rows are counted for the part as a whole, with its first bucket.
    """
    if not written.over_buckets:
        return undo_counts(written.part, written.part.buckets[at])
    if at:
        return Counts()
    changed = min(written.deleted, written.inserted)
    return Counts(missing=written.deleted - changed, extra=written.inserted - changed, changed=changed)


def _current_states(
    parts: tuple[WrittenPart, ...], servers: Mapping[Role, Server], cache: Cache
) -> tuple[dict[ServerBucket, BucketState], UnreadTables]:
    """Return the present states of the targets, and the tables that could not be read, with reasons."""
    states: dict[ServerBucket, BucketState] = {}
    unread: UnreadTables = {}
    for part in parts:
        table = (part.into, part.part.table)
        if table in unread:
            continue
        try:
            found = image_of(part.part, part.seed, servers[part.into], cache).by_bucket()
        except ServerError as error:
            if error.of_whole_server:
                raise
            unread[table] = error.message
            continue
        for bucket, state in found.items():
            states[*table, bucket] = state
    return states, unread


def _with_companions(parts: tuple[WrittenPart, ...], unread: UnreadTables) -> UnreadTables:
    """Return the unread tables with those written in one step with them: they are only undone together."""
    unread_tables = dict(unread)
    for step, into in {(part.portion, part.step.number): (part.step, part.into) for part in parts}.values():
        companion = next((one.table for one in step.parts if (into, one.table) in unread), "")
        for one in step.parts if companion else ():
            unread_tables.setdefault((into, one.table), f"it is written with {companion}, which could not be compared")
    return unread_tables


def _not_compared(written: Mapping[ServerBucket, WrittenBucket], unread_tables: UnreadTables) -> Iterator[Skipped]:
    """Yield the tables that could not be compared with what the run left."""
    for (into, table), why in unread_tables.items():
        ones = [one for place, one in written.items() if place[:2] == (into, table)]
        counts = Counts(missing=sum(one.before.rows for one in ones), extra=sum(one.after.rows for one in ones))
        yield Skipped(table, None, SkipReason.NOT_COMPARED, (), counts, why)


def _later_writers(record: RunRecord, ledger: Ledger) -> dict[ServerBucket, str]:
    """Return the last later run that wrote each bucket."""
    later: dict[ServerBucket, str] = {}
    for other in ledger.runs():
        # Rows written by an unreadable run are skipped anyway: they are not as this run left them.
        if other.header.number > record.header.number and other.state is not RunState.DAMAGED:
            for part in written_parts(other, ledger.folder(other.id)):
                for write in part.part.buckets:
                    later[part.into, part.part.table, write.bucket] = other.id
    return later


def _observed(servers: Mapping[Role, Server], questions: UndoQuestions) -> Observation:
    """Return the facts of both servers: interval lengths, retention, how far they have summarised."""
    fact_questions = FactQuestions(questions.settings, questions.catalogue, None, coverage=False)
    facts = Sides.by_role(Role.PRIMARY, facts_of(servers, fact_questions))
    scopes = ScopeQuestions(questions.settings, tuple(facts), questions.as_of)
    return Observation(
        as_of=questions.as_of,
        seed=0,
        requested=None,
        facts=facts,
        tables=(),
        zone=questions.settings.timezone,
        acds=(),
        interval_lengths=tuple(scopes.lengths.items()),
    )


def _spans_and_purged(
    written: Mapping[ServerBucket, WrittenBucket],
    states: Mapping[ServerBucket, BucketState],
    observed: Observation,
    servers: Mapping[Role, Server],
    questions: UndoQuestions,
) -> tuple[dict[ServerBucket, Window], frozenset[ServerBucket]]:
    """Return the time of each bucket, and the buckets beyond the retention of their server (rule 12)."""
    spans = {}
    purged = set()
    floors: dict[tuple[Role, str, int | None], datetime] = {}
    for place in written:
        into, table, bucket = place
        spec = questions.catalogue.table(table)
        span = span_of(bucket, spec, observed)
        if span is None:
            continue
        spans[place] = span
        key = (into, table, bucket.acd)
        if key not in floors:
            scopes = ScopeQuestions(questions.settings, (observed.facts.of(into),), questions.as_of)
            bounds = {into: servers[into].bounds(table, BucketColumns.of(spec))} if spec.circular else {}
            floors[key] = dropped_before(spec, bucket.acd, scopes, bounds)[0]
        # As many rows of a full event table as the run left there show that none was dropped, changed or not.
        present, after = states.get(place, EMPTY), written[place].after
        stands = spec.circular and present.rows >= max(after.rows, 1)
        if not spec.future_dates and span.start < floors[key] and not stands:
            purged.add(place)
    return spans, frozenset(purged)
