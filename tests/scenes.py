"""Rows and short forms that the rule tests share."""

from __future__ import annotations

from typing import Any

from syncengine.app import VerifiedRun
from syncengine.model.drift import BucketDrift, Observation, TableObservation
from syncengine.model.interval import label_of
from syncengine.model.plan import Plan, SkipReason
from tests.builders import DAY, Files, row

WINDOW = "2000-06-05 05:13..05:19"
"""The vendor guide's outage: the link went down at 5:13 and came back up at 5:19."""


def trunk(label: int, group: int = 1, **values: Any) -> dict[str, Any]:
    """Return an htrunk row: a narrow table that has rows in every interval that a server recorded."""
    return row("htrunk", **{"starttime": label, "tkgrp": group, "eqloc": "01A0101", "incalls": 5, **values})


def trunks(first: int = 400, past: int = 700, *, minutes: int = 30, **values: Any) -> list[dict[str, Any]]:
    """Return an htrunk row of two trunk groups for every interval from one label up to another."""
    labels = [label_of(minute) for minute in range(0, 24 * 60, minutes)]
    return [
        trunk(one, group, **{"intrvl": minutes, **values}) for one in labels if first <= one < past for group in (1, 2)
    ]


def code(label: int, name: str = "7", **values: Any) -> dict[str, Any]:
    """Return an hcwc row: a table that has rows only where somebody entered a call work code."""
    return row("hcwc", **{"starttime": label, "cwc": name, "acdcalls": 3, **values})


def outage(down: int, seconds: int, *, acd: int = 1, seqno: int = 1) -> dict[str, Any]:
    """Return a linkex row: the link to an ACD went down at a label of the day, for some seconds."""
    return row("linkex", acd=acd, row_time=down, duration=seconds, reason=1, seqno=seqno)


def storage(item: str, *, acd: int = 1, rows: int = 100_000, days: int = 62) -> dict[str, Any]:
    """Return a dcalloc row: how much of an item is stored, in rows for circular tables and in days for the others."""
    return row(
        "dcalloc",
        acd=acd,
        item=item,
        num_items=rows,
        days_intrahour=days,
        days_daily=1825,
        weeks_weekly=520,
        months_monthly=120,
    )


def plan_of(files: Files, **options: Any) -> Plan:
    """Plan a resync of the guide's outage, or as the options say."""
    return files.open().plan_resync(**{"window": WINDOW, **options})


def resync(files: Files, **options: Any) -> VerifiedRun:
    """Plan and execute a resync of the guide's outage, or as the options say."""
    pair = files.open()
    return pair.execute(pair.plan_resync(**{"window": WINDOW, **options}))


def sync_plan_of(files: Files, **options: Any) -> Plan:
    """Plan to copy administration, as the options say."""
    return files.open().plan_sync(**options)


def sync(files: Files, **options: Any) -> VerifiedRun:
    """Plan and execute the copying of administration, as the options say."""
    pair = files.open()
    return pair.execute(pair.plan_sync(**options))


def ranges(plan: Plan) -> dict[tuple[str, int | None], tuple[str, str]]:
    """Return the requested and actual range of each table and ACD, as reports show them."""
    return {(one.table, one.acd): (_without_day(one.requested), _without_day(one.actual)) for one in plan.ranges}


def _without_day(window: object) -> str:
    return str(window).removeprefix(f"{DAY} ")


def skipped(plan: Plan) -> dict[tuple[str, int | None], tuple[SkipReason, str]]:
    """Return the reason and the times of skipped buckets, by table and ACD."""
    return {
        (one.table, one.acd): (one.reason, ", ".join(_without_day(span) for span in one.spans)) for one in plan.skipped
    }


def table_of(observation: Observation, name: str) -> TableObservation:
    """Return one table of an observation."""
    return next(table for table in observation.tables if table.spec.name == name)


def drift_counts(observation: Observation, name: str) -> list[tuple[int | None, int, int, int]]:
    """Return label and missing, extra and changed rows of each differing bucket of a table."""
    return [_drift(drift) for drift in table_of(observation, name).differing]


def _drift(drift: BucketDrift) -> tuple[int | None, int, int, int]:
    return drift.bucket.slot, drift.counts.missing, drift.counts.extra, drift.counts.changed
