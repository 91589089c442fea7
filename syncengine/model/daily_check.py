"""The daily check of a pair: are both servers healthy, and are they in sync (High Availability guide, chapter 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from syncengine.model.archives import ArchiveFault
from syncengine.model.checklist import ChecklistLine
from syncengine.model.drift import Observation
from syncengine.model.facts import ServerFacts
from syncengine.model.hooks import CheckKind
from syncengine.model.outages import BlindTime
from syncengine.model.pair import Role
from syncengine.model.where_to_work import PairState, WhereToWork

NOTHING_KNOWN = PairState(())
WORK_ON_THE_PRIMARY = WhereToWork(Role.PRIMARY, "")


@dataclass(frozen=True, slots=True)
class TableFill:
    """How full one circular table is, for the ACD with the most rows."""

    table: str
    acd: int | None
    rows: int
    capacity: int

    @property
    def percent(self) -> int:
        """Rows as a percentage of the capacity."""
        return 100 * self.rows // self.capacity


@dataclass(frozen=True, slots=True)
class ServerDay:
    """What one server reports of the last day; `problem` is a sentence if the server failed."""

    role: Role
    problem: str = ""
    facts: ServerFacts | None = None
    fill_levels: tuple[TableFill, ...] = ()
    archive_faults: tuple[ArchiveFault, ...] = ()
    """Archives that are late or failed."""

    def outages(self, since: datetime) -> int:
        """Return how many outages are in its diary since a moment."""
        return sum(outage.span.stop > since for outage in self.facts.outages) if self.facts else 0


@dataclass(frozen=True, slots=True)
class HookCheck:
    """What a hook reported about something that no table shows, on one server."""

    kind: CheckKind
    role: Role
    ok: bool
    lines: tuple[str, ...] = ()
    """The first lines of its output."""
    problem: str = ""
    """Why it could not check, as the end of a sentence: then people have to check."""


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
    """The checks that hooks have made."""
    state: PairState = NOTHING_KNOWN
    """What stops the servers from working."""
    where: WhereToWork = WORK_ON_THE_PRIMARY
    """On which server users work now, and what to do about it."""

    reruns: tuple[ChecklistLine, ...] = ()
    """Archives to run again."""

    @property
    def to_do(self) -> tuple[ChecklistLine, ...]:
        """What people have to do now, in order."""
        return (*self.where.lines, *self.reruns)

    @property
    def failed(self) -> bool:
        """Say whether a server failed, or comparing them did."""
        return bool(self.problem) or any(server.problem for server in self.servers)

    @property
    def holes(self) -> tuple[BlindTime, ...]:
        """The times in which a server has no rows and its diary does not explain that."""
        return tuple(time for time in self.blind if any(side.missing and side.unexplained for side in time.sides))

    @property
    def waiting(self) -> tuple[BlindTime, ...]:
        """The outages of one server that can be repaired only once both servers have archived that time."""
        return tuple(time for time in self.blind if not time.archived and len(time.sides) < len(Role))

    @property
    def lost(self) -> tuple[BlindTime, ...]:
        """The outages that both servers had: their calls cannot be repaired, and people have to know."""
        return tuple(time for time in self.blind if time.lost)

    @property
    def loads(self) -> Mapping[Role, str]:
        """The CMS loads of the servers, where known."""
        reported = {server.role: server.facts.load for server in self.servers if server.facts is not None}
        return {role: load for role, load in reported.items() if load}

    @property
    def unlike_loads(self) -> bool:
        """Say whether the servers are known to run different CMS loads: then nothing can be copied (rule 14)."""
        return len(set(self.loads.values())) > 1

    @property
    def healthy(self) -> bool:
        """Say whether nothing needs attention."""
        late = any(server.archive_faults for server in self.servers)
        fault = late or self.holes or self.waiting or self.lost or self.unlike_loads
        fault = fault or not self.where.nothing_to_do or not all(check.ok for check in self.checks)
        return not (self.failed or fault) and self.drift is not None and self.drift.in_sync

    def checked_by_hand(self, kind: CheckKind) -> tuple[Role, ...]:
        """Return the servers on which people have to make a check, since no hook did."""
        if kind is CheckKind.USERS and self.where.server is not Role.PRIMARY:
            return ()
        by_hook = {check.role for check in self.checks if check.kind is kind and not check.problem}
        return tuple(role for role in kind.servers if role not in by_hook)
