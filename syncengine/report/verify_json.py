"""The verdict of a verify as JSON, versioned, so that others can build on it (docs/reference/json.md)."""

from __future__ import annotations

from typing import Any

from syncengine.model.consequences import Consequence, consequences_of
from syncengine.model.cuts import Cut, CutRow
from syncengine.model.drift import BucketDrift, KeyGroupDrift, Observation, TableObservation, TableState
from syncengine.model.window import Window
from syncengine.report.checklist import line_document
from syncengine.report.json_values import plain

VERIFY_VERSION = 2


def verify_document(observation: Observation) -> dict[str, Any]:
    """Return the verdict as a JSON document."""
    followed: dict[str, list[dict[str, Any]]] = {}
    for one in consequences_of(observation):
        followed.setdefault(one.table.name, []).append(_followed(one))
    excluded = (*observation.without_acd, *observation.excluded_tables)
    return {
        "format": "syncengine.verify",
        "version": VERIFY_VERSION,
        # Without a row to compare it is not known.
        "in_sync": None if observation.empty else observation.in_sync,
        "counts": _counts(observation),
        "source": observation.source.value,
        "target": observation.target.value,
        "as_of": plain(observation.as_of),
        "requested": plain(observation.requested),
        "acds": list(observation.acds),
        "remembered": plain(observation.remembered),
        "files_not_compared": [
            {"file": file.path or None, "named_in": file.named_in or None, "holds": file.holds, "advice": file.advice}
            for file in observation.files
        ],
        "unscheduled": [{"owner": one.owner, "name": one.name} for one in observation.unscheduled],
        "not_compared": [
            {"table": table.spec.name, "problem": table.problem, "hint": table.hint}
            for table in observation.not_compared
        ],
        "by_hand": [line_document(line) for line in observation.by_hand],
        "excluded": [{"table": table.spec.name, "why": table.problem} for table in excluded],
        "tables": [_table(table, followed.get(table.spec.name, [])) for table in observation.tables],
        "notes": [*observation.notes, *(note for facts in observation.facts for note in facts.notes)],
    }


def _counts(observation: Observation) -> dict[str, int]:
    """Return how many tables there are of each verdict; tables that are never compared, or absent, do not count."""
    compared = [table for table in observation.tables if table.state is TableState.COMPARED]
    return {
        "in_sync": sum(table.in_sync and not table.empty for table in compared),
        "differing": len(observation.differing),
        "not_compared": len(observation.not_compared),
        "empty": sum(table.empty for table in compared),
    }


def _followed(one: Consequence) -> dict[str, Any]:
    return {
        "administration": one.administration.name,
        "screen": one.administration.screen or None,
        "state": one.state.value,
        "why": one.administration.why,
    }


def _table(table: TableObservation, follows: list[dict[str, Any]]) -> dict[str, Any]:
    counts = table.counts
    return {
        "table": table.spec.name,
        "data_class": table.spec.data_class.value,
        "archive": table.spec.archive.value if table.spec.archive else None,
        "state": table.state.value,
        # For a table that was not compared, and for one without a row, it is not known.
        "in_sync": None if table.empty or table.state is not TableState.COMPARED else table.in_sync,
        "empty": table.empty,
        "problem": table.problem,
        "hint": table.hint,
        "unwritable": table.unwritable,
        "window": plain(compared_window(table)),
        "buckets_compared": table.buckets_compared,
        "buckets_differing": len(table.differing),
        "rows_compared": table.rows_compared,
        "rows_missing": counts.missing,
        "rows_extra": counts.extra,
        "rows_changed": counts.changed,
        "strength": table.strength.value,
        "remembered": {name: one for name, one in plain(table.remembered).items() if name != "tables"},
        "not_covered_by_fingerprint": list(table.uncovered),
        "not_compared": dict(table.spec.not_compared),
        "unknown_columns": list(table.unknown),
        "acds": [
            {
                "acd": scope.acd,
                "requested": plain(scope.requested),
                "compared": plain(scope.window),
                "notes": list(scope.notes),
            }
            for scope in table.scopes
        ],
        "differs_for_other_acds": list(table.other_acds),
        "buckets": [_bucket(drift) for drift in table.differing],
        "overlaps": [plain(one) for one in table.overlaps],
        "cuts": [_cut(cut) for cut in table.cuts],
        "expected": [plain(one) for one in table.expected],
        "follows_from": follows,
        "samples": [_sample(sample) for sample in table.samples],
        "notes": list(table.notes),
    }


def compared_window(table: TableObservation) -> Window | None:
    """Return the window in which a table was compared, over all ACDs."""
    windows = [scope.window for scope in table.scopes if scope.window is not None]
    if not windows:
        return None
    return Window(min(window.start for window in windows), max(window.stop for window in windows))


def _bucket(drift: BucketDrift) -> dict[str, Any]:
    return {
        "row_date": plain(drift.bucket.row_date),
        "slot": drift.bucket.slot,
        "acd": drift.bucket.acd,
        "source_rows": drift.source.rows,
        "target_rows": drift.target.rows,
        "source_incomplete": drift.source.incomplete,
        "target_incomplete": drift.target.incomplete,
        "rows_missing": drift.counts.missing,
        "rows_extra": drift.counts.extra,
        "rows_changed": drift.counts.changed,
        "stretch": plain(drift.stretch.span if drift.stretch else None),
        "changing": drift.changing,
        "only_cuts": drift.only_cuts,
    }


def _cut(cut: Cut) -> dict[str, Any]:
    def rows(of_one: tuple[CutRow, ...]) -> list[dict[str, Any]]:
        return [{"begin": plain(row.begin), "end": plain(row.end), "rows": row.rows} for row in of_one]

    return {
        "acd": cut.acd,
        "cut_on": cut.cut_on.value,
        "state": cut.state.name.lower().replace("_", "-"),
        "pieces": rows(cut.pieces),
        "others": rows(cut.others),
        "outages": [plain(one) for one in cut.outages],
    }


def _sample(sample: KeyGroupDrift) -> dict[str, Any]:
    return {
        "row_date": plain(sample.bucket.row_date),
        "slot": sample.bucket.slot,
        "acd": sample.bucket.acd,
        "key": {name: plain(value) for name, value in sample.key},
        "source_rows": sample.source_rows,
        "target_rows": sample.target_rows,
        "changes": plain(sample.changes),
    }
