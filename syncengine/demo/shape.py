"""How large the demo pair is, and what is known of a built pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path

from syncengine.model.errors import InputError
from syncengine.model.pair import Role

LIMITS = {
    "days": (1, 62),
    "acds": (1, 8),
    "splits": (1, 999),
    "agents": (1, 3999),
    "vdns": (1, 4999),
    "trunks": (1, 4999),
    "seed": (0, 2**31 - 1),
}
"""Smallest and largest value of each part of a shape; 62 days of intervals is what a CMS can store."""


@dataclass(frozen=True, slots=True)
class DemoShape:
    """How much data the demo pair has.

    `days` counts whole days of intervals before the snapshot; the others but `seed` are per ACD. The same
    shape gives the same rows on every machine; another `seed` gives other traffic.
    Raises `InputError` for a value outside `LIMITS`.
    """

    days: int = 36
    acds: int = 2
    splits: int = 12
    agents: int = 80
    vdns: int = 40
    trunks: int = 120
    seed: int = 1

    def __post_init__(self) -> None:
        for part in fields(self):
            low, high = LIMITS[part.name]
            value = getattr(self, part.name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise InputError(
                    f"A demo pair cannot have {part.name}={value!r}.", hint=f"Give a whole number from {low} to {high}."
                )


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done to the pair after both servers had recorded the same traffic.

    The link of one server was down from `down` to `up`; meanwhile names were added on the other server only.
    `added_synonyms` are (ACD, item type, name); `group_members` are login ids.
    """

    side: Role = Role.SECONDARY
    acd: int = 1
    down: datetime = datetime(2000, 6, 5, 5, 13)
    up: datetime = datetime(2000, 6, 5, 5, 19)
    interval: datetime = datetime(2000, 6, 5, 5, 0)
    added_synonyms: tuple[tuple[int, str, str], ...] = (
        (1, "aux_rsn", "Coaching"),
        (1, "cwc", "Callback promised"),
        (1, "vdn", "Summer campaign"),
    )
    added_group: str = "Summer team"
    group_members: tuple[str, ...] = ()

    @property
    def seconds(self) -> int:
        """How long the link was down."""
        return int((self.up - self.down).total_seconds())


@dataclass(frozen=True, slots=True)
class DemoPair:
    """A built pair: its files, its rows by table as (primary, secondary), and its damage."""

    pair_file: Path
    primary: Path
    secondary: Path
    shape: DemoShape
    rows: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    damage: Damage = Damage()
