"""How one server's daily, weekly and monthly rows compare with its own intervals (rule 10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from syncengine.model.grain import Archive
from syncengine.model.pair import Role
from syncengine.model.selection import Value
from syncengine.model.window import Window


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A day, week or month of one ACD, named by its first day."""

    archive: Archive
    acd: int
    row_date: date

    @property
    def span(self) -> Window:
        """Its time."""
        return self.archive.grain.period(self.row_date)


class InternalState(StrEnum):
    """Whether an archive could be compared with its intervals."""

    COMPARED = "compared"
    NOTHING = "nothing-to-compare"
    """No period is summarised and still has all its intervals."""
    NOT_COMPARABLE = "not-comparable"
    """A table or column that is needed is missing, or a server refused to read it."""


@dataclass(frozen=True, slots=True)
class PeriodDisagreement:
    """One period whose rows differ from the roll-up of its intervals."""

    period: Period
    groups: int
    """Key groups that differ, of which `missing` have intervals and no row, `extra` a row and no intervals."""
    missing: int
    extra: int
    columns: tuple[tuple[str, int], ...]
    """Columns that differ, and in how many key groups."""


@dataclass(frozen=True, slots=True)
class RolledValue:
    """A column as the server has it, and as computed from its intervals."""

    column: str
    stored: Value
    computed: Value


@dataclass(frozen=True, slots=True)
class RolledGroup:
    """A key group that differs, as a sample for people."""

    period: Period
    key: tuple[tuple[str, Value], ...]
    stored: bool
    """The longer archive has a row of it."""
    computed: bool
    """The intervals have rows of it."""
    values: tuple[RolledValue, ...] = ()


@dataclass(frozen=True, slots=True)
class InternalTable:
    """One daily, weekly or monthly table of one server, compared with its own intervals."""

    role: Role
    table: str
    archive: Archive
    rolled_from: str
    state: InternalState
    problem: str = ""
    window: Window | None = None
    """From the beginning of the first to the end of the last period compared."""
    periods: int = 0
    groups: int = 0
    """Key groups compared."""
    columns: tuple[str, ...] = ()
    """The columns that were compared."""
    not_recomputed: tuple[tuple[str, str], ...] = ()
    """Columns that no known function computes from the intervals, and why."""
    disagreements: tuple[PeriodDisagreement, ...] = ()
    repeated: tuple[Period, ...] = ()
    """Periods with several rows of a key group, which are added up."""
    samples: tuple[RolledGroup, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Say whether nothing differs."""
        return not self.disagreements

    @property
    def wrong_columns(self) -> tuple[str, ...]:
        """The columns that differ in some period."""
        return tuple(dict.fromkeys(name for one in self.disagreements for name, _ in one.columns))


@dataclass(frozen=True, slots=True)
class InternalVerdict:
    """The result of `verify --internal`."""

    as_of: datetime
    requested: Window | None
    acds: tuple[int, ...]
    roles: tuple[Role, ...]
    tables: tuple[InternalTable, ...]
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Say whether every archive agrees with its intervals, and all could be compared."""
        return not self.not_compared and all(table.agrees for table in self.tables)

    @property
    def not_compared(self) -> tuple[InternalTable, ...]:
        """The existing tables that could not be compared."""
        return tuple(table for table in self.tables if table.state is InternalState.NOT_COMPARABLE)
