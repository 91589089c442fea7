"""On which server users work now, and what to do about it (High Availability guide, Appendix E, chapter 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.checklist import ChecklistLine
from syncengine.model.pair import Role


class TroubleKind(StrEnum):
    """What stops a server from working."""

    UNREACHED = "does not answer"
    LINKS = "links are down"
    COLLECTION_OFF = "data collection is off"
    BLIND = "no rows until now"
    ARCHIVES = "interval archives late or failed"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What stops one server from working now, for some ACDs."""

    role: Role
    kind: TroubleKind
    acds: tuple[int, ...]
    """In order; none for all of them."""
    message: str
    """What is wrong, as the rest of a sentence after "that"; with the name of the server."""
    since: datetime | None = None

    @property
    def stops_recording(self) -> bool:
        """Say whether the server seems to record no calls of these ACDs."""
        return self.kind is not TroubleKind.ARCHIVES

    def of(self, acd: int) -> bool:
        """Say whether an ACD is concerned."""
        return not self.acds or acd in self.acds


@dataclass(frozen=True, slots=True)
class MissingTime:
    """A time of an ACD that the primary lacks and the secondary has, now that the primary is back."""

    acd: int
    since: datetime
    """When the primary was first down: by its diary, or else the first interval that it lacks."""
    message: str
    """The same for people."""


@dataclass(frozen=True, slots=True)
class PairState:
    """What is known about both servers now that decides where users work."""

    acds: tuple[int, ...]
    troubles: tuple[Trouble, ...] = ()
    links_up: tuple[Role, ...] = ()
    """Servers whose links are up, as reported by a hook."""
    missing_times: tuple[MissingTime, ...] = ()
    """The times the primary lacks, now that it is back."""
    no_rows: bool = False
    """The intervals of both can be read, and neither has a row in the whole time that was searched."""

    def of(self, role: Role) -> tuple[Trouble, ...]:
        """Return what stops one server from working."""
        return tuple(trouble for trouble in self.troubles if trouble.role is role)

    def affected_acds(self, role: Role) -> frozenset[int]:
        """Return the ACDs for which a server does not work."""
        return _concerned(self.of(role), self.acds)

    def acds_not_recorded(self, role: Role) -> frozenset[int]:
        """Return the ACDs of which a server records no calls."""
        return _concerned((one for one in self.of(role) if one.stops_recording), self.acds)


def _concerned(troubles: Iterable[Trouble], acds: tuple[int, ...]) -> frozenset[int]:
    """Return the ACDs of some troubles; 0 stands for all if no ACD is known."""
    found = list(troubles)
    return frozenset(acd for acd in acds or (0,) if any(one.of(acd) for one in found))


@dataclass(frozen=True, slots=True)
class WhereToWork:
    """On which server users work now; None if neither works: then call support."""

    server: Role | None
    because: str
    """Sentences for people."""
    lines: tuple[ChecklistLine, ...] = ()
    """What to do about it, in order."""
    history_missing: bool = False
    """The primary is back, and its history has not been copied back yet."""

    @property
    def nothing_to_do(self) -> bool:
        """Say whether nothing has to be done."""
        return self.server is Role.PRIMARY and not self.lines
