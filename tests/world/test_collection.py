"""What the servers of a world collect: promises on random scenarios."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.world.collection import archives, recorded, views
from tests.world.diary import CLOCK_SET, SESSION_DOWN
from tests.world.events import AUX
from tests.world.history import history, quiet_spans
from tests.world.interval_rows import COLUMNS
from tests.world.intervals import seen
from tests.world.values import (
    BOTH,
    SERVERS,
    Acd,
    ClockSet,
    Happening,
    LengthSet,
    LinkDown,
    Recorded,
    Scenario,
    ServerDown,
    View,
)

INTERVAL_TABLES = tuple(sorted(COLUMNS))
HIGHEST = ("maxstaffed", "maxinqueue", "maxocwtime", "maxwaiting")
DENVER = "America/Denver"
REPEATED_HOUR, SKIPPED_HOUR = date(2000, 10, 29), date(2000, 4, 2)


@st.composite
def _scenarios(draw: st.DrawFn, clocks: bool = True) -> Scenario:
    days = draw(st.integers(1, 2))
    seconds = st.integers(0, days * 86400 - 1)
    lasting = st.integers(1, 40_000)
    kinds: list[st.SearchStrategy[Happening]] = [
        st.builds(LinkDown, st.sampled_from(SERVERS), seconds, lasting, st.sampled_from((None, 1, 2))),
        st.builds(ServerDown, st.sampled_from(SERVERS), seconds, lasting),
    ]
    if clocks:
        kinds += [
            st.builds(ClockSet, seconds, st.integers(-5000, 5000)),
            st.builds(
                LengthSet,
                seconds,
                st.sampled_from((1, 2)),
                st.sampled_from((15, 30, 60)),
                st.sampled_from((BOTH, ("primary",), ("secondary",))),
            ),
        ]
    acds = tuple(
        Acd(
            number,
            draw(st.sampled_from((15, 30, 60))),
            splits=draw(st.integers(1, 4)),
            agents=draw(st.integers(1, 6)),
            calls_an_hour=draw(st.sampled_from((0, 6, 30))),
            quiet=draw(st.sampled_from(((0, 0), (22, 6), (3, 5)))),
        )
        for number in range(1, draw(st.integers(1, 2)) + 1)
    )
    return Scenario(
        seed=draw(st.integers(0, 10_000)),
        start=draw(st.sampled_from((date(2000, 6, 5), REPEATED_HOUR, SKIPPED_HOUR))) if clocks else date(2000, 6, 5),
        zone=DENVER if clocks else "UTC",
        days=days,
        acds=acds,
        happenings=tuple(draw(st.lists(st.one_of(kinds), max_size=5))),
    )


def _both(scenario: Scenario) -> list[tuple[View, tuple[Recorded, ...], tuple[Recorded, ...]]]:
    """Return of each server its view, what it has, and what the perfect one has."""
    happened = history(scenario)
    return [
        (view, recorded(scenario, happened, view), recorded(scenario, happened, view.perfect))
        for view in views(scenario).values()
    ]


def _bag(rows: Iterable[Recorded]) -> Counter[Any]:
    return Counter((one.table, one.acd, one.span, tuple(sorted(one.row.items(), key=str))) for one in rows)


@examples(5)
@given(_scenarios())
def test_rows_of_what_a_server_saw_whole_are_those_of_the_perfect_one(scenario: Scenario) -> None:
    """An interval without a second of outage has the same rows as on a server that was never blind."""
    for view, rows, perfect in _both(scenario):

        def whole(one: Recorded, view: View = view) -> bool:
            return one.table in INTERVAL_TABLES and seen(one.span, view.blind[one.acd]) == (one.span,)

        assert _bag(filter(whole, rows)) == _bag(filter(whole, perfect))
        assert all(one.row["incomplete"] == int(not whole(one)) for one in rows if one.table in INTERVAL_TABLES)
        assert not any(one.row["incomplete"] for one in perfect if one.table in INTERVAL_TABLES)


@examples(5)
@given(_scenarios())
def test_no_total_exceeds_the_truth(scenario: Scenario) -> None:
    """The sum of each count over each day is at most what the perfect server has, and so is each maximum."""
    for _, rows, perfect in _both(scenario):
        found, true = _totals(rows), _totals(perfect)
        assert not {key: (value, true[key]) for key, value in found.items() if value > true[key]}


def _totals(rows: Iterable[Recorded]) -> Counter[tuple[Any, ...]]:
    totals: Counter[tuple[Any, ...]] = Counter()
    for one in rows:
        for column in COLUMNS.get(one.table, ()):
            names = ("split", "logid", "vdn", "tkgrp", "cwc")
            key = (one.table, column, one.acd, one.row["row_date"], *(one.row.get(name) for name in names))
            value = one.row[column]
            totals[key] = max(totals[key], value) if column in HIGHEST else totals[key] + value
    return totals


@examples(5)
@given(_scenarios())
def test_pieces_are_what_was_seen_of_the_whole(scenario: Scenario) -> None:
    """Pieces of a login, a call and a work state are parts of it that do not overlap, marked where they are cut."""
    for view, rows, perfect in _both(scenario):
        wholes = {one.of: one.span for one in perfect if one.table in ("haglog", "call_rec", "ag_actv")}
        pieces: dict[Any, list[Recorded]] = defaultdict(list)
        for one in rows:
            if one.table in ("haglog", "call_rec", "ag_actv"):
                pieces[one.of].append(one)
        for of, found in pieces.items():
            spans = sorted(one.span for one in found)
            assert all(first[1] < second[0] for first, second in pairwise(spans))
            if of in wholes:
                assert tuple(spans) == seen(wholes[of], view.blind[found[0].acd])
        for one in rows:
            if one.table == "haglog" and one.of in wholes:
                begin, end = wholes[one.of]
                assert one.row["inflag"] == ("<" if one.span[0] > begin else None)
                assert one.row["outflag"] == (">" if one.span[1] < end else None)


@examples(10)
@given(_scenarios())
def test_intervals_tile_the_time(scenario: Scenario) -> None:
    """The intervals of a view follow each other; each begins at a multiple of its length, unless the clock was set."""
    edges = {begin for begin, _ in scenario.clock.stretches(scenario.last)}
    for view in views(scenario).values():
        for acd in scenario.acds:
            found = sorted(
                (one for one in archives(scenario, view) if one.acd == acd.number), key=lambda one: one.begin
            )
            assert found[0].begin == 0
            assert all(one.end == following.begin for one, following in pairwise(found))
            assert scenario.last - found[-1].end < 3600
            assert [one.at for one in found] == sorted(one.at for one in found)
            for one in found:
                shown = scenario.clock.shown(one.begin)
                minutes = shown.hour * 60 + shown.minute
                assert (
                    one.label == (minutes - minutes % one.minutes) // 60 * 100 + (minutes - minutes % one.minutes) % 60
                )
                assert one.begin in edges or (shown.second == 0 and minutes % one.minutes == 0)


@examples(4)
@given(_scenarios())
def test_nothing_happens_while_it_is_quiet(scenario: Scenario) -> None:
    """In quiet hours no server has a row of an interval, and nobody is logged on."""
    happened = history(scenario)
    for acd in scenario.acds:
        active = [(one.begin, one.end) for one in happened.logins if one.acd == acd.number]
        active += [(one.begin, one.finish) for one in happened.segments if one.acd == acd.number]
        for begin, end in quiet_spans(scenario.clock, acd, scenario.last):
            assert not [span for span in active if span[0] < end and span[1] > begin]


@examples(4)
@given(_scenarios(clocks=False))
def test_times_of_an_agent_fit_into_his_staffed_time(scenario: Scenario) -> None:
    """Of the split that his times are booked in, staffed time is the sum of all he did, in each row."""
    for _, rows, _ in _both(scenario):
        for one in rows:
            if one.table == "hagent":
                row = one.row
                assert (
                    row["i_acdtime"] + row["i_acwtime"] + row["i_ringtime"] + row["i_availtime"] <= row["i_stafftime"]
                )
                assert row["ti_stafftime"] in (0, row["i_stafftime"])
                assert 0 < row["i_stafftime"] <= one.span[1] - one.span[0]


def test_a_world_has_what_the_rules_are_about() -> None:
    """A week has logins over midnight, changed skills, logins twice in an interval, further segments, exceptions."""
    scenario = Scenario(days=7, acds=(Acd(splits=5, agents=12, vdns=5, calls_an_hour=20),))
    happened = history(scenario)
    rows = recorded(scenario, happened, views(scenario)["primary"])
    assert any(one.begin // 86400 < one.end // 86400 and one.end < scenario.last for one in happened.logins)
    assert any(one.end > scenario.last for one in happened.logins)
    assert any(one.begin > one.session for one in happened.logins)
    assert {one.disposition for one in happened.segments} == {2, 3, 6}
    assert any(one.segment == 2 for one in happened.segments)
    assert any(one.mode == AUX for one in happened.states)
    assert happened.exceptions
    keys = Counter(
        (one.row["row_date"], one.row["starttime"], one.row["logid"], one.row["split"])
        for one in rows
        if one.table == "hagent"
    )
    assert max(keys.values()) > 1


def test_a_row_of_the_diary_is_open_until_the_link_is_back() -> None:
    """An outage has a row without a duration, which is replaced by one with it; a clock that is set has one, too."""
    scenario = Scenario(happenings=(LinkDown("secondary", 18_793, 337), ClockSet(40_000, -60)))
    rows = recorded(scenario, history(scenario), views(scenario)["secondary"])
    diary = [one for one in rows if one.table == "linkex"]
    found = [(one.at, one.row["row_time"], one.row["reason"], one.row["duration"]) for one in diary]
    assert found == [
        (18_793, 513, SESSION_DOWN, None),
        (19_130, 513, SESSION_DOWN, 337),
        (40_000, 1106, CLOCK_SET, 0),
    ]
    assert diary[0].of == diary[1].of


PRINTED = """
import hashlib
from tests.world.collection import recorded, views
from tests.world.history import history
from tests.world.values import Acd, LinkDown, Scenario
scenario = Scenario(seed=5, acds=(Acd(splits=3, agents=6),), happenings=(LinkDown("primary", 40_000, 4000),))
rows = recorded(scenario, history(scenario), views(scenario)["primary"])
print(hashlib.sha256(repr(rows).encode()).hexdigest())
"""


def test_one_seed_gives_the_same_rows_in_every_process() -> None:
    """No order depends on how a process hashes text."""
    found = {
        subprocess.run(
            [sys.executable, "-c", PRINTED],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
    assert len(found.pop().strip()) == len(hashlib.sha256().hexdigest())
