"""hsplit and hagent: what splits and their agents did in each interval."""

from __future__ import annotations

from syncengine.demo.inserts import TableFiller
from syncengine.demo.traffic import bucket_columns, period_columns

SPLIT_ROWS = """(
SELECT c.day AS row_date, c.starttime, c.intrvl, f.*,
       least(f.talk_time, f.share * 8 // 10) AS talking, least(f.after_time, f.share // 10) AS wrapping,
       least(f.answered * f.ring, f.share // 50) AS ringing,
       f.staffed_time * (30 + (f.h // 64 % 30)::INTEGER) // 1000 AS auxiliary,
       (f.staffed_time - f.share) * 7 // 10 AS elsewhere,
       (f.answered * 12 + (f.h // 512 % 100)::INTEGER) // 100 AS held,
       (f.answered * 4 + (f.h // 2048 % 100)::INTEGER) // 100 AS passed_on,
       (f.heads * f.span * (f.h // 8192 % 100)::INTEGER) // 180000 AS dialled
FROM flow f JOIN clock_interval c USING (occurrence)
WHERE NOT c.live
)"""

AUX_SHARES = ((0, 26), (1, 38), (2, 22), (3, 9), (4, 5))
"""AUX reason codes and their share in hundredths: none given, break, lunch, training, meeting."""


def fill_hsplit(filler: TableFiller) -> None:
    """Fill hsplit from `flow`: a row for every split of every archived interval, staffed or not."""
    answered = bucket_columns("acdcalls", "answered", "0.35", "wait")
    abandoned = bucket_columns("abncalls", "abandoned", "0.0", "35")
    values = {
        "i_stafftime": "staffed_time",
        "i_acdtime": "talking",
        "i_acwtime": "wrapping",
        "i_ringtime": "ringing",
        "i_auxtime": "auxiliary",
        "i_othertime": "elsewhere",
        "i_availtime": "staffed_time - talking - wrapping - ringing - auxiliary - elsewhere",
        "maxstaffed": "heads",
        "acdcalls": "answered",
        "acdtime": "talk_time",
        "acwtime": "after_time",
        "anstime": "answered * wait * 65 // 100",
        **answered,
        "abncalls": "abandoned",
        "abntime": "abandoned * (18 + wait // 2)",
        **abandoned,
        "callsoffered": "answered + abandoned + outflowed",
        "outflowcalls": "outflowed",
        "outflowtime": "outflowed * (60 + wait)",
        "interflowcalls": "0",
        "inflowcalls": "answered // 50",
        "ringcalls": "answered",
        "ringtime": "answered * ring",
        "noansredir": "(answered + (h // 4 % 200)::INTEGER) // 200",
        "acceptable": "within(answered, 0.35, wait, 20)",
        "slvlabns": "within(abandoned, 0.0, 35, 20)",
        "holdcalls": "held",
        "holdtime": "held * 42",
        "holdabncalls": "held // 20",
        "transferred": "passed_on",
        "conference": "passed_on // 4",
        "medcalls": "offered - offered // 12 - offered // 40",
        "highcalls": "offered // 12",
        "topcalls": "offered // 40",
        "maxinqueue": "least(offered, 1 + wait // 9 + abandoned)",
        "maxocwtime": "CASE WHEN offered > 0 THEN least(600, wait * 3 + (h % 30)::INTEGER) ELSE 0 END",
        "auxoutcalls": "dialled",
        "auxouttime": "dialled * 65",
        "i_auxouttime": "least(auxiliary, dialled * 65)",
        "acwoutcalls": "dialled // 3",
        "acwouttime": "dialled // 3 * 40",
        "i_acwouttime": "least(wrapping, dialled // 3 * 40)",
        "auxoutoffcalls": "dialled // 2",
        "auxoutofftime": "dialled // 2 * 60",
        "event1": "answered // 40",
        "event2": "answered // 90",
        "assists": "(answered + (h // 16 % 100)::INTEGER) // 100",
        "i_arrived": "offered",
        "i_tavailtime": "(staffed_time - talking - wrapping - ringing - auxiliary - elsewhere) * 6 // 10",
        "i_tauxtime": "auxiliary * 6 // 10",
        "i_tothertime": "elsewhere * 6 // 10",
        "maxtop": "(heads * 6 + 9) // 10",
        "i_normtime": "CASE WHEN heads > 0 THEN span ELSE 0 END",
        "targetpercent": "80",
        "targetseconds": "20",
        "targetacdcalls": "within(answered, 0.35, wait, 20)",
        "targetabns": "within(abandoned, 0.0, 35, 20)",
        "phantomabns": "abandoned // 15",
        **aux_columns("i_auxtime", "auxiliary"),
        **period_columns(),
    }
    filler.fill("hsplit", SPLIT_ROWS, values)


def aux_columns(prefix: str, total: str) -> dict[str, str]:
    """Return SQL that spreads AUX time over its reason codes; what is left over has no reason."""
    named = {f"{prefix}{code}": f"{total} * {share} // 100" for code, share in AUX_SHARES if code}
    return {f"{prefix}0": " - ".join([total, *named.values()]), **named}


