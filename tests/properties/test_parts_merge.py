"""Observations of parts merge: any split by table, then by month, has the result of one observation of all."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncengine.model.cuts import CutState
from syncengine.model.drift import Observation
from syncengine.model.merging import merged
from syncengine.model.window import Window
from tests.builders import Files, Row, row
from tests.examples import examples
from tests.properties.months import (
    EDGES,
    MINUTE,
    TABLES,
    Comparing,
    Rows,
    assert_alike,
    build_empty,
    down,
    epoch,
    filled,
    login,
)
from tests.scenes import table_of, trunk

MAY, JUNE, JULY = datetime(2000, 5, 31), datetime(2000, 6, 1), datetime(2000, 7, 1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NIGHT_LABELS = ((-DAY, 2300), (-DAY, 2330), (-DAY, 2345), (0 * DAY, 0), (0 * DAY, 15), (0 * DAY, 30))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Build an empty pair once."""
    return build_empty(tmp_path_factory.mktemp("months") / "pair")


def compared(empty: Files, rows: Rows, table: str, **options: Any) -> Observation:
    """Observe a table as a whole and by months about the first of June, check that both are equal, and return it."""
    with filled(empty, rows) as files, Comparing.at(files) as comparing:
        request = comparing.request((table,), **options)
        whole = comparing.compare(request)
        assert_alike(whole, comparing.in_parts(request, (JUNE.date(),)))
        return whole


def test_a_login_cut_across_the_end_of_a_month_counts_where_it_begins(empty: Files) -> None:
    """A login whose outage lies at midnight between two months is one cut, whichever month holds its pieces."""
    begin, end = MAY + 22 * HOUR, JUNE + 3 * HOUR
    lost, back = JUNE - 10 * MINUTE, JUNE + 20 * MINUTE
    rows = [
        ("secondary", "linkex", down(lost, back)),
        ("primary", "haglog", login(begin, end)),
        ("secondary", "haglog", login(begin, lost, cut=">")),
        ("secondary", "haglog", login(back, end, cut="<")),
        # Of this one the other server holds but what comes after.
        ("primary", "haglog", login(lost - MINUTE, end, agent="4002")),
        ("secondary", "haglog", login(back, end, agent="4002", cut="<")),
    ]

    with filled(empty, rows) as files, Comparing.at(files) as comparing:
        request = comparing.request(("haglog",))
        whole, (june, may) = comparing.compare(request), comparing.each_part(request, (JUNE.date(),))
    found = table_of(whole, "haglog")

    assert_alike(whole, merged((may, june), samples=5))
    assert [len(table_of(part, "haglog").cuts) for part in (may, june)] == [2, 0]
    assert [cut.state for cut in found.cuts] == [CutState.WHOLE, CutState.WHOLE]
    assert (found.counts.missing, found.counts.changed) == (1, 3)


def test_a_login_cut_just_outside_the_window_is_found_from_either_side(empty: Files) -> None:
    """What lies outside the window, and is there since an outage in it cut a login, is part of the first or last."""
    begin, end = MAY + 22 * HOUR, JUNE + 3 * HOUR
    lost, back = JUNE + HOUR, JUNE + 2 * HOUR
    rows = [
        ("secondary", "linkex", down(lost, back)),
        ("primary", "haglog", login(begin, end)),
        ("secondary", "haglog", login(begin, lost, cut=">")),
        ("secondary", "haglog", login(back, end, cut="<")),
    ]

    found = table_of(compared(empty, rows, "haglog", window=Window(JUNE, JUNE + 2 * HOUR)), "haglog")

    assert [drift.only_cuts for drift in found.differing] == [True, True]


def test_a_week_belongs_to_the_month_in_which_it_begins(empty: Files) -> None:
    """A week that crosses the end of a month is compared once."""
    week = row("wtrunk", row_date=date(2000, 5, 28), tkgrp=1, eqloc="01A0101", incalls=1)
    rows = [("both", "wtrunk", {**week, "tkgrp": 2}), ("primary", "wtrunk", week)]

    found = table_of(compared(empty, rows, "wtrunk"), "wtrunk")

    assert (found.buckets_compared, found.counts.missing) == (1, 1)


def test_a_stretch_across_the_end_of_a_month_is_one(empty: Files) -> None:
    """Intervals of unlike lengths that overlap across midnight are decided as one, and overlap by key on each day."""
    night = [(2330, 15, MAY), (2345, 60, MAY), (0, 15, JUNE), (15, 15, JUNE)]
    rows: list[tuple[str, str, Row]] = [
        *(("secondary", "htrunk", trunk(label, intrvl=length, row_date=day.date())) for label, length, day in night),
        *(("primary", "htrunk", trunk(label, intrvl=30, row_date=JUNE.date())) for label in (0, 30)),
        ("secondary", "htrunk", trunk(0, intrvl=60, row_date=JUNE.date())),
    ]

    found = table_of(compared(empty, rows, "htrunk"), "htrunk")

    spans = {drift.stretch.span for drift in found.differing if drift.stretch is not None}
    assert spans == {Window(JUNE - 15 * MINUTE, JUNE + HOUR)}
    assert {drift.stretch.target_tiles for drift in found.differing if drift.stretch} == {False}


def test_rows_without_a_time_belong_to_the_oldest_months(empty: Files) -> None:
    """Rows no window can select, and tables without time, are compared in one part and no other."""
    rows: Rows = [
        ("both", "htrunk", trunk(0, row_date=JUNE.date())),
        ("primary", "htrunk", trunk(0, row_date=None)),
        ("secondary", "htrunk", trunk(0, row_date=None, incalls=7)),
    ]

    found = table_of(compared(empty, rows, "htrunk"), "htrunk")

    assert (found.buckets_compared, found.counts.changed) == (2, 1)


