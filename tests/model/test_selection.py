"""Which days, weeks, months and epoch seconds a window of wall clock selects."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncengine.model.bucket import Bucket, BucketColumns, bucket_start, quarter_of
from syncengine.model.grain import Archive
from syncengine.model.selection import epochs_of, select_window
from syncengine.model.window import Window
from syncengine.model.window_syntax import parse_window
from tests.builders import build_files, catalogue, row

QUARTER = 900
DENVER_AUTUMN = datetime(2000, 10, 29)
"""02:00 MDT became 01:00 MST."""
DENVER_SPRING = datetime(2000, 4, 2)
"""02:00 MST became 03:00 MDT."""


@pytest.mark.parametrize(
    ("archive", "typed", "expected"),
    [
        (Archive.DAILY, "2000-06-05 00:01..23:59", None),
        (Archive.DAILY, "2000-06-05 00:00..23:58", None),
        (Archive.DAILY, "2000-06-05", (date(2000, 6, 5), date(2000, 6, 6))),
        (Archive.DAILY, "2000-06-05 12:00..2000-06-07 12:00", (date(2000, 6, 6), date(2000, 6, 7))),
        (Archive.WEEKLY, "2000-06-04..2000-06-09", None),
        (Archive.WEEKLY, "2000-06-04..2000-06-10", (date(2000, 6, 4), date(2000, 6, 5))),
        (Archive.WEEKLY, "2000-06-04..2000-06-11", (date(2000, 6, 4), date(2000, 6, 6))),
        (Archive.WEEKLY, "2000-06-04 00:01..2000-06-10", None),
        (Archive.MONTHLY, "2000-06-01..2000-06-29", None),
        (Archive.MONTHLY, "2000-06", (date(2000, 6, 1), date(2000, 7, 1))),
        (Archive.MONTHLY, "2000-06-02..2000-07-31", (date(2000, 7, 1), date(2000, 8, 1))),
        (Archive.MONTHLY, "1999-12..2000-02", (date(1999, 12, 1), date(2000, 3, 1))),
        (Archive.MONTHLY, "2000-02-01..2000-02-28", None),
        (Archive.MONTHLY, "2000-02-01..2000-02-29", (date(2000, 2, 1), date(2000, 3, 1))),
        (Archive.MONTHLY, "2000-12-15..2001-02-15", (date(2001, 1, 1), date(2001, 2, 1))),
    ],
)
def test_a_window_selects_whole_periods_only(archive: Archive, typed: str, expected: tuple[date, date] | None) -> None:
    """A window shorter than a day, week or month selects no row of that archive (rule 5)."""
    assert archive.grain.unit.whole(parse_window(typed)) == expected


@pytest.mark.parametrize("archive", [Archive.DAILY, Archive.WEEKLY, Archive.MONTHLY])
def test_a_row_is_selected_exactly_when_its_period_lies_inside(archive: Archive) -> None:
    """Over a leap year's end every row date is selected if and only if its whole period fits the window."""
    first = date(1999, 12, 20)
    starts = [first + timedelta(days=day) for day in range(80)]
    rows = [day for day in starts if archive is not Archive.MONTHLY or day.day == 1]
    for start in starts[::3]:
        for days in (1, 6, 7, 8, 29, 31, 60):
            begin = datetime(start.year, start.month, start.day)
            window = Window(begin, begin + timedelta(days=days))

            chosen = archive.grain.unit.whole(window)

            for row_date in rows:
                period = archive.grain.period(row_date)
                inside = window.start <= period.start and period.stop <= window.stop
                assert (chosen is not None and chosen[0] <= row_date < chosen[1]) == inside


def test_a_month_is_as_long_as_the_calendar_says() -> None:
    """A monthly row is of its calendar month, February and December too."""
    assert Archive.MONTHLY.grain.period(date(2000, 2, 1)).stop == datetime(2000, 3, 1)
    assert Archive.MONTHLY.grain.period(date(1999, 12, 1)).stop == datetime(2000, 1, 1)
    assert Archive.WEEKLY.grain.period(date(2000, 2, 27)).stop == datetime(2000, 3, 5)


def test_event_labels_fold_to_their_quarter() -> None:
    """Every minute of an hour belongs to the quarter that holds it."""
    assert [quarter_of(1300 + minute) for minute in (0, 14, 15, 29, 30, 44, 45, 59)] == [
        1300,
        1300,
        1315,
        1315,
        1330,
        1330,
        1345,
        1345,
    ]


