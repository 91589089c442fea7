"""What writes set off or meet at their tables, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.text import Text

from syncengine.model.permission import Permission
from syncengine.model.plan import Plan
from syncengine.model.surroundings import SideEffect, SideEffectKind, SideEffectsUnknown, TableSideEffect
from syncengine.model.verified_run import VerifiedRun
from syncengine.report.text import section

UNDO_NOTE = "An undo does not put this back"


def plan_side_effect_lines(plan: Plan) -> Iterator[Text]:
    """Yield what the writes of a plan set off and meet, and of an undo what stays as the run has left it."""
    if plan.not_undone:
        yield Text()
        yield from _not_undone_lines(plan)
    if plan.effects_on_rows:
        yield from section(f"Set off beside the rows of the plan. {UNDO_NOTE}")
        yield from _lines(plan.effects_on_rows)
    lacking = [one for one in plan.side_effects if one.effect.kind is SideEffectKind.PRIVILEGES]
    if lacking:
        yield from section("Rights to be granted first: without them these tables are not written")
        yield from _lines(lacking)


def table_effect_notes(plan: Plan) -> Iterator[str]:
    """Yield what else the writes meet, a sentence for each table of each server."""
    notes: dict[str, list[str]] = {}
    for one in plan.side_effects:
        if not one.effect.changes_rows and one.effect.kind is not SideEffectKind.PRIVILEGES:
            notes.setdefault(f"{one.table} on {one.into}", []).append(one.effect.message)
    yield from (f"{place}: {'; '.join(says)}" for place, says in notes.items())


def verified_side_effect_lines(result: VerifiedRun) -> Iterator[Text]:
    """Yield, after a run, what it set off, and of an undo what it did not put back."""
    yield from _not_undone_lines(result.plan)
    yield from run_side_effect_lines(result.side_effects, result.side_effects_unknown)


def _not_undone_lines(plan: Plan) -> Iterator[Text]:
    if plan.not_undone:
        yield Text(f"Not put back: what run {plan.undoes} set off beside the rows it wrote", style="bold")
        yield from _lines(plan.not_undone)


def run_side_effect_lines(
    side_effects: Sequence[TableSideEffect], unknown: Sequence[SideEffectsUnknown]
) -> Iterator[Text]:
    """Yield what a run has set off, as it was found when its rows were written, and where that is not known."""
    if side_effects:
        yield Text(f"Set off beside the rows that were written. {UNDO_NOTE}", style="bold")
        yield from _lines(side_effects)
    if unknown:
        yield Text("What was set off beside the rows that were written is not known to the end", style="bold")
        yield from (Text(f"  {one.message}.", style="yellow") for one in unknown)


def proposed_side_effect_lines(plan: Plan) -> Iterator[Text]:
    """Yield what a plan that nobody has asked for yet would set off."""
    if plan.effects_on_rows:
        yield from section(f"To repair it all sets off what is not among its rows. {UNDO_NOTE}")
        yield from _lines(plan.effects_on_rows)


def allowed_document(allowed: Permission) -> dict[str, list[str]]:
    """Return the tables that are named for what they set off as plain data."""
    return {"triggers": list(allowed.triggers), "cascades": list(allowed.cascades)}


def side_effects_unknown_document(unknown: SideEffectsUnknown) -> dict[str, str]:
    """Return a table of which it is not known what its last batch set off as plain data."""
    return {"server": unknown.into.value, "table": unknown.table, "why": unknown.why}


def table_side_effects_document(table_effects: TableSideEffect) -> dict[str, Any]:
    """Return what is met or set off as plain data."""
    return {
        "server": table_effects.into.value,
        "table": table_effects.table,
        **side_effect_document(table_effects.effect),
    }


def side_effect_document(effect: SideEffect) -> dict[str, Any]:
    """Return one thing that writes to a table meet or set off as plain data."""
    return {
        "kind": effect.kind.value,
        "name": effect.name,
        "other_table": effect.other_table or None,
        "on": [write.value for write in effect.on],
        "forbids": effect.forbids,
        "sets_off": effect.changes_rows,
        "says": effect.message,
    }


def _lines(effects: Iterable[TableSideEffect]) -> Iterator[Text]:
    yield from (Text(f"  {meeting.message}", style="yellow") for meeting in effects)
