"""What a table means: the catalogue's knowledge as frozen values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from syncengine.model.grain import TIMELESS, Archive, Grain


class DataClass(StrEnum):
    """Decides what may be copied and how (High Availability guide, Appendix D)."""

    LOCAL = "local-administration"
    SYSTEM = "system-administration"
    ACD = "acd-administration"
    HISTORICAL = "historical"
    CUSTOM = "custom"


class SyncedBy(StrEnum):
    """How two servers are kept in step (rule 19): only what is kept by copying is written."""

    COPYING = "copying"
    BY_HAND = "by-hand"
    BY_SWITCH = "by-switch"
    NEVER = "never"


class Rollup(StrEnum):
    """How a column of a longer archive follows from the shorter one."""

    SUM = "sum"
    MAX = "max"
    LATEST = "latest"
    BROKEN = "broken"
    BUSY_HOUR = "busy-hour"


class Evidence(StrEnum):
    """Whether a column was found in a source or inferred."""

    FOUND = "found"
    INFERRED = "inferred"


TYPE = re.compile(
    r"(smallint|integer|int8|bigint|date|smallfloat|float)|(char|varchar)\(([1-9][0-9]{0,4})\)|decimal\(([1-9][0-9]?),([0-9][0-9]?)\)"
)
"""The Informix types a spec may name."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """An Informix type by name, with the width of text and the digits of decimals."""

    name: str
    width: int = 0
    scale: int = 0

    @classmethod
    def parse(cls, text: str) -> ColumnType:
        """Read `smallint`, `char(20)` or `decimal(10,2)`; raises ValueError for anything else."""
        match = TYPE.fullmatch(text.strip().lower())
        if match is None:
            raise ValueError(f"{text!r} is not a type known here")
        plain, text_type, width, precision, scale = match.groups()
        if plain:
            return cls(plain)
        if text_type:
            return cls(text_type, int(width))
        return cls("decimal", int(precision), int(scale))

    @property
    def is_text(self) -> bool:
        """Say whether values are characters, blank-padded or not."""
        return self.name in ("char", "varchar")

    def __str__(self) -> str:
        if self.is_text:
            return f"{self.name}({self.width})"
        return f"decimal({self.width},{self.scale})" if self.name == "decimal" else self.name


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column of R3V8 and where the knowledge of it comes from."""

    name: str
    type: ColumnType
    nullable: bool = False
    significant: int | None = None
    rollup: Rollup | None = None
    evidence: Evidence = Evidence.FOUND
    source: str = ""


@dataclass(frozen=True, slots=True)
class TimeColumns:
    """The columns that say when a row happened.

    `date` is a DATE. `label` is an HHMM wall-clock label; `epoch` is seconds since 1970. At most one
    of the two is given; with neither, a row belongs to its whole day, week or month.
    """

    date: str
    label: str | None = None
    epoch: str | None = None
    interval: str | None = None
    incomplete: str | None = None


@dataclass(frozen=True, slots=True)
class RelatedAdministration:
    """Administration kept by hand or by the switch that a table's data follows from (rule 19)."""

    name: str
    """The table that holds it; where none is known to, what it is called."""
    why: str
    columns: tuple[str, ...] = ()
    """The columns that follow from it; none means that all rows do."""
    screen: str = ""
    """Where it is administered, if no table is known to hold it."""
    evidence: Evidence = Evidence.INFERRED
    source: str = ""


@dataclass(frozen=True, slots=True)
class Needed:
    """A table that another is never written without."""

    name: str
    why: str
    one_step: bool = False
    """Both are written in one step, this one first."""
    evidence: Evidence = Evidence.INFERRED
    source: str = ""


@dataclass(frozen=True, slots=True)
class SetUp:
    """That a table tells how a server is set up, so that a check compares it, local administration too (rule 1)."""

    what: str
    """What its rows are of, for people."""
    may_differ: bool = False
    advice: str = ""
    """What to do where it is not alike and should be."""
    own: tuple[str, ...] = ()
    """The columns that are each server's own."""
    shows_values: bool = True
    """Values of people's data are not told, only which columns differ."""


