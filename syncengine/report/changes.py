"""Key groups of administration that differ, each version beside the other (rule 15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from syncengine.model.drift import ChangedBy, GroupChange, Versions
from syncengine.model.plan import Plan, PlannedChange, SkipReason
from syncengine.model.sentences import listed, plural
from syncengine.report.json_values import plain
from syncengine.report.text import difference_text, section, value_text

SHOWN = 20
CONFLICTS_SHOWN = 200
COLUMNS_SHOWN = 4
SKIPPED = {SkipReason.CONFLICT: "not decided", SkipReason.REMOVAL: "skipped: only --remove-users removes it"}


def change_lines(plan: Plan) -> Iterator[RenderableType]:
    """Yield the key groups of a plan that differ, conflicts first."""
    if not plan.changes:
        return
    yield from section("What differs")
    ordered = sorted(plan.changes, key=lambda change: change.skip_reason is not SkipReason.CONFLICT)
    shown = ordered[: max(SHOWN, min(len(plan.conflicts), CONFLICTS_SHOWN))]
    for change in shown:
        yield from _lines(change, plan)
    if len(ordered) > len(shown):
        yield Text(f"  and {plural(len(ordered) - len(shown), 'key group')} more; --json lists them", style="dim")


def change_document(change: PlannedChange, plan: Plan) -> dict[str, Any]:
    """Return a key group for scripts."""
    group = change.group
    return {
        "table": change.table,
        "acd": group.bucket.acd,
        "key": {name: plain(value) for name, value in group.key},
        "changed_by": _changed_by(group, plan),
        "skipped": None if change.skip_reason is None else change.skip_reason.name.lower().replace("_", "-"),
        "rows": {
            "last": None if group.changed_by is ChangedBy.UNKNOWN else group.last_rows,
            plan.source.value: group.source_rows,
            plan.target.value: group.target_rows,
        },
        "versions": [
            {
                "column": one.column,
                "last": plain(one.last),
                plan.source.value: plain(one.source),
                plan.target.value: plain(one.target),
            }
            for one in group.versions
        ],
    }


def _changed_by(group: GroupChange, plan: Plan) -> str:
    match group.changed_by:
        case ChangedBy.SOURCE:
            return plan.source.value
        case ChangedBy.TARGET:
            return plan.target.value
        case other:
            return other.value


def _lines(change: PlannedChange, plan: Plan) -> Iterator[RenderableType]:
    group = change.group
    acd = f"  ACD {group.bucket.acd}" if group.bucket.acd is not None else ""
    key = " ".join(f"{name} {value_text(value)}" for name, value in group.key)
    notes = "; ".join(one for one in (_changed_where(group, plan), _planned(change)) if one)
    style = "bold yellow" if change.skip_reason is SkipReason.CONFLICT else ""
    yield Text(f"  {change.table}{acd}  {key}: {notes}", style=style)
    remembered = group.changed_by is not ChangedBy.UNKNOWN
    sides = [(plan.source.value, group.source_rows, "source"), (plan.target.value, group.target_rows, "target")]
    sides = [("last alike", group.last_rows, "last"), *sides] if remembered else sides
    if sum(1 for _, rows, _ in sides if rows) < 2 and group.changed_by not in (ChangedBy.TARGET, ChangedBy.BOTH):
        return
    width = max(len(name) for name, _, _ in sides)
    for name, rows, side in sides:
        yield Text(f"    {name:<{width}}  {_version(group, rows, side)}")


def _planned(change: PlannedChange) -> str:
    if change.skip_reason is not None:
        return SKIPPED.get(change.skip_reason, "skipped")
    if not change.group.source_rows:
        return "will be deleted"
    return "will be changed" if change.group.target_rows else "will be added"


def _changed_where(group: GroupChange, plan: Plan) -> str:
    match group.changed_by:
        case ChangedBy.BOTH:
            return "changed on both"
        case ChangedBy.UNKNOWN:
            only = plan.source if not group.target_rows else plan.target if not group.source_rows else None
            return f"only on {only}" if only else ""
        case ChangedBy.SOURCE | ChangedBy.TARGET:
            return f"changed on {_changed_by(group, plan)}"


def _version(group: GroupChange, rows: int, side: str) -> str:
    if not rows:
        return "not there"
    if not group.versions:
        return plural(rows, "row")
    return listed([f"{one.column} {_shown(one, side)}" for one in group.versions], COLUMNS_SHOWN)


def _shown(version: Versions, side: str) -> str:
    """Return a side's value, of a long one the part where it begins to differ from another side's."""
    value = getattr(version, side)
    others = [getattr(version, other) for other in ("source", "target", "last") if other != side]
    unlike = next((one for one in others if one is not None and one != value), None)
    return value_text(value) if unlike is None or value is None else difference_text(value, unlike)[0]
