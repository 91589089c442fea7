"""How many calls each split is offered in each interval, and what became of them.

Everything else follows from `flow`: agents, VDNs, vectors, trunks and call records divide its calls among
themselves, so that their figures add up to the split's.
"""

from __future__ import annotations

from itertools import pairwise

import duckdb

SPLITS = """
CREATE TEMP TABLE split_plan AS
WITH members AS (
    SELECT acd, split, sum(1.0 / skills) AS members, bool_or(nightly) AS round_the_clock
    FROM skill JOIN agent USING (acd, agent) GROUP BY acd, split
)
SELECT n.acd, s::INTEGER AS split, coalesce(members, 0) AS members, coalesce(round_the_clock, FALSE) AS round_the_clock,
       (150 + h % 150)::INTEGER AS talk, (15 + h // 1024 % 45)::INTEGER AS after_call,
           (4 + h // 65536 % 4)::INTEGER AS ring,
       0.018 + unit(draw(22, n.acd * 1000 + s)) * 0.02 AS impatience
FROM (SELECT acd, s, draw(21, acd * 1000 + s) AS h
      FROM (SELECT DISTINCT acd FROM clock_interval) CROSS JOIN range(1, getvariable('splits') + 1) t(s)) n
LEFT JOIN members ON members.acd = n.acd AND members.split = s
"""

FLOW = """
CREATE TEMP TABLE flow AS
WITH demand AS (
    SELECT c.occurrence, c.span, p.*, coalesce(g.heads, 0) AS heads, coalesce(g.staffed_time, 0) AS staffed_time,
           coalesce(g.share, 0) AS share, p.talk + p.after_call + p.ring AS handling,
           CASE WHEN p.round_the_clock THEN greatest(c.load, 0.22) ELSE c.load END
           * greatest(p.members, 0.5) * 0.55 * c.span * 0.66 / (p.talk + p.after_call + p.ring)
           * (0.9 + 0.2 * unit(draw(23, (c.wall // 86400 * 10 + c.acd) * 1000 + p.split))) AS expected,
           draw(24, c.occurrence * 1000 + p.split) AS h,
           draw(25, c.occurrence * 1000 + p.split) AS g
    FROM clock_interval c JOIN split_plan p USING (acd)
    LEFT JOIN staffing g ON g.occurrence = c.occurrence AND g.split = p.split
),
drawn AS (
    SELECT *, greatest(0, floor(expected + sqrt(expected) * bell(h) + 0.5))::INTEGER AS arriving,
           floor(0.9 * share / handling + unit(g) * (share > 0)::INTEGER)::INTEGER AS capacity
    FROM demand
),
lost AS (
    SELECT *, CASE WHEN staffed_time > 0 THEN arriving ELSE 0 END AS offered,
           CASE WHEN staffed_time > 0 THEN 0 ELSE arriving // 4 END AS turned_away,
           greatest(0, arriving - capacity) AS surplus
    FROM drawn
),
settled AS (
    SELECT *, CASE WHEN offered = 0 THEN 0 ELSE surplus * 3 // 10 END AS outflowed,
           CASE WHEN offered = 0 THEN 0
                ELSE least(offered - surplus * 3 // 10,
                           surplus - surplus * 3 // 10
                           + floor((offered - surplus) * impatience + unit(g // 7))::INTEGER) END AS abandoned
    FROM lost
),
answered AS (
    SELECT *, offered - abandoned - outflowed AS answered,
           least(1.0, offered * handling / greatest(1.0, 0.9 * share)) AS pressure
    FROM settled
)
SELECT occurrence, acd, split, span, heads, staffed_time, share, offered, answered, abandoned, outflowed, turned_away,
       talk, after_call, ring,
       -- The mean wait: seconds when agents are free, minutes when they are not.
       (5 + 55 * pressure ** 4)::INTEGER AS wait,
       greatest(answered * 20, answered * talk
           + floor(sqrt(answered) * talk * 0.3 * bell(draw(26, occurrence * 1000 + split))))::INTEGER AS talk_time,
       greatest(answered * 3, answered * after_call
           + floor(sqrt(answered) * after_call * 0.3 * bell(draw(27,
               occurrence * 1000 + split))))::INTEGER AS after_time,
       h::UBIGINT AS h
FROM answered
ORDER BY occurrence, split
"""
# Sorted here, where rows are narrow: hsplit has 172 columns, and sorting it would take as long as all the rest.

BUCKETS = """
CREATE OR REPLACE TEMP MACRO within(calls, fast, wait, seconds) AS
    floor(calls * (1 - (1 - fast) * exp(-seconds::DOUBLE / wait)) + 0.5)::INTEGER;
"""
PERIODS = (5, 10, 15, 20, 30, 45, 60, 90, 120)
"""Upper ends in seconds of the nine service level increments; the tenth is open."""

SERVICE_LEVEL = 20
"""Seconds within which a call should be answered: the fourth increment ends there."""


def bucket_columns(prefix: str, calls: str, fast: str, wait: str) -> dict[str, str]:
    """Return SQL that spreads calls over the ten increments; the ten add up to `calls`."""
    reached = [f"within({calls}, {fast}, {wait}, {seconds})" for seconds in PERIODS]
    columns = {f"{prefix}1": reached[0]}
    for place, (low, high) in enumerate(pairwise(reached), start=2):
        columns[f"{prefix}{place}"] = f"{high} - {low}"
    columns[f"{prefix}10"] = f"{calls} - {reached[-1]}"
    return columns


def period_columns() -> dict[str, str]:
    """Return SQL of the service level and its increments, which every row repeats."""
    periods = {f"period{place}": str(seconds) for place, seconds in enumerate(PERIODS, start=1)}
    return {"servicelevel": str(SERVICE_LEVEL), **periods}


def plan_splits(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `split_plan`: who works in each split, and how long its calls take."""
    connection.execute(SPLITS)
    connection.execute(BUCKETS)


def build_flow(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `flow`: calls offered, answered and lost, by interval and split."""
    connection.execute(FLOW)
