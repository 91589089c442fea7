"""htrunk, htkgrp and hcwc: the same calls, seen from the lines they came in on and the codes agents gave them."""

from __future__ import annotations

import duckdb

from syncengine.demo.inserts import TableFiller

TRUNKS = """
CREATE TEMP TABLE trunk_plan AS
WITH numbered AS (
    SELECT acd, t::INTEGER AS number, ((t - 1) // 15 + 1)::INTEGER AS tkgrp,
           ((getvariable('trunks') - 1) // 15 + 1)::INTEGER AS groups,
           lpad((1 + (t - 1) // 160)::VARCHAR, 2, '0') || chr((65 + (t - 1) // 32 % 5)::INTEGER)
           || lpad((1 + (t - 1) // 8 % 4)::VARCHAR, 2, '0') || lpad((1 + (t - 1) % 8)::VARCHAR, 2, '0') AS eqloc
    FROM (SELECT DISTINCT acd FROM clock_interval) CROSS JOIN range(1, getvariable('trunks') + 1) t(t)
),
directed AS (SELECT *, groups > 1 AND tkgrp > groups - greatest(1, groups // 4) AS outgoing FROM numbered)
SELECT *, row_number() OVER (PARTITION BY acd, outgoing ORDER BY number) AS place,
       count(*) OVER (PARTITION BY acd, outgoing) AS lines
FROM directed
"""
# Equipment locations are cabinet, carrier, slot and circuit: 01A0203.

TRUNK_FLOW = """
CREATE TEMP TABLE trunk_flow AS
WITH total AS (
    SELECT f.occurrence, f.acd, c.span, sum(offered + turned_away)::BIGINT AS arrived,
        sum(answered)::BIGINT AS answered,
           sum(abandoned)::BIGINT AS abandoned,
           sum(talk_time + answered * wait * 65 // 100 + abandoned * (18 + wait // 2) + turned_away * 14)::BIGINT
               AS held,
           (sum(heads * f.span) // 9000)::BIGINT AS dialled
    FROM flow f JOIN clock_interval c ON c.occurrence = f.occurrence
    WHERE NOT c.live
    GROUP BY f.occurrence, f.acd, c.span
),
hunted AS (
    SELECT t.*, p.number, p.tkgrp, p.eqloc, p.outgoing,
           CASE WHEN p.outgoing THEN t.dialled ELSE t.arrived END AS whole,
           (draw(51, t.occurrence) % 1000)::BIGINT AS phase,
           (whole * (p.place - 1) * 1000 + phase * p.lines) // (p.lines * 1000) AS before,
           (whole * p.place * 1000 + phase * p.lines) // (p.lines * 1000) AS upto,
           draw(52, t.occurrence * 10000 + p.number) AS h
    FROM total t JOIN trunk_plan p USING (acd)
)
SELECT occurrence, acd, number, tkgrp, eqloc, outgoing, span, h, (upto - before)::INTEGER AS calls,
       CASE WHEN outgoing THEN 0 ELSE answered * upto // greatest(1, whole) - answered * before // greatest(1, whole)
            END::INTEGER AS answered,
       CASE WHEN outgoing THEN (upto - before) * (50 + (h % 60)::BIGINT)
            ELSE held * upto // greatest(1, whole) - held * before // greatest(1, whole) END::INTEGER AS held,
       CASE WHEN outgoing THEN 0
            ELSE least(upto - before - (answered * upto // greatest(1, whole) - answered * before // greatest(1,
                whole)),
                       abandoned * upto // greatest(1, whole) - abandoned * before // greatest(1, whole)) END::INTEGER
           AS abandoned
FROM hunted
"""

CODES = """
CREATE TEMP TABLE cwc_plan AS
SELECT acd, number, code, weight::BIGINT AS weight,
       sum(weight) OVER (PARTITION BY acd ORDER BY number ROWS UNBOUNDED PRECEDING)::BIGINT AS upto
FROM (SELECT DISTINCT acd FROM clock_interval)
CROSS JOIN (VALUES (1, '100', 22), (2, '110', 15), (3, '120', 12), (4, '200', 14), (5, '210', 9), (6, '220', 6),
                   (7, '300', 8), (8, '310', 5), (9, '400', 4), (10, '500', 3), (11, '900', 2)) t(number, code, weight)
"""


def _when_in(expression: str) -> str:
    return f"CASE WHEN outgoing THEN 0 ELSE {expression} END"


