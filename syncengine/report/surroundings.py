"""The side effects of writes to their tables, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.text import Text

from syncengine.model.permission import Permission
from syncengine.model.plan import Plan
from syncengine.model.surroundings import SideEffect, SideEffectKind, SideEffectsUnknown, TableSideEffect
from syncengine.model.verified_run import VerifiedRun
from syncengine.report.text import section

UNDO_NOTE = "An undo does not restore this"


def plan_side_effect_lines(plan: Plan) -> Iterator[Text]:
    """Yield the side effects of a plan's writes, and of an undo the rows it does not restore."""
    if plan.not_undone:
        yield Text()
        yield from _not_undone_lines(plan)
    if plan.effects_on_rows:
        yield from section(f"Side effects on other rows than the plan's. {UNDO_NOTE}")
        yield from _lines(plan.effects_on_rows)
    privileges = [one for one in plan.side_effects if one.effect.kind is SideEffectKind.PRIVILEGES]
    if privileges:
        yield from section("Grant these rights first: without them the tables are not written")
        yield from _lines(privileges)


def table_effect_notes(plan: Plan) -> Iterator[str]:
    """Yield the side effects that change no other rows, a sentence for each table of each server."""
    notes: dict[str, list[str]] = {}
    for one in plan.side_effects:
        if not one.effect.changes_rows and one.effect.kind is not SideEffectKind.PRIVILEGES:
            notes.setdefault(f"{one.table} on {one.into}", []).append(one.effect.message)
    yield from (f"{place}: {'; '.join(messages)}" for place, messages in notes.items())


def verified_side_effect_lines(result: VerifiedRun) -> Iterator[Text]:
    """Yield, after a run, its side effects, and of an undo the rows it did not restore."""
    yield from _not_undone_lines(result.plan)
    yield from run_side_effect_lines(result.side_effects, result.side_effects_unknown)


def _not_undone_lines(plan: Plan) -> Iterator[Text]:
    if plan.not_undone:
        yield Text(f"Not restored: side effects of run {plan.undoes} on other rows than it wrote", style="bold")
        yield from _lines(plan.not_undone)


def run_side_effect_lines(
    side_effects: Sequence[TableSideEffect], unknown: Sequence[SideEffectsUnknown]
) -> Iterator[Text]:
    """Yield the side effects that were found while a run wrote its rows, and where they are not known."""
    if side_effects:
        yield Text(f"Side effects on other rows than were written. {UNDO_NOTE}", style="bold")
        yield from _lines(side_effects)
    if unknown:
        yield Text("The side effects on other rows are not fully known", style="bold")
        yield from (Text(f"  {one.message}.", style="yellow") for one in unknown)


def proposed_side_effect_lines(plan: Plan) -> Iterator[Text]:
    """Yield the side effects of a plan that was not requested yet."""
    if plan.effects_on_rows:
        yield from section(f"A repair has side effects on other rows. {UNDO_NOTE}")
        yield from _lines(plan.effects_on_rows)


def allowed_document(allowed: Permission) -> dict[str, list[str]]:
    """Return the tables whose side effects are allowed as plain data."""
    return {"triggers": list(allowed.triggers), "cascades": list(allowed.cascades)}


def side_effects_unknown_document(unknown: SideEffectsUnknown) -> dict[str, str]:
    """Return a table for which the side effects of its last batch are not known as plain data."""
    return {"server": unknown.into.value, "table": unknown.table, "why": unknown.why}


def table_side_effects_document(table_effects: TableSideEffect) -> dict[str, Any]:
    """Return a side effect with its table and server as plain data."""
    return {
        "server": table_effects.into.value,
        "table": table_effects.table,
        **side_effect_document(table_effects.effect),
    }


def side_effect_document(effect: SideEffect) -> dict[str, Any]:
    """Return a side effect of writes to a table as plain data."""
    return {
        "kind": effect.kind.value,
        "name": effect.name,
        "other_table": effect.other_table or None,
        "on": [write.value for write in effect.on],
        "forbids": effect.forbids,
        "changes_rows": effect.changes_rows,
        "message": effect.message,
    }


def _lines(effects: Iterable[TableSideEffect]) -> Iterator[Text]:
    yield from (Text(f"  {effect.message}", style="yellow") for effect in effects)
