"""Daily, weekly and monthly archives, computed from the shorter ones as the specs say for each column."""

from __future__ import annotations

import duckdb

from syncengine.demo.inserts import quoted, stored_value
from syncengine.model.grain import Archive
from syncengine.model.spec import ColumnSpec, Rollup, TableSpec

LONGER = ((Archive.DAILY, Archive.INTERVAL), (Archive.WEEKLY, Archive.DAILY), (Archive.MONTHLY, Archive.DAILY))
"""Each archive and the one it is made from: weeks and months sum days, not intervals."""

PERIOD = {
    Archive.DAILY: "row_date",
    Archive.WEEKLY: "week_of(row_date)",
    Archive.MONTHLY: "month_of(row_date)",
}
"""The first day of the period a row belongs to; weeks begin on Sunday."""

COVERED = {
    Archive.DAILY: "row_date BETWEEN oldest_day() AND DATE '2000-06-04'",
    Archive.WEEKLY: "week_of(row_date) >= oldest_day() AND week_of(row_date) + 6 <= DATE '2000-06-04'",
    Archive.MONTHLY: "month_of(row_date) >= oldest_day() AND last_day(row_date) <= DATE '2000-06-04'",
}
"""Only periods of which every day is stored are summarised; today's daily archive runs tomorrow at 00:35."""

BUSY = {"vdncalls": "incalls", "oacdcalls": "o_acdcalls", "oabncalls": "o_abncalls", "oothercalls": "o_othercalls"}
"""Figures of the busy hour whose interval column is spelled differently; the others drop `bh_` only."""


def families(specs: dict[str, TableSpec]) -> dict[str, dict[Archive, TableSpec]]:
    """Return the tables that are summarised, by family (`split`), and within it by archive."""
    found: dict[str, dict[Archive, TableSpec]] = {}
    for spec in specs.values():
        if spec.grain.tiles and spec.time is not None and spec.time.incomplete:
            stem = spec.name[1:]
            members = {longer: specs[longer.value[0] + stem] for longer, _ in LONGER}
            found[stem] = {Archive.INTERVAL: spec, **members}
    return found


def fill_rollup(connection: duckdb.DuckDBPyConnection, shorter: TableSpec, longer: TableSpec) -> None:
    """Fill one longer archive from a shorter one, both on the primary.

    The busy hour is the clock hour with the most calls in and out, the earliest where several are alike; in
    weeks and months it is that of the day whose busy hour was the busiest.
    """
    key = (longer.acd or "acd", *longer.key)
    archive = longer.grain.archive
    period = PERIOD[archive]
    columns = []
    for column in longer.columns:
        if column.name == "row_date":
            columns.append(f"{period} AS row_date")
        elif column.name in key:
            columns.append(quoted(column.name))
        else:
            columns.append(f"{stored_value(column, _summary(column, shorter))} AS {quoted(column.name)}")
    busy = any(c.rollup is Rollup.BUSY_HOUR for c in longer.columns) and shorter.grain.tiles
    source = f"primary_server.{quoted(shorter.name)}"
    if busy:
        source = _with_busy_hour(shorter, longer, key)
    connection.execute(
        f"INSERT INTO primary_server.{quoted(longer.name)} SELECT {', '.join(columns)} FROM {source} "
        f"WHERE {COVERED[archive]} GROUP BY {period}, {', '.join(quoted(k) for k in key)} "
        f"ORDER BY 1, {', '.join(quoted(k) for k in key)}"
    )


def _summary(column: ColumnSpec, shorter: TableSpec) -> str:
    """Return the SQL of one summarised column."""
    name = quoted(column.name)
    daily = shorter.grain.tiles
    if column.rollup is Rollup.SUM:
        return f"sum({name})"
    if column.rollup is Rollup.MAX:
        return f"max({name})"
    if column.rollup is Rollup.BROKEN:
        return f"count(*) FILTER (WHERE {name} <> 0)" if daily else f"sum({name})"
    if column.rollup is Rollup.BUSY_HOUR:
        # Days carry the figures already; a week takes those of its busiest day.
        busiest = "bh_vdncalls" if shorter.column("bh_vdncalls") else "bh_incalls + bh_outcalls"
        return (
            f"arg_max({name}, (busiest, -bh_starttime))" if daily else f"arg_max({name}, ({busiest}, -epoch(row_date)))"
        )
    return f"arg_max({name}, {'starttime' if daily else 'row_date'})"


def _with_busy_hour(shorter: TableSpec, longer: TableSpec, key: tuple[str, ...]) -> str:
    """Return a subquery of the interval rows with the sums of their clock hour as bh_ columns."""
    hour = f"PARTITION BY row_date, {', '.join(quoted(k) for k in key)}, starttime // 100"
    figures = []
    for column in longer.columns:
        if column.rollup is not Rollup.BUSY_HOUR:
            continue
        stem = column.name.removeprefix("bh_")
        if stem == "starttime":
            figures.append("starttime // 100 * 100 AS bh_starttime")
        elif stem == "interval":
            figures.append("intrvl AS bh_interval")
        else:
            figures.append(f"sum({quoted(BUSY.get(stem, stem))}) OVER ({hour}) AS {quoted(column.name)}")
    calls = "incalls + outcalls" if shorter.column("outcalls") else "incalls"
    return (
        f"(SELECT *, {', '.join(figures)}, sum({calls}) OVER ({hour}) AS busiest "
        f"FROM primary_server.{quoted(shorter.name)})"
    )
