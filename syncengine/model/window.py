"""Half-open ranges of wall-clock time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from syncengine.model.errors import WindowError
from syncengine.model.interval import ceil_to, floor_to

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A range of the switch's wall clock: `start` belongs to it, `stop` does not.

    Both are naive: no CMS row of R3V8 knows a time zone. Raises `WindowError` when it would be empty.
    """

    start: datetime
    stop: datetime

    def __post_init__(self) -> None:
        for moment in (self.start, self.stop):
            if not isinstance(moment, datetime) or moment.tzinfo is not None:
                raise WindowError(
                    f"{moment!r} is not a time of the switch's wall clock.", hint="Give a datetime without a time zone."
                )
        if self.start >= self.stop:
            raise WindowError(
                f"The window runs backwards: {self.start:%Y-%m-%d %H:%M} is not before {self.stop:%Y-%m-%d %H:%M}."
            )

    def aligned(self, minutes: int) -> Window:
        """Return the window widened to whole intervals (High Availability guide, chapter 3)."""
        return Window(floor_to(self.start, minutes), ceil_to(self.stop, minutes))

    def clipped(self, other: Window) -> Window | None:
        """Return the time that both windows share, or None."""
        start, stop = max(self.start, other.start), min(self.stop, other.stop)
        return Window(start, stop) if start < stop else None

    def before(self, moment: datetime) -> Window | None:
        """Return the part of the window that ends at `moment`, or None."""
        return None if moment <= self.start else Window(self.start, min(self.stop, moment))

    def since(self, moment: datetime) -> Window | None:
        """Return the part of the window that starts at `moment`, or None."""
        return None if moment >= self.stop else Window(max(self.start, moment), self.stop)

    def contains(self, moment: datetime) -> bool:
        """Say whether a moment is inside."""
        return self.start <= moment < self.stop

    def cut(self, step: timedelta) -> Iterator[Window]:
        """Yield consecutive pieces no longer than `step`, cut at midnights when `step` is whole days.

        The pieces tile the window: no gap, no overlap.
        """
        start = self.start
        edge = (floor_to(start, 24 * 60) if step >= DAY else start) + step
        while start < self.stop:
            stop = min(edge, self.stop)
            yield Window(start, stop)
            start, edge = stop, edge + step

    def intervals(self, minutes: int) -> Iterator[Window]:
        """Yield the intervals of `minutes` the window touches, whole."""
        yield from self.aligned(minutes).cut(timedelta(minutes=minutes))

    def days(self) -> Iterator[date]:
        """Yield every calendar day the window touches."""
        day = self.start.date()
        while datetime(day.year, day.month, day.day) < self.stop:
            yield day
            day += DAY

    def whole_days(self) -> tuple[date, date] | None:
        """Return the first whole day and the day after the last one, or None.

        A window shorter than a day selects no row of a daily archive.
        """
        first = ceil_to(self.start, 24 * 60).date()
        past = floor_to(self.stop, 24 * 60).date()
        return (first, past) if first < past else None

    def __str__(self) -> str:
        """Show the window as the vendor does: the last minute is the last shown (05:00-05:29)."""
        last = self.stop - MINUTE
        if self.start.date() == last.date():
            return f"{self.start:%Y-%m-%d %H:%M}-{last:%H:%M}"
        return f"{self.start:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
