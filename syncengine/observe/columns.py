"""Compares the live columns of both servers with each other and with the spec."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from syncengine.model.check import ColumnFault, ColumnFaultKind
from syncengine.model.drift import TableState
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.pair import Role
from syncengine.model.rules import LOCAL_ADMINISTRATION
from syncengine.model.spec import ColumnType, DataClass, SyncedBy, TableSpec, TimeColumns
from syncengine.servers.protocol import LiveColumn, LiveTable


class ColumnNeed(StrEnum):
    """What a column must contain to be usable, as messages say it."""

    DATE = "a date"
    WHOLE = "a whole number"
    TEXT = "text"

    def satisfied_by(self, column: LiveColumn) -> bool:
        """Say whether a live column contains that."""
        if self is ColumnNeed.TEXT:
            return column.type.is_text
        return column.type.name in (("date",) if self is ColumnNeed.DATE else ("smallint", "integer", "int8", "bigint"))


@dataclass(frozen=True, slots=True)
class ColumnsVerdict:
    """Whether a table can be compared, and over which columns."""

    state: TableState
    problem: str = ""
    hint: str = ""
    all_columns: tuple[FingerprintColumn, ...] = ()
    compared: tuple[FingerprintColumn, ...] = ()
    unknown: tuple[str, ...] = ()
    time: TimeColumns | None = None
    """The spec's time columns, without those that may be lacking and are."""
    notes: tuple[str, ...] = ()

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Compared columns that no fingerprint can fold in."""
        return tuple(column.name for column in self.compared if not column.covered)


def judge_columns(spec: TableSpec, live: dict[Role, LiveTable | None]) -> ColumnsVerdict:
    """Say whether a table can be compared; what differs is reported, never guessed.

    The live catalogue decides what columns exist, the spec what they mean.
    """
    if spec.data_class is DataClass.LOCAL:
        return ColumnsVerdict(TableState.NEVER, f"{LOCAL_ADMINISTRATION.name} (rule {LOCAL_ADMINISTRATION.number})")
    if spec.synced_by is SyncedBy.NEVER:
        return ColumnsVerdict(TableState.NEVER, spec.synced_why or "each server has its own")
    return judge_layouts(spec, live)


def judge_layouts(spec: TableSpec, live: dict[Role, LiveTable | None]) -> ColumnsVerdict:
    """Say whether a table could be compared, whichever server it belongs to."""
    missing = [role for role, table in live.items() if table is None]
    if len(missing) == 2:
        return ColumnsVerdict(TableState.ABSENT, "on neither server")
    if missing:
        return ColumnsVerdict(TableState.NOT_COMPARABLE, f"{missing[0]} has no table {spec.name}")
    tables = {role: table for role, table in live.items() if table is not None}
    unfit = [f"{role} {table.problem}" for role, table in tables.items() if table.problem]
    if unfit:
        return ColumnsVerdict(TableState.NOT_COMPARABLE, "; ".join(unfit))
    needs = needs_of(spec)
    misfits = [problem for name, need in needs.items() for problem in _misfits(name, need, tables)]
    problems = [*_missing_columns(tables), *misfits, *_type_differences(tables, needs), *_unreadable(tables)]
    if problems:
        return ColumnsVerdict(TableState.NOT_COMPARABLE, "; ".join(problems))
    first = tables[Role.PRIMARY]
    columns = tuple(as_compared(spec, column, tables[Role.SECONDARY].column(column.name)) for column in first.columns)
    described = {column.name for column in spec.columns}
    time, lacking = usable_time(spec, first)
    keyless = "rows that differ are distinguished without it"
    lacking = {name: keyless for name in spec.key if first.column(name) is None} | lacking
    notes = [f"{name} {_on_both(first, name)}, so {lost}" for name, lost in lacking.items()]
    notes += _spec_differences(spec, first, lacking)
    return ColumnsVerdict(
        TableState.COMPARED,
        all_columns=columns,
        compared=tuple(column for column in columns if column.name not in spec.ignored),
        unknown=tuple(column.name for column in first.columns if column.name not in described),
        time=time,
        notes=tuple(notes),
    )


def needs_of(spec: TableSpec) -> dict[str, ColumnNeed]:
    """Return the columns without which rows cannot be assigned to a time or an ACD, and what they must contain."""
    time = spec.time
    needs = {} if time is None else {time.date: ColumnNeed.DATE}
    whole = (spec.acd,) if time is None else (spec.acd, time.label, time.epoch)
    return needs | {name: ColumnNeed.WHOLE for name in whole if name is not None}


def usable_time(spec: TableSpec, table: LiveTable) -> tuple[TimeColumns | None, dict[str, str]]:
    """Return the usable time columns of a table, and what is not known without each of the others.

    Rows can be compared without an interval length or an `incomplete`, so that these may be lacking.
    """
    time = spec.time
    lacking: dict[str, str] = {}
    if time is None:
        return None, lacking
    if time.interval is not None and misfit(table, time.interval, ColumnNeed.WHOLE):
        lacking[time.interval] = "the lengths of its intervals are not known"
        time = replace(time, interval=None)
    if time.incomplete is not None and misfit(table, time.incomplete, ColumnNeed.WHOLE):
        lacking[time.incomplete] = "whether its rows are whole is not known"
        time = replace(time, incomplete=None)
    return time, lacking


def misfit(table: LiveTable, name: str, need: ColumnNeed) -> str:
    """Return what is wrong with a column, as the end of a sentence that begins "it has", or nothing."""
    column = table.column(name)
    if column is None:
        return f"no column {name}"
    return "" if need.satisfied_by(column) else f"column {name} of type {column.native} where {need} is needed"


def _missing_columns(tables: dict[Role, LiveTable]) -> list[str]:
    return [
        f"column {column.name} is missing on {role.other}"
        for role, table in tables.items()
        for column in table.columns
        if tables[role.other].column(column.name) is None
    ]


def _misfits(name: str, need: ColumnNeed, tables: dict[Role, LiveTable]) -> Iterator[str]:
    """Name a column that neither server has, or whose type gives no time or ACD."""
    found = {role: column for role, table in tables.items() if (column := table.column(name)) is not None}
    if not found:
        yield f"column {name} is on neither server"
    wrong = {role: column.native for role, column in found.items() if not need.satisfied_by(column)}
    if len(wrong) == len(tables) and len(set(wrong.values())) == 1:
        yield f"column {name} is {wrong[Role.PRIMARY]} on both servers, and {need} is needed"
        return
    yield from (f"column {name} is {native} on {role}, and {need} is needed" for role, native in wrong.items())


SAME_NUMBERS = frozenset({"int8", "bigint"})
"""Two names of eight bytes; kinds of servers have one, the other or both."""


def alike(one: ColumnType, other: ColumnType) -> bool:
    """Say whether two types hold the same values, under whichever name a server knows each.

    Text of a width that a server does not know (embedded ones have none) is like text of any.
    """
    if one.is_text and other.is_text and not (one.width and other.width):
        return True
    return one == other or {one.name, other.name} <= SAME_NUMBERS


def _type_differences(tables: dict[Role, LiveTable], needs: dict[str, ColumnNeed]) -> list[str]:
    """Name the columns of different types, but for those reported as unusable anyway."""
    primary, secondary = tables[Role.PRIMARY], tables[Role.SECONDARY]
    return [
        f"column {column.name} is {column.native} on {Role.PRIMARY} and {other.native} on {Role.SECONDARY}"
        for column in primary.columns
        if (other := secondary.column(column.name)) is not None
        and not alike(column.type, other.type)
        and (column.name not in needs or all(map(needs[column.name].satisfied_by, (column, other))))
    ]


def _spec_differences(spec: TableSpec, table: LiveTable, reported: Collection[str]) -> Iterator[str]:
    """Note what differs from the spec on both servers, but for the columns already reported."""
    for column in table.columns:
        wanted = spec.column(column.name)
        if wanted is not None and column.name not in reported and not _fits(column, wanted.type.name):
            yield f"{column.name} is {column.native} on both servers, {wanted.type} in the spec"
    for described in spec.columns:
        if described.name not in reported and table.column(described.name) is None:
            yield f"{described.name} is on neither server"


def column_faults(spec: TableSpec, table: LiveTable) -> Iterator[ColumnFault]:
    """Yield every column of one server's table that is not as the spec has it, in the order of spec and table."""
    for wanted in spec.columns:
        column = table.column(wanted.name)
        if column is None:
            yield ColumnFault(wanted.name, ColumnFaultKind.MISSING, wanted=str(wanted.type))
        elif column.readable and not alike(column.type, wanted.type):
            yield ColumnFault(wanted.name, ColumnFaultKind.TYPE, column.native, str(wanted.type))
    for column in table.columns:
        described = spec.column(column.name)
        wanted_type = "" if described is None else str(described.type)
        if not column.readable:
            yield ColumnFault(column.name, ColumnFaultKind.UNREADABLE, column.native, wanted_type)
        elif described is None:
            yield ColumnFault(column.name, ColumnFaultKind.UNKNOWN, column.native)


