"""Portions: a backfill copies its window in parts, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.outcome import StepState
from syncengine.model.pair import Role
from syncengine.model.permission import NO_PERMISSION, Permission
from syncengine.model.policy import Policy
from syncengine.model.window import Window


@dataclass(frozen=True, slots=True)
class Portion:
    """One part of the window of a backfill, and the tables that are compared in it."""

    number: int
    window: Window
    tables: tuple[str, ...]
    rows: int
    """Rows of these tables that the source has there."""


@dataclass(frozen=True, slots=True)
class PortionOutcome:
    """The result of a portion."""

    portion: Portion
    deleted: int = 0
    inserted: int = 0
    skipped: int = 0
    """Rows that differ and were skipped."""
    in_sync: bool | None = None
    """The result of the comparison after it; None if there was none."""
    not_compared: tuple[str, ...] = ()
    """Tables that could not be compared in it."""
    unwritable: tuple[str, ...] = ()
    """Tables with skipped rows, since they cannot be written."""


@dataclass(frozen=True, slots=True)
class PortionRecord:
    """The result of a portion that a run finished earlier, as recorded in its marks."""

    number: int
    in_sync: bool
    """Whether all of its steps were done, and there was no drift after them."""
    skipped: int = 0
    """Rows that differed and were skipped."""
    not_compared: tuple[str, ...] = ()
    """Tables that could not be compared in it."""
    unwritable: tuple[str, ...] = ()
    """Tables with skipped rows, since they cannot be written."""
    unfinished: tuple[StepState, ...] = ()
    """The states of its steps that were not done."""

    @property
    def drifts(self) -> bool:
        """Say whether drift remained that is not due to a table that could not be compared or written."""
        return not (self.in_sync or self.not_compared or self.unwritable)


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """The request of a backfill."""

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
    """The tables that were requested by name: it is an error if neither server has one."""
    excluded: frozenset[str] = frozenset()
    """The tables that are excluded, even if weeks and months need them."""
    allowed: Permission = NO_PERMISSION
    not_counted: tuple[str, ...] = ()
    """Tables whose rows could not be counted when portions were cut: days that only they have are in no portion."""

    @property
    def writes_to(self) -> frozenset[Role]:
        """The servers that may be written to."""
        return frozenset(Role) if self.policy.both_directions else frozenset((self.source.other,))

    @property
    def about(self) -> str:
        """The request, for people."""
        direction = "in both directions" if len(self.writes_to) > 1 else f"{self.source} to {self.source.other}"
        return f"{self.policy}, {direction}, {self.window}"


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """A backfill cut into portions, in order; the steps of each are planned when it begins."""

    request: BackfillRequest
    portions: tuple[Portion, ...]
    identities: tuple[tuple[Role, str], ...]
    """The servers it was made for."""
    notes: tuple[str, ...] = ()
    not_counted: tuple[tuple[str, str], ...] = ()
    """Tables whose rows could not be counted, and why: days that only they have are in no portion."""

    @property
    def writes_to(self) -> frozenset[Role]:
        """The servers that may be written to."""
        return self.request.writes_to

    @property
    def about(self) -> str:
        """The request, for people."""
        return self.request.about
