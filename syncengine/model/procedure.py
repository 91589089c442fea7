"""Procedures of the High Availability guide: what people do on two servers, in order, line by line.

A procedure is the same for every pair; a checklist is a procedure with the state of one pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from syncengine.model.checklist import LineKind
from syncengine.model.pair import Role


class Place(StrEnum):
    """The server on which a line is done."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    BOTH = "both"
    NONE = "none"
    """On neither: something to look up, to decide, to wait for, or to type where syncengine runs."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """The servers it is done on."""
        match self:
            case Place.BOTH:
                return tuple(Role)
            case Place.NONE:
                return ()
            case Place.PRIMARY | Place.SECONDARY:
                return (Role(self.value),)


class ProbeName(StrEnum):
    """What a pair itself can show about a line; the checks are in `planning.probes`."""

    LOADS_ALIKE = "loads-alike"
    """Both servers run the same CMS load."""
    LOADS_UNLIKE = "loads-unlike"
    """The server of the line runs a different load from the other one."""
    COLLECTION_OFF = "collection-off"
    """Data collection was turned off there for all ACDs; the diary of links has it once they are back."""
    LINKS_DOWN = "links-down"
    """The links of all ACDs were taken down on that server; the diary has it once they are back."""
    LINKS_BACK = "links-back"
    """The links of all ACDs have come back there after they were down."""
    ARCHIVED = "archived"
    """The interval of the line before it has been archived, on its server or on both, for all ACDs."""
    NEXT_INTERVAL = "next-interval"
    """The next interval of all ACDs has begun."""
    SET_UP_ALIKE = "set-up-alike"
    """ACDs, intervals, storage allocation and users are set up alike on both servers."""
    SET_UP_UNLIKE = "set-up-unlike"
    """Some of that has been changed on one server."""
    PROFILES_ALIKE = "profiles-alike"
    """The call profiles of both servers are alike."""
    PROFILES_UNLIKE = "profiles-unlike"
    """They have been changed on one server."""
    BACKUP = "backup"
    """The hook `backups` reports a backup that ended since then."""
    REPAIRED = "repaired"
    """All outages since then that can be repaired are repaired."""
    CALL_HISTORY = "call-history"
    """External Call History has to be switched over; not needed if it is not installed, or on at both servers."""
    CALL_HISTORY_INSTALLED = "call-history-installed"
    """External Call History is installed, so that it has to be turned on again on a newly installed server."""

    FIT = "fit"
    """The server answers, archives, and its links are up."""
    LINKS_UP = "links-up"
    ARCHIVES_RUN = "archives-run"
    BACKUPS_FINE = "backups-fine"
    ERROR_LOG_FINE = "error-log-fine"
    NO_USERS = "no-users"
    CALL_CENTER_FINE = "internet-call-center-fine"
    RECOVERY_KIT_FINE = "recovery-kit-fine"
    """What the daily check and its hooks report for both servers."""
    OUTAGE_OVER = "outage-over"
    """An outage of the server since yesterday is over by its own diary of links, and it records calls again."""
    ADMINISTRATION_ALIKE = "administration-alike"
    """No administration has to be copied, so that steps before and after a copy are not needed."""
    IN_SYNC = "in-sync"
    """Nothing differs in the tables that the daily check compares."""
    TIMETABLES_OVER = "timetables-over"
    """The timetables of the server run there."""
    TIMETABLES_BACK = "timetables-back"
    """Every run that let timetables run on the server has been undone."""
    BACKFILLED = "backfilled"
    """Backfills have copied history; whether that was all of it cannot be known."""


class CountsSince(StrEnum):
    """The time from which events count for a checklist by default: it may be begun after many of them."""

    BEGUN = "begun"
    """From the time it is begun."""
    YESTERDAY = "yesterday"
    """From the beginning of yesterday, as for the daily check."""
    RETENTION = "retention"
    """As far back as intervals are stored, as for the report of outages."""


OPPOSITES = {
    ProbeName.LOADS_ALIKE: ProbeName.LOADS_UNLIKE,
    ProbeName.SET_UP_ALIKE: ProbeName.SET_UP_UNLIKE,
    ProbeName.PROFILES_ALIKE: ProbeName.PROFILES_UNLIKE,
}
OPPOSITES |= {other: one for one, other in OPPOSITES.items()}
"""Probes that show a change only if the opposite was found before."""


@dataclass(frozen=True, slots=True)
class Way:
    """One of several ways to carry out a procedure."""

    name: str
    title: str
    costs: str
    """Its disadvantages, in sentences."""


@dataclass(frozen=True, slots=True)
class ProcedureLine:
    """One thing to do."""

    name: str
    """Its fixed name, by which ticks refer to it; its number may change."""
    text: str
    place: Place = Place.NONE
    part: str = ""
    """The heading of the part that begins with it."""
    guide: str = ""
    """The steps of the guide it covers; empty if it is not from the guide."""
    kind: LineKind | None = None
    """The kind of a hook that can do it."""
    command: tuple[str, ...] = ()
    """The command of syncengine that does it, without --pair."""
    probe: ProbeName | None = None
    after: str = ""
    """The line that has to be done first: the probe counts only events since then."""
    temporary: bool = False
    """The probed state is meant to change again later, which does not contradict the tick."""
    note: bool = False
    """People have to note the date and time."""
    why: str = ""
    """Why it is done, or done differently from the guide."""
    ways: tuple[str, ...] = ()
    """The ways it belongs to; empty for all."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure."""

    name: str
    title: str
    source: str
    """The place in the guide."""
    intro: tuple[str, ...]
    """Paragraphs to read first."""
    lines: tuple[ProcedureLine, ...]
    counts_since: CountsSince = CountsSince.BEGUN
    ways: tuple[Way, ...] = ()
    """The first is the default."""

    @property
    def daily(self) -> bool:
        """Say whether it is done every day, begun anew each time."""
        return self.counts_since is CountsSince.YESTERDAY

    def numbered(self, way: str = "") -> Iterator[tuple[int, ProcedureLine]]:
        """Yield the lines of a way, or all lines, with their numbers, which are the same for every way."""
        for number, line in enumerate(self.lines, start=1):
            if not (way and line.ways) or way in line.ways:
                yield number, line

    def line(self, name: str) -> ProcedureLine:
        """Return a line by its name; raises KeyError if there is none."""
        for one in self.lines:
            if one.name == name:
                return one
        raise KeyError(name)

    def number_of(self, name: str) -> int:
        """Return the number of a line by its name; raises KeyError if there is none."""
        return next(number for number, line in self.numbered() if line is self.line(name))
