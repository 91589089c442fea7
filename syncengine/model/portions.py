"""Portions: the windows a backfill is done in, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.outcome import StepState
from syncengine.model.pair import Role
from syncengine.model.permission import NO_PERMISSION, Permission
from syncengine.model.policy import Policy
from syncengine.model.window import Window


@dataclass(frozen=True, slots=True)
class Portion:
    """One window of a backfill, and the tables that are looked at in it."""

    number: int
    window: Window
    tables: tuple[str, ...]
    rows: int
    """Rows the source holds of them there."""


@dataclass(frozen=True, slots=True)
class PortionOutcome:
    """What became of a portion."""

    portion: Portion
    deleted: int = 0
    inserted: int = 0
    skipped: int = 0
    """Rows that differ and were left as they are."""
    in_sync: bool | None = None
    """What the fresh look after it found; None where there was none."""
    not_compared: tuple[str, ...] = ()
    """Tables that could not be compared in it."""
    unwritable: tuple[str, ...] = ()
    """Tables of which something was left since they cannot be written."""


@dataclass(frozen=True, slots=True)
class PortionRecord:
    """What was found of a portion that a run had done before, as its marks keep it."""

    number: int
    in_sync: bool
    """Whether all of its steps were done, and no drift was seen after them."""
    skipped: int = 0
    """Rows that differed and were left as they were."""
    not_compared: tuple[str, ...] = ()
    """Tables that could not be compared in it."""
    unwritable: tuple[str, ...] = ()
    """Tables of which something was left since they cannot be written."""
    unfinished: tuple[StepState, ...] = ()
    """How its steps ended that were not done."""

    @property
    def drifts(self) -> bool:
        """Say whether drift remained in it for no other reason than a table that was not compared or written."""
        return not (self.in_sync or self.not_compared or self.unwritable)


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """What a backfill is asked for."""

    tables: tuple[str, ...]
    window: Window
    source: Role
    policy: Policy
    acds: tuple[int, ...] = ()
    newest_first: bool = True
    portion_rows: int = 500_000
    portion_days: int = 31
    rows_per_second: int | None = None
    hours: str | None = None
    named: tuple[str, ...] = ()
    """The tables that were asked for by name; one that is on neither server is then a mistake."""
    excluded: frozenset[str] = frozenset()
    """The tables that are left out, also where weeks and months need them."""
    allowed: Permission = NO_PERMISSION
    not_counted: tuple[str, ...] = ()
    """Tables whose rows a server did not count when it was cut: days that only they have are in no portion."""

    @property
    def writes_to(self) -> frozenset[Role]:
        """The servers that may be written to."""
        return frozenset(Role) if self.policy.both_directions else frozenset((self.source.other,))

    @property
    def about(self) -> str:
        """What is asked for, for people."""
        direction = "in both directions" if len(self.writes_to) > 1 else f"{self.source} to {self.source.other}"
        return f"{self.policy}, {direction}, {self.window}"


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """A backfill cut into portions, in the order they are done; what is written of each is planned when it is due."""

    request: BackfillRequest
    portions: tuple[Portion, ...]
    identities: tuple[tuple[Role, str], ...]
    """Which servers it was made for."""
    notes: tuple[str, ...] = ()
    not_counted: tuple[tuple[str, str], ...] = ()
    """Tables whose rows a server did not count, and why: days that only they have are in no portion."""

    @property
    def writes_to(self) -> frozenset[Role]:
        """The servers that may be written to."""
        return self.request.writes_to

    @property
    def about(self) -> str:
        """What is asked for, for people."""
        return self.request.about
