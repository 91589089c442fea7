"""Whatever is cut out of two servers' days, a repair loses nothing, doubles nothing and invents nothing."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from syncengine.model.interval import at_label
from tests.builders import Files
from tests.examples import examples
from tests.properties.cut_days import GROUPS, HOUR, MINUTE, SERVERS, Day, Span, built, epoch

START = datetime(2000, 6, 4, 21)
HOURS = 6
LAST = START + timedelta(hours=HOURS)
QUARTER = timedelta(minutes=15)
Intervals = dict[datetime, tuple[int, Counter[tuple[Any, ...]]]]
"""Of one server: by beginning the length, and the rows."""


def moments(step: timedelta = timedelta(seconds=1)) -> st.SearchStrategy[datetime]:
    """Return moments of the day, by the second or in larger steps."""
    return st.integers(0, int(timedelta(hours=HOURS) / step) - 1).map(lambda at: START + at * step)


def spans(longest: int, step: timedelta = timedelta(seconds=1)) -> st.SearchStrategy[Span]:
    """Return times of at least a minute and at most so many minutes."""
    lasting = st.integers(1, longest)
    return st.tuples(moments(step), lasting).map(lambda one: (one[0], min(one[0] + one[1] * MINUTE, LAST)))


def apart(found: list[Span]) -> tuple[Span, ...]:
    """Return those of some times that neither overlap nor touch one before."""
    separate: list[Span] = []
    for one in sorted(found):
        if not separate or one[0] > separate[-1][1] + MINUTE:
            separate.append(one)
    return tuple(separate)


@st.composite
def lengths(draw: st.DrawFn) -> tuple[tuple[datetime, int], ...]:
    """Return the length of intervals from the beginning on, and perhaps another from a full hour on."""
    first = (START, draw(st.sampled_from([15, 30, 30, 60])))
    if draw(st.booleans()):
        return (first,)
    return first, (START + timedelta(hours=draw(st.integers(1, HOURS - 1))), draw(st.sampled_from([15, 30, 60])))


NIGHTS = (
    ("UTC", START),
    ("America/Denver", datetime(2000, 4, 1, 21)),
    ("America/Denver", datetime(2000, 10, 28, 21)),
)
"""Zones and evenings; in the nights after them the clock is never set, skips an hour, and repeats one."""


@st.composite
def days(draw: st.DrawFn) -> Day:
    """Return an evening, the midnight after it and some hours, recorded by two servers that were blind at times."""
    zone, start = draw(st.sampled_from(NIGHTS))
    later = start - START

    def on_that_night(found: Iterable[Span]) -> tuple[Span, ...]:
        return tuple((begin + later, end + later) for begin, end in found)

    def set_to(found: tuple[tuple[datetime, int], ...]) -> tuple[tuple[datetime, int], ...]:
        return tuple((since + later, length) for since, length in found)

    logins = on_that_night(draw(st.lists(spans(5 * 60), max_size=3)))
    talks = on_that_night(draw(st.lists(spans(20), max_size=4)))
    own = draw(lengths())
    calls = draw(st.lists(st.tuples(st.sampled_from(GROUPS), moments()), max_size=40))
    return Day(
        first=start,
        last=LAST + later,
        calls=tuple((group, moment + later) for group, moment in calls),
        logins=tuple((f"{4001 + number}", span) for number, span in enumerate(logins)),
        talks=tuple(enumerate(talks, 1)),
        lengths={"primary": set_to(own), "secondary": set_to(draw(st.one_of(st.just(own), lengths())))},
        downs={server: on_that_night(apart(draw(st.lists(spans(100, MINUTE), max_size=3)))) for server in SERVERS},
        zone=zone,
    )


def intervals(files: Files, server: str) -> Intervals:
    """Return what a server has of trunks."""
    found: Intervals = {}
    for day, label, length, *more in files.run(
        server, "SELECT row_date, starttime, intrvl, tkgrp, incalls, incomplete FROM htrunk"
    ):
        start = at_label(day, label)
        rows = found.setdefault(start, (length, Counter()))[1]
        rows[tuple(more)] += 1
    return found


def events(files: Files, server: str, table: str) -> dict[Any, Counter[Span | tuple[int, int]]]:
    """Return the beginnings and ends a server has of each login or call."""
    columns = {"haglog": "CAST(logid AS INTEGER), login, logout", "call_rec": "callid, segstart, segstop"}[table]
    found: dict[Any, Counter[Any]] = {}
    for name, begin, end in files.run(server, f"SELECT {columns} FROM {table}"):
        found.setdefault(name, Counter())[begin, end] += 1
    return found


def shared(*sides: Intervals) -> Iterator[Span]:
    """Yield the times between boundaries that both servers share, of quarters that either has."""
    inner, quarters = set(), set()
    for side in sides:
        for start, (length, _) in side.items():
            pieces = [start + at * QUARTER for at in range(length // 15)]
            quarters.update(pieces)
            inner.update(pieces[1:])
    begin = None
    for quarter in sorted(quarters):
        begin = begin if begin is not None and quarter in inner else quarter
        if quarter + QUARTER not in inner:
            yield begin, quarter + QUARTER
            begin = None


def within(side: Intervals, span: Span) -> Intervals:
    """Return the intervals that begin in a time."""
    return {start: one for start, one in side.items() if span[0] <= start < span[1]}


def covers(side: Intervals, span: Span) -> bool:
    """Say whether intervals cover all of a time."""
    covered = sum(length for length, _ in within(side, span).values())
    return covered * MINUTE == span[1] - span[0]


def no_overlap(side: Intervals, day: Day) -> bool:
    """Say whether no interval begins inside another, but for an hour the clock repeats."""
    return all(
        one[0] + one[1][0] * MINUTE <= other[0] or len(day.passes(other[0])) > 1
        for one, other in pairwise(sorted(side.items()))
    )


def unambiguous(day: Day, span: Span) -> bool:
    """Say whether a time came once, or its hour has intervals of one length on both servers in both passes."""
    hour = span[0].replace(minute=0)
    if len(day.passes(span[0])) < 2:
        return True
    lengths = {
        length for server in SERVERS for at, length in day.intervals(server) if hour <= day.shown(at) < hour + HOUR
    }
    return len(lengths) == 1


def recorded_whole(day: Day, server: str, span: Span) -> bool:
    """Say whether a server recorded all of a time of the wall clock."""
    quarters = [span[0] + at * QUARTER for at in range(int((span[1] - span[0]) / QUARTER))]
    return all(day.saw(server, (at, at + QUARTER)) for quarter in quarters for at in day.passes(quarter))


def sorted_spans(found: Iterable[tuple[Any, Span]], day: Day) -> dict[int, tuple[int, int]]:
    """Return the epoch seconds of each login or call as it was."""
    return {int(name): (epoch(day, begin), epoch(day, end)) for name, (begin, end) in found}


IN_THE_REPEATED_HOUR = Day(
    first=datetime(2000, 10, 28, 21),
    last=datetime(2000, 10, 29, 3),
    calls=((1, datetime(2000, 10, 29, 1, 30)),),
    logins=(("4003", (datetime(2000, 10, 29, 1, 5, 10), datetime(2000, 10, 29, 2, 47, 10))),),
    talks=(),
    lengths=dict.fromkeys(SERVERS, ((datetime(2000, 10, 28, 21), 30),)),
    downs={
        "primary": (
            (datetime(2000, 10, 29, 0, 55), datetime(2000, 10, 29, 1, 57)),
            (datetime(2000, 10, 29, 2, 17), datetime(2000, 10, 29, 3)),
        ),
        "secondary": (),
    },
    zone="America/Denver",
)
"""A piece that the clock shows to end before it began: its whole was once written beside it."""


@examples(3)
@given(day=days())
@example(day=IN_THE_REPEATED_HOUR)
def test_a_repair_copies_what_one_server_recorded_and_nothing_else(day: Day) -> None:
    """What one server recorded whole is whole on both; all else is as it was, and undo works.

    No intervals overlap, no minute of a login is counted twice, and a second repair finds nothing to do.
    """
    with tempfile.TemporaryDirectory(prefix="syncengine-") as name:
        files = built(Path(name) / "pair", day)
        before = {server: intervals(files, server) for server in SERVERS}
        cut = {(server, table): events(files, server, table) for server in SERVERS for table in ("haglog", "call_rec")}
        bags = {
            (server, table): files.bag(server, table)
            for server in SERVERS
            for table in ("htrunk", "haglog", "call_rec")
        }
        pair = files.open()
        plan = pair.plan_outages(allow_deletions=10**6)
        steps = plan.steps if plan is not None else ()
        if plan is not None and steps:
            assert pair.execute(plan).outcome.done

        for server, other in (SERVERS, SERVERS[::-1]):
            _intervals_are_right(day, before[server], before[other], intervals(files, server), other)
            for table, truth in (("haglog", day.logins), ("call_rec", day.talks)):
                whole = sorted_spans(truth, day)
                _events_are_right(day, whole, cut[server, table], cut[other, table], events(files, server, table))
        again = pair.plan_outages(allow_deletions=10**6)
        assert again is None or again.steps == ()
        if steps:
            assert pair.execute(pair.plan_undo()).outcome.done
            assert {place: files.bag(*place) for place in bags} == bags


def _intervals_are_right(day: Day, own: Intervals, others: Intervals, now: Intervals, other: str) -> None:
    assert no_overlap(now, day)
    for span in shared(own, others):
        here, there, after = within(own, span), within(others, span), within(now, span)
        assert after in (here, there)
        blind = not covers(own, span) or any(one[-1] for _, rows in here.values() for one in rows)
        if blind and unambiguous(day, span) and recorded_whole(day, other, span) and covers(others, span):
            assert after == there


def _events_are_right(
    day: Day,
    whole: dict[int, tuple[int, int]],
    own: dict[Any, Counter[Any]],
    others: dict[Any, Counter[Any]],
    now: dict[Any, Counter[Any]],
) -> None:
    for name, span in whole.items():
        here, there, after = own.get(name, Counter()), others.get(name, Counter()), now.get(name, Counter())
        if there == Counter([span]) and here:
            # A diary does not show in which pass of a repeated hour a link went down.
            assert after == Counter([span]) or (after == here and _in_repeated_hour(day, here | there))
        elif here:
            # A piece that only the other recorded may be added, if the server has nothing of its time.
            assert here <= after <= here | there
            assert all(one[1] <= other[0] for one, other in pairwise(sorted(after.elements())))
        else:
            assert after <= there


def _in_repeated_hour(day: Day, found: Counter[Any]) -> bool:
    twice = [epoch(day, at) for at, _ in day.intervals("primary") if len(day.passes(day.shown(at))) > 1]
    return bool(twice) and any(min(twice) <= end <= max(twice) + 3600 for span in found for end in span)
