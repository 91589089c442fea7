"""Event tables: call records, the agent trace, logins and exceptions, as the switch reports them.

Rows go into `events_<table>` first, in the order they happened; `circular.py` gives each server its share.
"""

from __future__ import annotations

import duckdb

CALLS = """
CREATE TEMP TABLE call AS
WITH on_duty AS (
    SELECT s.occurrence, k.split, list(a.logid ORDER BY s.agent, s.piece) AS logids
    FROM staffed s JOIN skill k USING (acd, agent) JOIN agent a ON a.acd = s.acd AND a.agent = s.agent
    GROUP BY s.occurrence, k.split
),
arriving AS (
    SELECT v.*, c.wall, d.logids, unnest(range(0, v.arrived)) AS i
    FROM vdn_flow v JOIN clock_interval c ON c.occurrence = v.occurrence
    LEFT JOIN on_duty d ON d.occurrence = v.occurrence AND d.split = v.split
    WHERE c.day > DATE '2000-06-05' - 7 AND NOT c.purged AND v.arrived > 0
),
drawn AS (
    SELECT *, draw(61, ((occurrence * 5000 + number) * 2 + part) * 1000 + i) AS a,
           draw(62, ((occurrence * 5000 + number) * 2 + part) * 1000 + i) AS b,
           draw(63, ((occurrence * 5000 + number) * 2 + part) * 1000 + i) AS d,
           CASE WHEN i < answered THEN 2 WHEN i < answered + abandoned THEN 3
                WHEN i < answered + abandoned + outflowed THEN 4 ELSE 6 END AS disposition
    FROM arriving
),
timed AS (
    SELECT *, wall + (a % span::UBIGINT)::BIGINT AS start,
           CASE disposition WHEN 2 THEN (wait * unit(b) * 1.3 + ring)::INTEGER
                            WHEN 3 THEN (3 + (18 + wait // 2) * unit(b) * 2)::INTEGER
                            WHEN 4 THEN 60 + wait ELSE 14 END AS waiting,
           CASE disposition WHEN 2 THEN greatest(15, talk * (0.25 + 1.5 * unit(d)))::INTEGER ELSE 0 END AS talking,
           CASE disposition WHEN 2 THEN greatest(3, after_call * (0.25 + 1.5 * unit(a // 64)))::INTEGER
               ELSE 0 END AS wrapping,
           CASE WHEN disposition = 2 AND a // 256 % 100 < 12 THEN (20 + (b % 60)::INTEGER) ELSE 0 END AS holding,
           disposition = 2 AND a // 4096 % 100 < 4 AND len(logids) > 1 AS passed_on
    FROM drawn
),
segments AS (
    SELECT *, 1 AS segment, start AS segstart, start + waiting + talking + holding AS segstop,
           logids[1 + (b // 64 % greatest(1, len(logids))::UBIGINT)::BIGINT] AS answerer, NULL AS caller
    FROM timed
    UNION ALL
    SELECT *, 2, start + waiting + talking + holding, start + waiting + talking + holding + 30 + (d % 200)::BIGINT,
           logids[1 + ((b // 64 + 1) % greatest(1, len(logids))::UBIGINT)::BIGINT],
           logids[1 + (b // 64 % greatest(1, len(logids))::UBIGINT)::BIGINT]
    FROM timed WHERE passed_on
)
SELECT * EXCLUDE (logids),
       dense_rank() OVER (PARTITION BY acd ORDER BY start, number, part, i) + acd * 100000 AS callid
FROM segments
WHERE segstart < 11113 * 86400 + 22200
"""
# Calls that are still in progress at 06:10 have no record yet on either server.

