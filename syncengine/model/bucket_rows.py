"""The rows of a bucket that differs, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from syncengine.model.bucket import Bucket
from syncengine.model.selection import FarDate
from syncengine.model.spec import ColumnType

Exact = int | str | float | Decimal | bool | bytes | date | datetime | time | FarDate | None
"""A value as a server has it; text without the padding of CHAR, and up to its significant characters (rule 16)."""


@dataclass(frozen=True, slots=True)
class RowColumn:
    """A column that is compared, and its type."""

    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row of the source and one of the target with the same key, and the columns in which they differ."""

    source: tuple[Exact, ...]
    target: tuple[Exact, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BucketRows:
    """The rows that differ in one bucket; values are in the order of `columns`."""

    table: str
    bucket: Bucket
    columns: tuple[RowColumn, ...]
    key: tuple[str, ...]
    """The columns by which rows of both servers are paired."""
    missing: tuple[tuple[Exact, ...], ...] = ()
    """Rows that only the source has."""
    extra: tuple[tuple[Exact, ...], ...] = ()
    """Rows that only the target has."""
    changed: tuple[ChangedRow, ...] = ()
    more: bool = False
    """Whether more rows differ than were requested."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)
