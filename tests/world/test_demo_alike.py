"""The world cuts a day as the demo does: the same pieces, flags, `incomplete` and archived labels."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from syncengine.demo.build import build_pair
from syncengine.demo.shape import DemoPair, DemoShape
from tests.world.clock import HOUR, MINUTE
from tests.world.event_rows import EventRows
from tests.world.events import Login, Segment, WorkState
from tests.world.history import History
from tests.world.interval_rows import IntervalRows
from tests.world.intervals import views
from tests.world.values import Acd, LinkDown, Recorded, Scenario

DAY = date(2000, 6, 5)
EVENING = date(2000, 6, 4)
"""The day before: some logins of the night began then. The world's clock is not set then, as that of the demo is."""
DEMO_CLOCK = "Etc/GMT+6"
MIDNIGHT = 24 * HOUR
ENDED = MIDNIGHT + 6 * HOUR
"""Events that ended by then are on both servers of the demo; the secondary's are of 06:08."""
SINCE = {"haglog": 12 * HOUR}
"""The night's logins began in the evening; the other tables are full, and have dropped older rows."""
AS_OF = ENDED + 10 * MINUTE
TABLES = ("hsplit", "hagent", "hvdn", "htkgrp", "haglog", "call_rec", "ag_actv")
SPLITS, VDNS = 4, 4


class _Sides:
    """The demo, and the world that was fed with what the demo's primary has of its switch."""

    def __init__(self, demo: DemoPair) -> None:
        self.demo = demo
        down = int((demo.damage.down - datetime(2000, 6, 4)).total_seconds())
        self.scenario = Scenario(
            start=EVENING,
            zone=DEMO_CLOCK,
            days=2,
            acds=(Acd(1, 30, splits=SPLITS, agents=30, vdns=VDNS),),
            happenings=(LinkDown("secondary", down, demo.damage.seconds, 1),),
        )
        self.zero = self.scenario.clock.epoch(0)
        self.down = down
        self.up = down + demo.damage.seconds
        self.view = views(self.scenario)["secondary"]
        logids = [one for (one,) in self.rows("primary", "SELECT DISTINCT logid FROM ag_actv WHERE acd = 1 ORDER BY 1")]
        self.traced = {logid: f"400{number}" for number, logid in enumerate(logids[:3], 1)}

    def rows(self, server: str, query: str) -> list[tuple[Any, ...]]:
        """Return rows of a server of the demo."""
        file = self.demo.primary if server == "primary" else self.demo.secondary
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def logins(self) -> tuple[Login, ...]:
        """Return the logins that the primary has whole."""
        query = "SELECT logid, extn, split, sklevel, login, logout, logout_reason FROM haglog WHERE acd = 1"
        return tuple(
            Login(1, logid, extn, split, level - 1, login - self.zero, logout - self.zero, login - self.zero, reason)
            for logid, extn, split, level, login, logout, reason in self.rows("primary", query)
            if logout is not None and login >= self.zero
        )

    def segments(self) -> tuple[Segment, ...]:
        """Return the calls that the primary has whole."""
        query = (
            "SELECT callid, segment, segstart, segstop, acwtime, dispvdn, dispsplit, tkgrp, disposition FROM call_rec "
            "WHERE acd = 1"
        )
        found = []
        for callid, segment, start, stop, after, vdn, split, group, disposition in self.rows("primary", query):
            begin, end = start - self.zero, stop - self.zero
            if begin >= 0:
                one = Segment(1, callid, segment, begin, end, end + after, vdn, 1, split or 0, group or 1, disposition)
                found.append(one)
        return tuple(found)

    def states(self) -> tuple[WorkState, ...]:
        """Return the work states of traced agents that the primary has whole."""
        query = "SELECT logid, split, workmode, wmode_seq, starttime, duration FROM ag_actv WHERE acd = 1"
        return tuple(
            WorkState(1, self.traced[logid], split, split, mode, number, start - self.zero, start - self.zero + lasts)
            for logid, split, mode, number, start, lasts in self.rows("primary", query)
            if logid in self.traced and start >= self.zero
        )

    def events(self, table: str) -> list[Recorded]:
        """Return what the world's secondary has of a table of events that ended by 06:00."""
        history = History(self.logins(), self.states(), self.segments(), ())
        found = EventRows(self.scenario, history, self.view).all()
        first = SINCE.get(table, MIDNIGHT)
        return [one for one in found if one.table == table and one.span[0] >= first and one.span[1] <= ENDED]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> _Sides:
    """Return one small demo, and the world beside it."""
    folder: Path = tmp_path_factory.mktemp("alike") / "demo"
    shape = DemoShape(days=2, acds=1, splits=SPLITS, agents=30, vdns=VDNS, trunks=8)
    return _Sides(build_pair(folder, shape, tables=TABLES))