ACDS = st.sampled_from([1, 1, 1, 1, 2, None])
SERVERS = st.sampled_from(["both", "primary", "secondary"])
FEW = st.sampled_from([0, 1, None])
ENDS = st.sampled_from([JUNE, JUNE, JULY])
NIGHT = tuple((day, label, length) for day, label in NIGHT_LABELS for length in (15, 30, 60))


@st.composite
def intervals(draw: st.DrawFn) -> tuple[str, str, Row]:
    """Return a row of an interval about midnight, which may reach over it, seldom one without a date."""
    day, label, length = draw(st.sampled_from(NIGHT))
    values: dict[str, Any] = {"acd": draw(ACDS), "tkgrp": draw(st.sampled_from([1, 1, 2])), "incalls": draw(FEW)}
    values["row_date"] = (draw(ENDS) + day).date() if draw(st.integers(0, 15)) else None
    return draw(SERVERS), "htrunk", trunk(label, intrvl=length, incomplete=draw(st.sampled_from([0, 0, 1])), **values)


@st.composite
def periods(draw: st.DrawFn) -> tuple[str, str, Row]:
    """Return a row of a day, a week or a month."""
    table = draw(st.sampled_from(["dtrunk", "wtrunk", "mtrunk"]))
    day = (
        draw(st.sampled_from(EDGES[:3])) if table == "mtrunk" else (draw(ENDS) - draw(st.integers(-1, 6)) * DAY).date()
    )
    values = {"acd": draw(ACDS), "incalls": draw(FEW), "incomplete": draw(st.integers(0, 2))}
    return draw(SERVERS), table, row(table, row_date=day, tkgrp=1, eqloc="01A0101", **values)


@st.composite
def happened(draw: st.DrawFn) -> list[tuple[str, str, Row]]:
    """Return what both servers have of a login, call or state about midnight, in pieces where links were down."""
    table, acd = draw(st.sampled_from(["haglog", "haglog", "call_rec", "ag_actv"])), draw(ACDS)
    month, name = draw(ENDS), draw(st.sampled_from([1, 1, 2]))
    begin = month - draw(st.sampled_from([5, 50, 130, 2000])) * MINUTE
    end = month + draw(st.sampled_from([15, 70, 200, 1500])) * MINUTE
    found: list[tuple[str, str, Row]] = []
    for server in ("primary", "secondary"):
        at, cut = begin, ""
        for lost, lasted in sorted(draw(st.lists(OUTAGES, max_size=2))):
            since, until = month + lost * MINUTE, month + (lost + lasted) * MINUTE
            found.append((server, "linkex", down(since, until, acd or 1)))
            if at < since < end:
                found.append((server, table, event(table, at, since, name, acd, cut + ">")))
            if at < until < end:
                at, cut = until, "<"
        if draw(st.integers(0, 7)):
            found.append((server, table, event(table, at, end if draw(st.integers(0, 7)) else None, name, acd, cut)))
    return found


OUTAGES = st.tuples(st.sampled_from([-1500, -30, -10, 0, 10, 100]), st.sampled_from([10, 25, 95]))


def event(table: str, begin: datetime, end: datetime | None, name: int, acd: int | None, cut: str) -> Row:
    """Return a row of a table of events."""
    if table == "haglog":
        return login(begin, end, agent=str(name), cut=cut, acd=acd)
    day: dict[str, Any] = {"acd": acd, "row_date": begin.date()}
    if table == "call_rec":
        stop = epoch(end) if end else None
        label = begin.hour * 100 + begin.minute
        return row(table, row_time=label, callid=name, segment=1, segstart=epoch(begin), segstop=stop, **day)
    lasted = int((end - begin).total_seconds()) if end else 0
    return row(table, logid=str(name), split=1, workmode=1, starttime=epoch(begin), duration=lasted, **day)


ADMINISTRATION = st.tuples(SERVERS, st.sampled_from([1, 2, None]), st.sampled_from(["a", "b"])).map(
    lambda one: (one[0], "synonyms", row("synonyms", acd_no=one[1], item_name=one[2], value="1"))
)
SIDES = st.tuples(
    st.lists(intervals(), min_size=8, max_size=20),
    st.lists(periods(), min_size=2, max_size=8),
    st.lists(happened(), min_size=1, max_size=5).map(lambda some: [one for each in some for one in each]),
    st.lists(ADMINISTRATION, max_size=3),
).map(lambda some: [one for each in some for one in each])
WINDOWS = st.sampled_from(
    [
        None,
        None,
        Window(datetime(2000, 5, 20), datetime(2000, 7, 5)),
        Window(JUNE - 90 * MINUTE, JULY + HOUR),
        Window(JUNE - HOUR, JUNE + HOUR),
        Window(JUNE, JUNE + HOUR),
    ]
)
ACDS_REQUESTED = st.sampled_from([(), (), (1,)])
REQUESTED = st.fixed_dictionaries(
    {"window": WINDOWS, "acds": ACDS_REQUESTED, "every_row": st.booleans(), "for_writing": st.booleans()}
)


@examples(2)
@given(rows=SIDES, options=REQUESTED, edges=st.lists(st.sampled_from(EDGES), unique=True).map(sorted))
def test_parts_show_what_the_whole_shows(empty: Files, rows: Rows, options: dict[str, Any], edges: list[date]) -> None:
    """Whatever the rows, and wherever months part them: each field is that of one observation of all."""
    with filled(empty, rows) as files, Comparing.at(files) as comparing:
        there = {table for _, table, _ in rows}
        request = comparing.request([name for name in TABLES if name in there], **options)
        assert_alike(comparing.compare(request), comparing.in_parts(request, edges))
