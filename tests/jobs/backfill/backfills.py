"""Pairs to backfill: a primary with some days of history, and a secondary that is newly installed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from syncengine.app import Pair, VerifiedRun
from syncengine.model.portions import Portion
from tests.builders import Files, Openable, build_files, row
from tests.scenes import code, trunks

JUNE = "2000-06-01..2000-06-04"


TABLES = ("htrunk", "hcwc", "dcwc")


DAYS = tuple(date(2000, 6, day) for day in (1, 2, 3, 4))


def history(folder: Path, **options: Any) -> Files:
    """Build a pair whose primary has four days of intervals and days, and whose secondary is newly installed."""
    return build_files(
        folder,
        TABLES,
        primary={
            "htrunk": [one for day in DAYS for one in trunks(400, 600, row_date=day)],
            "hcwc": [code(label, row_date=day) for day in DAYS for label in (400, 430, 500)],
            "dcwc": [row("dcwc", row_date=day, cwc="7", acdcalls=9) for day in DAYS],
        },
        **options,
    )


def tables_of(files: Files, *names: str) -> dict[str, list[list[tuple[Any, ...]]]]:
    """Return the rows of tables on both servers."""
    return {name: [files.bag(role, name) for role in ("primary", "secondary")] for name in names}


def alike(files: Files, *names: str) -> bool:
    """Say whether tables have rows, the same on both servers."""
    return all(source and source == target for source, target in tables_of(files, *names).values())


def cut(pair: Pair, **options: Any) -> tuple[tuple[Portion, ...], tuple[str, ...]]:
    """Return the portions of a backfill and its notes."""
    plan = pair.plan_backfill(**{"window": JUNE, "tables": TABLES, "portion_days": 1, **options})
    return plan.portions, plan.notes


def backfill(files: Openable, **options: Any) -> VerifiedRun:
    """Backfill four days of three tables, a day a portion, unless options differ."""
    pair = files.open()
    return pair.execute(pair.plan_backfill(**{"window": JUNE, "tables": TABLES, "portion_days": 1, **options}))


def finished(result: VerifiedRun) -> bool:
    """Say whether a run came to its end."""
    return result.outcome.done and not result.outcome.stopped
