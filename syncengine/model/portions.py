"""Portions: the windows a backfill is done in, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from syncengine.model.pair import Role
from syncengine.model.plan import Policy
from syncengine.model.surroundings import Allowed
from syncengine.model.window import Window

NOT_COUNTED = "not_counted"
"""Under which the ledger keeps the names of tables that could not be counted."""


@dataclass(frozen=True, slots=True)
class Portion:
    """One window of a backfill, and the tables that are looked at in it."""

    number: int
    window: Window
    tables: tuple[str, ...]
    rows: int
    """Rows the source holds of them there."""


@dataclass(frozen=True, slots=True)
class Portioned:
    """A backfill cut into portions, in the order they are done."""

    portions: tuple[Portion, ...]
    notes: tuple[str, ...] = ()
    not_counted: tuple[tuple[str, str], ...] = ()
    """Tables whose rows a server did not count, and why: days that only they have are in no portion."""


@dataclass(frozen=True, slots=True)
class PortionDone:
    """What became of a portion."""

    portion: Portion
    deleted: int = 0
    inserted: int = 0
    left: int = 0
    """Rows that differ and were left as they are."""
    in_sync: bool | None = None
    """What the fresh look after it found; None where there was none."""
    not_compared: tuple[str, ...] = ()
    """Tables that could not be compared in it."""


@dataclass(frozen=True, slots=True)
class BackfillWishes:
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
    allowed: Allowed = field(default_factory=Allowed)

    @property
    def writes_to(self) -> frozenset[Role]:
        """The servers that may be written to."""
        return frozenset(Role) if self.policy is Policy.RECONCILE else frozenset((self.source.other,))

    @property
    def about(self) -> str:
        """What is asked for, for people."""
        direction = "in both directions" if len(self.writes_to) > 1 else f"{self.source} to {self.source.other}"
        return f"{self.policy}, {direction}, {self.window}"

    def as_request(self) -> tuple[tuple[str, str], ...]:
        """Return it as the ledger keeps it."""
        return (
            ("tables", ",".join(self.tables)),
            ("from", f"{self.window.start:%Y-%m-%d %H:%M}"),
            ("before", f"{self.window.stop:%Y-%m-%d %H:%M}"),
            ("source", self.source.value),
            ("policy", self.policy.value),
            ("acds", ",".join(map(str, self.acds))),
            ("rows_per_second", str(self.rows_per_second or "")),
            ("hours", self.hours or ""),
            ("allow_triggers", ",".join(self.allowed.triggers)),
            ("allow_cascades", ",".join(self.allowed.cascades)),
        )

    @classmethod
    def from_request(cls, request: tuple[tuple[str, str], ...]) -> BackfillWishes:
        """Return what a run was begun for; how it is cut stands in its folder."""
        told = dict(request)
        start, stop = (datetime.strptime(told[name], "%Y-%m-%d %H:%M") for name in ("from", "before"))
        return cls(
            tables=tuple(told["tables"].split(",")),
            window=Window(start, stop),
            source=Role(told["source"]),
            policy=Policy(told["policy"]),
            acds=tuple(int(one) for one in told["acds"].split(",") if one),
            rows_per_second=int(told["rows_per_second"]) if told["rows_per_second"] else None,
            hours=told["hours"] or None,
            allowed=Allowed(_names(told["allow_triggers"]), _names(told["allow_cascades"])),
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)