def test_the_same_logins_and_flags(sides: _Sides) -> None:
    """Logins are cut at the same seconds, with the same flags, and under the same days."""
    query = "SELECT logid, split, login, logout, row_date, logout_date, inflag, outflag FROM haglog WHERE acd = 1"
    still_on = {row[:2] for row in sides.rows("primary", f"{query} AND logout IS NULL")}
    # Of a login that is not over the world has no whole to cut.
    found = Counter(
        row
        for row in sides.rows("secondary", query)
        if row[3] is not None and row[:2] not in still_on and _within(sides, row[2], row[3], SINCE["haglog"])
    )
    names = ("logid", "split", "login", "logout", "row_date", "logout_date", "inflag", "outflag")
    collected = (tuple(one.row[name] for name in names) for one in sides.events("haglog"))
    assert Counter(values for values in collected if values[:2] not in still_on) == found
    assert {row[6:] for row in found} == {(None, None), (None, ">"), ("<", None)}


def test_the_same_calls(sides: _Sides) -> None:
    """Calls are cut at the same seconds, under the same labels."""
    names = ("callid", "segment", "segstart", "segstop", "row_date", "row_time", "duration", "acwtime")
    found = Counter(
        row
        for row in sides.rows("secondary", f"SELECT {', '.join(names)} FROM call_rec WHERE acd = 1")
        if _within(sides, row[2], row[3])
    )
    assert Counter(tuple(one.row[name] for name in names) for one in sides.events("call_rec")) == found
    assert any(one.span[1] == sides.down or one.span[0] == sides.up for one in sides.events("call_rec"))


def test_the_same_trace(sides: _Sides) -> None:
    """Work states are cut at the same seconds."""
    names = ("logid", "split", "workmode", "wmode_seq", "starttime", "duration", "row_date")
    found = Counter(
        (sides.traced[row[0]], *row[1:])
        for row in sides.rows("secondary", f"SELECT {', '.join(names)} FROM ag_actv WHERE acd = 1")
        if row[0] in sides.traced and _within(sides, row[4], row[4] + row[5])
    )
    assert Counter(tuple(one.row[name] for name in names) for one in sides.events("ag_actv")) == found


@pytest.mark.parametrize("table", ["hsplit", "hvdn"])
def test_the_same_intervals(sides: _Sides, table: str) -> None:
    """By ten past six the same intervals are archived, and the one of the outage is incomplete."""
    query = f"SELECT DISTINCT starttime, intrvl, incomplete FROM {table} WHERE acd = 1 AND row_date = DATE '{DAY}'"
    history = History(sides.logins(), (), sides.segments(), ())
    rows = IntervalRows(sides.scenario, history, sides.view, sides.scenario.acds[0]).all()
    labels = {
        (one.row["starttime"], one.row["intrvl"], one.row["incomplete"])
        for one in rows
        if one.table == table and one.row["row_date"] == DAY and one.at <= AS_OF
    }
    assert labels == set(sides.rows("secondary", query))
    assert {label for label, _, broken in labels if broken} == {500}


def _within(sides: _Sides, begin: int, end: int, since: int = MIDNIGHT) -> bool:
    """Say whether something happened in the night, up to six."""
    return sides.zero + since <= begin and end <= sides.zero + ENDED
