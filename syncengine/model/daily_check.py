"""The daily check of a pair: are both servers healthy, and are they in step (High Availability guide, chapter 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncengine.model.checklist import ChecklistLine
from syncengine.model.drift import Observation
from syncengine.model.facts import ServerFacts
from syncengine.model.hooks import CheckKind
from syncengine.model.outages import BlindTime
from syncengine.model.pair import Role
from syncengine.model.spec import Archive


@dataclass(frozen=True, slots=True)
class Filling:
    """How full one circular table is, of the ACD that fills it most."""

    table: str
    acd: int | None
    rows: int
    capacity: int

    @property
    def percent(self) -> int:
        """Rows of a hundred that fit."""
        return 100 * self.rows // self.capacity


@dataclass(frozen=True, slots=True)
class ServerDay:
    """What one server tells of the last day; `problem` is the sentence of one that failed."""

    role: Role
    problem: str = ""
    facts: ServerFacts | None = None
    fillings: tuple[Filling, ...] = ()

    def outages(self, since: datetime) -> int:
        """Return how many outages its diary has since a moment."""
        return sum(outage.span.stop > since for outage in self.facts.outages) if self.facts else 0

    def late_archives(self, as_of: datetime) -> Iterator[str]:
        """Yield what is not archived though it should be, as sentences without their ends."""
        if self.facts is None:
            return
        if self.facts.archives_unread:
            yield f"how far it has archived is not known: {self.facts.archives_unread}"
            return
        for acd in self.facts.acds:
            for archive, late in ((Archive.INTERVAL, timedelta(hours=2)), (Archive.DAILY, timedelta(days=2))):
                status = self.facts.archived(acd, archive)
                if status.until is None:
                    yield f"the {archive} archive of ACD {acd} {status.problem}"
                elif status.until < as_of - late:
                    yield f"the {archive} archive of ACD {acd} stands at {status.until:%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True)
class HookCheck:
    """What a command of the user's said of something that no table shows, on one server."""

    kind: CheckKind
    role: Role
    fine: bool
    says: tuple[str, ...] = ()
    """Its first lines."""
    problem: str = ""
    """Why it could not tell, as the end of a sentence: then people have to look."""


@dataclass(frozen=True, slots=True)
class DailyCheck:
    """Both servers since a moment, the primary first, and how they differ."""

    as_of: datetime
    since: datetime
    servers: tuple[ServerDay, ServerDay]
    blind: tuple[BlindTime, ...] = ()
    drift: Observation | None = None
    problem: str = ""
    """Why they could not be compared."""
    checks: tuple[HookCheck, ...] = ()
    """What hooks have looked at."""
    switch: tuple[ChecklistLine, ...] = ()
    """What to do about External Call History, in order, while one works on the secondary."""

    @property
    def failed(self) -> bool:
        """Say whether a server could not be asked."""
        return bool(self.problem) or any(server.problem for server in self.servers)

    @property
    def holes(self) -> tuple[BlindTime, ...]:
        """The times in which a server has holes that no diary of its own explains."""
        return tuple(time for time in self.blind if any(side.missing and side.unexplained for side in time.sides))

    @property
    def in_order(self) -> bool:
        """Say whether nothing has to be looked at."""
        late = any(True for server in self.servers for _ in server.late_archives(self.as_of))
        amiss = late or self.holes or not all(check.fine for check in self.checks)
        return not (self.failed or amiss) and self.drift is not None and self.drift.in_sync

    @property
    def work_on(self) -> tuple[Role, str]:
        """Return on which server administration is done now, and why (rule 15, chapter 4, Appendix E)."""
        primary, secondary = self.servers
        if primary.problem and not secondary.problem:
            return Role.SECONDARY, (
                "the primary cannot be reached from here. Make sure that it is down, then work on the secondary; "
                "what is administered meanwhile goes back afterwards."
            )
        if self._links_are_down(Role.PRIMARY) and not (secondary.problem or self._links_are_down(Role.SECONDARY)):
            return Role.SECONDARY, (
                "Links of the primary are down and those of the secondary are not. Work on the secondary until they "
                "are back; what is administered meanwhile goes back afterwards."
            )
        return Role.PRIMARY, "Work on the primary: administration flows from the primary to the secondary."

    @property
    def secondary_takes_over(self) -> bool:
        """Say whether the secondary can send what the primary does not: its links are not known to be down as well."""
        return self.work_on[0] is Role.SECONDARY and not self._links_are_down(Role.SECONDARY)

    def by_hand(self, kind: CheckKind) -> tuple[Role, ...]:
        """Return the servers on which people have to look at something, since no hook could."""
        told = {check.role for check in self.checks if check.kind is kind and not check.problem}
        return tuple(role for role in Role if role not in told)

    def _links_are_down(self, role: Role) -> bool:
        links = [check for check in self.checks if check.kind is CheckKind.LINKS and check.role is role]
        return any(not (check.fine or check.problem) for check in links)