def _unreadable(tables: dict[Role, LiveTable]) -> Iterator[str]:
    for role, table in tables.items():
        for column in table.columns:
            if not column.readable:
                yield f"column {column.name} is {column.native} on {role}, which cannot be read exactly"


def _on_both(table: LiveTable, name: str) -> str:
    column = table.column(name)
    return "is on neither server" if column is None else f"is {column.native} on both servers"


def as_compared(spec: TableSpec, column: LiveColumn, other: LiveColumn | None) -> FingerprintColumn:
    """Return a column with the type of its text: as the servers know it, else as the spec has it.

    A text is padded if either server pads it. An embedded server does not record it: the spec decides there.
    """
    if not column.type.is_text:
        return FingerprintColumn(column.name, column.type)
    described = spec.column(column.name)
    of_spec = described.type if described is not None and described.type.is_text else None
    live = [one.type for one in (column, other) if one is not None]
    known_types = [one.name for one in live if one.width or one.name == "varchar"]
    name = "char" if "char" in known_types else "varchar" if known_types else (of_spec or column.type).name
    if len(known_types) < len(live) and of_spec is not None:
        name = "char" if "char" in (*known_types, of_spec.name) else name
    width = next((one.width for one in live if one.width), of_spec.width if of_spec is not None else 0)
    significant = described.significant if described is not None and of_spec is not None else None
    return FingerprintColumn(column.name, ColumnType(name, width), significant)


def _fits(column: LiveColumn, wanted: str) -> bool:
    if wanted in ("char", "varchar"):
        return column.type.is_text
    return column.type.name == wanted or {column.type.name, wanted} <= SAME_NUMBERS