CALL_RECORDS = """
CREATE TEMP TABLE events_call_rec AS
SELECT acd, day_of(segstart) AS row_date, hhmm_of(segstart) AS row_time, callid, segment,
       lpad(acd::VARCHAR, 5, '0') || lpad((callid % 100000)::VARCHAR, 5, '0') || epoch_of(start)::VARCHAR AS ucid,
       epoch_of(segstart) AS segstart, epoch_of(segstop) AS segstop,
       CASE WHEN segment = 2 THEN 20 ELSE wrapping END AS acwtime,
       CASE WHEN segment = 1 THEN holding ELSE 0 END AS ansholdtime, CASE WHEN segment = 1 THEN waiting
           ELSE 0 END AS disptime,
       CASE WHEN segment = 1 AND passed_on THEN 12 ELSE 0 END AS consulttime,
       segstop - segstart AS duration, CASE WHEN segment = 2 THEN segstop - segstart ELSE talking END AS talktime,
       CASE WHEN segment = 1 AND d % 37 = 0 THEN 8 ELSE 0 END AS netintime,
       coalesce(CASE WHEN disposition = 2 THEN answerer END, '') AS anslogin, coalesce(caller, '') AS origlogin,
       CASE WHEN disposition = 2 AND a // 16384 % 100 = 0 THEN 1 ELSE 0 END AS assist,
       CASE WHEN d // 64 % 400 = 0 THEN 1 ELSE 0 END AS audio,
       CASE WHEN d // 512 % 11 = 0 THEN '' ELSE '303555' || lpad((d % 10000)::VARCHAR, 4, '0') END AS calling_pty,
       CASE WHEN d // 512 % 11 = 0 THEN '' ELSE '00' END AS calling_ii,
       CASE WHEN passed_on AND a // 64 % 4 = 0 THEN 1 ELSE 0 END AS conference,
       CASE WHEN segment = 2 THEN 1 ELSE 0 END AS da_queued,
       CASE WHEN segment = 1 THEN '8005550' || right(vdn, 3) ELSE '' END AS dialed_num,
       CASE WHEN segment = 2 THEN 2 ELSE disposition END AS disposition,
       CASE WHEN segment = 1 AND disposition IN (2, 3) THEN 2 + (d % 2)::INTEGER ELSE 0 END AS disppriority,
       CASE WHEN disposition = 2 AND segment = 1 THEN 1 ELSE 0 END AS dispsklevel,
       CASE WHEN segment = 2 OR disposition = 6 THEN NULL WHEN d // 4096 % 150 = 0 THEN 0 ELSE split END AS dispsplit,
       CASE WHEN segment = 1 THEN vdn ELSE '' END AS dispvdn, CASE WHEN segment = 1 THEN vector
           ELSE 0 END AS dispvector,
       CASE WHEN segment = 2 OR d // 65536 % 60 = 0 THEN ''
            ELSE '01A' || lpad((1 + d // 64 % 4)::VARCHAR, 2, '0') || lpad((1 + d % 8)::VARCHAR, 2, '0') END AS eqloc,
       CASE WHEN segment = 1 THEN vector ELSE 0 END AS firstvector, CASE WHEN segment = 1 THEN vdn
           ELSE '' END AS firstvdn,
       CASE WHEN holding > 0 AND segment = 1 THEN 1 ELSE 0 END AS held,
       CASE WHEN disposition = 2 AND segment = 1 AND d // 1048576 % 100 < 40
            THEN ['100', '110', '120', '200', '210', '220', '300', '310', '400', '500',
                '900'][1 + (d // 64 % 11)::INTEGER]
            ELSE '' END AS lastcwc,
       CASE WHEN d // 128 % 5 = 0 THEN (10000 + d % 80000)::VARCHAR ELSE '' END AS lastdigits,
       CASE WHEN segment = 1 AND disposition <> 6 THEN split ELSE 0 END AS split1,
       CASE WHEN segment = 2 OR d // 65536 % 60 = 0 THEN NULL ELSE 1 + (d // 32 % 4)::INTEGER END AS tkgrp,
       CASE WHEN segment = 1 AND passed_on THEN 1 ELSE 0 END AS transferred,
       CASE WHEN disposition = 2 AND a // 512 % 10 < 4 THEN 1 ELSE 0 END AS agt_released,
       CASE WHEN segment = 1 AND d // 65536 % 60 <> 0 THEN 1 ELSE 0 END AS eq_locid,
       CASE WHEN disposition = 2 THEN 1 ELSE 0 END AS ans_locid,
       CASE WHEN disposition = 2 AND a // 32768 % 3000 = 7 THEN 1 ELSE 0 END AS malicious,
       segstart AS wall, segstop AS until
FROM call
WHERE segstop <= 11113 * 86400 + 22200
ORDER BY acd, segstart, callid, segment
"""

