"""What is remembered between two verifies: which closed days of a table were equal, and when that was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from syncengine.model.facts import ClockReset

Place = tuple[int | None, date]
"""An ACD and a day. The ACD None stands for rows of no ACD and of those that were not known."""


@dataclass(frozen=True, slots=True)
class EqualDay:
    """One day of one ACD that was equal on both servers, by fingerprint."""

    acd: int | None
    day: date
    at: datetime
    """When that was seen, by the clock of the machine that compared."""
    seed: int
    buckets: int
    rows: int
    """Of both servers together."""
    besides: tuple[int, ...] = ()
    """Where `acd` is None: the ACDs that were known, whose rows it is not about."""

    @property
    def place(self) -> Place:
        """The ACD and the day."""
        return (self.acd, self.day)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is remembered of one table."""

    days: Mapping[Place, EqualDay] = field(default_factory=dict)
    resets: frozenset[ClockReset] = frozenset()
    """The clock resets that were known when these days were remembered."""
    mark: str = ""
    """Another one after each time some of the table was forgotten."""


NOTHING = Recalled()


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a verify has learnt of one table."""

    equal: tuple[EqualDay, ...]
    dropped: frozenset[Place]
    """What is remembered and must not be any more."""
    resets: frozenset[ClockReset]
    mark: str
    """That of what was recalled before the table was compared."""
    oldest_day: date | None = None
    """Days before it are beyond what both servers keep."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What of a comparison was not read again, since it is remembered as equal."""

    tables: int = 0
    days: int = 0
    days_in_all: int = 0
    """Days of these tables that were asked about, read or remembered."""
    buckets: int = 0
    rows: int = 0
    """Of both servers together."""
    oldest: datetime | None = None
    """When the one that was not read for longest was seen to be equal."""

    def __add__(self, other: Remembered) -> Remembered:
        times = [one.oldest for one in (self, other) if one.oldest is not None]
        return Remembered(
            self.tables + other.tables,
            self.days + other.days,
            self.days_in_all + other.days_in_all,
            self.buckets + other.buckets,
            self.rows + other.rows,
            min(times, default=None),
        )


ALL_READ = Remembered()
