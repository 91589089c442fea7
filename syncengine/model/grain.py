"""Grains: all that is known of each archive of historical tables, in one place.

Another archive is one more member of `Archive` and its facts: mypy asks for them, and nothing else compares names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from syncengine.model.interval import floor_to, over_before
from syncengine.model.window import DAY, Window

SUNDAY = 6
"""The weekday that weeks of a CMS begin on unless told otherwise."""
NIGHT = timedelta(hours=36)
"""From the midnight that ends a day until its archive must have run: to noon of the next day."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Days or months of the calendar: what retention counts in, and what a row of a longer archive stands for."""

    word: str
    days: int = 0
    months: int = 0

    @property
    def longest(self) -> timedelta:
        """How long one is at most."""
        return DAY * (self.days or 31 * self.months)

    def after(self, first: date, units: int = 1) -> date:
        """Return the first day of the unit so many after the one that begins on `first`."""
        if self.days:
            return first + timedelta(days=self.days * units)
        month = _month(first) + self.months * units
        # A first day that not every month has is damage; the last one of the month is as good.
        return _first_of(month).replace(day=min(first.day, (_first_of(month + 1) - DAY).day))

    def containing(self, day: date, begins: int = SUNDAY) -> date:
        """Return the first day of the unit that holds a day; `begins` is the weekday that weeks begin on."""
        if self.days:
            return day - timedelta(days=(day.weekday() - begins) % self.days)
        return _first_of(_month(day) - _month(day) % self.months)

    def whole(self, window: Window) -> tuple[date, date] | None:
        """Return the first days (half-open) of the units that lie wholly inside a window, whichever weekday they are.

        A window shorter than the unit holds none (rule 5).
        """
        first, past = window.whole_days() or (date.min, date.min)
        if self.days:
            past -= timedelta(days=self.days - 1) if past > first else timedelta(0)
        elif past > first:
            begun = self.containing(first)
            first, past = (first if begun == first else self.after(begun)), self.containing(past)
        return (first, past) if first < past else None

    def cutoff(self, units: int, moment: datetime) -> datetime:
        """Return the moment before which who keeps so many units may have dropped what there was: a century at most."""
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
    """What is known of one archive."""

    archive: Archive
    word: str
    """What a row of it stands for."""
    unit: Unit = A_DAY
    """What its retention counts in; what a row stands for, where that is not less than a day."""
    code: str = ""
    """How arch_stat names it; an archive that is not told of there follows the intervals."""
    retention_column: str = ""
    """The column of dcalloc that tells how many units are kept."""
    longest_retention: int | None = None
    """The most units a CMS can be set to keep."""
    stuck: timedelta = timedelta(0)
    """How long after what it stands at something is wrong, not just late."""
    overdue: timedelta | None = None
    """How long after what it stands at its archive is late; intervals have lengths of their own."""
    tiles: bool = False
    """Each row tells of one interval, which its label names; intervals tile the time."""
    events: bool = False
    """Each row is of something that happened; labels are minutes, folded to the quarter of an hour that holds them."""
    summarised: bool = False
    """Each row tells of a whole day, week or month, which the CMS makes of its intervals after that (rule 10)."""
    written_late: timedelta = timedelta(0)
    """How long after its time was archived a row may still be written."""

    @property
    def sliced(self) -> bool:
        """Whether any window of whole intervals selects rows, so that days can be read and remembered by themselves."""
        return self.tiles or self.events

    @property
    def long(self) -> bool:
        """Whether a row stands for more than a day."""
        return self.unit != A_DAY

    @property
    def retention_words(self) -> str:
        """What its retention counts, for people: weeks, days of intervals."""
        return f"{self.unit.word}s of {self.word}s" if self.sliced else f"{self.unit.word}s"

    def period(self, first: date) -> Window:
        """Return the whole day, week or month that a row of `first` stands for."""
        return Window(_midnight(first), _midnight(self.unit.after(first)))

    def selects(self, window: Window) -> bool:
        """Say whether a window selects any row at all (rule 5)."""
        return self.sliced or self.unit.whole(window) is not None

    def last_but_one(self, moment: datetime, length: int) -> datetime:
        """Return when what comes before what is under way has begun, at the latest; `length` is that of an interval."""
        # Weeks begin on whichever day a site has chosen.
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
        """What is known of it."""
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
"""Of tables that have no archive."""
IN_ARCH_STAT = tuple(one.grain for one in Archive if one.grain.code)
"""The archives that arch_stat and dcalloc tell of."""