TRACED = """
CREATE TEMP TABLE traced AS
SELECT acd, agent, logid FROM (
    SELECT *, count(*) FILTER (WHERE nightly) OVER (PARTITION BY acd) AS night_agents FROM agent
) WHERE agent IN (1, 2, 3, night_agents + 1, night_agents + 5)
"""

TRACE = """
CREATE TEMP TABLE events_ag_actv AS
WITH stepped AS (
    SELECT s.*, t.logid, unnest(range(0, (s.logout - s.login) // 60 + 2)) AS i
    FROM session s JOIN traced t USING (acd, agent)
    WHERE s.login >= (11113 - 9) * 86400 AND s.login >= (11113 - getvariable('days')) * 86400
),
moded AS (
    SELECT *, CASE WHEN i = 0 OR i % 17 = 16 THEN 20 WHEN i % 4 = 1 THEN 30 WHEN i % 4 = 2 THEN 80 WHEN i % 4 = 3
        THEN 40
                   ELSE 50 END AS workmode,
           draw(65, ((login * 10 + piece) * 10 + acd) * 4000 + agent + i * 7919) AS h
    FROM stepped
),
lasting AS (
    SELECT *, CASE workmode WHEN 20 THEN 60 + h % 540 WHEN 30 THEN 20 + h % 150 WHEN 80 THEN 3 + h % 6
                            WHEN 40 THEN 60 + h % 320 ELSE 10 + h % 70 END::BIGINT AS duration
    FROM moded
),
placed AS (
    SELECT *, login + sum(duration) OVER (PARTITION BY acd, agent, login, piece ORDER BY i) - duration AS begun
    FROM lasting
)
SELECT p.acd, day_of(begun) AS row_date, epoch_of(begun) AS starttime, (i + 1) AS wmode_seq, logid,
       CASE WHEN workmode IN (40, 50, 80) THEN k.split ELSE 0 END AS split,
       CASE WHEN begun + duration >= logout THEN 0 ELSE workmode END AS workmode,
       CASE WHEN workmode IN (40, 80) THEN 1 ELSE 0 END AS direction,
       least(duration, logout - begun)::INTEGER AS duration, CASE WHEN workmode = 40 AND h // 128 % 60 = 0
           THEN duration // 2 ELSE 0 END AS event_time,
       CASE WHEN workmode = 20 THEN CASE WHEN i = 0 THEN 0 ELSE 1 + (h // 64 % 4)::INTEGER END ELSE 0 END AS auxreason,
       CASE WHEN begun + duration >= logout THEN 1 ELSE 0 END AS logout_reason, 1 AS loc_id,
       CASE WHEN workmode = 40 AND h // 8 % 6 > 0 THEN '303555' || lpad((h % 10000)::VARCHAR, 4, '0')
           ELSE '' END AS calling_pty,
       CASE WHEN workmode = 50 AND h // 32 % 5 < 2 THEN '100' ELSE '' END AS workcode,
       CASE WHEN workmode = 40 AND h // 16 % 10 < 4 THEN 'y' ELSE 'n' END AS agt_released,
       CASE WHEN workmode = 40 AND h // 128 % 60 = 0 THEN 'y' ELSE 'n' END AS assist_actv,
       'n' AS caller_hold, 'n' AS conference, 'n' AS ext_call_orig, 'n' AS interrupted, 'n' AS keybd_dialed, 'n' AS mct,
       'n' AS reconnect, CASE WHEN workmode = 40 AND h // 256 % 25 = 0 THEN 'y' ELSE 'n' END AS transferred,
       begun::BIGINT AS wall, begun::BIGINT + least(duration, logout - begun)::BIGINT AS until
FROM placed p JOIN skill k ON k.acd = p.acd AND k.agent = p.agent AND k.place = 0
WHERE begun < logout AND begun + least(duration, logout - begun) <= 11113 * 86400 + 22080
ORDER BY p.acd, begun, logid, i
"""
# A state of work is recorded when it ends; those that end after 06:08 are left out on both servers.

