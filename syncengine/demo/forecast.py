"""Forecasting: its settings, its own history, and future days."""

from __future__ import annotations

from syncengine.demo.inserts import TableFiller
from syncengine.demo.rollups import COVERED, LONGER, PERIOD

FORECAST_END = "DATE '2000-07-05'"
"""The last day forecast: future dates are normal in these tables."""

FORECAST_SPLITS = "split <= 6"
"""The splits that take part in forecasting."""


def fill_forecast_settings(filler: TableFiller) -> None:
    """Fill the nine administration tables of forecasting but its status."""
    splits = f"(SELECT * FROM split_plan WHERE {FORECAST_SPLITS} ORDER BY acd, split)"
    acds = "(SELECT DISTINCT acd FROM clock_interval ORDER BY acd)"
    groups = "(SELECT DISTINCT acd, tkgrp, outgoing FROM trunk_plan ORDER BY 1, 2)"
    filler.fill(
        "f_cdayconf",
        splits,
        {
            "chprof": "1 + split % 2",
            "fmethod": "1",
            "change": "CASE WHEN split = 3 THEN NULL ELSE 2.5 * (split % 3) END",
        },
    )
    filler.fill("f_chpap", splits, {"chprof": "1 + split % 2"})
    filler.fill(
        "f_chprof",
        f"{acds} CROSS JOIN (VALUES (1, 'Standard', 82.5, 20, 30), (2, 'Gold', 70.25, 10, 15)) "
        "p(chprof, name, agocc, avgspeedans, avgagserv)",
    )
    filler.fill("f_cstap", groups, {"cstprof": "CASE WHEN outgoing THEN 2 ELSE 1 END"})
    filler.fill(
        "f_cstprof",
        f"{acds} CROSS JOIN (VALUES (1, 'Toll free', 14.5, 0.085), (2, 'Outbound', 14.5, 0.11)) "
        "p(cstprof, name, agent_cost, trunk_cost)",
    )
    filler.fill("f_dataarch", splits, {"days_stored": "60"})
    filler.fill(
        "f_spdays",
        f"(SELECT p.*, d.* FROM {splits} p "
        "CROSS JOIN (VALUES (DATE '2000-05-29', 'Memorial Day'), (DATE '2000-07-04', NULL)) d(row_date, what))",
        {"descr": "CASE WHEN split = 2 THEN '' ELSE what END"},
    )
    filler.fill("f_tkgpprof", groups, {"profile": "1", "blocking": "0.01"})


def fill_forecast_history(filler: TableFiller) -> None:
    """Fill the history that belongs to forecasting: the traffic of the last fortnight, and a special day to come."""
    fortnight = "c.day BETWEEN DATE '2000-06-05' - least(14, getvariable('days'))::INTEGER AND DATE '2000-06-04'"
    recent = f"""(
        SELECT c.day AS row_date, c.starttime, c.intrvl, f.acd, f.split, f.answered AS acdcalls, f.talk_time AS acdtime,
               f.after_time AS acwtime
        FROM flow f JOIN clock_interval c USING (occurrence)
        WHERE NOT c.live AND {fortnight} AND {FORECAST_SPLITS} ORDER BY f.occurrence, f.split
    )"""
    filler.fill("f_isplit", recent)
    sums = "sum(acdcalls) AS acdcalls, sum(acdtime) AS acdtime, sum(acwtime) AS acwtime"
    filler.fill("f_dsplit", f"(SELECT acd, row_date, split, {sums} FROM {recent} GROUP BY ALL ORDER BY 2, 1, 3)")
    # The next special day has a forecast already, made from ordinary traffic.
    special = f"(SELECT * EXCLUDE (acwtime) FROM {recent} WHERE row_date = (SELECT max(row_date) FROM {recent}))"
    two_fifths = {name: f"{name} * 2 // 5" for name in ("acdcalls", "acdtime")}
    filler.fill("f_ispday", special, {"row_date": "DATE '2000-07-04'", **two_fifths})
    trunks = f"""(
        SELECT c.day AS row_date, c.starttime, c.intrvl, t.acd, t.tkgrp, t.occurrence, sum(t.calls) AS incalls,
               sum(t.held) AS intime
        FROM trunk_flow t JOIN clock_interval c USING (occurrence)
        WHERE NOT t.outgoing AND {fortnight}
        GROUP BY ALL ORDER BY t.occurrence, t.tkgrp
    )"""
    filler.fill("f_itkgrp", trunks)
    sums = "sum(incalls) AS incalls, sum(intime) AS intime"
    filler.fill("f_dtkgrp", f"(SELECT acd, row_date, tkgrp, {sums} FROM {trunks} GROUP BY ALL ORDER BY 2, 1, 3)")


def fill_forecast_days(filler: TableFiller) -> None:
    """Fill f_cday and f_cdayrep: what is planned for the days ahead, and today's report."""
    filler.fill(
        "f_cday",
        f"""(SELECT acd, split, DATE '2000-06-01' + d::INTEGER AS row_date FROM split_plan
            CROSS JOIN range(0, {FORECAST_END} - DATE '2000-06-01' + 1) t(d) WHERE {FORECAST_SPLITS} ORDER BY 3, 1,
                2)""",
        {
            "change": "2.5 * (split % 3)",
            "chprof": "1 + split % 2",
            "fmethod": "1",
            **{f"hdate{n}": f"row_date - {7 * n}" for n in range(1, 5)},
            "trenddate": "row_date - 28",
        },
    )
    filler.fill(
        "f_cdayrep",
        f"""(SELECT p.acd, p.split, p.talk, p.after_call, i.intrvl, label_of(m) AS starttime,
                greatest(1, (p.members * i.intrvl * (CASE WHEN m BETWEEN 480 AND 1080 THEN 8
                    ELSE 1 END) / 60)::INTEGER) AS fcalls
            FROM split_plan p JOIN (SELECT DISTINCT acd, intrvl FROM clock_interval) i USING (acd)
            CROSS JOIN range(0, 1440, 15) t(m) WHERE m % i.intrvl = 0 AND {FORECAST_SPLITS} ORDER BY p.acd, m,
                p.split)""",
        {
            "row_date": "DATE '2000-06-05'",
            "agocc": "0.825",
            "avgagserv": "30",
            "avgspeedans": "20",
            "numagreq": "ceil(fcalls * (talk + after_call) / (intrvl * 60 * 0.825))",
        },
    )


def fill_seconds(filler: TableFiller) -> None:
    """Fill d_secs, w_secs and m_secs: how long data was collected; a repeated hour counts twice."""
    days = """(
        SELECT acd, day AS row_date, sum(span) AS seconds FROM clock_interval
        WHERE day BETWEEN oldest_day() AND DATE '2000-06-04' GROUP BY ALL ORDER BY 2, 1
    )"""
    for longer, _ in LONGER:
        table = f"{longer.value[0]}_secs"
        seconds = filler.specs[table].columns[-1].name
        filler.fill(
            table,
            f"(SELECT acd, {PERIOD[longer]} AS row_date, sum(seconds) AS {seconds} FROM {days} "
            f"WHERE {COVERED[longer]} GROUP BY ALL ORDER BY 2, 1)",
        )
