"""The side effects of a plan's writes: tables that cannot be written are skipped, others need permission. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from syncengine.model.drift import Counts
from syncengine.model.names import argument
from syncengine.model.pair import Role
from syncengine.model.permission import Permission, permission_for
from syncengine.model.plan import Plan, Skipped, SkipReason, Step, TablePart
from syncengine.model.policy import Rollups
from syncengine.model.refusals import SideEffectError, UnwritableError
from syncengine.model.sentences import listed
from syncengine.model.surroundings import (
    EVERY_WRITE,
    SideEffect,
    SideEffectKind,
    Surroundings,
    TableSideEffect,
    Write,
    side_effects_of,
)

ServerTable = tuple[Role, str]
SurroundingsByServer = Mapping[Role, Mapping[str, Surroundings]]
Writes = Mapping[ServerTable, frozenset[Write]]
TABLES_NAMED = 4
EXCLUDE_HINT = "or leave the table out: without its `tables=`, or with {excluded}."


@dataclass(frozen=True, slots=True)
class RefusalContext:
    """How a refusal is worded: the reason, and what can be done about it."""

    reason: str = ""
    """Why the permission given does not cover it, if there is more to say."""
    alternative: str = EXCLUDE_HINT
    """What can be done instead of allowing it."""
    purpose: str = "to write it anyway"
    """What the option that allows it is for, after "Add OPTION"."""


PLANNED = RefusalContext()


def writes_of(plan: Plan, updating: frozenset[Role]) -> dict[ServerTable, frozenset[Write]]:
    """Return the kinds of write that a plan does to each table of each server; `updating` lock rows by an update.

    Tables whose days, weeks and months are repaired afterwards are among them: their steps are not planned yet.
    """
    found = writes_of_steps(plan.steps, updating)
    for one in plan.stale:
        if one.then is not Rollups.LIST:
            found[one.into, one.table] = frozenset(EVERY_WRITE)
    return found


def writes_of_steps(steps: Iterable[Step], updating: frozenset[Role]) -> dict[ServerTable, frozenset[Write]]:
    """Return the kinds of write that steps do to each table of each server."""
    found: dict[ServerTable, frozenset[Write]] = {}
    for step in steps:
        for part in step.parts:
            place = (step.into, part.table)
            found[place] = found.get(place, frozenset()) | _writes(part, step.into in updating)
    return found


def _writes(part: TablePart, updates: bool) -> frozenset[Write]:
    by_kind = {
        Write.UPDATE: updates,
        Write.DELETE: part.deletes,
        Write.INSERT: any(write.source.rows for write in part.buckets),
    }
    return frozenset(write for write, so in by_kind.items() if so)


def side_effects_of_writes(writes: Writes, surroundings: SurroundingsByServer) -> tuple[TableSideEffect, ...]:
    """Return the side effects of writes."""
    return tuple(
        TableSideEffect(into, table, _with_consequence(effect, into, writes))
        for (into, table), done in writes.items()
        if table in surroundings.get(into, {})
        for effect in side_effects_of(surroundings[into][table])
        if done & set(effect.on)
    )


def _with_consequence(effect: SideEffect, into: Role, writes: Writes) -> SideEffect:
    """Return a side effect, with its consequence if it hits a table that the plan writes itself."""
    if effect.kind is SideEffectKind.CASCADE and (into, effect.other_table) in writes:
        return replace(
            effect, message=f"{effect.message}, and what {effect.other_table} loses by it differs after the run"
        )
    return effect


def unwritable(side_effects: Iterable[TableSideEffect]) -> dict[ServerTable, str]:
    """Return the tables that cannot be written, and why."""
    found: dict[ServerTable, list[str]] = {}
    for one in side_effects:
        if one.effect.forbids:
            found.setdefault((one.into, one.table), []).append(one.effect.message)
    return {place: "; ".join(messages) for place, messages in found.items()}


def refuse_unwritable(places: Mapping[ServerTable, str], hidden: Collection[ServerTable] = ()) -> None:
    """Refuse a plan that can write nothing else; `hidden` are tables of which a login sees only part."""
    if not places:
        return
    sentences = " ".join(f"{table} on {into} is not written: {why}." for (into, table), why in places.items())
    login = " A login with BYPASSRLS can write it." if hidden else ""
    raise UnwritableError(
        sentences,
        tables=tuple(places),
        hint=f"The plan can write nothing else. `syncengine check` lists the side effects of every table.{login}",
    )


def with_side_effects(
    plan: Plan, side_effects: tuple[TableSideEffect, ...], allowed: Permission, context: RefusalContext = PLANNED
) -> Plan:
    """Return a plan with the side effects of its writes and the permission for them.

    Days, weeks and months that cannot be written are left to Data Summarizing. Raises `UnwritableError` if a step
    writes what cannot be written, and `SideEffectError` if rows outside the plan would change without permission (rule
    13).
    """
    forbidden = unwritable(side_effects)
    written = writes_of_steps(plan.steps, frozenset())
    hidden = {(one.into, one.table) for one in side_effects if one.effect.kind is SideEffectKind.ROW_SECURITY}
    refuse_unwritable({place: why for place, why in forbidden.items() if place in written}, hidden)
    stale = tuple(
        replace(one, then=Rollups.LIST, why=f"it is not written: {forbidden[one.into, one.table]}")
        if one.then is not Rollups.LIST and (one.into, one.table) in forbidden
        else one
        for one in plan.stale
    )
    side_effects = tuple(one for one in side_effects if (one.into, one.table) not in forbidden)
    refuse_side_effects(side_effects, allowed, context, fill_avoids=_fill_avoids(plan))
    named = plan.allowed | Permission(allowed.triggers, allowed.cascades)
    return replace(plan, stale=stale, side_effects=side_effects, allowed=named)


def _fill_avoids(plan: Plan) -> Callable[[TableSideEffect], bool]:
    """Return a test of whether a plan that deletes nothing would avoid a side effect."""
    deletes = plan.copy is not None and not (plan.copy.policy.only_adds or plan.copy.policy.both_directions)
    rolled_up = {(one.into, one.table) for one in plan.stale if one.then is not Rollups.LIST}
    return lambda one: deletes and set(one.effect.on) <= {Write.DELETE} and (one.into, one.table) not in rolled_up


def refuse_side_effects(
    side_effects: Iterable[TableSideEffect],
    allowed: Permission,
    context: RefusalContext = PLANNED,
    *,
    fill_avoids: Callable[[TableSideEffect], bool] = lambda _: False,
) -> None:
    """Raise `SideEffectError` for side effects without permission."""
    refused = [one for one in side_effects if one.effect.changes_rows and not allowed.allows(one)]
    if not refused:
        return
    needs = permission_for(refused)
    tables = dict.fromkeys(one.table for one in refused)
    excluded = argument("exclude", *tables)
    alternative = context.alternative.format(excluded=excluded, tables=listed(list(tables), TABLES_NAMED))
    hint = f"Add {needs.arguments} {context.purpose}, {alternative}"
    if all(map(fill_avoids, refused)):
        hint = f"{hint} `policy='fill'` deletes nothing."
    raise SideEffectError(
        f"{_sentences(refused)} An undo does not restore them.{context.reason and ' '}{context.reason}",
        needs=needs,
        hint=hint,
    )


def _sentences(side_effects: list[TableSideEffect]) -> str:
    """Return a sentence for each table of each server."""
    sentences: dict[ServerTable, list[str]] = {}
    for one in side_effects:
        sentences.setdefault((one.into, one.table), []).append(one.effect.message)
    return " ".join(
        f"Writing {table} on {into} changes rows outside the plan: {'; '.join(messages)}."
        for (into, table), messages in sentences.items()
    )


def without_unwritable(plan: Plan, places: Mapping[ServerTable, str]) -> Plan:
    """Return a saved plan without the steps that can no longer be applied; their tables are skipped.

    The tables of one step are skipped together; the executor skips a step that needs one of them.
    """
    if not places:
        return plan
    steps, skipped = [], []
    for step in plan.steps:
        why = next((places[step.into, part.table] for part in step.parts if (step.into, part.table) in places), "")
        if why:
            skipped += [Skipped(part.table, None, SkipReason.UNWRITABLE, (), part.counts, why) for part in step.parts]
        else:
            steps.append(step)
    return replace(plan, steps=tuple(steps), skipped=(*plan.skipped, *_joined(skipped)))


def _joined(skipped: Iterable[Skipped]) -> Iterator[Skipped]:
    """Yield one entry for each skipped table and reason, however many steps there were."""
    counts: dict[tuple[str, str], Counts] = {}
    for one in skipped:
        place = (one.table, one.detail)
        counts[place] = counts.get(place, Counts()) + one.counts
    yield from (Skipped(table, None, SkipReason.UNWRITABLE, (), total, why) for (table, why), total in counts.items())
