"""Times in which a server did not see an ACD whole, and what can be done about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.facts import Outage
from syncengine.model.pair import Role
from syncengine.model.plan import KeptBack, Plan
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


class Outlook(StrEnum):
    """What can be done about a time in which a server did not see an ACD whole."""

    MEND = "can be mended"
    """The other server saw it better, and what differs can be copied from there."""
    WAITING = "not archived yet"
    """One of the servers has not archived it to its end: it is too early (rule 6)."""
    UNARCHIVED = "not known to be archived"
    """One of the servers does not tell how far it has archived, so that nothing may be copied (rule 6)."""
    REFUSED = "cannot be mended now"
    """It could be, but a rule forbids every write to this pair: unlike loads, unlike tables (rule 14)."""
    UNDECIDED = "undecided"
    """The servers' rows differ, and nothing shows which are right."""
    NOT_OVER = "waits for what is not over"
    """A login or a call that it cut goes on yet: it is repaired as a whole once it is over."""
    LOST = "lost on both"
    """Neither server saw it whole, or both had the same link down: nothing can be copied."""
    UNKNOWN = "not known"
    """Some tables could not be compared, and nothing differs in the others: nobody knows what it cost."""
    ALIKE = "nothing differs"
    """Both servers hold the same rows: it was mended, or nothing happened meanwhile."""


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
    tells_links: bool = True
    """Its diary could be read."""

    @property
    def unexplained(self) -> bool:
        """Say whether no diary explains what is missing: it has nothing of it, or cannot be read."""
        return not self.links

    @property
    def why_unexplained(self) -> str:
        """Why it is unexplained, for people."""
        return "nothing in its diary of links explains it" if self.tells_links else "its diary of links cannot be read"


@dataclass(frozen=True, slots=True)
class BlindTime:
    """Neighbouring intervals of one ACD that the same servers did not see whole."""

    acd: int
    span: Window
    """Whole intervals."""
    sides: tuple[BlindSide, ...]
    archived: bool
    """Both servers have archived it to its end."""
    tells_archives: bool = True
    """Both tell how far they have archived at all."""


@dataclass(frozen=True, slots=True)
class TableToll:
    """What would be copied of one table to mend a time."""

    table: str
    into: Role
    buckets: int
    missing: int
    changed: int
    extra: int


@dataclass(frozen=True, slots=True)
class OutageFinding:
    """One blind time, what it cost, and what can be done."""

    time: BlindTime
    outlook: Outlook
    tolls: tuple[TableToll, ...] = ()
    kept: tuple[KeptBack, ...] = ()
    """What differs there and cannot be mended, and why; tables that could not be compared too."""

    @property
    def into(self) -> tuple[Role, ...]:
        """The servers that would be written to."""
        return tuple(sorted({toll.into for toll in self.tolls}))


@dataclass(frozen=True, slots=True)
class OutageReport:
    """All blind times of a pair since some moment."""

    as_of: datetime
    looked: Window
    """The time that was looked at."""
    findings: tuple[OutageFinding, ...]
    notes: tuple[str, ...] = ()
    plan: Plan | None = None
    """What would mend all that can be mended, in both directions; None where nothing differs."""
    not_compared: tuple[tuple[str, str], ...] = ()
    """Tables that could not be compared, and why: nobody knows whether they differ."""
    unseen: tuple[Role, ...] = ()
    """Servers that tell neither of their links nor of their intervals: whether they were blind nobody knows."""

    @property
    def unsettled(self) -> bool:
        """Say whether anything is left that somebody could act on."""
        done = (Outlook.LOST, Outlook.ALIKE)
        return bool(self.unseen) or any(finding.outlook not in done for finding in self.findings)
