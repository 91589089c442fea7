"""What a plan's writes meet at their tables: kept back where it forbids them, refused where nobody allowed it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from syncengine.model.allowed import Allowed, needed
from syncengine.model.drift import Counts
from syncengine.model.names import argument
from syncengine.model.pair import Role
from syncengine.model.plan import KeptBack, KeptWhy, Plan, Step, TablePart
from syncengine.model.policy import Rollups
from syncengine.model.refusals import SetOffError, UnwritableError
from syncengine.model.sentences import listed
from syncengine.model.surroundings import EVERY_WRITE, Meeting, Met, MetKind, Surroundings, Write, met_at

Place = tuple[Role, str]
Around = Mapping[Role, Mapping[str, Surroundings]]
Writes = Mapping[Place, frozenset[Write]]
TABLES_NAMED = 4
LEFT_OUT = "or leave the table out: without its `tables=`, or with {excluded}."


@dataclass(frozen=True, slots=True)
class Told:
    """How a refusal is told: what has been begun, and what can be done about it where it is refused."""

    since: str = ""
    """Why what is refused is not allowed though other things are, where there is more to say than that nobody did."""
    otherwise: str = LEFT_OUT
    """What can be done instead of allowing it."""
    allowing: str = "to write it all the same"
    """What an option that allows it is added for."""


PLANNED = Told()


def writes_of(plan: Plan, updating: frozenset[Role]) -> dict[Place, frozenset[Write]]:
    """Return the kinds of write that a plan does to each table of each server; `updating` lock rows by an update.

    Tables whose days, weeks and months are mended afterwards are among them: their steps are not planned yet.
    """
    found = writes_of_steps(plan.steps, updating)
    for one in plan.stale:
        if one.then is not Rollups.LIST:
            found[one.into, one.table] = frozenset(EVERY_WRITE)
    return found


def writes_of_steps(steps: Iterable[Step], updating: frozenset[Role]) -> dict[Place, frozenset[Write]]:
    """Return the kinds of write that steps do to each table of each server."""
    found: dict[Place, frozenset[Write]] = {}
    for step in steps:
        for part in step.parts:
            place = (step.into, part.table)
            found[place] = found.get(place, frozenset()) | _writes(part, step.into in updating)
    return found


def _writes(part: TablePart, updates: bool) -> frozenset[Write]:
    done = {
        Write.UPDATE: updates,
        Write.DELETE: part.deletes,
        Write.INSERT: any(write.source.rows for write in part.buckets),
    }
    return frozenset(write for write, so in done.items() if so)


def meetings_of(writes: Writes, around: Around) -> tuple[Meeting, ...]:
    """Return what writes set off and meet."""
    return tuple(
        Meeting(into, table, _told(met, into, writes))
        for (into, table), done in writes.items()
        if table in around.get(into, {})
        for met in met_at(around[into][table])
        if done & set(met.on)
    )


def _told(met: Met, into: Role, writes: Writes) -> Met:
    """Return what is set off at a table that the plan writes itself with what comes of it."""
    if met.kind is MetKind.CASCADE and (into, met.other) in writes:
        return replace(met, says=f"{met.says}, and what {met.other} loses by it differs after the run")
    return met


def unwritable(meetings: Iterable[Meeting]) -> dict[Place, str]:
    """Return the tables that cannot be written, and why."""
    found: dict[Place, list[str]] = {}
    for one in meetings:
        if one.met.forbids:
            found.setdefault((one.into, one.table), []).append(one.met.says)
    return {place: "; ".join(says) for place, says in found.items()}


def refuse_unwritable(places: Mapping[Place, str], hidden: Collection[Place] = ()) -> None:
    """Refuse a plan of which nothing else is left; `hidden` are tables that a login does not see whole."""
    if not places:
        return
    sentences = " ".join(f"{table} on {into} is not written: {says}." for (into, table), says in places.items())
    login = " Somebody from whom nothing is hidden (BYPASSRLS) can write it." if hidden else ""
    raise UnwritableError(
        sentences,
        tables=tuple(places),
        hint=f"Nothing else of the plan is left to do. `syncengine check` lists what every table meets.{login}",
    )


def with_meetings(plan: Plan, meetings: tuple[Meeting, ...], allowed: Allowed, told: Told = PLANNED) -> Plan:
    """Return a plan with what its writes meet and set off, and what of that is allowed.

    Days, weeks and months that cannot be written are left to Data Summarizing. Raises `UnwritableError` where a step
    writes what cannot be written, and `SetOffError` where rows beside those of the plan would change and
    nobody has allowed it (rule 13).
    """
    forbidden = unwritable(meetings)
    written = writes_of_steps(plan.steps, frozenset())
    hidden = {(one.into, one.table) for one in meetings if one.met.kind is MetKind.ROW_SECURITY}
    refuse_unwritable({place: why for place, why in forbidden.items() if place in written}, hidden)
    stale = tuple(
        replace(one, then=Rollups.LIST, why=f"it is not written: {forbidden[one.into, one.table]}")
        if one.then is not Rollups.LIST and (one.into, one.table) in forbidden
        else one
        for one in plan.stale
    )
    meetings = tuple(one for one in meetings if (one.into, one.table) not in forbidden)
    refuse_set_off(meetings, allowed, told, filling_helps=_filling_helps(plan))
    named = plan.allowed | Allowed(allowed.triggers, allowed.cascades)
    return replace(plan, stale=stale, meets=meetings, allowed=named)


def _filling_helps(plan: Plan) -> Callable[[Meeting], bool]:
    """Return what says of something that is set off whether it would not be by a plan that deletes nothing."""
    deletes = plan.copy is not None and not (plan.copy.policy.only_adds or plan.copy.policy.both_directions)
    rolled_up = {(one.into, one.table) for one in plan.stale if one.then is not Rollups.LIST}
    return lambda one: deletes and set(one.met.on) <= {Write.DELETE} and (one.into, one.table) not in rolled_up


def refuse_set_off(
    meetings: Iterable[Meeting],
    allowed: Allowed,
    told: Told = PLANNED,
    *,
    filling_helps: Callable[[Meeting], bool] = lambda _: False,
) -> None:
    """Raise `SetOffError` where something is set off that nobody has allowed."""
    refused = [one for one in meetings if one.met.sets_off and not allowed.allows(one)]
    if not refused:
        return
    needs = needed(refused)
    tables = dict.fromkeys(one.table for one in refused)
    excluded = argument("exclude", *tables)
    instead = told.otherwise.format(excluded=excluded, tables=listed(list(tables), TABLES_NAMED))
    hint = f"Add {needs.arguments} {told.allowing}, {instead}"
    if all(map(filling_helps, refused)):
        hint = f"{hint} `policy='fill'` deletes nothing."
    raise SetOffError(
        f"{_sentences(refused)} What that changes, no undo puts back.{told.since and ' '}{told.since}",
        needs=needs,
        hint=hint,
    )


def _sentences(meetings: list[Meeting]) -> str:
    """Return a sentence for each table of each server."""
    told: dict[Place, list[str]] = {}
    for one in meetings:
        told.setdefault((one.into, one.table), []).append(one.met.says)
    return " ".join(
        f"Writing {table} on {into} changes rows beside those of the plan: {'; '.join(says)}."
        for (into, table), says in told.items()
    )


def kept_of(plan: Plan, places: Mapping[Place, str]) -> Plan:
    """Return a plan that was kept without the steps that can no longer be done, each table of them left as it is.

    What a step writes together is left together; a step that needs one of them is left by the executor.
    """
    if not places:
        return plan
    steps, kept = [], []
    for step in plan.steps:
        why = next((places[step.into, part.table] for part in step.parts if (step.into, part.table) in places), "")
        if why:
            kept += [KeptBack(part.table, None, KeptWhy.UNWRITABLE, (), part.counts, why) for part in step.parts]
        else:
            steps.append(step)
    return replace(plan, steps=tuple(steps), kept=(*plan.kept, *_joined(kept)))


def _joined(kept: Iterable[KeptBack]) -> Iterator[KeptBack]:
    """Yield what is left of a table as one, however many steps there were."""
    counts: dict[tuple[str, str], Counts] = {}
    for one in kept:
        place = (one.table, one.detail)
        counts[place] = counts.get(place, Counts()) + one.counts
    yield from (KeptBack(table, None, KeptWhy.UNWRITABLE, (), total, why) for (table, why), total in counts.items())
