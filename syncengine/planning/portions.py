"""Cuts a backfill into portions that are bounded in rows and in time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from syncengine.model.window import DAY, Window

WEEK_DAYS = 7


def day_windows(rows: Mapping[date, int], window: Window, *, most_rows: int, most_days: int) -> Iterator[Window]:
    """Yield the days of a window that have rows, in runs of whole days: at most so many rows and days, at least one.

    Days without rows at either end of a run are left out; the first and last are cut where the window is.
    """
    run: list[date] = []
    total = 0
    for day in sorted(day for day, count in rows.items() if count and window.clipped(_day(day))):
        far = bool(run) and (day - run[0]).days >= most_days
        if run and (far or total + rows[day] > most_rows):
            yield _window_of(run, window)
            run, total = [], 0
        run.append(day)
        total += rows[day]
    if run:
        yield _window_of(run, window)


def month_windows(window: Window, *, most_months: int) -> Iterator[Window]:
    """Yield a window cut at the beginnings of months, each time after so many of them.

    A week that a cut goes through lies wholly in neither piece, so that each piece begins a week earlier.
    """
    start = window.start
    while start < window.stop:
        month = start.year * 12 + start.month - 1 + most_months
        stop = min(datetime(month // 12, month % 12 + 1, 1), window.stop)
        yield Window(start if start == window.start else start - timedelta(days=WEEK_DAYS - 1), stop)
        start = stop


def _day(day: date) -> Window:
    start = datetime(day.year, day.month, day.day)
    return Window(start, start + DAY)


def _window_of(run: list[date], window: Window) -> Window:
    days = Window(_day(run[0]).start, _day(run[-1]).stop)
    return days.clipped(window) or days
