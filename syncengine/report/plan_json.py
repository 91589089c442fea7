"""A plan as JSON: versioned, self-contained data."""

from __future__ import annotations

from typing import Any

from syncengine.model.plan import PLAN_VERSION, Plan, RestoreRange, Skipped, Step
from syncengine.model.plan_kind import BackfillPortion, Copy, Resync, RollupRepair, RunOnEdit, Sync, Undo
from syncengine.report.changes import change_document
from syncengine.report.checklist import line_document
from syncengine.report.json_values import plain
from syncengine.report.surroundings import allowed_document, table_side_effects_document
from syncengine.report.timetables import edit_document, schedules_document


def plan_summary(plan: Plan) -> dict[str, Any]:
    """Return the parts of a plan for people and scripts, without its guards."""
    return {
        "format": "syncengine.plan-summary",
        "version": PLAN_VERSION,
        "kind": plan.kind.name,
        **_kind(plan),
        "target": plan.target.value,
        "as_of": plain(plan.as_of),
        "requested": plain(plan.requested),
        "ranges": [_range(one) for one in plan.ranges],
        "steps": [_step(step) for step in plan.steps],
        "rows_deleted_only_in_target": plan.deletions,
        "skipped": [skipped_document(skipped) for skipped in plan.skipped],
        "changes": [change_document(change, plan) for change in plan.changes],
        "stale_rollups": plain(plan.stale),
        "notes": list(plan.notes),
        "not_included": list(plan.not_included),
        "side_effects": [table_side_effects_document(one) for one in plan.side_effects],
        "allowed": allowed_document(plan.allowed),
        "checklist": {
            "before": [line_document(line) for line in plan.checklist.before],
            "after": [line_document(line) for line in plan.checklist.after],
        },
    }


def _kind(plan: Plan) -> dict[str, Any]:
    """Return the fields of the kind of plan."""
    match plan.kind:
        case Resync(rollups=rollups, unknown_columns=unknown) as kind:
            return {**_copy(kind, plan), "rollups": rollups.value, "unknown_columns": unknown.value}
        case BackfillPortion() as kind:
            return _copy(kind, plan)
        case Sync(schedules=made) as kind:
            return {**_copy(kind, plan), "schedules": schedules_document(made)}
        case RollupRepair(copied=copied, unknown_columns=unknown):
            return {"rollups": "copy" if copied else "recompute", "unknown_columns": unknown.value}
        case RunOnEdit(edit=edit, schedules=made):
            return {"edit": edit_document(edit), "schedules": schedules_document(made)}
        case Undo(run=run, edit=flags, not_undone=left):
            back = edit_document(flags) if flags else None
            return {"undoes": run, "edit": back, "not_undone": [table_side_effects_document(one) for one in left]}


def _copy(copy: Copy, plan: Plan) -> dict[str, str]:
    return {"source": plan.source.value, "policy": copy.policy.value}


def _range(one: RestoreRange) -> dict[str, Any]:
    return {
        "table": one.table,
        "acd": one.acd,
        "requested": plain(one.requested),
        "requested_parts": plain(one.requested_parts),
        "actual": plain(one.actual),
        "pieces": plain(one.pieces),
        "notes": list(one.notes),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "into": step.into.value,
        "after": list(step.after),
        "parts": [
            {
                "table": part.table,
                "action": part.action.value,
                "buckets": len(part.buckets),
                "rows_missing": part.counts.missing,
                "rows_extra": part.counts.extra,
                "rows_changed": part.counts.changed,
            }
            for part in step.parts
        ],
    }


def skipped_document(skipped: Skipped) -> dict[str, Any]:
    """Return skipped buckets, and why, as plain data."""
    return {
        "table": skipped.table,
        "acd": skipped.acd,
        "reason": skipped.reason.name.lower().replace("_", "-"),
        "message": skipped.reason.value,
        "detail": skipped.detail,
        "spans": plain(skipped.spans),
        "rows": skipped.counts.total,
    }
