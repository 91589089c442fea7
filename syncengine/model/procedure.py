"""Procedures of the High Availability guide: what people do on two servers, in order, line by line.

A procedure is what is written down for every pair; a checklist is one that a pair is in the middle of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from syncengine.model.checklist import LineKind
from syncengine.model.pair import Role


class Place(StrEnum):
    """Where a line is done."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    BOTH = "both"
    NONE = "none"
    """On neither: it is looked up, decided, waited for, or typed where syncengine runs."""

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
    """What of a line a pair itself shows; `planning.probes` says how each is looked at."""

    LOADS_ALIKE = "loads-alike"
    """Both servers run the same CMS load."""
    LOADS_UNLIKE = "loads-unlike"
    """The server of the line runs another load than the other one."""
    COLLECTION_OFF = "collection-off"
    """Data collection was turned off there for all ACDs; the diary of links tells of it once they are back."""
    LINKS_DOWN = "links-down"
    """The links of all ACDs went down there, and not from outside; the diary tells of it once they are back."""
    LINKS_BACK = "links-back"
    """The links of all ACDs have come back there after they were down."""
    ARCHIVED = "archived"
    """The interval of the line before it has been archived, on its server or on both, for all ACDs."""
    NEXT_INTERVAL = "next-interval"
    """The next interval of all ACDs has begun."""
    SET_UP_ALIKE = "set-up-alike"
    """ACDs, intervals, storage and users are set up alike on both servers."""
    SET_UP_UNLIKE = "set-up-unlike"
    """Something of it has been changed on one server."""
    PROFILES_ALIKE = "profiles-alike"
    """The call profiles of both servers are alike."""
    PROFILES_UNLIKE = "profiles-unlike"
    """They have been changed on one server."""
    BACKUP = "backup"
    """The hook `backups` tells of a backup that ended since."""
    REPAIRED = "repaired"
    """Of the outages since then nothing is left that can be repaired."""
    CALL_HISTORY = "call-history"
    """External Call History has to be switched over: nothing to do where it is not installed, or on at both."""
    CALL_HISTORY_INSTALLED = "call-history-installed"
    """External Call History is installed, so that it has to be on again on what was installed anew."""

    FIT = "fit"
    """The server answers, archives, and its links are up."""
    LINKS_UP = "links-up"
    ARCHIVES_RUN = "archives-run"
    BACKUPS_FINE = "backups-fine"
    ERROR_LOG_FINE = "error-log-fine"
    NO_USERS = "no-users"
    CALL_CENTER_FINE = "internet-call-center-fine"
    RECOVERY_KIT_FINE = "recovery-kit-fine"
    """What the daily check, and its hooks, tell of both servers."""
    OUTAGE_OVER = "outage-over"
    """An outage of the server since yesterday is over, by its own diary of links, and it records calls again."""
    ADMINISTRATION_ALIKE = "administration-alike"
    """Nothing is to be copied of administration; what is done around a copy is not needed then."""
    IN_SYNC = "in-sync"
    """Nothing differs of what the daily check compares."""
    TIMETABLES_OVER = "timetables-over"
    """The timetables of the server run there."""
    TIMETABLES_BACK = "timetables-back"
    """Every run that let timetables run on the server has been undone."""
    BACKFILLED = "backfilled"
    """Backfills that have copied history; whether that was all of it no run knows."""


class CountsSince(StrEnum):
    """From when on what happened counts, where nobody says it: a checklist may be begun when much is over."""

    BEGUN = "begun"
    """From when it is begun."""
    YESTERDAY = "yesterday"
    """From the midnight that yesterday began with, as the daily check does."""
    RETENTION = "retention"
    """As far back as intervals are kept, as the report of outages does."""


OPPOSITES = {
    ProbeName.LOADS_ALIKE: ProbeName.LOADS_UNLIKE,
    ProbeName.SET_UP_ALIKE: ProbeName.SET_UP_UNLIKE,
    ProbeName.PROFILES_ALIKE: ProbeName.PROFILES_UNLIKE,
}
OPPOSITES |= {other: one for one, other in OPPOSITES.items()}
"""What shows that something was changed only where the opposite was seen before."""


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways a procedure can be gone."""

    name: str
    title: str
    costs: str
    """What going it costs, in sentences."""


@dataclass(frozen=True, slots=True)
class ProcedureLine:
    """One thing to do."""

    name: str
    """What it is remembered by, whatever its number comes to be."""
    text: str
    place: Place = Place.NONE
    part: str = ""
    """The heading that it begins a part with."""
    guide: str = ""
    """The steps of the guide that it does; empty where it is ours."""
    kind: LineKind | None = None
    """What a hook that carries it out is named for."""
    command: tuple[str, ...] = ()
    """The command of syncengine that does it, without --pair."""
    probe: ProbeName | None = None
    after: str = ""
    """The line that has to be done before what is seen counts; only what happened since then does."""
    temporary: bool = False
    """What is seen is otherwise later, as it has to be, and does not speak against the line being done."""
    note: bool = False
    """The date and time are to be noted."""
    why: str = ""
    """Why it is done, or done otherwise than the guide does."""
    ways: tuple[str, ...] = ()
    """The ways it belongs to; empty for all."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """What is written down of one procedure."""

    name: str
    title: str
    source: str
    """Where the guide has it."""
    intro: tuple[str, ...]
    """Paragraphs to read before it is begun."""
    lines: tuple[ProcedureLine, ...]
    counts_since: CountsSince = CountsSince.BEGUN
    ways: tuple[Way, ...] = ()
    """In the order they are offered: the first is gone where none is chosen."""

    @property
    def daily(self) -> bool:
        """Say whether it is gone through each day, begun anew."""
        return self.counts_since is CountsSince.YESTERDAY

    def numbered(self, way: str = "") -> Iterator[tuple[int, ProcedureLine]]:
        """Yield the lines of a way with their numbers, which are the same whatever way is gone; all without one."""
        for number, line in enumerate(self.lines, start=1):
            if not (way and line.ways) or way in line.ways:
                yield number, line

    def line(self, name: str) -> ProcedureLine:
        """Return a line by its name; raises KeyError where there is none."""
        for one in self.lines:
            if one.name == name:
                return one
        raise KeyError(name)

    def number_of(self, name: str) -> int:
        """Return the number of a line by its name; raises KeyError where there is none."""
        return next(number for number, line in self.numbered() if line is self.line(name))
