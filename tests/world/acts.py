"""What a server does by itself, or its people do to it, each at a second of the world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from syncengine.model.grain import Archive
from tests.world.rollups import Period
from tests.world.values import Added, Edit, Recorded, Row


@dataclass(frozen=True, slots=True)
class Store:
    """It writes a row."""

    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Write:
    """A job of the customer's writes rows."""

    table: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """Another session writes a row into a bucket that a plan is about to write."""

    table: str
    row: Row


@dataclass(frozen=True, slots=True)
class Archived:
    """An interval archive ends."""

    acd: int
    until: str
    """As its `arch_stat` has it."""


@dataclass(frozen=True, slots=True)
class Summed:
    """It sums a day, week or month: what its tables have then, and not again by itself."""

    period: Period
    when: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """It drops what is older than it stores."""

    before: date


@dataclass(frozen=True, slots=True)
class Saved:
    """Its history is written to a tape."""

    tape: int


@dataclass(frozen=True, slots=True)
class FromTape:
    """Its history is restored from a tape."""

    tape: int


@dataclass(frozen=True, slots=True)
class Edited:
    """Somebody changes administration."""

    edit: Edit


@dataclass(frozen=True, slots=True)
class LengthChanged:
    """Somebody sets the length of an ACD's intervals."""

    acd: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Its tables get more columns, and the pair file another load."""


@dataclass(frozen=True, slots=True)
class AddedObject:
    """Somebody adds something to a table."""

    added: Added


Act = (
    Store
    | Write
    | Beside
    | Archived
    | Summed
    | Dropped
    | Saved
    | FromTape
    | Edited
    | LengthChanged
    | Upgrade
    | AddedObject
)
CODES = {Archive.INTERVAL: "1", Archive.DAILY: "2", Archive.WEEKLY: "3", Archive.MONTHLY: "4"}
"""What `arch_stat` calls the archives."""
