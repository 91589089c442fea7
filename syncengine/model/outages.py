"""Times in which a server did not record an ACD completely, and what can be done about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.facts import Outage
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, Skipped
from syncengine.model.window import Window

REASONS: Mapping[int, str] = {
    91: "data collection was started",
    92: "the switch sent new translations",
    93: "data collection was turned off",
    94: "the link was busied out",
    95: "the link timed out",
    97: "the session was down",
}
"""The codes in `linkex` (CentreVu CMS Open Database Connectivity, data collection exceptions)."""
REASON_UNKNOWN = "for an unknown reason"


class Outlook(StrEnum):
    """What can be done about a time in which a server did not record an ACD completely."""

    REPAIR = "can be repaired"
    """The other server recorded it better, and its rows can be copied."""
    WAITING = "can be repaired once archived"
    """One of the servers has not archived all of it: it is too early (rule 6)."""
    UNARCHIVED = "not known to be archived"
    """The archive status of one server is not known, so that nothing may be copied (rule 6)."""
    REFUSED = "cannot be repaired now"
    """It could be, but a rule forbids every write to this pair: unlike loads, unlike tables (rule 14)."""
    UNDECIDED = "undecided"
    """The servers' rows differ, and it is not known which are right."""
    NOT_OVER = "waits for a login or call to end"
    """A login or a call that it cut is not over: it is repaired as a whole once it is."""
    LOST = "lost on both"
    """Neither server recorded it completely. What one has more can be copied, but part of it stays lost."""
    UNKNOWN = "not known"
    """Some tables could not be compared, and nothing differs in the others: what is missing is not known."""
    ALIKE = "nothing differs"
    """Both servers have the same rows: it was repaired, or nothing happened meanwhile."""


@dataclass(frozen=True, slots=True)
class BlindSide:
    """Why one server's rows of a time are not complete."""

    role: Role
    links: tuple[Outage, ...] = ()
    """Outages in its diary that overlap the time."""
    missing: int = 0
    """Intervals without rows in any table that should have rows in every interval."""
    incomplete: int = 0
    """Intervals with rows that are marked incomplete."""
    links_known: bool = True
    """Its diary could be read."""
    down_now: str = ""
    """The evidence that its link is down now, as the rest of a sentence; empty without any."""

    @property
    def unexplained(self) -> bool:
        """Say whether the missing rows are unexplained: its diary has no outage, or cannot be read."""
        return not (self.links or self.down_now)

    @property
    def why_unexplained(self) -> str:
        """Why it is unexplained, for people."""
        return (
            "no outage in its diary of links explains it" if self.links_known else "its diary of links cannot be read"
        )


@dataclass(frozen=True, slots=True)
class BlindTime:
    """Neighbouring intervals of one ACD that the same servers did not record completely."""

    acd: int
    span: Window
    """Whole intervals."""
    sides: tuple[BlindSide, ...]
    archived: bool
    """Both servers have archived all of it."""
    archives_known: bool = True
    """The archive status of both is known."""

    @property
    def damaged_on_both(self) -> bool:
        """Say whether the rows of both servers are incomplete there."""
        return sum(side.missing + side.incomplete > 0 for side in self.sides) == len(Role)

    @property
    def lost(self) -> bool:
        """Say whether neither server recorded it completely, so that some of its calls are lost, whatever is copied."""
        return self.damaged_on_both if self.archived else self.archives_known and len(self.sides) == len(Role)


@dataclass(frozen=True, slots=True)
class TableCost:
    """How many rows of one table would be copied to repair a time."""

    table: str
    into: Role
    buckets: int
    missing: int
    changed: int
    extra: int
    without_acd: bool = False
    """Some of the rows have no ACD."""


@dataclass(frozen=True, slots=True)
class OutageFinding:
    """One blind time, its cost in rows, and what can be done."""

    time: BlindTime
    outlook: Outlook
    costs: tuple[TableCost, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    """Differences there that cannot be repaired, and why; also tables that could not be compared."""

    @property
    def unsettled(self) -> bool:
        """Say whether it can be repaired, now or once it is archived, or needs attention."""
        done = self.outlook in (Outlook.LOST, Outlook.ALIKE)
        return bool(self.costs) or not self.time.archived or not done

    @property
    def into(self) -> tuple[Role, ...]:
        """The servers that would be written to."""
        return tuple(sorted({cost.into for cost in self.costs}))


class UnknownCoverageReason(StrEnum):
    """Why it is not known whether a server was blind."""

    NO_DATA = "no-data"
    """Neither its diary of links nor its intervals can be read."""
    NO_WITNESS = "no-witness"
    """Its diary of links can be read, but no table with rows in every interval."""
    NO_ROWS = "no-rows"
    """It has no row of that ACD in the whole window."""
    BEGINS_LATER = "begins-later"
    """It has rows of that ACD only from some moment on."""
    NOT_ARCHIVED = "not-archived"
    """Its interval archive is late, or its state is not known."""


@dataclass(frozen=True, slots=True)
class UnknownCoverage:
    """A time for which it is not known whether a server was blind."""

    role: Role
    acd: int | None
    """None if it concerns no single ACD."""
    reason: UnknownCoverageReason
    message: str
    """The same as a sentence without a full stop."""
    open: bool = True
    """It needs attention: not for an ACD that was never used, or a time that was not requested."""
    temporary: bool = False
    """It may be known a little later: it is worth waiting."""


@dataclass(frozen=True, slots=True)
class IntervalExtent:
    """The beginning of the first and the last interval of an ACD with rows on a server, in or outside the window."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class OutageReport:
    """All blind times of a pair since some moment."""

    as_of: datetime
    window: Window
    """The time that was searched."""
    findings: tuple[OutageFinding, ...]
    notes: tuple[str, ...] = ()
    plan: Plan | None = None
    """A plan that repairs all that can be repaired, in both directions; None if nothing differs."""
    not_compared: tuple[tuple[str, str], ...] = ()
    """Tables that could not be compared, and why: it is not known whether they differ."""
    unknown_coverage: tuple[UnknownCoverage, ...] = ()
    """The times for which it is not known whether a server was blind, and why."""
    covered: Window | None = None
    """The time for which it is known of both servers whether they were blind; None if there is no such time."""
    covered_acds: tuple[int, ...] = ()
    """The ACDs for which that is known."""
    diaries: tuple[Role, ...] = tuple(Role)
    """The servers whose diary of links could be read."""
    ongoing: tuple[str, ...] = ()
    """Outages that may not be over, since nothing shows that the server records calls again; without full stops."""

    @property
    def unsettled(self) -> bool:
        """Say whether anything can be repaired or needs attention."""
        unknown = any(one.open for one in self.unknown_coverage)
        return unknown or bool(self.ongoing) or any(finding.unsettled for finding in self.findings)