def _walls(zone: str, day: datetime) -> list[tuple[int, datetime]]:
    """Return every quarter of an hour around a day as epoch second and wall clock."""
    tz = ZoneInfo(zone)
    noon = int((day - timedelta(hours=12)).replace(tzinfo=tz).timestamp())
    return [
        (epoch, datetime.fromtimestamp(epoch, tz).replace(tzinfo=None))
        for epoch in range(noon - noon % QUARTER, noon + 48 * 3600, QUARTER)
    ]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Denver", DENVER_AUTUMN),
        ("America/Denver", DENVER_SPRING),
        ("Atlantic/Azores", datetime(2000, 10, 29)),
        ("Atlantic/Azores", datetime(2000, 3, 26)),
        ("Asia/Kathmandu", datetime(2000, 10, 29)),
        ("Etc/GMT+6", datetime(2000, 10, 29)),
        ("UTC", datetime(2000, 10, 29)),
    ],
)
def test_a_window_selects_exactly_the_events_whose_wall_clock_lies_in_it(zone: str, day: datetime) -> None:
    """Whatever a clock change does, an epoch is selected if and only if its wall clock lies in the window."""
    walls = _walls(zone, day)
    wrong = []
    for first in range(0, 24 * 60, 15):
        for length in (15, 30, 45, 60, 120, 180):
            start = day + timedelta(minutes=first)
            window = Window(start, start + timedelta(minutes=length))

            chosen = epochs_of(window, zone)

            wrong += [
                (str(window), str(wall))
                for epoch, wall in walls
                if window.contains(wall) != any(start <= epoch < stop for start, stop in chosen)
            ]

    assert wrong == []


def _seconds(typed: str) -> int:
    return sum(stop - start for start, stop in epochs_of(parse_window(typed), "America/Denver"))


def test_a_repeated_hour_is_taken_twice() -> None:
    """From 01:00 to 01:59 on the night clocks go back are two hours, and any part of it is there twice."""
    assert _seconds("2000-10-28 01:00..01:59") == 3600
    assert _seconds("2000-10-29 01:00..01:59") == 7200
    assert _seconds("2000-10-29 01:00..01:29") == 3600
    assert _seconds("2000-10-29") == 25 * 3600


def test_a_skipped_hour_selects_nothing() -> None:
    """The hour clocks skip holds no moment, and the day that has it is 23 hours long."""
    assert _seconds("2000-04-02 02:00..02:59") == 0
    assert _seconds("2000-04-02 01:00..03:59") == 2 * 3600
    assert _seconds("2000-04-02") == 23 * 3600


@pytest.mark.parametrize("zone", ["America/Denver", "Atlantic/Azores", "UTC"])
@pytest.mark.parametrize("minutes", [15, 60, 1440])
def test_pieces_of_a_window_select_every_event_once(zone: str, minutes: int) -> None:
    """However an autumn's window is cut, the epochs of its pieces are those of the whole: no gap, no overlap."""
    whole = parse_window("2000-10-27..2000-10-31")

    pieces = sorted(one for piece in whole.cut(timedelta(minutes=minutes)) for one in epochs_of(piece, zone))

    ((start, stop),) = epochs_of(whole, zone)
    assert [one[1] for one in pieces[:-1]] == [one[0] for one in pieces[1:]]
    assert (pieces[0][0], pieces[-1][1]) == (start, stop)


def test_a_clock_set_back_at_midnight_counts_no_bucket_twice(tmp_path: Path) -> None:
    """If slices overlap in a repeated hour, a bucket is compared and its drift counted once."""
    zone = ZoneInfo("Atlantic/Azores")
    first = int(datetime(2000, 10, 29, 0, 0, fold=0, tzinfo=zone).timestamp())
    lost = [
        row("haglog", row_date=date(2000, 10, 29), logid="4001", login=first + minute * 60)
        for minute in range(0, 120, 15)
    ]
    files = build_files(
        tmp_path,
        ("haglog",),
        primary={"haglog": lost},
        both={"dcalloc": [row("dcalloc", item="agent login/logout", num_items=100_000)]},
        as_of=datetime(2000, 11, 3),
        archived=datetime(2000, 11, 2),
        settings='timezone = "Atlantic/Azores"',
    )

    for days in (1, 7, 31):
        start = datetime(2000, 10, 29) - timedelta(days=days)
        table = files.open().verify(tables=("haglog",), window=Window(start, datetime(2000, 11, 1))).tables[0]

        assert table.counts.missing == len(lost)
        assert table.buckets_compared == len({drift.bucket for drift in table.differing}) == len(lost)


def test_epoch_buckets_begin_on_the_switchs_wall_clock() -> None:
    """Both hours of a repeated 01:00 are shown as 01:00, since that is what the switch showed."""
    columns = BucketColumns.of(catalogue().table("haglog"))
    tz = ZoneInfo("America/Denver")
    first, second = (int(datetime(2000, 10, 29, 1, 0, fold=fold, tzinfo=tz).timestamp()) for fold in (0, 1))

    starts = [bucket_start(Bucket(None, slot, 1), columns, "America/Denver") for slot in (first, second, None)]

    assert second - first == 3600
    assert starts == [datetime(2000, 10, 29, 1, 0), datetime(2000, 10, 29, 1, 0), None]


@pytest.mark.parametrize(("table", "typed"), [("dsplit", "2000-06-05 05:13..05:19"), ("msplit", "2000-06-05")])
def test_a_short_window_selects_nothing_of_a_longer_archive(table: str, typed: str) -> None:
    """For an archive longer than the window there is no selection at all, rather than one of every row."""
    assert select_window(catalogue().table(table), parse_window(typed), zone="UTC") is None
