"""Forecasting: its settings, the history it keeps for itself, and days that have not come yet."""

from __future__ import annotations

from syncengine.demo.inserts import Filling

LOOKED_AHEAD = "DATE '2000-07-05'"
"""The last day forecast: future dates are normal in these tables."""

FORECAST_SPLITS = "split <= 6"
"""The splits that take part in forecasting."""


def fill_forecast_settings(filling: Filling) -> None:
    """Fill the nine administration tables of forecasting but its status."""
    splits = f"(SELECT * FROM split_plan WHERE {FORECAST_SPLITS} ORDER BY acd, split)"
    acds = "(SELECT DISTINCT acd FROM clock_interval ORDER BY acd)"
    groups = "(SELECT DISTINCT acd, tkgrp, outgoing FROM trunk_plan ORDER BY 1, 2)"
    filling.fill(
        "f_cdayconf",
        splits,
        {
            "acd": "acd",
            "split": "split",
            "chprof": "1 + split % 2",
            "fmethod": "1",
            "change": "CASE WHEN split = 3 THEN NULL ELSE 2.5 * (split % 3) END",
        },
    )
    filling.fill("f_chpap", splits, {"acd": "acd", "split": "split", "chprof": "1 + split % 2"})
    filling.fill(
        "f_chprof",
        f"{acds} CROSS JOIN (VALUES (1, 'Standard', 82.5, 20, 30), (2, 'Gold', 70.25, 10, 15)) "
        "p(n, name, occ, asa, serv)",
        {"acd": "acd", "chprof": "n", "name": "name", "agocc": "occ", "avgspeedans": "asa", "avgagserv": "serv"},
    )
    filling.fill("f_cstap", groups, {"acd": "acd", "tkgrp": "tkgrp", "cstprof": "CASE WHEN outgoing THEN 2 ELSE 1 END"})
    filling.fill(
        "f_cstprof",
        f"{acds} CROSS JOIN (VALUES (1, 'Toll free', 14.5, 0.085), (2, 'Outbound', 14.5, 0.11)) "
        "p(n, name, agent, trunk)",
        {"acd": "acd", "cstprof": "n", "name": "name", "agent_cost": "agent", "trunk_cost": "trunk"},
    )
    filling.fill("f_dataarch", splits, {"acd": "acd", "split": "split", "days_stored": "60"})
    filling.fill(
        "f_spdays",
        f"(SELECT p.*, d.* FROM {splits} p "
        "CROSS JOIN (VALUES (DATE '2000-05-29', 'Memorial Day'), (DATE '2000-07-04', NULL)) "
        "d(day, what))",
        {"acd": "acd", "row_date": "day", "split": "split", "descr": "CASE WHEN split = 2 THEN '' ELSE what END"},
    )
    filling.fill("f_tkgpprof", groups, {"acd": "acd", "profile": "1", "tkgrp": "tkgrp", "blocking": "0.01"})


def fill_forecast_history(filling: Filling) -> None:
    """Fill the history forecasting keeps for itself: the traffic of the last fortnight, and a special day to come."""
    recent = f"""(
        SELECT c.day, c.starttime, c.intrvl, f.* FROM flow f JOIN clock_interval c USING (occurrence)
        WHERE NOT c.live AND c.day BETWEEN DATE '2000-06-05' - least(14, getvariable('days'))::INTEGER
            AND DATE '2000-06-04'
          AND {FORECAST_SPLITS} ORDER BY f.occurrence, f.split
    )"""
    measures = {"acdcalls": "sum(answered)", "acdtime": "sum(talk_time)", "acwtime": "sum(after_time)"}
    interval = {"acd": "acd", "row_date": "day", "starttime": "starttime", "intrvl": "intrvl", "split": "split"}
    single = {"acdcalls": "answered", "acdtime": "talk_time", "acwtime": "after_time"}
    filling.fill("f_isplit", recent, interval | single)
    sums = ", ".join(f"{value} AS {name}" for name, value in measures.items())
    days = f"(SELECT acd, day, split, {sums} FROM {recent} GROUP BY ALL ORDER BY 2, 1, 3)"
    filling.fill("f_dsplit", days, {"acd": "acd", "row_date": "day", "split": "split", **{k: k for k in measures}})
    # The next special day has a forecast already, made from ordinary traffic.
    special = f"(SELECT * FROM {recent} WHERE day = (SELECT max(day) FROM {recent}))"
    filling.fill(
        "f_ispday",
        special,
        interval | {"row_date": "DATE '2000-07-04'", "acdcalls": "answered * 2 // 5", "acdtime": "talk_time * 2 // 5"},
    )
    trunks = """(
        SELECT c.day, c.starttime, c.intrvl, t.acd, t.tkgrp, t.occurrence, sum(t.calls) AS calls, sum(t.held) AS held
        FROM trunk_flow t JOIN clock_interval c USING (occurrence)
        WHERE NOT t.outgoing AND c.day BETWEEN DATE '2000-06-05' - least(14, getvariable('days'))::INTEGER
            AND DATE '2000-06-04'
        GROUP BY ALL ORDER BY t.occurrence, t.tkgrp
    )"""
    filling.fill(
        "f_itkgrp",
        trunks,
        {
            "acd": "acd",
            "row_date": "day",
            "starttime": "starttime",
            "intrvl": "intrvl",
            "tkgrp": "tkgrp",
            "incalls": "calls",
            "intime": "held",
        },
    )
    filling.fill(
        "f_dtkgrp",
        f"(SELECT acd, day, tkgrp, sum(calls) AS calls, sum(held) AS held FROM {trunks} GROUP BY ALL ORDER BY 2, 1, 3)",
        {"acd": "acd", "row_date": "day", "tkgrp": "tkgrp", "incalls": "calls", "intime": "held"},
    )


