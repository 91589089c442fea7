"""A plan as JSON: versioned data that stands alone."""

from __future__ import annotations

from typing import Any

from syncengine.model.plan import PLAN_VERSION, KeptBack, Plan, RestoreRange, Step
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
        "source": plan.source.value,
        "target": plan.target.value,
        "policy": plan.policy.value,
        "undoes": plan.undoes or None,
        "rows_from": plan.rows_from.name.lower().replace("_", "-"),
        "edit": edit_document(plan.edit) if plan.edit else None,
        "schedules": schedules_document(plan.schedules) if plan.schedules else [],
        "as_of": plain(plan.as_of),
        "requested": plain(plan.requested),
        "ranges": [_range(one) for one in plan.ranges],
        "steps": [_step(step) for step in plan.steps],
        "rows_deleted_only_in_target": plan.deletions,
        "kept": [kept_document(kept) for kept in plan.kept],
        "changes": [change_document(change, plan) for change in plan.changes],
        "rollups": plan.rollups.value,
        "unknown_columns": plan.unknown_columns.value,
        "stale_rollups": plain(plan.stale),
        "notes": list(plan.notes),
        "left": list(plan.left),
        "meets": [meeting_document(one) for one in plan.meets],
        "allowed": allowed_document(plan.allowed),
        "not_put_back": [meeting_document(one) for one in plan.not_put_back],
        "checklist": {
            "before": [line_document(line) for line in plan.checklist.before],
            "after": [line_document(line) for line in plan.checklist.after],
        },
    }


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
