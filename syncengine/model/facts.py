"""Facts about a server that planning needs, other than its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from syncengine.model.grain import Archive
from syncengine.model.interval import at_label
from syncengine.model.pair import Role
from syncengine.model.window import Window


class ArchiveState(StrEnum):
    """The state of an archive, from arch_stat."""

    FINISHED = "finished"
    NOT_RUN = "not run"
    FAILED = "failed"
    RUNNING = "running"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """How far an archive of one ACD has run (rule 6).

    Everything before `until` has been archived. If that is not known, `until` is None and `problem`
    says why, as the end of a sentence that begins with the archive.
    """

    acd: int
    archive: Archive
    until: datetime | None
    problem: str = ""
    state: ArchiveState = ArchiveState.UNKNOWN
    last: datetime | None = None
    """When it ran last, finished or not; this does not prove that earlier intervals are archived."""

    def before_this_run(self, length: int) -> datetime | None:
        """Return up to when intervals of `length` minutes are archived, also while it runs, as every few minutes.

        No source says whether the time shown meanwhile is of the last run or of this one, so one interval is taken off.
        It never permits a copy (rule 6): it only says up to when missing rows are a fault.
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

    0 if no row shows the length, or if rows of different lengths do.
    """

    acd: int
    day: date
    lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StorageAllocation:
    """The data storage allocation of one item of one ACD: days of intervals, days, weeks, or months.

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
    """The last entry of a server's diary for its link to one ACD, if it says that the link went down and not up."""

    acd: int
    since: datetime
    reason: int


@dataclass(frozen=True, slots=True, order=True)
class ClockReset:
    """A time the clock of the switch was set, from one server's diary of one ACD."""

    server: str
    acd: int
    """0 if the diary has no ACD."""
    day: date
    """The first of all days if the diary has no day."""
    label: int


@dataclass(frozen=True, slots=True)
class IntervalCoverage:
    """Whether one server recorded one ACD in one interval, from all tables with rows in every interval."""

    acd: int
    row_date: date
    label: int
    incomplete: int
    length: int
    """The length of the interval in minutes, the longest in its rows."""
    tables: tuple[str, ...]
    """The tables with rows of the interval."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What was read from one server about itself."""

    role: Role
    identity: str
    kind: str
    load: str | None
    acds: tuple[int, ...]
    archives: tuple[ArchiveStatus, ...] = ()
    lengths: tuple[DayLengths, ...] = ()
    quarters: tuple[DayQuarters, ...] = ()
    """The same days by quarter of an hour, as far as rows show it."""
    storage_allocations: tuple[StorageAllocation, ...] = ()
    outages: tuple[Outage, ...] = ()
    links_down: tuple[LinkDown, ...] = ()
    """Links that are not back yet, by its diary."""
    coverage: tuple[IntervalCoverage, ...] = ()
    notes: tuple[str, ...] = ()
    clock_resets: tuple[ClockReset, ...] = ()
    coverage_known: bool = True
    """Whether any table with rows in every interval could be read; else it is not known what it recorded."""
    links_known: bool = True
    """Whether its diary of links could be read; else its outages and clock resets are not known."""
    archives_unread: str = ""
    """Why no archive status could be read, as a sentence without a full stop: waiting does not help then."""
    links_unread: str = ""
    """Why its outages could not be read, as a sentence without a full stop."""
    pseudo_acds: tuple[int, ...] = ()
    """The pseudo-ACDs of this server; no other field includes a pseudo-ACD of either server (rule 8)."""
    collection_off: tuple[int, ...] = ()
    """ACDs whose data collection is off, if that was queried and `dcadmin` has it."""

    def still_down(self) -> tuple[LinkDown, ...]:
        """Return the links that are not back yet; none of an ACD with an interval that begins later."""
        last: dict[int, datetime] = {}
        for one in self.coverage:
            start = at_label(one.row_date, one.label)
            last[one.acd] = max(last.get(one.acd, start), start)
        return tuple(link for link in self.links_down if last.get(link.acd, link.since) <= link.since)

    def outages_under_way(self, until: datetime) -> tuple[Outage, ...]:
        """Return the outages that are not over, up to a moment: what the server misses, it misses already."""
        return tuple(
            Outage(link.acd, Window(link.since, until), link.reason) for link in self.still_down() if link.since < until
        )

    def archived(self, acd: int, archive: Archive) -> ArchiveStatus:
        """Return how far an archive has run; one that is not in arch_stat follows the intervals."""
        wanted = archive if archive.grain.code else Archive.INTERVAL
        for status in self.archives:
            if status.acd == acd and status.archive is wanted:
                return status
        if self.archives_unread:
            return ArchiveStatus(acd, wanted, None, f"is not known: {self.archives_unread}")
        return ArchiveStatus(acd, wanted, None, f"has no row for ACD {acd} in arch_stat")
