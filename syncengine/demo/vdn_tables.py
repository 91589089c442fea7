"""hvdn and hvector: the same calls, seen from the numbers dialled and the vectors that routed them."""

from __future__ import annotations

import duckdb

from syncengine.demo.inserts import TableFiller
from syncengine.demo.traffic import bucket_columns, period_columns

VDNS = """
CREATE TEMP TABLE vdn_plan AS
WITH numbered AS (
    SELECT acd, v::INTEGER AS number, (40000 + acd * 5000 + v)::VARCHAR AS vdn,
           greatest(1, least(getvariable('vdns'), getvariable('splits') + 3))::INTEGER AS vectors,
           (10 + draw(41, acd * 10000 + v) % 90)::INTEGER AS weight
    FROM (SELECT DISTINCT acd FROM clock_interval) CROSS JOIN range(1, getvariable('vdns') + 1) t(v)
),
routed AS (SELECT *, (number - 1) % vectors + 1 AS vector FROM numbered),
served AS (SELECT *, (vector - 1) % getvariable('splits')::INTEGER + 1 AS split FROM routed)
SELECT *, sum(weight) OVER (PARTITION BY acd, split ORDER BY number ROWS UNBOUNDED PRECEDING)::BIGINT AS upto,
       sum(weight) OVER (PARTITION BY acd, split)::BIGINT AS whole
FROM served
"""

VDN_FLOW = """
CREATE TEMP TABLE vdn_flow AS
WITH divided AS (
    SELECT f.occurrence, f.acd, v.number, v.vdn, v.vector, v.vectors, v.split, f.span, f.wait, f.talk, f.after_call,
        f.ring,
           (f.h % 1000)::BIGINT AS p1, (f.h // 1024 % 1000)::BIGINT AS p2, (f.h // 65536 % 1000)::BIGINT AS p3,
           (f.h // 16777216 % 1000)::BIGINT AS p4,
           portion(f.answered, v.upto - v.weight, v.upto, v.whole, p1)::INTEGER AS answered,
           portion(f.abandoned, v.upto - v.weight, v.upto, v.whole, p2)::INTEGER AS abandoned,
           portion(f.outflowed, v.upto - v.weight, v.upto, v.whole, p3)::INTEGER AS outflowed,
           portion(f.turned_away, v.upto - v.weight, v.upto, v.whole, p4)::INTEGER AS turned_away,
           f.answered AS all_answered, f.talk_time AS all_talk, f.after_time AS all_after,
           c.damaged, draw(42, f.occurrence * 10000 + v.number) AS h
    FROM flow f JOIN vdn_plan v ON v.acd = f.acd AND v.split = f.split JOIN clock_interval c
        ON c.occurrence = f.occurrence
),
changed AS (
    SELECT *, CASE WHEN vectors > 1 AND (h % 1000 < 2 OR damaged AND number <= 3) THEN 2 ELSE 1 END AS rows_made
    FROM divided
),
rows AS (SELECT *, unnest(range(0, rows_made)) AS part FROM changed),
parted AS (
    SELECT * EXCLUDE (vector, answered, abandoned, outflowed, turned_away),
           CASE WHEN part = 1 THEN vector % vectors + 1 ELSE vector END AS vector,
           CASE WHEN rows_made = 1 THEN answered
                WHEN part = 1 THEN (answered + 1) // 2 ELSE answered - (answered + 1) // 2 END AS answered,
           CASE WHEN rows_made = 1 THEN abandoned
                WHEN part = 1 THEN (abandoned + 1) // 2 ELSE abandoned - (abandoned + 1) // 2 END AS abandoned,
           CASE WHEN part = 1 THEN 0 ELSE outflowed END AS outflowed,
           CASE WHEN part = 1 THEN 0 ELSE turned_away END AS turned_away
    FROM rows
)
SELECT *, (all_talk * answered // greatest(1, all_answered))::INTEGER AS talk_time,
       (all_after * answered // greatest(1, all_answered))::INTEGER AS after_time,
       answered + abandoned + outflowed + turned_away AS arrived
FROM parted
"""
# A VDN whose vector is changed within an interval has a row for each. In the interval of the outage the
# first three VDNs had another vector for a while, and only while the link was down.