def fill_forecast_days(filling: Filling) -> None:
    """Fill f_cday and f_cdayrep: what is planned for the days ahead, and today's report."""
    filling.fill(
        "f_cday",
        f"""(SELECT acd, split, DATE '2000-06-01' + d::INTEGER AS day FROM split_plan
            CROSS JOIN range(0, {LOOKED_AHEAD} - DATE '2000-06-01' + 1) t(d) WHERE {FORECAST_SPLITS} ORDER BY 3, 1,
                2)""",
        {
            "acd": "acd",
            "row_date": "day",
            "split": "split",
            "change": "2.5 * (split % 3)",
            "chprof": "1 + split % 2",
            "fmethod": "1",
            **{f"hdate{n}": f"day - {7 * n}" for n in range(1, 5)},
            "trenddate": "day - 28",
        },
    )
    filling.fill(
        "f_cdayrep",
        f"""(SELECT p.acd, p.split, p.talk, p.after_call, i.intrvl, label_of(m) AS starttime,
                greatest(1, (p.members * i.intrvl * (CASE WHEN m BETWEEN 480 AND 1080 THEN 8
                    ELSE 1 END) / 60)::INTEGER) AS calls
            FROM split_plan p JOIN (SELECT DISTINCT acd, intrvl FROM clock_interval) i USING (acd)
            CROSS JOIN range(0, 1440, 15) t(m) WHERE m % i.intrvl = 0 AND {FORECAST_SPLITS} ORDER BY p.acd, m,
                p.split)""",
        {
            "acd": "acd",
            "row_date": "DATE '2000-06-05'",
            "split": "split",
            "intrvl": "intrvl",
            "starttime": "starttime",
            "agocc": "0.825",
            "avgagserv": "30",
            "avgspeedans": "20",
            "fcalls": "calls",
            "numagreq": "ceil(calls * (talk + after_call) / (intrvl * 60 * 0.825))",
        },
    )


def fill_seconds(filling: Filling) -> None:
    """Fill d_secs, w_secs and m_secs: how long data was collected; a repeated hour counts twice."""
    days = """(
        SELECT acd, day, sum(span) AS seconds FROM clock_interval
        WHERE day BETWEEN oldest_day() AND DATE '2000-06-04' GROUP BY ALL ORDER BY 2, 1
    )"""
    periods = {
        "d_secs": ("day", "TRUE"),
        "w_secs": (
            "week_of(day)",
            "week_of(day) >= oldest_day() AND week_of(day) + 6 <= DATE '2000-06-04'",
        ),
        "m_secs": (
            "month_of(day)",
            "month_of(day) >= oldest_day() AND last_day(day) <= DATE '2000-06-04'",
        ),
    }
    for table, (period, covered) in periods.items():
        filling.fill(
            table,
            f"(SELECT acd, {period} AS period, sum(seconds) AS seconds FROM {days} WHERE {covered} "
            "GROUP BY ALL ORDER BY 2, 1)",
            {"row_date": "period", "acd": "acd", filling.specs[table].columns[-1].name: "seconds"},
        )