class Afterwards(StrEnum):
    """What is left to people once rows of a table are written (rule 20)."""

    VISUAL_VECTORS = "visual-vectors"
    """To restart Visual Vectors, which reads names only then."""
    LOGINS = "logins"
    """To make and remove the logins of users, whose rows these are."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """How an outage of a link cuts a row of an event table into pieces (High Availability guide, chapter 3)."""

    of: str
    """What a row stands for: a login, a call."""
    same: tuple[str, ...]
    """The columns that, with the ACD, name it: its pieces have the same."""
    begin: str
    """Epoch seconds of when it began."""
    end: str | None = None
    """Epoch seconds of when it ended; NULL or 0 while it is not over."""
    lasts: str | None = None
    """Or the seconds it lasted."""
    begin_flag: str | None = None
    """Holds a sign where the beginning was cut, and nothing where it was seen."""
    end_flag: str | None = None
    longest_hours: int = 24
    """How long one may last: so far from an outage pieces of it are looked for."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns it is told by."""
        named = (*self.same, self.begin, self.end, self.lasts, self.begin_flag, self.end_flag)
        return tuple(dict.fromkeys(name for name in named if name is not None))


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table of the catalogue."""

    name: str
    summary: str
    data_class: DataClass
    synced_by: SyncedBy
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...] = ()
    acd: str | None = None
    archive: Archive | None = None
    time: TimeColumns | None = None
    synced_why: str = ""
    screen: str = ""
    """Where it is administered, of what is kept in step by hand."""
    not_compared: tuple[tuple[str, str], ...] = ()
    row_number: str | None = None
    retention: str | None = None
    circular: bool = False
    optional: bool = False
    future_dates: bool = False
    at_once: bool = False
    """Its rows are written as they happen, by no archive of a CMS (rule 6): only tables of one's own may be so."""
    user_column: str | None = None
    """The column of the user that a row belongs to: rows of users only the target has stay until told (rule 19)."""
    rolled_from: str | None = None
    """The interval table that a daily, weekly or monthly one is rolled up from."""
    follows: tuple[RelatedAdministration, ...] = ()
    pieces: Pieces | None = None
    witness: bool = False
    """It has rows in every interval that a server saw, busy or not."""
    needs: tuple[Needed, ...] = ()
    afterwards: tuple[Afterwards, ...] = ()
    set_up: SetUp | None = None
    origin: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def grain(self) -> Grain:
        """What is known of its archive."""
        return TIMELESS if self.archive is None else self.archive.grain

    def column(self, name: str) -> ColumnSpec | None:
        """Return the column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def ignored(self) -> frozenset[str]:
        """The columns that are never drift (rule 8)."""
        return frozenset(name for name, _ in self.not_compared)


@dataclass(frozen=True, slots=True)
class CompanionFile:
    """A file or folder beside the tables: named in reports, never copied."""

    path: str
    """Where it is; empty where only rows tell."""
    holds: str
    advice: str
    data_class: DataClass
    sets: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    """The tables whose rows tell which of it go with them; without any, all those of its sets."""
    named_in: str = ""
    """The column of these tables that tells where it is."""
    whole: bool = False
    """It is one file for all rows, which is copied as it is, also after rows were deleted."""

    @property
    def shown(self) -> str:
        """Where it is, for people."""
        return self.path or f"named in {'.'.join((*self.tables[:1], self.named_in))}"


@dataclass(frozen=True, slots=True)
class TableSet:
    """Tables the guide synchronises together."""

    name: str
    summary: str
    tables: tuple[str, ...]
    every_acd: bool = False
    only_with: tuple[tuple[str, str], ...] = ()
    """Tables that belong to it only where a server has them with a column, and that column."""