LOGINS = """
CREATE TEMP TABLE events_haglog AS
WITH named AS (
    SELECT acd, agent, list(split ORDER BY place) AS splits FROM skill GROUP BY acd, agent
)
SELECT s.acd, day_of(login) AS row_date, k.split, a.logid, a.extension AS extn, epoch_of(login) AS login,
       CASE WHEN NOT still_on THEN epoch_of(logout) END AS logout, CASE WHEN NOT still_on
           THEN day_of(logout) END AS logout_date,
       CASE WHEN still_on THEN 0 WHEN draw(66, login * 8 + s.acd) % 4 = 0 THEN 2 ELSE 1 END AS logout_reason,
       a.loc_id, 0 AS preference, k.place + 1 AS sklevel, 0 AS skpercent,
       CASE WHEN k.place = 0 THEN 'p' ELSE 's' END AS skilltype,
       CASE WHEN n.splits[2] IS NOT NULL THEN 's' END AS skilltype2, CASE WHEN n.splits[3] IS NOT NULL
           THEN 's' END AS skilltype3,
       n.splits[2] AS logonskill2, CASE WHEN n.splits[2] IS NOT NULL THEN 2 END AS sklevel2,
       CASE WHEN n.splits[2] IS NOT NULL THEN 0 END AS skpercent2,
       n.splits[3] AS logonskill3, CASE WHEN n.splits[3] IS NOT NULL THEN 3 END AS sklevel3,
       CASE WHEN n.splits[3] IS NOT NULL THEN 0 END AS skpercent3,
       NULL::VARCHAR AS inflag, NULL::VARCHAR AS outflag,
       login AS wall, CASE WHEN NOT still_on THEN logout END AS until
FROM session s JOIN agent a USING (acd, agent) JOIN skill k USING (acd, agent) JOIN named n USING (acd, agent)
WHERE login >= (11113 - getvariable('days')) * 86400
ORDER BY s.acd, login, a.logid, k.place
"""

