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
MOST_DAYS, MOST_MONTHS = 36500, 1200
"""How far back anything is reckoned, so that no setting leads out of the calendar."""
NIGHT = timedelta(hours=36)
"""From the midnight that ends a day until its archive must have run: to noon of the next day."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Days or months of the calendar: what retention counts in, and what a row of a longer archive stands for."""

    word: str
    days: int = 0
    months: int = 0

    @property
    def floating(self) -> bool:
        """Whether it is a site's own choice on which day it begins, as with weeks."""
        return self.days > 1

    def after(self, first: date, units: int = 1) -> date:
        """Return the first day of the unit so many after the one that begins on `first`."""
        if not self.months:
            return first + timedelta(days=self.days * units)
        month = _month(first) + self.months * units
        # A first day that no month has is damage; the next that all months have is as good.
        return _first_of(month).replace(day=min(first.day, (_first_of(month + 1) - DAY).day))

    def holding(self, day: date, begins: int = SUNDAY) -> date:
        """Return the first day of the unit that holds a day; `begins` is the weekday that weeks begin on."""
        if not self.months:
            return day - timedelta(days=(day.weekday() - begins) % self.days)
        return _first_of(_month(day) - _month(day) % self.months)

    def whole(self, window: Window) -> tuple[date, date] | None:
        """Return the first days (half-open) of the units that lie wholly inside a window, whichever weekday they are.

        A window shorter than the unit holds none (rule 5).
        """
        days = window.whole_days()
        if days is None:
            return None
        first, past = days
        if self.months:
            begun = self.holding(first)
            first, past = (first if begun == first else self.after(begun)), self.holding(past)
        else:
            past -= timedelta(days=self.days - 1)
        return (first, past) if first < past else None

    def back(self, units: int, moment: datetime) -> datetime:
        """Return the moment before which who keeps so many units may have dropped what there was."""
        midnight = floor_to(moment, 24 * 60)
        if not self.months:
            return midnight - timedelta(days=min(units * self.days, MOST_DAYS))
        return _midnight(_first_of(_month(self.holding(midnight)) - min(units * self.months, MOST_MONTHS)))

    def last_but_one(self, moment: datetime) -> datetime:
        """Return when the unit before the one under way has begun, at the latest."""
        return self.back(2 if self.floating else 1, moment)


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


A_DAY, A_WEEK, A_MONTH = Unit("day", days=1), Unit("week", days=7), Unit("month", months=1)


class Rows(StrEnum):
    """What rows of an archive are in time."""

    TILES = "tiles"
    """Each tells of one interval, and all intervals that a server saw have some."""
    EVENTS = "events"
    """Each is of something that happened, whenever that was."""
    PERIODS = "periods"
    """Each tells of a whole day, week or month, and the CMS makes it of its intervals after that (rule 10)."""
    TIMELESS = "timeless"


@dataclass(frozen=True, slots=True)
class Grain:
    """What is known of one archive."""

    archive: Archive
    word: str
    """What a row of it stands for."""
    unit: Unit
    """What its retention counts in; what a row stands for, where that is not less than a day."""
    rows: Rows
    written_late: timedelta = timedelta(0)
    """How long after its time was archived a row may still be written."""
    code: str = ""
    """How arch_stat names it; an archive that is not told of there follows the intervals."""
    kept_in: str = ""
    """The column of dcalloc that tells how many units are kept."""
    longest_kept: int | None = None
    """The most units a CMS can be set to keep."""
    overdue: timedelta | None = None
    """How long after what it stands at its archive is late; intervals have lengths of their own."""
    stuck: timedelta = timedelta(0)
    """How long after what it stands at something is wrong, not just late."""
    newest_within: timedelta = 2 * DAY
    """How far back its newest rows are looked for first."""
    checked: int = 0
    """Of how many untouched periods its roll-up is checked before any is recomputed."""

    @property
    def tiles(self) -> bool:
        """Whether labels name intervals, which tile the time."""
        return self.rows is Rows.TILES

    @property
    def events(self) -> bool:
        """Whether labels are minutes, folded to the quarter of an hour that holds them."""
        return self.rows is Rows.EVENTS

    @property
    def sliced(self) -> bool:
        """Whether any window of whole intervals selects rows, so that days can be read and remembered by themselves."""
        return self.tiles or self.events

    @property
    def summarised(self) -> bool:
        """Whether it follows from intervals (rule 10)."""
        return self.rows is Rows.PERIODS

    @property
    def long(self) -> bool:
        """Whether a row stands for more than a day."""
        return self.unit != A_DAY

    @property
    def kept_words(self) -> str:
        """What its retention counts, for people: weeks, days of intervals."""
        return f"{self.unit.word}s of {self.word}s" if self.sliced else f"{self.unit.word}s"

    def period(self, first: date) -> Window:
        """Return the whole day, week or month that a row of `first` stands for."""
        return Window(_midnight(first), _midnight(self.unit.after(first)))

    def selects(self, window: Window) -> bool:
        """Say whether a window selects any row at all (rule 5)."""
        return self.sliced or self.unit.whole(window) is not None

    def last_but_one(self, moment: datetime, length: int) -> datetime:
        """Return when what comes before what is under way has begun; `length` is minutes of an interval."""
        return over_before(moment, length) if self.sliced else self.unit.last_but_one(moment)


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


INTERVAL = Grain(
    archive=Archive.INTERVAL,
    word="interval",
    unit=A_DAY,
    rows=Rows.TILES,
    code="1",
    kept_in="days_intrahour",
    longest_kept=62,
    stuck=timedelta(hours=3),
)
DAILY = Grain(
    archive=Archive.DAILY,
    word="day",
    unit=A_DAY,
    rows=Rows.PERIODS,
    code="2",
    kept_in="days_daily",
    longest_kept=1825,
    overdue=NIGHT,
    stuck=2 * DAY,
    checked=3,
)
WEEKLY = Grain(
    archive=Archive.WEEKLY,
    word="week",
    unit=A_WEEK,
    rows=Rows.PERIODS,
    code="3",
    kept_in="weeks_weekly",
    longest_kept=520,
    overdue=7 * DAY + NIGHT,
    stuck=9 * DAY,
    newest_within=14 * DAY,
    checked=1,
)
MONTHLY = Grain(
    archive=Archive.MONTHLY,
    word="month",
    unit=A_MONTH,
    rows=Rows.PERIODS,
    code="4",
    kept_in="months_monthly",
    longest_kept=120,
    overdue=31 * DAY + NIGHT,
    stuck=34 * DAY,
    newest_within=62 * DAY,
    checked=1,
)
EVENT = Grain(
    archive=Archive.EVENT,
    word="event",
    unit=A_DAY,
    rows=Rows.EVENTS,
    # An event is written when it ends, under the time it began.
    written_late=DAY,
)
TIMELESS = Grain(archive=Archive.DAILY, word="row", unit=A_DAY, rows=Rows.TIMELESS)
"""Of tables that have no archive."""

TOLD = tuple(one.grain for one in Archive if one.grain.code)
"""The archives that arch_stat and dcalloc tell of."""