def _when_out(expression: str) -> str:
    return f"CASE WHEN outgoing THEN {expression} ELSE 0 END"


CALLS_OF_LINES = {
    "incalls": _when_in("calls"),
    "intime": _when_in("held"),
    "i_inocc": _when_in("occupied"),
    "outcalls": _when_out("calls"),
    "outtime": _when_out("held"),
    "i_outocc": _when_out("occupied"),
    "acdcalls": "answered",
    "abncalls": "abandoned",
    "othercalls": _when_in("calls - answered - abandoned"),
}
"""What htrunk and htkgrp count alike, of a trunk and of a group."""


def plan_trunks(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables `trunk_plan` and `cwc_plan`: trunks with their groups, work codes with their weights."""
    connection.execute(TRUNKS)
    connection.execute(CODES)


def build_trunk_flow(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `trunk_flow`: all calls of an interval divided among the trunks."""
    connection.execute(TRUNK_FLOW)


def fill_htrunk(filler: TableFiller) -> None:
    """Fill htrunk: a row for every trunk of every archived interval."""
    source = """(
        SELECT c.day AS row_date, c.starttime, c.intrvl, t.*, least(t.held, t.span) AS occupied
        FROM trunk_flow t JOIN clock_interval c USING (occurrence) ORDER BY t.occurrence, t.number
    )"""
    values = {
        "loc_id": "1",
        "shortcalls": "CASE WHEN calls > 0 AND h // 8 % 60 = 0 THEN 1 ELSE 0 END",
        "failures": "CASE WHEN h // 64 % 4000 = 0 THEN 1 ELSE 0 END",
        "mbusytime": "CASE WHEN h // 64 % 9000 = 7 THEN span ELSE 0 END",
    }
    filler.fill("htrunk", source, CALLS_OF_LINES | values)


def fill_htkgrp(filler: TableFiller) -> None:
    """Fill htkgrp: the sums of htrunk by trunk group."""
    source = """(
        SELECT c.day AS row_date, c.starttime, c.intrvl, t.acd, t.tkgrp, t.occurrence, t.outgoing, count(*) AS trunks,
               sum(t.calls) AS calls, sum(t.answered) AS answered, sum(t.held) AS held, sum(t.abandoned) AS abandoned,
               sum(least(t.held, t.span)) AS occupied, sum(CASE WHEN t.h // 64 % 4000 = 0 THEN 1
                   ELSE 0 END) AS failures,
               sum(CASE WHEN t.h // 64 % 9000 = 7 THEN t.span ELSE 0 END) AS mbusytime,
               coalesce(min(v.vdn), '') AS vdn
        FROM trunk_flow t JOIN clock_interval c USING (occurrence)
        LEFT JOIN vdn_plan v ON NOT t.outgoing AND v.acd = t.acd AND v.number = t.tkgrp
        GROUP BY ALL ORDER BY t.occurrence, t.tkgrp
    )"""
    values = {
        "split": "0",
        "completed": _when_out("calls * 8 // 10"),
        "setuptime": _when_out("calls * 7"),
        "abnquecalls": "abandoned",
        "connectcalls": "answered",
        "transferred": "answered // 25",
        "shortcalls": "calls // 60",
    }
    filler.fill("htkgrp", source, CALLS_OF_LINES | values)


def fill_hcwc(filler: TableFiller) -> None:
    """Fill hcwc: a row for each call work code that agents entered in an interval."""
    source = """(
        WITH total AS (
            SELECT f.occurrence, f.acd, sum(answered)::BIGINT AS answered, sum(talk_time)::BIGINT AS talk_time,
                   sum(after_time)::BIGINT AS after_time
            FROM flow f GROUP BY f.occurrence, f.acd
        ),
        coded AS (
            SELECT t.*, p.number, p.code AS cwc, portion(t.answered * 4 // 10, p.upto - p.weight, p.upto, 100,
                                                  (draw(55, t.occurrence) % 1000)::BIGINT) AS calls
            FROM total t JOIN cwc_plan p USING (acd)
        )
        SELECT c.day AS row_date, c.starttime, c.intrvl, k.* FROM coded k JOIN clock_interval c USING (occurrence)
        WHERE NOT c.live AND k.calls > 0 ORDER BY k.occurrence, k.number
    )"""
    values = {
        "acdcalls": "calls",
        "acdtime": "talk_time * calls // answered",
        "acwtime": "after_time * calls // answered",
    }
    filler.fill("hcwc", source, values)
