"""Gives each server its share of the events: numbered by itself, wrapped by itself, blind when its link was down."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from syncengine.demo.inserts import TableFiller
from syncengine.demo.shape import Damage

CUT = {
    "haglog": (
        "epoch_of({edge}) AS logout, day_of({edge}) AS logout_date, '>' AS outflag",
        "epoch_of({edge}) AS login, day_of({edge}) AS row_date, '<' AS inflag",
    ),
    "call_rec": (
        "epoch_of({edge}) AS segstop, {edge} - wall AS duration, least(talktime, {edge} - wall) AS talktime, "
        "0 AS acwtime",
        "epoch_of({edge}) AS segstart, day_of({edge}) AS row_date, hhmm_of({edge}) AS row_time, "
        "until - {edge} AS duration, least(talktime, until - {edge}) AS talktime, 0 AS disptime",
    ),
    "ag_actv": (
        "{edge} - wall AS duration",
        "epoch_of({edge}) AS starttime, day_of({edge}) AS row_date, until - {edge} AS duration",
    ),
}
"""What differs in a row that ends when the link goes down, and in one that begins when it is up again."""
WRAPPED = ("call_rec", "ag_actv")
"""The event tables that are full; the others have room."""


@dataclass(frozen=True, slots=True)
class ServerHabits:
    """What makes two servers number and drop the same events differently.

    `past_capacity` is how far past its capacity a full table has grown again since it last dropped its oldest
    tenth, in hundredths of the capacity.
    """

    server: str
    first_number: int
    past_capacity: int
    blind: bool


HABITS = (
    ServerHabits("primary_server", 48_211, 8, blind=False),
    ServerHabits("secondary_server", 12_775, 3, blind=True),
)

SIZES = """
CREATE TEMP TABLE capacity AS
WITH
found AS (
    SELECT acd, 'call records' AS item, count(*) AS n FROM events_call_rec GROUP BY acd
    UNION ALL SELECT acd, 'agent trace', count(*) FROM events_ag_actv GROUP BY acd
    UNION ALL SELECT acd, 'agent login/logout', count(*) FROM events_haglog GROUP BY acd
    UNION ALL SELECT acd, 'exceptions', max(n) FROM (
        SELECT acd, count(*) AS n FROM events_agex GROUP BY acd
        UNION ALL SELECT acd, count(*) FROM events_spex GROUP BY acd
        UNION ALL SELECT acd, count(*) FROM events_tgex GROUP BY acd
        UNION ALL SELECT acd, count(*) FROM events_vdnex GROUP BY acd
        UNION ALL SELECT acd, count(*) FROM events_vecex GROUP BY acd
    ) GROUP BY acd
),
needed AS (
    SELECT acd, item, CASE WHEN item IN ('call records', 'agent trace') THEN n * 6 // 10 ELSE greatest(500,
        n * 2) END AS n
    FROM found
)
SELECT acd, item, greatest(10, CASE WHEN n < 1000 THEN n // 10 * 10 ELSE n // 100 * 100 END)::INTEGER AS num_items
FROM needed
"""


def build_capacities(filler: TableFiller) -> None:
    """Make the table `capacity`: how many rows of events each ACD may have, as data storage allocation says."""
    filler.connection.execute(SIZES)


def fill_events(filler: TableFiller, table: str, damage: Damage) -> None:
    """Fill one event table of both servers.

    A full table grows to its capacity and a tenth, then drops its oldest tenth; the two servers were started on
    different days, so they do so at different moments. The snapshot of the secondary is of 06:08, two minutes early.
    """
    spec = filler.specs[table]
    for habits in HABITS:
        values = {spec.row_number: f"{habits.first_number} + number"} if spec.row_number else {}
        rows = f"SELECT *, rowid AS happened FROM events_{table}"
        if habits.blind:
            rows = f"SELECT * FROM ({recorded_events(table, damage)}) WHERE wall < 11113 * 86400 + 22080"
        condition = "TRUE"
        if table in WRAPPED:
            condition = f"newest_first <= num_items + num_items * {habits.past_capacity} // 100"
        source = f"""(
            SELECT * FROM (
                SELECT *, row_number() OVER (PARTITION BY acd ORDER BY happened DESC) AS newest_first,
                       row_number() OVER (ORDER BY wall, happened) AS number
                FROM ({rows})
            ) LEFT JOIN (SELECT acd, num_items FROM capacity WHERE item = '{spec.retention}') USING (acd)
            WHERE {condition} ORDER BY {"draw(91, happened)" if habits.blind else "happened"}
        )"""
        filler.fill(table, source, values, habits.server)


def recorded_events(table: str, damage: Damage) -> str:
    """Return a query of the events that the server recorded whose link was down.

    What was under way when the link went down ends there, and what was under way when it came up again begins there.
    """
    down, up = wall(damage, "down"), wall(damage, "up")
    events = f"SELECT *, rowid AS happened FROM events_{table}"
    if table not in CUT:
        return f"{events} WHERE acd <> {damage.acd} OR wall < {down} OR wall >= {up}"
    ending, beginning = CUT[table]

    def under_way(edge: int) -> str:
        return f"acd = {damage.acd} AND wall < {edge} AND coalesce(until > {edge}, TRUE)"

    return f"""
        {events} WHERE acd <> {damage.acd} OR wall >= {up} OR until <= {down}
        UNION ALL
        SELECT * REPLACE ({ending.format(edge=down)}, {down} AS until) FROM ({events}) WHERE {under_way(down)}
        UNION ALL
        SELECT * REPLACE ({beginning.format(edge=up)}, {up} AS wall) FROM ({events}) WHERE {under_way(up)}
    """


def fill_linkex(filler: TableFiller, damage: Damage) -> None:
    """Fill each server's diary of its links: clock resets on both, maintenance and the outage on its own."""
    acds = [
        acd for (acd,) in filler.connection.execute("SELECT DISTINCT acd FROM clock_interval ORDER BY acd").fetchall()
    ]
    days = filler.connection.execute("SELECT min(day) FROM clock_interval").fetchall()[0][0]
    for habits in HABITS:
        maintained = "1999-12-19" if habits.blind else "1999-12-12"
        rows: list[tuple[int, str, int, int, int]] = []
        for acd in acds:
            rows += [(acd, maintained, 200, 94, 3600), (acd, maintained, 300, 91, 0)]
        # The clock of the first ACD went back from 09:02 to 09:00, and both switches follow a summer time of their own.
        resets = [(1, "2000-06-01", 902), (1, "2000-06-04", 200), (2, "2000-06-04", 200)]
        rows += [(acd, day, time, 96, 0) for acd, day, time in resets if acd in acds and day > str(days)]
        if habits.blind:
            rows.append((damage.acd, f"{damage.down:%Y-%m-%d}", int(f"{damage.down:%H%M}"), 97, damage.seconds))
        rows.sort(key=lambda row: row[1:3])
        numbered = [(*row, number) for number, row in enumerate(rows, habits.first_number)]
        filler.fill_rows("linkex", "acd row_date row_time reason duration seqno", numbered, habits.server)


def event_tables(filler: TableFiller, wanted: Collection[str]) -> list[str]:
    """Return the wanted event tables that both servers fill from the same events."""
    return [
        spec.name
        for spec in filler.specs.values()
        if spec.grain.events and spec.name in wanted and spec.name != "linkex"
    ]


def wall(damage: Damage, edge: str) -> int:
    """Return `down` or `up` of the damage in seconds of wall clock since 1970."""
    moment = damage.down if edge == "down" else damage.up
    return (moment.toordinal() - 719_163) * 86_400 + moment.hour * 3600 + moment.minute * 60 + moment.second
