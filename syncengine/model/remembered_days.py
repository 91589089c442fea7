"""What is remembered between two verifies: which closed days of a table were equal, and when that was seen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from syncengine.model.facts import ClockReset
from syncengine.model.pair import Role
from syncengine.model.selection import Selection

DayPlace = tuple[int | None, date]
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
    known_acds: tuple[int, ...] = ()
    """Where `acd` is None: the ACDs that were known, whose rows it is not about."""
    version: str = ""
    """That of its rows on both servers, from before they were compared."""
    positions: tuple[int, ...] = ()
    """How far each server had come by then."""

    @property
    def place(self) -> DayPlace:
        """The ACD and the day."""
        return (self.acd, self.day)


@dataclass(frozen=True, slots=True)
class DaysQuery:
    """Whole days of a table whose versions are asked for."""

    selection: Selection
    acds: frozenset[int] = frozenset()
    """ACDs that are told apart; rows of any other one, and of none, count as those of the ACD None."""

    def place(self, acd: int | None, day: date) -> DayPlace:
        """Return where a row of an ACD and a day counts."""
        return (acd if acd in self.acds else None, day)


@dataclass(frozen=True, slots=True)
class DayVersions:
    """What becomes another once a row of a day is inserted, updated or deleted on a server, whoever does it."""

    history: str
    """Another one where the server may number versions anew, or once values can be others without a new version."""
    position: int = 0
    """How far the server has come, a number that never falls: one that has fallen is that of another history."""
    days: Mapping[DayPlace, str] = field(default_factory=dict)
    """Of the days that hold rows, where the server tells days apart."""


@dataclass(frozen=True, slots=True)
class PairVersions:
    """The versions of a table's days on both servers."""

    servers: Mapping[Role, DayVersions]

    @property
    def positions(self) -> tuple[int, ...]:
        """How far each server has come."""
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
    """The clock resets that were known when these days were remembered."""
    mark: str = ""
    """Another one after each time some of the table was forgotten."""


NOTHING_REMEMBERED = RememberedDays()


@dataclass(frozen=True, slots=True)
class VerifiedDays:
    """What a verify has learnt of one table."""

    equal: tuple[EqualDay, ...]
    dropped: frozenset[DayPlace]
    """What is remembered and must not be any more."""
    resets: frozenset[ClockReset]
    mark: str
    """That of what was recalled before the table was compared."""
    oldest_day: date | None = None
    """Days before it are beyond what both servers keep."""


@dataclass(frozen=True, slots=True)
class RememberedCounts:
    """What of a comparison was not read again, since it is remembered as equal."""

    tables: int = 0
    days: int = 0
    days_in_all: int = 0
    """Days of these tables that hold rows, read or remembered."""
    buckets: int = 0
    rows: int = 0
    """Of both servers together."""
    oldest: datetime | None = None
    """When the one that was not read for longest was seen to be equal."""

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
