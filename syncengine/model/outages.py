"""Times in which a server did not see an ACD whole, and what can be done about each."""

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
"""What the codes in `linkex` mean (CentreVu CMS Open Database Connectivity, data collection exceptions)."""
REASON_UNKNOWN = "for a reason not known here"


class Outlook(StrEnum):
    """What can be done about a time in which a server did not see an ACD whole."""

    REPAIR = "can be repaired"
    """The other server saw it better, and what differs can be copied from there."""
    WAITING = "can be repaired once archived"
    """One of the servers has not archived it to its end: it is too early (rule 6)."""
    UNARCHIVED = "not known to be archived"
    """One of the servers does not tell how far it has archived, so that nothing may be copied (rule 6)."""
    REFUSED = "cannot be repaired now"
    """It could be, but a rule forbids every write to this pair: unlike loads, unlike tables (rule 14)."""
    UNDECIDED = "undecided"
    """The servers' rows differ, and nothing shows which are right."""
    NOT_OVER = "waits for what is not over"
    """A login or a call that it cut goes on yet: it is repaired as a whole once it is over."""
    LOST = "lost on both"
    """Neither server saw it whole. What one has more of it can be copied: it is lost all the same, then as now."""
    UNKNOWN = "not known"
    """Some tables could not be compared, and nothing differs in the others: nobody knows what it cost."""
    ALIKE = "nothing differs"
    """Both servers hold the same rows: it was repaired, or nothing happened meanwhile."""


@dataclass(frozen=True, slots=True)
class BlindSide:
    """What keeps one server's rows of a time from being whole."""

    role: Role
    links: tuple[Outage, ...] = ()
    """Rows of its diary that reach into the time."""
    missing: int = 0
    """Intervals without rows in any table that has some in every interval."""
    incomplete: int = 0
    """Intervals with rows that are marked incomplete."""
    links_known: bool = True
    """Its diary could be read."""
    down_now: str = ""
    """What says that its link is down at this moment, as the rest of a sentence; empty where nothing does."""

    @property
    def unexplained(self) -> bool:
        """Say whether nothing explains what is missing: its diary has nothing of it, or cannot be read."""
        return not (self.links or self.down_now)

    @property
    def why_unexplained(self) -> str:
        """Why it is unexplained, for people."""
        return "nothing in its diary of links explains it" if self.links_known else "its diary of links cannot be read"


@dataclass(frozen=True, slots=True)
class BlindTime:
    """Neighbouring intervals of one ACD that the same servers did not see whole."""

    acd: int
    span: Window
    """Whole intervals."""
    sides: tuple[BlindSide, ...]
    archived: bool
    """Both servers have archived it to its end."""
    archives_known: bool = True
    """Both tell how far they have archived at all."""

    @property
    def damaged_on_both(self) -> bool:
        """Say whether the rows of both servers show that they did not see it whole."""
        return sum(side.missing + side.incomplete > 0 for side in self.sides) == len(Role)

    @property
    def lost(self) -> bool:
        """Say whether neither server saw it whole, so that nothing brings its calls back, whatever is copied."""
        return self.damaged_on_both if self.archived else self.archives_known and len(self.sides) == len(Role)


@dataclass(frozen=True, slots=True)
class TableCost:
    """What would be copied of one table to repair a time."""

    table: str
    into: Role
    buckets: int
    missing: int
    changed: int
    extra: int
    without_acd: bool = False
    """Some of it are rows of no ACD."""


@dataclass(frozen=True, slots=True)
class OutageFinding:
    """One blind time, what it cost, and what can be done."""

    time: BlindTime
    outlook: Outlook
    costs: tuple[TableCost, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    """What differs there and cannot be repaired, and why; tables that could not be compared too."""

    @property
    def unsettled(self) -> bool:
        """Say whether somebody could act on it, now or once it is archived."""
        done = self.outlook in (Outlook.LOST, Outlook.ALIKE)
        return bool(self.costs) or not self.time.archived or not done

    @property
    def into(self) -> tuple[Role, ...]:
        """The servers that would be written to."""
        return tuple(sorted({toll.into for toll in self.costs}))


class UnknownCoverageReason(StrEnum):
    """Why nobody can say whether a server was blind."""

    NO_DATA = "nothing-told"
    """It shows neither its links nor its intervals."""
    NO_WITNESS = "no-witness"
    """Its diary tells of its links, and no table of its intervals."""
    NO_ROWS = "no-rows"
    """It holds no row of that ACD in all of the time looked at."""
    BEGINS_LATER = "begins-later"
    """It holds rows of that ACD only from some moment on."""
    NOT_ARCHIVED = "not-archived"
    """How far its intervals are archived is not known, or they are behind."""


@dataclass(frozen=True, slots=True)
class UnknownCoverage:
    """A time of which nothing shows what a server saw."""

    role: Role
    acd: int | None
    """None where it is no matter of one ACD."""
    reason: UnknownCoverageReason
    message: str
    """The same as a sentence without its end."""
    open: bool = True
    """Somebody should look. Not of an ACD that was never used, or of a time that nobody has asked about."""
    temporary: bool = False
    """It may be known a little later: it is worth waiting."""


@dataclass(frozen=True, slots=True)
class IntervalExtent:
    """When the first and the last interval begin of which a server holds rows of an ACD, wherever one looks."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class OutageReport:
    """All blind times of a pair since some moment."""

    as_of: datetime
    window: Window
    """The time that was looked at."""
    findings: tuple[OutageFinding, ...]
    notes: tuple[str, ...] = ()
    plan: Plan | None = None
    """What would repair all that can be repaired, in both directions; None where nothing differs."""
    not_compared: tuple[tuple[str, str], ...] = ()
    """Tables that could not be compared, and why: nobody knows whether they differ."""
    unknown_coverage: tuple[UnknownCoverage, ...] = ()
    """What of the time nobody can tell of, and why."""
    covered: Window | None = None
    """The time of which both servers can tell whether they were blind, for the ACDs of which both do; None of none."""
    covered_acds: tuple[int, ...] = ()
    """These ACDs."""
    diaries: tuple[Role, ...] = tuple(Role)
    """The servers whose diary of links could be read."""
    ongoing: tuple[str, ...] = ()
    """Where nothing tells that a server records calls again, as sentences without their ends."""

    @property
    def unsettled(self) -> bool:
        """Say whether anything is left that somebody could act on."""
        unknown = any(one.open for one in self.unknown_coverage)
        return unknown or bool(self.ongoing) or any(finding.unsettled for finding in self.findings)
