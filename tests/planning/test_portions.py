"""How a backfill is cut: portions bounded in rows and days, which leave out nothing that has rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from syncengine.model.grain import Archive
from syncengine.model.window import DAY, Window
from syncengine.planning.portions import day_windows, month_windows
from tests.examples import examples

FIRST = date(1999, 11, 20)
LONGEST = timedelta(days=366)
MINUTES = st.integers(0, 90 * 24 * 60)


def whole(day: date) -> Window:
    """Return a day as a window."""
    start = datetime(day.year, day.month, day.day)
    return Window(start, start + DAY)


@st.composite
def windows(draw: st.DrawFn, most: int = 90 * 24 * 60) -> Window:
    """Draw a window of some minutes or months, which need not begin at midnight."""
    start = datetime(1999, 11, 20) + timedelta(minutes=draw(MINUTES))
    return Window(start, start + timedelta(minutes=draw(st.integers(1, most))))


COUNTS = st.dictionaries(st.integers(0, 200).map(lambda n: FIRST + timedelta(days=n)), st.integers(0, 1000))
MOST_ROWS = st.integers(1, 3000)
MOST_DAYS = st.integers(1, 40)


@examples(100)
@given(COUNTS, windows(), MOST_ROWS, MOST_DAYS)
def test_portions_hold_every_row_of_the_window_once(
    rows: dict[date, int], window: Window, most_rows: int, most_days: int
) -> None:
    """Each day that has rows is in exactly one portion, no portion leaves the window, and none overlap."""
    found = list(day_windows(rows, window, most_rows=most_rows, most_days=most_days))

    assert all(earlier.stop <= later.start for earlier, later in pairwise(found))
    assert all(piece.clipped(window) == piece for piece in found)
    for day, count in rows.items():
        inside = whole(day).clipped(window)
        if count and inside is not None:
            assert [piece.clipped(inside) for piece in found if piece.clipped(inside)] == [inside]


@examples(100)
@given(COUNTS, windows(), MOST_ROWS, MOST_DAYS)
def test_portions_are_bounded_unless_they_are_a_day(
    rows: dict[date, int], window: Window, most_rows: int, most_days: int
) -> None:
    """A portion has at most so many days, and at most so many rows unless a single day has more."""
    for piece in day_windows(rows, window, most_rows=most_rows, most_days=most_days):
        days = [day for day in piece.days() if rows.get(day)]
        assert len(list(piece.days())) <= most_days
        assert len(days) == 1 or sum(rows[day] for day in days) <= most_rows


@examples(100)
@given(COUNTS, windows(), MOST_ROWS, MOST_DAYS)
def test_portions_are_cut_at_midnight(rows: dict[date, int], window: Window, most_rows: int, most_days: int) -> None:
    """Only the ends of the window itself cut through a day."""
    midnight = datetime.min.time()
    for piece in day_windows(rows, window, most_rows=most_rows, most_days=most_days):
        assert piece.start.time() == midnight or piece.start == window.start
        assert piece.stop.time() == midnight or piece.stop == window.stop


@examples(100)
@given(windows(most=900 * 24 * 60), st.integers(1, 14))
def test_long_portions_hold_every_week_and_month_whole(window: Window, most_months: int) -> None:
    """Each month of the window is wholly in one portion, each week in at least one, whichever day weeks begin on."""
    found = list(month_windows(window, most_months=most_months))

    assert (found[0].start, found[-1].stop) == (window.start, window.stop)
    assert all(later.start < earlier.stop for earlier, later in pairwise(found))
    for day in window.days():
        week = Archive.WEEKLY.grain.period(day)
        if window.clipped(week) == week:
            assert [piece for piece in found if piece.clipped(week) == week]
        if day.day == 1:
            month = Archive.MONTHLY.grain.period(day)
            whole_in = [piece for piece in found if piece.clipped(month) == month]
            assert len(whole_in) == (window.clipped(month) == month)


@examples(100)
@given(windows(most=900 * 24 * 60))
def test_long_portions_are_at_most_a_year_and_a_week(window: Window) -> None:
    """A portion of twelve months is a year, and the week before it that begins in the other year."""
    assert all(piece.stop - piece.start <= LONGEST + 7 * DAY for piece in month_windows(window, most_months=12))


def test_days_without_rows_make_no_portion() -> None:
    """Years without rows get no portion, so that no query is made for them."""
    rows = {date(1998, 1, 5): 10, date(1998, 1, 6): 0, date(2000, 6, 1): 10}
    window = Window(datetime(1990, 1, 1), datetime(2000, 7, 1))

    found = [str(piece) for piece in day_windows(rows, window, most_rows=1000, most_days=31)]

    assert found == ["1998-01-05 00:00-23:59", "2000-06-01 00:00-23:59"]
    assert list(day_windows({}, window, most_rows=1000, most_days=31)) == []
