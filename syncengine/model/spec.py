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
    """How two servers are synchronised (rule 19): only tables that are synchronised by copying are written."""

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
    """Administration, entered by hand or sent by the switch, that a table's data follows from (rule 19)."""

    name: str
    """Its table; if that is not known, what it is called."""
    why: str
    columns: tuple[str, ...] = ()
    """The columns that follow from it; none means all."""
    screen: str = ""
    """Where it is administered, if its table is not known."""
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
    """Marks a table that shows how a server is set up: a check compares it, also local administration (rule 1)."""

    what: str
    """What its rows describe, for people."""
    may_differ: bool = False
    advice: str = ""
    """What to do if it differs and should not."""
    own: tuple[str, ...] = ()
    """The columns that belong to each server."""
    shows_values: bool = True
    """False for personal data: then only the columns that differ are shown."""


class Afterwards(StrEnum):
    """What people have to do after rows of a table are written (rule 20)."""

    VISUAL_VECTORS = "visual-vectors"
    """Restart Visual Vectors, which reads names only when it starts."""
    LOGINS = "logins"
    """Create and remove the logins of the users in these rows."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """How an outage of a link cuts a row of an event table into pieces (High Availability guide, chapter 3)."""

    of: str
    """What a row is: a login, a call."""
    same: tuple[str, ...]
    """The columns that, with the ACD, identify it: its pieces have the same values."""
    begin: str
    """The column with the epoch second of its beginning."""
    end: str | None = None
    """The column with the epoch second of its end; NULL or 0 while it is not over."""
    lasts: str | None = None
    """Or the column with its duration in seconds."""
    begin_flag: str | None = None
    """The column that is not blank if the beginning was cut."""
    end_flag: str | None = None
    longest_hours: int = 24
    """How long one may last: pieces are searched for this far from an outage."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All these columns."""
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
    """Where it is administered, if it is synchronised by hand."""
    not_compared: tuple[tuple[str, str], ...] = ()
    row_number: str | None = None
    retention: str | None = None
    circular: bool = False
    optional: bool = False
    future_dates: bool = False
    at_once: bool = False
    """Its rows are written at once, not by an archive of the CMS (rule 6); only for custom tables."""
    user_column: str | None = None
    """The column with the user of a row: rows of users that only the target has stay unless removal is requested."""
    rolled_from: str | None = None
    """The interval table from which a daily, weekly or monthly table is rolled up."""
    follows: tuple[RelatedAdministration, ...] = ()
    pieces: Pieces | None = None
    witness: bool = False
    """It has rows in every interval that a server records, busy or not."""
    needs: tuple[Needed, ...] = ()
    afterwards: tuple[Afterwards, ...] = ()
    set_up: SetUp | None = None
    origin: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def grain(self) -> Grain:
        """The properties of its archive."""
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
    """A file or folder that goes with tables: named in reports, never copied."""

    path: str
    """Where it is; empty if rows of its tables say that."""
    holds: str
    advice: str
    data_class: DataClass
    sets: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    """The tables it goes with; without any, all those of its sets."""
    named_in: str = ""
    """The column of these tables with its path."""
    whole: bool = False
    """It is one file for all rows: copy it as a whole, also after rows were deleted."""

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
    """Tables that belong to it only if a server has them with this column."""
