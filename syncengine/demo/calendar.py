"""The wall clock of the switches: every interval of every ACD, with the hours that repeat or are skipped.

Times are whole seconds of wall clock since 1970 (`wall`), without any zone: the data must not depend on the
machine that makes it. What a table stores as epoch seconds is `wall` read in a zone six hours behind UTC.
"""

from __future__ import annotations

import duckdb

from syncengine.demo.shape import DemoShape

MACROS = """
CREATE OR REPLACE TEMP MACRO draw(salt, key) AS hash(getvariable('seed')::BIGINT, salt::BIGINT, key::BIGINT);
CREATE OR REPLACE TEMP MACRO unit(h) AS (h % 1000003)::DOUBLE / 1000003;
CREATE OR REPLACE TEMP MACRO bell(h) AS
    (((h & 65535) + ((h >> 16) & 65535) + ((h >> 32) & 65535) + ((h >> 48) & 65535))::DOUBLE / 65536 - 2) * 1.732;
CREATE OR REPLACE TEMP MACRO label_of(minute) AS minute // 60 * 100 + minute % 60;
CREATE OR REPLACE TEMP MACRO day_of(wall) AS DATE '1970-01-01' + CAST(wall // 86400 AS INTEGER);
CREATE OR REPLACE TEMP MACRO hhmm_of(wall) AS wall % 86400 // 3600 * 100 + wall % 3600 // 60;
CREATE OR REPLACE TEMP MACRO week_of(day) AS day - CAST(dayofweek(day) AS INTEGER);
CREATE OR REPLACE TEMP MACRO month_of(day) AS CAST(date_trunc('month', day) AS DATE);
CREATE OR REPLACE TEMP MACRO oldest_day() AS DATE '2000-06-05' - getvariable('days')::INTEGER;
CREATE OR REPLACE TEMP MACRO epoch_of(wall) AS wall + 21600;
CREATE OR REPLACE TEMP MACRO portion(whole, low, high, total, phase) AS
    CASE WHEN total = 0 THEN 0 ELSE
    (whole::BIGINT * high * 1000 + phase * total) // (total * 1000)
    - (whole::BIGINT * low * 1000 + phase * total) // (total * 1000) END;
"""
# `draw` is a keyed hash instead of random(): the same rows whatever the number of threads. `portion` cuts a whole
# number into parts by weight, so that the parts add up to it exactly; `phase` moves who gets the odd one.

INTERVALS = """
CREATE TEMP TABLE clock_interval AS
WITH
hour_load AS (
    SELECT [0.05, 0.04, 0.03, 0.03, 0.03, 0.05, 0.08, 0.22, 0.55, 0.90, 1.00, 0.97, 0.78, 0.82, 0.95, 0.92, 0.85, 0.60,
            0.38, 0.28, 0.20, 0.14, 0.09, 0.07, 0.05] AS w
),
acd AS (
    SELECT a::INTEGER AS acd, CASE WHEN a % 2 = 1 THEN 30 ELSE 15 END::INTEGER AS intrvl
    FROM range(1, getvariable('acds') + 1) t(a)
),
day AS (SELECT DATE '2000-06-05' - d::INTEGER AS day FROM range(0, getvariable('days') + 2) t(d)),
plain AS (
    SELECT acd, intrvl, day, m::INTEGER AS minute, intrvl::INTEGER * 60 AS span
    FROM acd CROSS JOIN day CROSS JOIN range(0, 1440, 15) t(m)
    WHERE m % intrvl = 0
),
-- No zone changes its clocks in early June: each switch follows its own rule, administered there.
occurring AS (
    SELECT acd, intrvl, day, minute, 0 AS pass,
           CASE WHEN acd = 1 AND day = DATE '2000-06-01' AND minute = 540 THEN 120
                WHEN day = DATE '2000-06-05' AND minute < 370 THEN least(span, (370 - minute) * 60)
                ELSE span END AS span
    FROM plain
    WHERE NOT (acd = 2 AND day = DATE '2000-06-04' AND minute BETWEEN 120 AND 179)
    UNION ALL
    SELECT acd, intrvl, day, minute, 1 AS pass, span FROM plain
    WHERE acd = 1 AND (day = DATE '2000-06-04' AND minute BETWEEN 60 AND 119
                       OR day = DATE '2000-06-01' AND minute = 540)
)
SELECT acd, intrvl, day, minute, label_of(minute)::INTEGER AS starttime, pass::INTEGER AS pass, span::INTEGER AS span,
       ((acd::BIGINT * 100000 + (day - DATE '1970-01-01')) * 1440 + minute)::BIGINT * 2 + pass AS occurrence,
       (day - DATE '1970-01-01')::BIGINT * 86400 + minute * 60 AS wall,
       day = DATE '2000-06-05' AND minute + intrvl > 360 AS live,
       day = oldest_day() - 1 AS purged,
       acd = 1 AND day = DATE '2000-06-05' AND minute = 300 AS damaged,
       (w[minute // 60 + 1] + (w[minute // 60 + 2] - w[minute // 60 + 1]) * (minute % 60) / 60.0)
       * CASE WHEN day = DATE '2000-05-29' THEN 0.32  -- Memorial Day
              ELSE [0.27, 1.12, 1.00, 0.97, 0.96, 1.00, 0.34][dayofweek(day) + 1] END AS load
FROM occurring CROSS JOIN hour_load
WHERE day < DATE '2000-06-05' OR minute < 370
ORDER BY day, acd, minute, pass
"""
# On 2000-06-01 ACD 1 had counted two minutes of the interval 09:00 when its clock was set back: it was archived
# under that label, and then the whole interval under the same label again.


def build_calendar(connection: duckdb.DuckDBPyConnection, shape: DemoShape) -> None:
    """Define the macros and the table `clock_interval`: one row for each interval an ACD went through."""
    for name in ("days", "acds", "splits", "agents", "vdns", "trunks", "seed"):
        connection.execute(f"SET VARIABLE {name} = {int(getattr(shape, name))}")
    connection.execute(MACROS)
    connection.execute(INTERVALS)
