"""On which server users work now, and what is to be done about it (High Availability guide, Appendix E, chapter 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.checklist import ChecklistLine
from syncengine.model.pair import Role


class TroubleKind(StrEnum):
    """What keeps a server from its work."""

    UNREACHED = "does not answer"
    LINKS = "links are down"
    COLLECTION_OFF = "data collection is off"
    BLIND = "no rows until now"
    ARCHIVES = "interval archives late or failed"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps one server from its work now, of some ACDs."""

    role: Role
    kind: TroubleKind
    acds: tuple[int, ...]
    """In order; none for all of them."""
    message: str
    """What is wrong, to go on from "that"; names the server."""
    since: datetime | None = None

    @property
    def stops_recording(self) -> bool:
        """Say whether the server records no calls of these ACDs, as far as is known."""
        return self.kind is not TroubleKind.ARCHIVES

    def of(self, acd: int) -> bool:
        """Say whether an ACD is concerned."""
        return not self.acds or acd in self.acds


@dataclass(frozen=True, slots=True)
class MissingTime:
    """A time of an ACD that the primary lacks and the secondary has, since the primary is back."""

    acd: int
    since: datetime
    """When the primary was away first: by its diary, or else the first interval that it lacks."""
    message: str
    """The same as people are told it."""


@dataclass(frozen=True, slots=True)
class PairState:
    """What is known of both servers now, as far as it decides where users work."""

    acds: tuple[int, ...]
    troubles: tuple[Trouble, ...] = ()
    links_up: tuple[Role, ...] = ()
    """Servers of which a hook says that their links are up."""
    missing_times: tuple[MissingTime, ...] = ()
    """What the primary was away for, as it is back."""
    no_rows: bool = False
    """Both tell what they have seen, and neither has a row of the whole time that was looked at."""

    def of(self, role: Role) -> tuple[Trouble, ...]:
        """Return what keeps one server from its work."""
        return tuple(trouble for trouble in self.troubles if trouble.role is role)

    def affected_acds(self, role: Role) -> frozenset[int]:
        """Return the ACDs of which a server does not do its work."""
        return _concerned(self.of(role), self.acds)

    def acds_not_recorded(self, role: Role) -> frozenset[int]:
        """Return the ACDs of which a server records no calls."""
        return _concerned((one for one in self.of(role) if one.stops_recording), self.acds)


def _concerned(troubles: Iterable[Trouble], acds: tuple[int, ...]) -> frozenset[int]:
    """Return the ACDs of some troubles; 0 stands for those of a pair of which none is known."""
    found = list(troubles)
    return frozenset(acd for acd in acds or (0,) if any(one.of(acd) for one in found))


@dataclass(frozen=True, slots=True)
class WhereToWork:
    """On which server users work now; None where that would not help, and support is called."""

    server: Role | None
    because: str
    """Sentences for people."""
    lines: tuple[ChecklistLine, ...] = ()
    """What to do about it, in order."""
    history_missing: bool = False
    """The primary is back, and its history is not."""

    @property
    def nothing_to_do(self) -> bool:
        """Say whether nothing has to be done about it."""
        return self.server is Role.PRIMARY and not self.lines
