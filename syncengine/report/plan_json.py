"""A plan as JSON: versioned data that stands alone."""

from __future__ import annotations

from typing import Any

from syncengine.model.plan import PLAN_VERSION, KeptBack, Plan, RestoreRange, Step
from syncengine.model.plan_kind import BackfillPortion, Resync, RollupRepair, RunOnEdit, Sync, Undo, UndoOfEdit
from syncengine.report.changes import change_document
from syncengine.report.checklist import line_document
from syncengine.report.json_values import plain
from syncengine.report.surroundings import allowed_document, meeting_document
from syncengine.report.timetables import edit_document, schedules_document


def plan_summary(plan: Plan) -> dict[str, Any]:
    """Return what people and scripts want to know of a plan, without its guards."""
    return {
        "format": "syncengine.plan-summary",
        "version": PLAN_VERSION,
        **_kind(plan),
        "target": plan.target.value,
        "schedules": schedules_document(plan.schedules) if plan.schedules else [],
        "as_of": plain(plan.as_of),
        "requested": plain(plan.requested),
        "ranges": [_range(one) for one in plan.ranges],
        "steps": [_step(step) for step in plan.steps],
        "rows_deleted_only_in_target": plan.deletions,
        "kept": [kept_document(kept) for kept in plan.kept],
        "changes": [change_document(change, plan) for change in plan.changes],
        "stale_rollups": plain(plan.stale),
        "notes": list(plan.notes),
        "left": list(plan.left),
        "meets": [meeting_document(one) for one in plan.meets],
        "allowed": allowed_document(plan.allowed),
        "checklist": {
            "before": [line_document(line) for line in plan.checklist.before],
            "after": [line_document(line) for line in plan.checklist.after],
        },
    }


def _kind(plan: Plan) -> dict[str, Any]:
    """Return the kind of a plan with the fields that only plans of that kind have."""
    source = plan.source.value
    match plan.kind:
        case Resync(policy=policy, rollups=rollups, unknown_columns=unknown):
            ways = {"rollups": rollups.value, "unknown_columns": unknown.value}
            return {"kind": "resync", "source": source, "policy": policy.value, **ways}
        case BackfillPortion(policy=policy):
            return {"kind": "backfill", "source": source, "policy": policy.value}
        case Sync(policy=policy):
            return {"kind": "sync", "source": source, "policy": policy.value}
        case RollupRepair(copied=copied, unknown_columns=unknown):
            return {"kind": "rollups", "rollups": "copy" if copied else "recompute", "unknown_columns": unknown.value}
        case RunOnEdit(edit=edit):
            return {"kind": "timetables", "edit": edit_document(edit)}
        case Undo(run=run, not_put_back=left):
            return {"kind": "undo", "undoes": run, "not_put_back": [meeting_document(one) for one in left]}
        case UndoOfEdit(run=run, edit=edit, not_put_back=left):
            stays = [meeting_document(one) for one in left]
            return {"kind": "undo", "undoes": run, "edit": edit_document(edit), "not_put_back": stays}


def _range(one: RestoreRange) -> dict[str, Any]:
    return {
        "table": one.table,
        "acd": one.acd,
        "requested": plain(one.requested),
        "asked": plain(one.asked),
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


def kept_document(kept: KeptBack) -> dict[str, Any]:
    """Return what is left as it is, and why, as plain data."""
    return {
        "table": kept.table,
        "acd": kept.acd,
        "why": kept.why.name.lower().replace("_", "-"),
        "says": kept.why.value,
        "detail": kept.detail,
        "spans": plain(kept.spans),
        "rows": kept.counts.total,
    }
