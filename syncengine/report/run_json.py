"""Runs as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncengine.model.hooks import HookRecord
from syncengine.model.pair_status import PairStatus
from syncengine.model.run import BatchRecord, RunRecord, resumable_runs
from syncengine.report.hooks import hook_document
from syncengine.report.json_values import plain
from syncengine.report.surroundings import allowed_document, side_effects_unknown_document, table_side_effects_document


def runs_document(status: PairStatus) -> dict[str, Any]:
    """Return every run as plain data, the last one first."""
    return {
        "format": "syncengine.runs",
        "version": 2,
        "writing_now": status.writing_now or None,
        "in_single_user_mode": [role.value for role in status.in_single_user_mode],
        "runs": [_run(run, status.runs) for run in reversed(status.runs)],
    }


def run_document(
    run: RunRecord, runs: Sequence[RunRecord], said: Sequence[tuple[HookRecord, str]] = ()
) -> dict[str, Any]:
    """Return one run as plain data, with its batches, and its hooks with their output."""
    return {
        "format": "syncengine.run-report",
        "version": 2,
        **_run(run, runs),
        "batches": [_batch(batch) for batch in run.batches],
        "hooks": [{**hook_document(record), "output": output} for record, output in said],
    }


def _run(run: RunRecord, runs: Sequence[RunRecord]) -> dict[str, Any]:
    header = run.header
    return {
        "run": run.id,
        "kind": header.kind.value if run.header_known else None,
        "about": header.about,
        "undoes": header.undoes or None,
        "begun": plain(header.begun) if run.header_known else None,
        "ended": plain(run.ended),
        "state": run.state.value,
        "resumable": run in resumable_runs(runs),
        "needs": allowed_document(run.needs),
        "side_effects": [table_side_effects_document(one) for one in run.side_effects],
        "side_effects_unknown": [side_effects_unknown_document(one) for one in run.side_effects_unknown],
        "steps": run.steps,
        "steps_done": run.steps_done,
        "portions": run.portions,
        "portions_planned": run.portions_planned,
        "open": len(run.unresolved),
        "rows_deleted": sum(batch.deleted for batch in run.done),
        "rows_inserted": sum(batch.inserted for batch in run.done),
        "bytes_saved": run.bytes_saved,
        "stopped": run.stopped,
        "waiting": run.waiting,
        "in_sync_after": run.in_sync,
        "not_compared_after": list(run.not_compared),
        "problem": run.problem,
        "unsure": run.unsure,
        "lost_journals": list(run.lost_journals),
    }


def _batch(batch: BatchRecord) -> dict[str, Any]:
    return {
        "portion": batch.place.portion,
        "step": batch.place.step,
        "state": batch.state.value,
        "at": plain(batch.at),
        "into": batch.into.value,
        "session": batch.session,
        "seconds": batch.seconds,
        "why": batch.why,
        "tables": [
            {
                "table": part.table,
                "rows_deleted": part.deleted,
                "rows_inserted": part.inserted,
                "buckets_before": len(part.before.states),
                "buckets_after": len(part.after.states),
            }
            for part in batch.parts
        ],
    }
