"""What planning needs to know of a server beside its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from syncengine.model.grain import Archive
from syncengine.model.pair import Role
from syncengine.model.window import Window


class ArchiveState(StrEnum):
    """How an archive stands, as its server tells."""

    FINISHED = "finished"
    NOT_RUN = "not run"
    FAILED = "failed"
    RUNNING = "running"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """How far an archive of one ACD has run (rule 6).

    Everything before `until` has been archived. Where that is not known, `until` is None and `problem`
    says why, as the end of a sentence that begins with the archive.
    """

    acd: int
    archive: Archive
    until: datetime | None
    problem: str = ""
    state: ArchiveState = ArchiveState.UNKNOWN
    last: datetime | None = None
    """When it ran last, however that ended; no sign that anything before is archived."""

    def before_this_run(self, length: int) -> datetime | None:
        """Return up to when intervals of `length` minutes are archived, also while it runs, as every few minutes.

        Whether the time told meanwhile is of the last run or of this one no source says, so one interval is taken off.
        Nothing is copied because of it (rule 6): it says from when on rows that are missing mean something.
        """
        if self.until is None and self.state is ArchiveState.RUNNING and self.last is not None:
            return self.last - timedelta(minutes=length)
        return self.until


@dataclass(frozen=True, slots=True)
class DayLengths:
    """The shortest and longest interval length, in minutes, one ACD used on one day."""

    acd: int
    day: date
    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class DayQuarters:
    """The interval length, in minutes, one ACD used in each quarter hour of one day, from midnight.

    0 stands where no row tells, or where rows of more than one length do.
    """

    acd: int
    day: date
    lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StorageAllocation:
    """How long one item's archive of one ACD is kept: days of intervals and days, weeks, or months.

    `capacity` is rows, for circular tables.
    """

    acd: int
    item: str
    archive: Archive
    periods: int
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Outage:
    """A time one server's link to one ACD was down, from its own diary."""

    acd: int
    span: Window
    reason: int

    @property
    def shown(self) -> str:
        """When it was, from the moment the link went down to the moment it was up again: 05:13 to 05:19.

        A window of intervals is shown as the vendor does, by its last minute: 05:00-05:29.
        """
        return f"{self.span.start:%Y-%m-%d} {self.shown_short}"

    @property
    def shown_short(self) -> str:
        """The same without the day it began on."""
        start, stop = self.span.start, self.span.stop
        last = f"{stop:%H:%M}" if start.date() == stop.date() else f"{stop:%Y-%m-%d %H:%M}"
        return f"{start:%H:%M} to {last}"


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The last a server's diary has of its link to one ACD: that it went down, and not for how long."""

    acd: int
    since: datetime
    reason: int


@dataclass(frozen=True, slots=True, order=True)
class ClockReset:
    """A time the clock of the switch was set, as one server's diary of one ACD has it."""

    server: str
    acd: int
    """0 where the diary does not tell."""
    day: date
    """The first of all days where the diary does not tell."""
    label: int


@dataclass(frozen=True, slots=True)
class IntervalCoverage:
    """Whether one server was seeing one ACD in one interval: taken over all tables that always have rows."""

    acd: int
    row_date: date
    label: int
    incomplete: int
    length: int
    """Minutes of the interval, the longest told there."""
    tables: tuple[str, ...]
    """Those of the tables that have rows of it."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One server as it was when it was observed."""

    role: Role
    identity: str
    kind: str
    load: str | None
    acds: tuple[int, ...]
    archives: tuple[ArchiveStatus, ...] = ()
    lengths: tuple[DayLengths, ...] = ()
    quarters: tuple[DayQuarters, ...] = ()
    """The same days more closely; only what rows have told."""
    storage_allocations: tuple[StorageAllocation, ...] = ()
    outages: tuple[Outage, ...] = ()
    links_down: tuple[LinkDown, ...] = ()
    """Links of which its diary does not tell that they are back."""
    coverage: tuple[IntervalCoverage, ...] = ()
    notes: tuple[str, ...] = ()
    clock_resets: tuple[ClockReset, ...] = ()
    coverage_known: bool = True
    """Whether any of the tables that have rows in every interval could be read; else nobody knows what it saw."""
    links_known: bool = True
    """Whether its diary of links could be read; else nobody knows of its outages, nor of its clock being set."""
    archives_unread: str = ""
    """Why it does not tell how far any archive has run, as a sentence without its end: waiting does not help then."""
    links_unread: str = ""
    """Why it does not tell of its outages, as a sentence without its end."""
    pseudo_acds: tuple[int, ...] = ()
    """ACDs made up on this server; nothing else here tells of an ACD that is made up on either (rule 8)."""
    collection_off: tuple[int, ...] = ()
    """ACDs whose data collection is off, as far as that was asked for and `dcadmin` tells it."""

    def archived(self, acd: int, archive: Archive) -> ArchiveStatus:
        """Return how far an archive has run; one that is told of nowhere follows the intervals."""
        wanted = archive if archive.grain.code else Archive.INTERVAL
        for status in self.archives:
            if status.acd == acd and status.archive is wanted:
                return status
        if self.archives_unread:
            return ArchiveStatus(acd, wanted, None, f"is not known: {self.archives_unread}")
        return ArchiveStatus(acd, wanted, None, f"has no row for ACD {acd} in arch_stat")
