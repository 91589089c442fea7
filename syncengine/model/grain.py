"""Grains: all that is known of each archive of historical tables, in one place.

A new archive is one more member of `Archive` and its `Grain`: mypy requires both, and no other code compares names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from syncengine.model.interval import floor_to, over_before
from syncengine.model.window import DAY, Window

SUNDAY = 6
"""The weekday on which weeks of a CMS begin by default."""
NIGHT = timedelta(hours=36)
"""From the beginning of a day until its archive must have run: noon of the next day."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Days or months of the calendar: the unit of retention, and the time of a row of a longer archive."""

    word: str
    days: int = 0
    months: int = 0

    @property
    def longest(self) -> timedelta:
        """The longest time of one unit."""
        return DAY * (self.days or 31 * self.months)

    def after(self, first: date, units: int = 1) -> date:
        """Return the first day of the unit that comes `units` after the one that begins on `first`."""
        if self.days:
            return first + timedelta(days=self.days * units)
        month = _month(first) + self.months * units
        # A first day that not every month has comes from damaged rows; the last day of the month will do.
        return _first_of(month).replace(day=min(first.day, (_first_of(month + 1) - DAY).day))

    def containing(self, day: date, begins: int = SUNDAY) -> date:
        """Return the first day of the unit that contains a day; `begins` is the weekday on which weeks begin."""
        if self.days:
            return day - timedelta(days=(day.weekday() - begins) % self.days)
        return _first_of(_month(day) - _month(day) % self.months)

    def whole(self, window: Window) -> tuple[date, date] | None:
        """Return the first days (half-open) of the units wholly inside a window; weeks may begin on any weekday.

        A window shorter than the unit contains none (rule 5).
        """
        first, past = window.whole_days() or (date.min, date.min)
        if self.days:
            past -= timedelta(days=self.days - 1) if past > first else timedelta(0)
        elif past > first:
            begun = self.containing(first)
            first, past = (first if begun == first else self.after(begun)), self.containing(past)
        return (first, past) if first < past else None

    def cutoff(self, units: int, moment: datetime) -> datetime:
        """Return the moment before which rows may be dropped if `units` are stored: a century ago at most."""
        midnight = floor_to(moment, 24 * 60)
        if self.days:
            return midnight - timedelta(days=min(units * self.days, 36500))
        return _midnight(_first_of(_month(self.containing(midnight)) - min(units * self.months, 1200)))


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


A_DAY, A_WEEK, A_MONTH = Unit("day", days=1), Unit("week", days=7), Unit("month", months=1)


@dataclass(frozen=True, slots=True)
class Grain:
    """The properties of one archive."""

    archive: Archive
    word: str
    """The time of one row, as a word."""
    unit: Unit = A_DAY
    """The unit of its retention; also the time of one row, if that is a day or more."""
    code: str = ""
    """Its code in arch_stat; an archive without a code there follows the intervals."""
    retention_column: str = ""
    """The column of dcalloc with the number of units stored."""
    longest_retention: int | None = None
    """The most units a CMS can be set to store."""
    stuck: timedelta = timedelta(0)
    """If the archive is this long behind, something is wrong: it is not just late."""
    overdue: timedelta | None = None
    """If the archive is this long behind, it is late; for intervals that depends on their length."""
    tiles: bool = False
    """Each row is of one interval, which its label names; the intervals cover the day without gaps."""
    events: bool = False
    """Each row is an event; labels are minutes, and buckets are quarters of an hour."""
    summarised: bool = False
    """Each row is of a whole day, week or month, which the CMS summarises from its intervals afterwards (rule 10)."""
    written_late: timedelta = timedelta(0)
    """How long after the archive of its time a row may still be written."""

    @property
    def sliced(self) -> bool:
        """Whether any window of whole intervals selects rows: then days are read and remembered one by one."""
        return self.tiles or self.events

    @property
    def long(self) -> bool:
        """Whether a row is of more than a day."""
        return self.unit != A_DAY

    @property
    def retention_words(self) -> str:
        """The unit of its retention, for people: weeks, days of intervals."""
        return f"{self.unit.word}s of {self.word}s" if self.sliced else f"{self.unit.word}s"

    def period(self, first: date) -> Window:
        """Return the whole day, week or month of a row with the date `first`."""
        return Window(_midnight(first), _midnight(self.unit.after(first)))

    def selects(self, window: Window) -> bool:
        """Say whether a window selects any row at all (rule 5)."""
        return self.sliced or self.unit.whole(window) is not None

    def last_but_one(self, moment: datetime, length: int) -> datetime:
        """Return the latest beginning of the last finished period; `length` is that of an interval, in minutes."""
        # Each site chooses the day on which weeks begin.
        return over_before(moment, length) if self.sliced else self.unit.cutoff(2 if self.unit.days > 1 else 1, moment)


class Archive(StrEnum):
    """A historical table's grain."""

    INTERVAL = "interval"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    EVENT = "event"

    @property
    def grain(self) -> Grain:
        """Its properties."""
        match self:
            case Archive.INTERVAL:
                return INTERVAL
            case Archive.DAILY:
                return DAILY
            case Archive.WEEKLY:
                return WEEKLY
            case Archive.MONTHLY:
                return MONTHLY
            case Archive.EVENT:
                return EVENT


INTERVAL = Grain(Archive.INTERVAL, "interval", A_DAY, "1", "days_intrahour", 62, DAY / 8, tiles=True)
DAILY = Grain(Archive.DAILY, "day", A_DAY, "2", "days_daily", 1825, 2 * DAY, NIGHT, summarised=True)
WEEKLY = Grain(Archive.WEEKLY, "week", A_WEEK, "3", "weeks_weekly", 520, 9 * DAY, 7 * DAY + NIGHT, summarised=True)
MONTHLY = Grain(
    Archive.MONTHLY, "month", A_MONTH, "4", "months_monthly", 120, 34 * DAY, 31 * DAY + NIGHT, summarised=True
)
EVENT = Grain(Archive.EVENT, "event", events=True, written_late=DAY)
"""An event is written when it ends, under the time it began."""
TIMELESS = Grain(Archive.DAILY, "row")
"""For tables without an archive."""
IN_ARCH_STAT = tuple(one.grain for one in Archive if one.grain.code)
"""The archives that have rows in arch_stat and columns in dcalloc."""
