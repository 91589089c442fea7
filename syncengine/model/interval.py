"""Intervals of wall clock and the HHMM labels that name them.

A label is not a number to add to: 1330 and half an hour is 1400 (High Availability guide, chapter 3).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

LENGTHS = (15, 30, 60)
"""The interval lengths a CMS can be set to, in minutes."""

QUANTUM = 15
"""The shortest interval, in minutes; every longer one is cut at its boundaries."""


LAST_LABEL = 2359
"""The last label of a day. Larger numbers, and those whose last two digits are not minutes, are not a time of day."""
MINUTES = 60


def label_of(minute: int) -> int:
    """Return the HHMM label of a minute of the day: 90 is 130."""
    return minute // 60 * 100 + minute % 60


def minute_of(label: int) -> int:
    """Return the minute of the day an HHMM label names: 130 is 90."""
    return label // 100 * 60 + label % 100


def label_at(moment: datetime) -> int:
    """Return the HHMM label of a moment."""
    return moment.hour * 100 + moment.minute


def at_label(day: date, label: int) -> datetime:
    """Return the moment a label names on a day; labels past 23:59 run on into the next day."""
    return datetime(day.year, day.month, day.day) + timedelta(minutes=minute_of(label))


def floor_to(moment: datetime, minutes: int) -> datetime:
    """Return the beginning of the interval of `minutes` that contains the moment."""
    midnight = datetime(moment.year, moment.month, moment.day)
    inside = int((moment - midnight).total_seconds()) // 60
    return midnight + timedelta(minutes=inside - inside % minutes)


def over_before(as_of: datetime, length: int) -> datetime:
    """Return when intervals of `length` minutes are over: one interval later, for rows and clocks that are late."""
    return floor_to(as_of, length) - timedelta(minutes=length)


def ceil_to(moment: datetime, minutes: int) -> datetime:
    """Return the first interval boundary at or after the moment."""
    floor = floor_to(moment, minutes)
    return floor if floor == moment else floor + timedelta(minutes=minutes)


def shared_length(lengths: tuple[int, ...]) -> int:
    """Return the interval length whose boundaries all given lengths share (15, 30 and 60 nest)."""
    return max(lengths)
