"""What one server's days, weeks and months are beside the roll-up of its own intervals (rule 10)."""

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
        """When it is."""
        return self.archive.grain.period(self.row_date)


class InternalState(StrEnum):
    """Whether an archive could be held against its intervals."""

    COMPARED = "compared"
    NOTHING = "nothing-to-compare"
    """No period of it is summarised and has all its intervals still held."""
    NOT_COMPARABLE = "not-comparable"
    """A table or column is missing that is needed to tell, or a server did not let it be read."""


@dataclass(frozen=True, slots=True)
class PeriodDisagreement:
    """One period whose rows are not what its intervals make."""

    period: Period
    groups: int
    """Key groups that differ, of which `lacking` have intervals and no row, `extra` a row and no intervals."""
    missing: int
    extra: int
    columns: tuple[tuple[str, int], ...]
    """Columns that differ, and in how many key groups."""


@dataclass(frozen=True, slots=True)
class RolledValue:
    """A column as a server has it, and as its intervals make it."""

    column: str
    stored: Value
    computed: Value


@dataclass(frozen=True, slots=True)
class RolledGroup:
    """A key group that differs, for people to look at."""

    period: Period
    key: tuple[tuple[str, Value], ...]
    stored: bool
    """The longer archive has a row of it."""
    computed: bool
    """The intervals have one."""
    values: tuple[RolledValue, ...] = ()


@dataclass(frozen=True, slots=True)
class InternalTable:
    """One daily, weekly or monthly table of one server, held against its own intervals."""

    role: Role
    table: str
    archive: Archive
    rolled_from: str
    state: InternalState
    problem: str = ""
    window: Window | None = None
    """From the first to the end of the last period compared."""
    periods: int = 0
    groups: int = 0
    """Key groups compared."""
    columns: tuple[str, ...] = ()
    """The columns that were compared."""
    not_recomputed: tuple[tuple[str, str], ...] = ()
    """Columns that no known function makes from the intervals, and why."""
    disagreements: tuple[PeriodDisagreement, ...] = ()
    repeated: tuple[Period, ...] = ()
    """Periods with more than one row of a key group, which are added up."""
    samples: tuple[RolledGroup, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Say whether nothing that was compared differs."""
        return not self.disagreements

    @property
    def wrong_columns(self) -> tuple[str, ...]:
        """The columns that differ in some period."""
        return tuple(dict.fromkeys(name for one in self.disagreements for name, _ in one.columns))


@dataclass(frozen=True, slots=True)
class InternalVerdict:
    """What `verify --internal` found."""

    as_of: datetime
    requested: Window | None
    acds: tuple[int, ...]
    roles: tuple[Role, ...]
    tables: tuple[InternalTable, ...]
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Say whether every archive is what its intervals make, and none could not be compared."""
        return not self.not_compared and all(table.agrees for table in self.tables)

    @property
    def not_compared(self) -> tuple[InternalTable, ...]:
        """The tables that are there and could not be compared."""
        return tuple(table for table in self.tables if table.state is InternalState.NOT_COMPARABLE)
