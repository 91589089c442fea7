"""Who works when: agents, their skills, their logins, and the part of each interval they were staffed."""

from __future__ import annotations

import duckdb

AGENTS = """
CREATE TEMP TABLE agent AS
WITH numbered AS (
    SELECT acd, a AS agent, draw(11, acd * 10000 + a) AS h,
           least(getvariable('agents'), greatest(4, (getvariable('agents') * 7) // 100)) AS night_agents
    FROM (SELECT DISTINCT acd FROM clock_interval) CROSS JOIN range(1, getvariable('agents') + 1) t(a)
)
SELECT acd::INTEGER AS acd, agent::INTEGER AS agent, (acd * 10000 + agent)::VARCHAR AS logid,
       (3000 + agent)::VARCHAR AS extension, (1 + h // 4096 % 3)::INTEGER AS loc_id,
       agent <= night_agents AS nightly,
       CASE WHEN agent <= night_agents THEN 22 * 3600
            WHEN agent = night_agents + 1 OR h % 100 < 18 THEN 6 * 3600
            WHEN h % 100 < 68 THEN 8 * 3600 + 1800
            ELSE 13 * 3600 + 1800 END AS shift_start
FROM numbered
ORDER BY acd, agent
"""

SKILLS = """
CREATE TEMP TABLE skill AS
WITH preferred AS (
    SELECT acd, agent, p AS place, nightly, getvariable('splits') AS splits,
           draw(12, acd * 10000 + agent) AS h, (agent - 1) % getvariable('splits') AS own
    FROM agent CROSS JOIN range(0, 3) t(p)
),
given AS (
    SELECT acd, agent, place,
           CASE WHEN nightly OR place = 0 THEN CASE WHEN nightly THEN (agent - 1 + place) % least(3, splits)
               ELSE own END
                ELSE (own + place * (1 + h // 128 % greatest(1, (splits - 1) // 2))) % splits END + 1 AS split
    FROM preferred
    WHERE place < splits AND (nightly OR place = 0 OR place = 1 AND h % 100 < 60 OR place = 2 AND h % 100 < 22)
)
SELECT acd, agent, place, split::INTEGER AS split,
       count(*) OVER (PARTITION BY acd, agent)::INTEGER AS skills
FROM given
"""
# The first three splits are staffed round the clock; every night agent has all of them.

SESSIONS = """
CREATE TEMP TABLE session AS
WITH day AS (
    SELECT DISTINCT day, (day - DATE '1970-01-01')::BIGINT AS number, dayofweek(day) AS weekday FROM clock_interval
    UNION ALL
    SELECT min(day) - 1, (min(day) - 1 - DATE '1970-01-01')::BIGINT, dayofweek(min(day) - 1) FROM clock_interval
),
rostered AS (
    SELECT agent.*, number, number * 86400 + shift_start AS planned,
           CASE WHEN acd % 2 = 1 THEN 1800 ELSE 900 END AS step,
           draw(13, (number * 10 + acd) * 10000 + agent) AS h,
           draw(14, (number * 10 + acd) * 10000 + agent) AS g
    FROM agent CROSS JOIN day
    WHERE CASE WHEN nightly THEN (number + agent) % 7 > 1
               WHEN day = DATE '2000-05-29' THEN draw(15, (number * 10 + acd) * 10000 + agent) % 100 < 35
               WHEN weekday IN (0, 6) THEN draw(16, (number * 10 + acd) * 10000 + agent) % 100 < 34
               ELSE draw(17, (number * 10 + acd) * 10000 + agent) % 100 >= 6 END
),
worked AS (
    SELECT *, planned - 600 + (h % 900)::BIGINT AS login,
           planned + CASE WHEN nightly THEN 28320 + (g % 360)::BIGINT ELSE 30600 - 300 + (g % 900)::BIGINT END AS logout
    FROM rostered
),
broken AS (
    SELECT *, h // 1024 % 100 < 30 AS relogs, h // 131072 % 8 = 0 AS twin,
           (login + 3600 + (g // 1024 % 21600)::BIGINT) // step * step AS break_interval
    FROM worked
),
pieces AS (
    SELECT acd, agent, number, 1 AS piece, login,
           CASE WHEN relogs THEN break_interval + CASE WHEN twin THEN step * 4 // 10
               ELSE step // 4 + (g % 200)::BIGINT END
                ELSE logout END AS logout,
           relogs AND twin AS twin, break_interval
    FROM broken
    UNION ALL
    SELECT acd, agent, number, 2,
           break_interval + CASE WHEN twin THEN step * 6 // 10 ELSE step // 4 + 200 + (h % 180)::BIGINT END,
           logout, twin, break_interval
    FROM broken WHERE relogs
    UNION ALL
    -- One agent logs in for a moment before the day begins: the whole login falls into the outage.
    SELECT acd, agent, 11113, 9, 11113 * 86400 + 18860, 11113 * 86400 + 19070, FALSE, 0
    FROM agent WHERE acd = 1 AND agent = getvariable('agents') AND NOT nightly
)
SELECT acd, agent, piece::INTEGER AS piece, login, logout, twin,
       break_interval, logout > 11113 * 86400 + 22200 AS still_on
FROM pieces WHERE login < 11113 * 86400 + 22200
"""
# 11113 is the day number of 2000-06-05, and second 22200 of that day is 06:10. Nobody logs out between 06:08 and
# 06:10: the snapshot of the secondary is two minutes older, and must not have an older state of the same row.

STAFFED = """
CREATE TEMP TABLE staffed AS
WITH touched AS (
    SELECT s.*, CASE WHEN acd % 2 = 1 THEN 1800 ELSE 900 END AS step,
           unnest(range(login // step * step, least(logout, 11113 * 86400 + 22200), step)) AS wall
    FROM session s
)
SELECT c.occurrence, t.acd, t.agent, t.piece, t.login,
       (least(t.logout, c.wall + c.span) - greatest(t.login, c.wall))::INTEGER AS seconds,
       t.twin AND c.wall = t.break_interval AS twin
FROM touched t JOIN clock_interval c ON c.acd = t.acd AND c.wall = t.wall
WHERE least(t.logout, c.wall + c.span) > greatest(t.login, c.wall)
"""

STAFFING = """
CREATE TEMP TABLE staffing AS
SELECT occurrence, split, count(DISTINCT agent)::INTEGER AS heads, sum(seconds)::INTEGER AS staffed_time,
       sum(CASE WHEN twin THEN 0 ELSE seconds // skills END)::INTEGER AS share
FROM staffed JOIN skill USING (acd, agent)
GROUP BY occurrence, split
"""


def build_workforce(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables `agent`, `skill`, `session`, `staffed` and `staffing` from the calendar."""
    for statement in (AGENTS, SKILLS, SESSIONS, STAFFED, STAFFING):
        connection.execute(statement)
