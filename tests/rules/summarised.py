"""Pairs whose days, weeks and months were summarised from the intervals of a month, by a roll-up written in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.builders import Files, Row, build_files, row
from tests.scenes import code, trunk

DAYS = tuple(date(2000, 5, 1) + timedelta(days=n) for n in range(35))
"""All of May, and the days of June before the one under way, 2000-06-05."""
TABLES = ("htrunk", "hcwc", "dcwc", "wcwc", "mcwc")
SUMS = ("acdcalls", "acdtime", "acwtime")
SATURDAY, SUNDAY = date(2000, 6, 3), date(2000, 6, 4)


def intervals(days: Iterable[date] = DAYS) -> list[dict[str, Any]]:
    """Return what call work codes were entered in three half hours of each day, each day other figures."""
    return [
        code(label, name, row_date=day, acdcalls=day.day + label // 100, acdtime=60 * day.day, acwtime=7)
        for day in days
        for label in (1000, 1030, 1100)
        for name in ("7", "42")
    ]


def compared_days(days: Iterable[date]) -> list[dict[str, Any]]:
    """Return rows that show a server looking in every half hour of some days."""
    labels = [hour * 100 + minute for hour in range(24) for minute in (0, 30)]
    return [trunk(label, row_date=day) for day in days for label in labels]


def inspect(files: Files, role: str) -> None:
    """Let a server have been looking in every half hour of all the days."""
    files.add(role, "htrunk", trunk(0, row_date=DAYS[0]))
    files.run(
        role,
        "INSERT INTO htrunk SELECT htrunk.* REPLACE (CAST(row_date + CAST(day AS INTEGER) AS DATE) AS row_date, "
        "CAST(half // 2 * 100 + half % 2 * 30 AS SMALLINT) AS starttime) "
        f"FROM htrunk, range({len(DAYS)}) AS days(day), range(48) AS halves(half) WHERE day + half > 0",
    )


def first_of(table: str, day: date) -> date:
    """Return the first day of the day, week or month of a day."""
    if table.startswith("w"):
        return day - timedelta(days=(day.weekday() + 1) % 7)
    return day.replace(day=1) if table.startswith("m") else day


def summarised(table: str, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the rows of a longer archive, summed up in Python."""
    sums: dict[tuple[date, int, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys((*SUMS, "incomplete"), 0))
    for one in rows:
        total = sums[first_of(table, one["row_date"]), one["acd"], one["cwc"]]
        for name in SUMS:
            total[name] += one[name]
        total["incomplete"] += one["incomplete"] != 0
    past = {"d": date(2000, 6, 5), "w": SUNDAY, "m": date(2000, 6, 1)}[table[0]]
    return [
        row(table, row_date=first, acd=acd, cwc=name.strip(), **total)
        for (first, acd, name), total in sums.items()
        if first < past
    ]


def server(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the tables of a server that summarised these intervals."""
    return {"hcwc": rows, **{table: summarised(table, rows) for table in TABLES[2:]}}


def without(rows: Iterable[Row], day: date, label: int) -> list[dict[str, Any]]:
    """Return rows as a server has them that was blind in an interval of a day."""
    return [dict(one) for one in rows if (one["row_date"], one["starttime"]) != (day, label)]


def pair(folder: Path, *, blind: Mapping[date, int] | None = None, **options: Any) -> Files:
    """Build a pair whose secondary lacks the codes of an interval of some days, and has summarised them so."""
    whole = intervals()
    damaged = whole
    for day, label in (blind or {}).items():
        damaged = without(damaged, day, label)
    files = build_files(folder, TABLES, primary=server(whole), secondary=server(damaged), **options)
    inspect(files, "primary")
    inspect(files, "secondary")
    return files