AGENT_ROWS = """(
WITH present AS (
    SELECT s.occurrence, s.acd, s.agent, s.piece, s.seconds, s.twin, k.split, k.place, k.skills,
           CASE WHEN s.twin THEN 0 ELSE s.seconds // k.skills END AS share
    FROM staffed s JOIN skill k USING (acd, agent)
),
ranked AS (
    SELECT *, sum(share) OVER (PARTITION BY occurrence, split ORDER BY agent, piece ROWS UNBOUNDED PRECEDING) AS upto
    FROM present
),
divided AS (
    SELECT r.*, f.answered AS all_calls, f.talk_time AS all_talk, f.after_time AS all_after, f.ring,
           (f.answered::BIGINT * (r.upto - r.share) * 1000 + (f.h % 1000)::BIGINT * f.share) // greatest(1,
               f.share * 1000)
               AS calls_before,
           (f.answered::BIGINT * r.upto * 1000 + (f.h % 1000)::BIGINT * f.share) // greatest(1,
               f.share * 1000) AS calls_upto
    FROM ranked r JOIN flow f ON f.occurrence = r.occurrence AND f.split = r.split
),
worked AS (
    SELECT *, (calls_upto - calls_before)::INTEGER AS calls,
           (all_talk * calls_upto // greatest(1, all_calls) - all_talk * calls_before // greatest(1,
               all_calls))::INTEGER
               AS talk_time,
           (all_after * calls_upto // greatest(1, all_calls) - all_after * calls_before // greatest(1,
               all_calls))::INTEGER
               AS after_time,
           draw(31, occurrence * 10000 + agent) AS h, draw(32, (occurrence * 10000 + agent) * 4 + place) AS g
    FROM divided
),
booked AS (
    SELECT *, least(talk_time, seconds // skills * 8 // 10) AS talking, least(after_time,
        seconds // skills // 10) AS wrapping,
           least(calls * ring, seconds // skills // 50) AS ringing,
           seconds * (30 + (h // 64 % 30)::INTEGER) // 1000 AS auxiliary,
           (seconds - seconds // skills) * 7 // 10 AS elsewhere,
           (calls * 12 + (g % 100)::INTEGER) // 100 AS held,
           CASE WHEN place = 0 AND NOT twin AND h % 9 = 0 THEN 1 ELSE 0 END AS dialled
    FROM worked
)
SELECT c.day AS row_date, c.starttime, c.intrvl, a.logid, a.extension, a.loc_id, b.*,
       seconds - talking - wrapping - ringing - auxiliary - elsewhere AS available
FROM booked b JOIN clock_interval c USING (occurrence) JOIN agent a ON a.acd = b.acd AND a.agent = b.agent
WHERE NOT c.live
ORDER BY b.occurrence, b.agent, b.place, b.piece
)"""


TOP_ONLY = ("stafftime", "availtime", "auxtime", "othertime")
"""Times of an agent that are counted for the first split too, and only for it."""


def fill_hagent(filler: TableFiller) -> None:
    """Fill hagent: a row for each split of each time an agent was logged in during an interval.

    An agent who logs off and on within an interval has two rows of the same key; some are the same in every column.
    """
    top_only = "CASE WHEN place = 0 THEN {} ELSE 0 END"
    values = {
        "rsv_level": "0",
        "i_stafftime": "seconds",
        "i_availtime": "available",
        "i_acdtime": "talking",
        "i_acwtime": "wrapping",
        "i_ringtime": "ringing",
        "i_auxtime": "auxiliary",
        "i_othertime": "elsewhere",
        "acdcalls": "calls",
        "acdtime": "talk_time",
        "acwtime": "after_time",
        "ringcalls": "calls",
        "ringtime": "calls * ring",
        "ansringtime": "calls * ring",
        "holdcalls": "held",
        "holdtime": "held * 42",
        "holdacdtime": "talk_time + held * 42",
        "transferred": "(calls * 4 + (g // 128 % 100)::INTEGER) // 100",
        "auxoutcalls": "dialled",
        "auxouttime": "dialled * 65",
        "i_auxouttime": "least(auxiliary, dialled * 65)",
        "auxoutoffcalls": "dialled",
        "auxoutofftime": "dialled * 65",
        "da_acdcalls": "CASE WHEN dialled = 1 AND h % 5 = 0 THEN 1 ELSE 0 END",
        "noansredir": "CASE WHEN calls > 0 AND g // 1024 % 150 = 0 THEN 1 ELSE 0 END",
        "assists": "CASE WHEN calls > 0 AND g // 4096 % 60 = 0 THEN 1 ELSE 0 END",
        "event1": "CASE WHEN calls > 0 AND g // 16384 % 40 = 0 THEN 1 ELSE 0 END",
        "acd_release": "calls * 4 // 10",
    }
    timed = {f"ti_{name}": top_only.format(values[f"i_{name}"]) for name in TOP_ONLY}
    spread = aux_columns("ti_auxtime", top_only.format("auxiliary"))
    filler.fill("hagent", AGENT_ROWS, values | timed | spread)
