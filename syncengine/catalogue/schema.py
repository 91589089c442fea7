"""The shape of a spec file, checked by pydantic so that every fault is found at once."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from syncengine.model.spec import Archive, ColumnType, DataClass, Evidence, Kept, Rollup

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def _identifier(text: str) -> str:
    if IDENTIFIER.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a name a table or column can have (letters, digits, underscore)")
    return text


def _column_type(text: str) -> str:
    ColumnType.parse(text)
    return text


Identifier = Annotated[str, AfterValidator(_identifier)]
TypeName = Annotated[str, AfterValidator(_column_type)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TableEntry(_Strict):
    """One table of the file: its archive, for historical tables."""

    archive: Archive | None = None


class TimeEntry(_Strict):
    """Names of the time columns."""

    date: Identifier
    label: Identifier | None = None
    epoch: Identifier | None = None
    interval: Identifier | None = None
    incomplete: Identifier | None = None


class ColumnEntry(_Strict):
    """One column.

    `summed` is the type in daily, weekly and monthly archives where it is wider there; `in` names the
    type of single archives; `only` the archives that have the column at all.
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
    """Administration that the data follows from: a table of the catalogue, or a screen where no table is known."""

    why: str
    columns: tuple[Identifier, ...] = ()
    screen: str = ""
    evidence: Evidence = Evidence.INFERRED
    source: str = ""


class PiecesEntry(_Strict):
    """How an outage cuts a row into pieces: `end` or `lasts` says when it was over."""

    of: str
    same: tuple[Identifier, ...] = Field(min_length=1)
    begin: Identifier
    end: Identifier | None = None
    lasts: Identifier | None = None
    begin_flag: Identifier | None = None
    end_flag: Identifier | None = None
    longest_hours: int = Field(default=24, ge=1, le=24 * 31)


class SpecFile(_Strict):
    """One file: a table, or a family of tables that share columns."""

    summary: str
    class_: DataClass = Field(alias="class")
    acd: Identifier | None = None
    key: tuple[Identifier, ...] = ()
    kept: Kept
    why_kept: str = ""
    retention: str | None = None
    circular: bool = False
    optional: bool = False
    future_dates: bool = False
    row_number: Identifier | None = None
    removed_when_told: Identifier | None = None
    tables: dict[Identifier, TableEntry] = Field(min_length=1)
    time: TimeEntry | None = None
    not_compared: dict[Identifier, str] = {}
    follows: dict[Identifier, FollowsEntry] = {}
    pieces: PiecesEntry | None = None
    sources: dict[str, str] = {}
    columns: dict[Identifier, ColumnEntry] = Field(min_length=1)


class FileEntry(_Strict):
    """A companion file."""

    path: str
    holds: str
    advice: str
    sets: tuple[str, ...] = ()


class CompanionsFile(_Strict):
    """A `files.toml`."""

    file: tuple[FileEntry, ...]


class SetEntry(_Strict):
    """A set of tables, by name or by whole class."""

    summary: str
    tables: tuple[Identifier, ...] = ()
    all_of: tuple[DataClass, ...] = ()
    every_acd: bool = False


class SetsFile(_Strict):
    """A `sets.toml`."""

    sets: dict[str, SetEntry]

    @field_validator("sets")
    @classmethod
    def _names(cls, sets: dict[str, Any]) -> dict[str, Any]:
        for name in sets:
            if re.fullmatch(r"[a-z][a-z0-9-]*", name) is None:
                raise ValueError(f"{name!r} is not a name a set can have (small letters, digits, hyphen)")
        return sets
