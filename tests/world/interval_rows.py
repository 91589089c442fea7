"""The rows of interval tables: counts of calls that a server saw whole, and times as far as it saw them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

from tests.world.events import ACD, ACW, AUX, AVAIL, RING, Login, Segment, WorkState
from tests.world.history import History
from tests.world.intervals import Interval, intervals, seen
from tests.world.values import Acd, Recorded, Scenario, Span, View

Key = tuple[Any, ...]
Counts = dict[str, int]
TIMES = {AUX: "auxtime", AVAIL: "availtime", ACD: "acdtime", ACW: "acwtime", RING: "ringtime"}
TRUNKS = 10
SERVICE_LEVEL = 20
"""Seconds in which a call should be answered."""

COLUMNS = {
    "hsplit": (
        *("i_stafftime", "i_availtime", "i_acdtime", "i_acwtime", "i_auxtime", "i_ringtime"),
        *("acdcalls", "acdtime", "acwtime", "anstime", "abncalls", "abntime", "holdcalls", "holdtime", "transferred"),
        *("conference", "ringcalls", "ringtime", "acceptable", "othercalls", "othertime", "callsoffered"),
        *("maxstaffed", "maxinqueue", "maxocwtime"),
    ),
    "hagent": (
        *("i_stafftime", "ti_stafftime", "i_availtime", "ti_availtime", "i_acdtime", "i_acwtime", "ti_auxtime"),
        *("i_ringtime", "acdcalls", "acdtime", "acwtime", "holdcalls", "holdtime", "transferred", "conference"),
        *("ringcalls", "ringtime"),
    ),
    "hvdn": (
        *("incalls", "intime", "acdcalls", "acdtime", "acwtime", "anstime", "abncalls", "abntime", "disccalls"),
        *("disctime", "othercalls", "othertime", "holdcalls", "holdtime", "transferred", "ringcalls", "ringtime"),
        *("acceptable", "maxocwtime", "maxwaiting"),
    ),
    "htkgrp": (
        *("incalls", "intime", "i_inocc", "acdcalls", "abncalls", "disccalls", "othercalls", "transferred"),
        *("connectcalls",),
    ),
    "hcwc": ("acdcalls", "acdtime", "acwtime"),
}
"""What is counted of each table; rows have more only where a column is not a count."""


class IntervalRows:
    """The interval rows of one ACD on one server."""

    def __init__(self, scenario: Scenario, history: History, view: View, acd: Acd) -> None:
        self.scenario = scenario
        self.acd = acd
        self.blind = view.blind[acd.number]
        self.intervals = intervals(scenario, view, acd)
        self._begins = [one.begin for one in self.intervals]
        self._counts: dict[tuple[str, int, Key], Counts] = defaultdict(lambda: defaultdict(int))
        self._pieces: dict[str, list[tuple[Login, Span]]] = defaultdict(list)
        self._logins = [one for one in history.logins if one.acd == acd.number]
        self._states = [one for one in history.states if one.acd == acd.number]
        self._segments = [one for one in history.segments if one.acd == acd.number]

    def all(self) -> Iterator[Recorded]:
        """Yield every row of every interval table."""
        self._zero_rows()
        self._staffing()
        self._working()
        self._counting()
        self._highest("hsplit", "maxstaffed", [((one.split,), (one.begin, one.end)) for one in self._logins])
        waiting = [(one, (one.begin, (one.answered - one.ringing) or one.end)) for one in self._segments if one.split]
        self._highest("hsplit", "maxinqueue", [((one.split,), span) for one, span in waiting])
        first = [((one.vdn, one.vector), span) for one, span in waiting if one.segment == 1]
        self._highest("hvdn", "maxwaiting", first)
        for (table, place, key), counts in self._counts.items():
            interval = self.intervals[place]
            if interval.recorded:
                yield self._row(table, interval, key, counts)

    def _row(self, table: str, interval: Interval, key: Key, counts: Counts) -> Recorded:
        row: dict[str, Any] = {
            "row_date": interval.day,
            "starttime": interval.label,
            "intrvl": interval.minutes,
            "acd": interval.acd,
        }
        match table:
            case "hsplit":
                row |= {"split": key[0], "servicelevel": SERVICE_LEVEL}
            case "hagent":
                row |= {"split": key[1], "logid": key[0], "extension": key[2], "loc_id": 1, "rsv_level": 0}
            case "hvdn":
                row |= {"vdn": key[0], "vector": key[1], "servicelevel": SERVICE_LEVEL}
            case "htkgrp":
                row |= {"tkgrp": key[0], "split": 0, "vdn": "", "trunks": TRUNKS}
            case _:
                row |= {"cwc": key[0]}
        row |= {name: counts.get(name, 0) for name in COLUMNS[table]}
        row["incomplete"] = int(not interval.whole)
        # The pieces of one login in an interval are of the same.
        named = key[:-1] if table == "hagent" else key
        of = ("interval", interval.acd, interval.begin, interval.end, table, *named)
        return Recorded(interval.at, table, row, interval.acd, (interval.begin, interval.end), of)

    def _zero_rows(self) -> None:
        acd = self.acd
        for place, interval in enumerate(self.intervals):
            if not interval.recorded:
                continue
            for split in range(1, acd.splits + 1):
                self._counts["hsplit", place, (split,)] = defaultdict(int)
            for vdn in range(1, acd.vdns + 1):
                self._counts["hvdn", place, (f"{45000 + 100 * acd.number + vdn}", vdn)] = defaultdict(int)
            for group in range(1, acd.trunk_groups + 1):
                self._counts["htkgrp", place, (group,)] = defaultdict(int)

    def _place(self, at: int) -> int | None:
        place = bisect_right(self._begins, at) - 1
        return place if place >= 0 and at < self.intervals[place].end else None

    def _shares(self, span: Span) -> Iterator[tuple[int, Span]]:
        """Yield the intervals of a span with the part of it that was seen in each."""
        for begin, end in seen(span, self.blind) if self.blind else (span,):
            place = max(bisect_right(self._begins, begin) - 1, 0)
            while place < len(self.intervals) and self.intervals[place].begin < end:
                one = self.intervals[place]
                low, high = max(begin, one.begin), min(end, one.end)
                if low < high:
                    yield place, (low, high)
                place += 1

    def _staffing(self) -> None:
        """Count staffed time: each piece of a login has a row of its own in an interval."""
        for one in self._logins:
            for piece in seen((one.begin, one.end), self.blind):
                self._pieces[one.logid].append((one, piece))
                for place, (low, high) in self._shares(piece):
                    counts = self._counts["hagent", place, _agent_key(one, piece)]
                    counts["i_stafftime"] += high - low
                    if one.place == 0:
                        counts["ti_stafftime"] += high - low
                    self._counts["hsplit", place, (one.split,)]["i_stafftime"] += high - low

    def _working(self) -> None:
        """Count the times of work modes: those of no split in each split that the agent is logged on to."""
        passed: dict[str, int] = defaultdict(int)
        for one in self._states:
            pieces = self._pieces[one.logid]
            first = passed[one.logid]
            while first < len(pieces) and pieces[first][1][1] <= one.begin:
                first += 1
            passed[one.logid] = first
            for login, piece in islice(pieces, first, None):
                if piece[0] >= one.end:
                    break
                both = (max(one.begin, piece[0]), min(one.end, piece[1]))
                if both[0] < both[1] and one.split in (0, login.split):
                    self._work(one, login, piece, both)

    def _work(self, state: WorkState, login: Login, piece: Span, span: Span) -> None:
        name = TIMES[state.mode]
        for place, (low, high) in self._shares(span):
            counts = self._counts["hagent", place, _agent_key(login, piece)]
            if state.mode != AUX:
                counts[f"i_{name}"] += high - low
            if not state.split and login.split == state.booked:
                counts[f"ti_{name}"] += high - low
            self._counts["hsplit", place, (login.split,)][f"i_{name}"] += high - low

    def _counting(self) -> None:
        """Count calls in the interval in which their last second is, with their after-call work."""
        for one in self._segments:
            for place, (low, high) in self._shares((one.begin, one.end)):
                self._counts["htkgrp", place, (one.tkgrp,)]["i_inocc"] += high - low
            counted_in = self._place(one.finish - 1)
            if counted_in is None:
                continue
            whole = seen(one.span, self.blind) == (one.span,)
            counts = _counts_of(one) if whole else self._counts_of_part(one, counted_in)
            for table, key in _keys(one):
                self._add(table, counted_in, key, counts)
            if one.disposition == 2 and whole:
                for login, piece in self._pieces[one.logid]:
                    if login.split == one.split and piece[0] < one.finish <= piece[1]:
                        self._add("hagent", counted_in, _agent_key(login, piece), counts)

    def _counts_of_part(self, one: Segment, place: int) -> Counts:
        """Return what a server counts of a call when its link goes down: never more than the truth.

        It counts it where the call would be counted, or nowhere: so no total of any day exceeds the truth.
        """
        interval = self.intervals[place]
        down = next((down for down, _ in self.blind if one.begin < down < one.finish), None)
        if down is None or not interval.begin <= down < interval.end:
            return {}
        lasted = sum(end - begin for begin, end in seen((one.begin, min(down, one.end)), self.blind))
        return {"incalls": 1, "intime": lasted, "callsoffered": 1} if lasted else {}

    def _add(self, table: str, place: int, key: Key, more: Counts) -> None:
        names = [name for name in COLUMNS[table] if more.get(name)]
        if not names:
            return
        counts = self._counts[table, place, key]
        for name in names:
            if name.startswith("max"):
                counts[name] = max(counts[name], more[name])
            else:
                counts[name] += more[name]

    def _highest(self, table: str, column: str, spans: Sequence[tuple[Key, Span]]) -> None:
        """Note how many spans of a row overlapped at most, as far as it was seen."""
        changes: dict[Key, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for key, span in spans:
            for begin, end in seen(span, self.blind):
                changes[key][begin] += 1
                changes[key][end] -= 1
        for key, steps in sorted(changes.items()):
            level = 0
            for at, until in pairwise(sorted(steps)):
                level += steps[at]
                for place, _ in self._shares((at, until)) if level else ():
                    counts = self._counts[table, place, key]
                    counts[column] = max(counts[column], level)


def _counts_of(one: Segment) -> Counts:
    """Return what is counted of a call that was seen whole, by column."""
    lasted = one.end - one.begin
    counts = {"incalls": 1, "intime": lasted, "callsoffered": 1}
    match one.disposition:
        case 2:
            waited = one.answered - one.begin
            counts |= {
                "acdcalls": 1,
                "connectcalls": 1,
                "acdtime": one.end - one.answered - one.held,
                "acwtime": one.finish - one.end,
                "anstime": waited,
                "ringcalls": 1,
                "ringtime": one.ringing,
                "acceptable": int(waited <= SERVICE_LEVEL),
                "holdcalls": int(one.held > 0),
                "holdtime": one.held,
                "transferred": int(one.transferred),
                "conference": int(one.conference),
                "maxocwtime": waited,
            }
        case 3:
            counts |= {"abncalls": 1, "abntime": lasted}
        case _:
            counts |= {"disccalls": 1, "disctime": lasted}
    return counts


def _agent_key(login: Login, piece: Span) -> Key:
    return (login.logid, login.split, login.extension, login.begin, piece[0])


def _keys(one: Segment) -> Iterator[tuple[str, Key]]:
    """Yield the rows in which a call is counted."""
    if one.split:
        yield "hsplit", (one.split,)
    if one.segment == 1:
        yield "hvdn", (one.vdn, one.vector)
        yield "htkgrp", (one.tkgrp,)
    if one.cwc:
        yield "hcwc", (one.cwc,)
