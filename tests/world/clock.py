"""The clock of the switch: what it shows at each second of the world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

MINUTE = 60
HOUR = 3600
DAY = 86400


@dataclass(frozen=True, slots=True)
class WallClock:
    """A clock that a zone sets twice a year, and people at any time.

    The world counts seconds from its beginning and never repeats one; the clock may show a time twice or never.
    """

    start: datetime
    """What the clock shows at second 0."""
    zone: str = "UTC"
    settings: tuple[tuple[int, int], ...] = ()
    """When people set it, and by how many seconds forward (or back, below 0)."""

    def epoch(self, at: int) -> int:
        """Return what a server writes as the epoch seconds of a second of the world: a clock set wrong is wrong."""
        return _first(self.start, self.zone) + at + sum(by for since, by in self.settings if since <= at)

    def moment(self, at: int) -> datetime:
        """Return what the clock shows, with its zone."""
        return _moment(self.epoch(at), self.zone)

    def shown(self, at: int) -> datetime:
        """Return what the clock shows, as people and tables write it."""
        return self.moment(at).replace(tzinfo=None)

    def label(self, at: int) -> int:
        """Return what the clock shows as HHMM."""
        shown = self.shown(at)
        return shown.hour * 100 + shown.minute

    def stretches(self, last: int) -> tuple[tuple[int, int], ...]:
        """Return the spans up to `last` in which nobody sets the clock, neither people nor the zone."""
        return _stretches(self, last)

    def times(self, shown: datetime, last: int) -> tuple[int, ...]:
        """Return the seconds up to `last` at which the clock shows a time: none, one or several."""
        plain = int((shown - self.start) / timedelta(seconds=1))
        sums = [0]
        for _, by in self.settings:
            sums.append(sums[-1] + by)
        around = {plain - total + more for total in sums for more in (-HOUR, 0, HOUR)}
        return tuple(sorted(at for at in around if 0 <= at < last and self.shown(at) == shown))


@lru_cache(maxsize=64)
def _first(start: datetime, zone: str) -> int:
    return int(start.replace(tzinfo=ZoneInfo(zone)).timestamp())


@lru_cache(maxsize=100_000)
def _moment(epoch: int, zone: str) -> datetime:
    return datetime.fromtimestamp(epoch, UTC).astimezone(ZoneInfo(zone))


@lru_cache(maxsize=64)
def _stretches(clock: WallClock, last: int) -> tuple[tuple[int, int], ...]:
    edges = {0, last, *(since for since, _ in clock.settings if 0 < since < last)}

    def ahead(at: int) -> timedelta | None:
        return clock.moment(at).utcoffset()

    for low, high in pairwise([*range(0, last, HOUR), last]):
        if ahead(low) != ahead(high):
            edges |= {at for at in range(low + 1, high + 1) if ahead(at) != ahead(at - 1) and at < last}
    return tuple(pairwise(sorted(edges)))
