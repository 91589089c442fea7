"""What one verify remembers for the next: which closed days of a table were equal, and when they were compared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from syncengine.model.facts import ClockReset
from syncengine.model.pair import Role
from syncengine.model.selection import Selection

DayPlace = tuple[int | None, date]
"""An ACD and a day. The ACD None is for rows without an ACD or with an unknown one."""


@dataclass(frozen=True, slots=True)
class EqualDay:
    """One day of one ACD that was equal on both servers, by fingerprint."""

    acd: int | None
    day: date
    at: datetime
    """When they were compared, by the clock of the machine that compared them."""
    seed: int
    buckets: int
    rows: int
    """Of both servers together."""
    known_acds: tuple[int, ...] = ()
    """If `acd` is None: the ACDs that were known, whose rows are not included."""
    version: str = ""
    """The version of its rows on both servers, read before they were compared."""
    positions: tuple[int, ...] = ()
    """The position of each server then."""

    @property
    def place(self) -> DayPlace:
        """The ACD and the day."""
        return (self.acd, self.day)


@dataclass(frozen=True, slots=True)
class DaysQuery:
    """Whole days of a table whose versions are queried."""

    selection: Selection
    acds: frozenset[int] = frozenset()
    """ACDs that are distinguished; rows of any other ACD, or without one, count for the ACD None."""

    def place(self, acd: int | None, day: date) -> DayPlace:
        """Return the ACD and day for which a row counts."""
        return (acd if acd in self.acds else None, day)


@dataclass(frozen=True, slots=True)
class DayVersions:
    """The versions of the days of a table on one server: they change with every insert, update or delete."""

    history: str
    """It changes if the server may have restarted its version numbers, or values may change without a new version."""
    position: int = 0
    """A number that never falls within one history: if it has fallen, the history is another one."""
    days: Mapping[DayPlace, str] = field(default_factory=dict)
    """The versions of days with rows, if the server distinguishes days."""


@dataclass(frozen=True, slots=True)
class PairVersions:
    """The versions of a table's days on both servers."""

    servers: Mapping[Role, DayVersions]

    @property
    def positions(self) -> tuple[int, ...]:
        """The position of each server."""
        return tuple(self.servers[role].position for role in Role)

    def of(self, place: DayPlace) -> str:
        """Return the version of a day on both servers."""
        versions = repr([(one.history, one.days.get(place, "")) for one in (self.servers[role] for role in Role)])
        return hashlib.blake2b(versions.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class RememberedDays:
    """What is remembered of one table."""

    days: Mapping[DayPlace, EqualDay] = field(default_factory=dict)
    resets: frozenset[ClockReset] = frozenset()
    """The clock resets that were known then."""
    mark: str = ""
    """It changes each time days of the table are forgotten."""


NOTHING_REMEMBERED = RememberedDays()


@dataclass(frozen=True, slots=True)
class VerifiedDays:
    """What a verify found out about the days of one table."""

    equal: tuple[EqualDay, ...]
    dropped: frozenset[DayPlace]
    """Remembered days that must be forgotten."""
    resets: frozenset[ClockReset]
    mark: str
    """The mark of the remembered days before the table was compared."""
    oldest_day: date | None = None
    """Days before it are older than both servers store."""


@dataclass(frozen=True, slots=True)
class RememberedCounts:
    """How much a comparison did not read again, since it is remembered as equal."""

    tables: int = 0
    days: int = 0
    days_in_all: int = 0
    """Days of these tables that have rows, read or remembered."""
    buckets: int = 0
    rows: int = 0
    """Of both servers together."""
    oldest: datetime | None = None
    """When the day that was not read for longest was compared."""

    def __add__(self, other: RememberedCounts) -> RememberedCounts:
        times = [one.oldest for one in (self, other) if one.oldest is not None]
        return RememberedCounts(
            self.tables + other.tables,
            self.days + other.days,
            self.days_in_all + other.days_in_all,
            self.buckets + other.buckets,
            self.rows + other.rows,
            min(times, default=None),
        )


ALL_READ = RememberedCounts()