def plan_vdns(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `vdn_plan`: which vector and split a VDN leads to, and its share of the split's calls."""
    connection.execute(VDNS)


def build_vdn_flow(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `vdn_flow`: the calls of each split divided among its VDNs."""
    connection.execute(VDN_FLOW)


def fill_hvdn(filler: TableFiller) -> None:
    """Fill hvdn: a row for every VDN and vector of every archived interval."""
    source = """(
        SELECT c.day AS row_date, c.starttime, c.intrvl, v.* FROM vdn_flow v JOIN clock_interval c USING (occurrence)
        WHERE NOT c.live ORDER BY v.occurrence, v.number, v.part
    )"""
    hold_calls = "(answered * 12 + (h // 4 % 100)::INTEGER) // 100"
    values = {
        "incalls": "arrived",
        "intime": "talk_time + answered * wait * 65 // 100 + abandoned * (18 + wait // 2) + turned_away * 14",
        "acdcalls": "answered",
        "acdtime": "talk_time",
        "acwtime": "after_time",
        "anstime": "answered * wait * 65 // 100",
        "abncalls": "abandoned",
        "abntime": "abandoned * (18 + wait // 2)",
        "abnquecalls": "abandoned",
        "disccalls": "turned_away",
        "disctime": "turned_away * 14",
        "vdisccalls": "turned_away",
        "outflowcalls": "outflowed",
        "outflowtime": "outflowed * (60 + wait)",
        "acceptable": "within(answered, 0.35, wait, 20)",
        "slvlabns": "within(abandoned, 0.0, 35, 20)",
        "ringcalls": "answered",
        "ringtime": "answered * ring",
        "holdcalls": hold_calls,
        "holdtime": f"{hold_calls} * 42",
        "holdacdcalls": hold_calls,
        "holdacdtime": f"{hold_calls} * (42 + talk)",
        "transferred": "(answered * 4 + (h // 512 % 100)::INTEGER) // 100",
        "maxocwtime": "CASE WHEN arrived > 0 THEN least(600, wait * 3 + (h % 30)::INTEGER) ELSE 0 END",
        "maxwaiting": "least(arrived, 1 + wait // 9 + abandoned)",
        "i_arrived": "arrived",
        "skill1": "split",
        "skillcalls1": "answered",
        "skilltime1": "talk_time",
        "skillacwtime1": "after_time",
        "bsrplan": "0",
        "phantomabns": "abandoned // 15",
        **bucket_columns("ansconncalls", "answered", "0.35", "wait"),
        **bucket_columns("abncalls", "abandoned", "0.0", "35"),
        **period_columns(),
    }
    filler.fill("hvdn", source, values)


def fill_hvector(filler: TableFiller) -> None:
    """Fill hvector: the sums of hvdn by vector, so that both views of the calls agree."""
    source = """(
        SELECT c.day AS row_date, c.starttime, c.intrvl, v.acd, v.vector, v.occurrence,
               sum(arrived) AS incalls, sum(answered) AS acdcalls, sum(abandoned) AS abncalls,
               sum(outflowed) AS outflowcalls, sum(turned_away) AS disccalls,
               sum(answered * wait * 65 // 100) AS anstime, sum(abandoned * (18 + wait // 2)) AS abntime,
               sum(outflowed * (60 + wait)) AS outflowtime, sum(answered * ring) AS ringtime
        FROM vdn_flow v JOIN clock_interval c USING (occurrence)
        WHERE NOT c.live GROUP BY ALL ORDER BY v.occurrence, v.vector
    )"""
    values = {
        "intime": "anstime + abntime + outflowtime + disccalls * 14",
        "abnquecalls": "abncalls",
        "disctime": "disccalls * 14",
        "vdisccalls": "disccalls",
        "gotocalls": "acdcalls // 6",
        "gototime": "acdcalls // 6 * 9",
        "ringcalls": "acdcalls",
        "phantomabns": "abncalls // 15",
    }
    filler.fill("hvector", source, values)
