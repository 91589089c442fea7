"""The shape of a spec file, checked by pydantic so that every fault is found at once."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from syncengine.model.grain import Archive
from syncengine.model.names import folded
from syncengine.model.spec import Afterwards, ColumnType, DataClass, Evidence, Rollup, SyncedBy

LONGEST_NAME = 128
"""Characters of a name on Informix; PostgreSQL takes 63 bytes, embedded servers any number."""


def _table_name(text: str) -> str:
    if not text.strip() or text != text.strip() or not text.isprintable() or len(text) > LONGEST_NAME:
        raise ValueError(
            f"{text!r} cannot be the name of a table or column: "
            f"at most {LONGEST_NAME} characters, no control characters, no blanks around it"
        )
    return text


def _column_name(text: str) -> str:
    return folded(_table_name(text))


def _no_duplicates(columns: object) -> object:
    """Refuse columns with the same name."""
    if isinstance(columns, dict):
        names = Counter(folded(name) for name in columns if isinstance(name, str))
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise ValueError(f"has {twice[0]!r} twice: the case of letters does not distinguish columns")
    return columns


def _column_type(text: str) -> str:
    ColumnType.parse(text)
    return text


TableName = Annotated[str, AfterValidator(_table_name)]
ColumnName = Annotated[str, AfterValidator(_column_name)]
TypeName = Annotated[str, AfterValidator(_column_type)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TableEntry(_Strict):
    """One table of the file: its archive, for historical tables."""

    archive: Archive | None = None


class TimeEntry(_Strict):
    """Names of the time columns."""

    date: ColumnName
    label: ColumnName | None = None
    epoch: ColumnName | None = None
    interval: ColumnName | None = None
    incomplete: ColumnName | None = None


class ColumnEntry(_Strict):
    """One column.

    `summed` is the type in daily, weekly and monthly archives if it is wider there; `in` the types of
    single archives; `only` the archives that have the column at all.
    """

    type: TypeName
    summed: TypeName | None = None
    in_: dict[Archive, TypeName] = Field(default={}, alias="in")
    only: tuple[Archive, ...] | None = None
    nullable: bool = False
    significant: int | None = Field(default=None, ge=1)
    rollup: Rollup | None = None
    evidence: Evidence = Evidence.FOUND
    source: str = ""


class FollowsEntry(_Strict):
    """Administration that the data follows from: a table of the catalogue, or a screen if no table is known."""

    why: str
    columns: tuple[ColumnName, ...] = ()
    screen: str = ""
    evidence: Evidence = Evidence.INFERRED
    source: str = ""


class NeedsEntry(_Strict):
    """A table that this one is never written without."""

    why: str
    one_step: bool = False
    evidence: Evidence = Evidence.INFERRED
    source: str = ""


class SetUpEntry(_Strict):
    """How a server is set up."""

    what: str
    may_differ: bool = False
    advice: str = ""
    own: tuple[ColumnName, ...] = ()
    shows_values: bool = True


class PiecesEntry(_Strict):
    """How an outage cuts a row into pieces: the end of a row is in `end`, or follows from `lasts`."""

    of: str
    same: tuple[ColumnName, ...] = Field(min_length=1)
    begin: ColumnName
    end: ColumnName | None = None
    lasts: ColumnName | None = None
    begin_flag: ColumnName | None = None
    end_flag: ColumnName | None = None
    longest_hours: int = Field(default=24, ge=1, le=24 * 31)


class SpecFile(_Strict):
    """One file: a table, or a family of tables that share columns."""

    summary: str
    class_: DataClass = Field(alias="class")
    acd: ColumnName | None = None
    key: tuple[ColumnName, ...] = ()
    synced_by: SyncedBy
    synced_why: str = ""
    screen: str = ""
    retention: str | None = None
    circular: bool = False
    optional: bool = False
    future_dates: bool = False
    at_once: bool = False
    row_number: ColumnName | None = None
    user_column: ColumnName | None = None
    witness: bool = False
    afterwards: tuple[Afterwards, ...] = ()
    tables: dict[TableName, TableEntry] = Field(min_length=1)
    time: TimeEntry | None = None
    not_compared: dict[ColumnName, str] = {}
    follows: dict[TableName, FollowsEntry] = {}
    needs: dict[TableName, NeedsEntry] = {}
    set_up: SetUpEntry | None = None
    pieces: PiecesEntry | None = None
    sources: dict[str, str] = {}
    columns: Annotated[dict[ColumnName, ColumnEntry], BeforeValidator(_no_duplicates)] = Field(min_length=1)


class FileEntry(_Strict):
    """A companion file."""

    path: str = ""
    holds: str
    advice: str
    sets: tuple[str, ...] = ()
    tables: tuple[TableName, ...] = ()
    named_in: str = ""
    whole: bool = False

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        """Refuse a file without a place."""
        if bool(self.path) is bool(self.named_in):
            raise ValueError("needs path or named_in, and not both")
        if self.named_in and not self.tables:
            raise ValueError("named_in is a column of its tables, so it needs tables")
        return self


class CompanionsFile(_Strict):
    """A `files.toml`."""

    file: tuple[FileEntry, ...]


class SetEntry(_Strict):
    """A set of tables, by name or by whole class."""

    summary: str
    tables: tuple[TableName, ...] = ()
    all_of: tuple[DataClass, ...] = ()
    every_acd: bool = False
    only_with: dict[ColumnName, tuple[TableName, ...]] = Field(default_factory=dict)


class SetsFile(_Strict):
    """A `sets.toml`."""

    sets: dict[str, SetEntry]

    @field_validator("sets")
    @classmethod
    def _names(cls, sets: dict[str, Any]) -> dict[str, Any]:
        for name in sets:
            if re.fullmatch(r"[a-z][a-z0-9-]*", name) is None:
                raise ValueError(f"{name!r} cannot be the name of a set: use small letters, digits and hyphens")
        return sets
