"""Interval labels and alignment, with the figures of the High Availability guide."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from syncengine.model.interval import at_label, ceil_to, floor_to, label_at, label_of, minute_of, shared_length
from syncengine.model.window import Window
from syncengine.model.window_syntax import parse_window

MIDNIGHT = datetime(2000, 6, 5)


@pytest.mark.parametrize(
    ("typed", "minutes", "shown"),
    [
        ("2000-06-05 05:13..05:19", 30, "2000-06-05 05:00-05:29"),
        ("2000-06-05 05:35..05:42", 30, "2000-06-05 05:30-05:59"),
        ("2000-06-05 05:13..05:19", 15, "2000-06-05 05:00-05:29"),
        ("2000-06-05 05:35..05:42", 15, "2000-06-05 05:30-05:44"),
        ("2000-06-05 05:13..05:19", 60, "2000-06-05 05:00-05:59"),
        ("2000-06-05 05:35..05:42", 60, "2000-06-05 05:00-05:59"),
        ("2000-06-05 05:13..07:05", 30, "2000-06-05 05:00-07:29"),
        ("2000-06-05 23:50..00:10", 30, "2000-06-05 23:30 to 2000-06-06 00:29"),
        ("2000-06-05 05:00..05:29", 30, "2000-06-05 05:00-05:29"),
        ("2000-06-05 05:00..05:30", 30, "2000-06-05 05:00-05:59"),
        ("1999-12-31 23:59..23:59", 30, "1999-12-31 23:30-23:59"),
        ("1999-12-31 23:59..00:00", 60, "1999-12-31 23:00 to 2000-01-01 00:59"),
    ],
)
def test_an_outage_is_widened_to_the_intervals_the_guide_names(typed: str, minutes: int, shown: str) -> None:
    """A start moves back to the beginning of its interval, a stop forward to its end (rule 5)."""
    window = parse_window(typed).aligned(minutes)

    assert str(window) == shown


def test_a_label_is_not_a_number_to_add_to() -> None:
    """1330 and half an hour is 1400, and an hour from 2330 is the next day's 0030."""
    later = at_label(MIDNIGHT.date(), 1330) + timedelta(minutes=30)
    past_midnight = at_label(MIDNIGHT.date(), 2330) + timedelta(hours=1)

    assert label_at(later) == 1400
    assert (past_midnight.date(), label_at(past_midnight)) == (date(2000, 6, 6), 30)


def test_labels_and_minutes_name_each_other_all_day() -> None:
    """Every minute of the day has one label, in the same order, and each label gives its minute back."""
    labels = [label_of(minute) for minute in range(24 * 60)]

    assert [minute_of(label) for label in labels] == list(range(24 * 60))
    assert labels == sorted(set(labels))
    assert all(label % 100 < 60 for label in labels)
    assert (labels[0], labels[90], labels[-1]) == (0, 130, 2359)


def test_a_label_past_the_day_runs_on_into_the_next() -> None:
    """The label 2400 is the next midnight, not an error and not the same midnight."""
    assert at_label(MIDNIGHT.date(), 2400) == MIDNIGHT + timedelta(days=1)


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_seconds_do_not_escape_the_interval(minutes: int) -> None:
    """A moment with seconds floors to its interval's first second and ceils to the next boundary."""
    moment = MIDNIGHT + timedelta(hours=5, seconds=1)

    assert floor_to(moment, minutes) == MIDNIGHT + timedelta(hours=5)
    assert ceil_to(moment, minutes) == MIDNIGHT + timedelta(hours=5, minutes=minutes)
    assert ceil_to(MIDNIGHT, minutes) == MIDNIGHT


def test_unlike_lengths_share_the_longest_boundaries() -> None:
    """Servers at 15 and 60 minutes are aligned to full hours, whichever comes first."""
    assert shared_length((15, 60)) == shared_length((60, 15)) == 60
    assert shared_length((15, 30)) == 30


def test_the_intervals_of_a_window_are_whole_and_in_order() -> None:
    """05:13 to 06:05 touches three half hours, and the first begins at 05:00."""
    window = parse_window("2000-06-05 05:13..06:05")

    assert [str(one) for one in window.intervals(30)] == [
        "2000-06-05 05:00-05:29",
        "2000-06-05 05:30-05:59",
        "2000-06-05 06:00-06:29",
    ]


def test_a_window_is_half_open() -> None:
    """The start belongs to a window and the stop does not."""
    window = Window(MIDNIGHT, MIDNIGHT + timedelta(minutes=30))

    assert window.contains(MIDNIGHT)
    assert not window.contains(window.stop)
    assert window.clipped(Window(window.stop, window.stop + timedelta(minutes=1))) is None
    assert window.before(MIDNIGHT) is None
    assert window.since(window.stop) is None
    assert window.before(window.stop) == window.since(MIDNIGHT) == window