EXCEPTIONS = {
    "agex": """
        SELECT s.acd, c.wall + 60 * (CASE WHEN c.damaged AND s.agent <= 4 THEN 13 + h % 6
            ELSE h % (c.span // 60)::UBIGINT END)::BIGINT
                   AS wall,
               [1, 2, 4, 6, 10][1 + (h // 64 % 5)::INTEGER] AS extype, 300 AS threshold,
                   301 + (h // 512 % 400)::INTEGER AS "time",
               a.logid, k.split, CASE WHEN h // 64 % 5 = 2 THEN 1 + (h // 8192 % 4)::INTEGER ELSE 0 END AS reason_code
        FROM (SELECT *, draw(71, (occurrence * 4000 + agent) * 10 + piece) AS h FROM staffed) s
        JOIN clock_interval c USING (occurrence) JOIN agent a ON a.acd = s.acd AND a.agent = s.agent
        JOIN skill k ON k.acd = s.acd AND k.agent = s.agent AND k.place = 0
        WHERE h // 16 % 150 = 0 OR c.damaged AND s.agent <= 4""",
    "spex": """
        SELECT f.acd, c.wall + 60 * (CASE WHEN c.damaged AND f.split = 1 THEN 15
            ELSE g % (c.span // 60)::UBIGINT END)::BIGINT AS wall,
               [16, 17, 20, 23][1 + (g // 64 % 4)::INTEGER] AS extype, 60 AS threshold,
                   61 + (g // 512 % 120)::INTEGER AS "time", f.split
        FROM (SELECT *, draw(72, occurrence * 1000 + split) AS g FROM flow) f JOIN clock_interval c USING (occurrence)
        WHERE f.wait > 40 AND g // 16 % 20 = 0 OR c.damaged AND f.split = 1""",
    "tgex": """
        SELECT t.acd, c.wall + 60 * (g % (c.span // 60)::UBIGINT)::BIGINT AS wall,
               [51, 52, 54, 56][1 + (g // 64 % 4)::INTEGER] AS extype, 2 AS threshold,
                   3 + (g // 512 % 90)::INTEGER AS "time",
               t.tkgrp, t.eqloc, '' AS logid
        FROM (SELECT *, draw(73, occurrence * 10000 + number) AS g FROM trunk_flow) t
            JOIN clock_interval c USING (occurrence)
        WHERE g // 16 % 5000 = 0""",
    "vdnex": """
        SELECT v.acd, c.wall + 60 * (CASE WHEN c.damaged AND v.number = 1 THEN 16
            ELSE g % (c.span // 60)::UBIGINT END)::BIGINT AS wall,
               [34, 35, 38][1 + (g // 64 % 3)::INTEGER] AS extype, 45 AS threshold,
                   46 + (g // 512 % 100)::INTEGER AS "time",
               v.vdn, v.vector, 0 AS row_time_utc, 0 AS tenant
        FROM (SELECT *, draw(74, (occurrence * 5000 + number) * 2 + part) AS g FROM vdn_flow) v
        JOIN clock_interval c USING (occurrence)
        WHERE v.abandoned > 1 AND g // 16 % 40 = 0 OR c.damaged AND v.number = 1 AND v.part = 0""",
    "vecex": """
        SELECT v.acd, c.wall + 60 * (CASE WHEN c.damaged THEN 17 ELSE g % (c.span // 60)::UBIGINT END)::BIGINT AS wall,
               [40, 42][1 + (g // 64 % 2)::INTEGER] AS extype, 90 AS threshold, 91 + (g // 512 % 60)::INTEGER AS "time",
               v.vector, 0 AS row_time_utc, 0 AS tenant
        FROM (SELECT acd, occurrence, vector, draw(75, occurrence * 5000 + vector) AS g, sum(outflowed) AS outflowed,
                     max(wait) AS wait FROM vdn_flow GROUP BY ALL) v
        JOIN clock_interval c USING (occurrence)
        WHERE v.outflowed > 0 AND g // 16 % 12 = 0 OR c.damaged AND v.vector = 1""",
    "mctex": """
        SELECT acd, segstart AS wall, 90 AS extype, '3035' || lpad((d % 10000)::VARCHAR, 4, '0') AS ani_sid,
               '01A' || lpad((1 + d // 64 % 4)::VARCHAR, 2, '0') || lpad((1 + d % 8)::VARCHAR, 2, '0') AS eqloc,
                   0 AS ii_digits,
               coalesce(answerer, '') AS logid, split, 1 + (d // 32 % 4)::INTEGER AS tkgrp, vdn
        FROM call WHERE disposition = 2 AND segment = 1 AND a // 32768 % 3000 = 7""",
}
# Exception types are those of the database items guide: agents 1-15, splits 16-, VDNs and vectors 34-, trunks 50-58.


def plan_traces(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `traced`: the few agents of each ACD whose every change of state is recorded."""
    connection.execute(TRACED)


def build_events(connection: duckdb.DuckDBPyConnection) -> None:
    """Make a table `events_<name>` for each event table but linkex, ordered as things happened.

    Each has the columns of its table but the row number, and `wall`, when it happened in seconds of wall clock; calls,
    states of work and logins also have `until`, when they ended, NULL for what has not ended yet.
    """
    for statement in (CALLS, CALL_RECORDS, TRACE, LOGINS):
        connection.execute(statement)
    for name, query in EXCEPTIONS.items():
        connection.execute(
            f"CREATE TEMP TABLE events_{name} AS SELECT day_of(wall) AS row_date, hhmm_of(wall) AS row_time, * "
            f"FROM ({query}) WHERE wall >= (11113 - getvariable('days')) * 86400 AND wall < 11113 * 86400 + 22200 "
            "ORDER BY ALL"
        )
