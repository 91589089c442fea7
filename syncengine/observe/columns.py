"""Holds the live columns of both servers against each other and against the spec."""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.drift import TableState
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.pair import Role
from syncengine.model.spec import DataClass, Kept, TableSpec
from syncengine.servers.protocol import LiveColumn, LiveTable


@dataclass(frozen=True, slots=True)
class ColumnsVerdict:
    """Whether a table can be compared, and over which columns."""

    state: TableState
    problem: str = ""
    all_columns: tuple[FingerprintColumn, ...] = ()
    compared: tuple[FingerprintColumn, ...] = ()
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Compared columns that no fingerprint can fold in."""
        return tuple(column.name for column in self.compared if not column.folded)


def judge_columns(spec: TableSpec, live: dict[Role, LiveTable | None]) -> ColumnsVerdict:
    """Say whether a table can be compared; what differs is reported, never guessed.

    The live catalogue decides what columns exist, the spec what they mean.
    """
    if spec.data_class is DataClass.LOCAL:
        return ColumnsVerdict(TableState.NEVER, "belongs to one server (rule 1)")
    if spec.kept is Kept.NEVER:
        return ColumnsVerdict(TableState.NEVER, spec.why_kept or "each server has its own")
    missing = [role for role, table in live.items() if table is None]
    if len(missing) == 2:
        return ColumnsVerdict(TableState.ABSENT, "on neither server")
    if missing:
        return ColumnsVerdict(TableState.NOT_COMPARABLE, f"{missing[0]} has no table {spec.name}")
    tables = {role: table for role, table in live.items() if table is not None}
    problems = [*_missing_columns(tables), *_type_differences(tables), *_missing_roles(spec, tables)]
    if problems:
        return ColumnsVerdict(TableState.NOT_COMPARABLE, "; ".join(problems))
    first = tables[Role.PRIMARY]
    columns = tuple(_as_compared(spec, column) for column in first.columns)
    described = {column.name for column in spec.columns}
    notes = [
        f"{column.name} is {column.native} on both servers, {wanted.type} in the spec"
        for column in first.columns
        if (wanted := spec.column(column.name)) is not None and not _fits(column, wanted.type.name)
    ]
    notes += [f"{column.name} is on neither server" for column in spec.columns if first.column(column.name) is None]
    return ColumnsVerdict(
        TableState.COMPARED,
        all_columns=columns,
        compared=tuple(column for column in columns if column.name not in spec.ignored),
        unknown=tuple(column.name for column in first.columns if column.name not in described),
        notes=tuple(notes),
    )


def _missing_columns(tables: dict[Role, LiveTable]) -> list[str]:
    return [
        f"column {column.name} is missing on {role.other}"
        for role, table in tables.items()
        for column in table.columns
        if tables[role.other].column(column.name) is None
    ]


def _type_differences(tables: dict[Role, LiveTable]) -> list[str]:
    primary, secondary = tables[Role.PRIMARY], tables[Role.SECONDARY]
    return [
        f"column {column.name} is {column.native} on {Role.PRIMARY} and {other.native} on {Role.SECONDARY}"
        for column in primary.columns
        if (other := secondary.column(column.name)) is not None and other.type != column.type
    ]


def _missing_roles(spec: TableSpec, tables: dict[Role, LiveTable]) -> list[str]:
    """Name the columns without which rows cannot be told apart by time or ACD."""
    needed = [spec.acd]
    if spec.time is not None:
        needed += [spec.time.date, spec.time.label, spec.time.epoch]
    first = tables[Role.PRIMARY]
    return [f"column {name} is on neither server" for name in needed if name is not None and first.column(name) is None]


def _as_compared(spec: TableSpec, column: LiveColumn) -> FingerprintColumn:
    described = spec.column(column.name)
    if not column.type.is_text:
        return FingerprintColumn(column.name, column.type)
    width_known = column.type if column.type.width else None
    if described is None or not described.type.is_text:
        return FingerprintColumn(column.name, width_known or column.type)
    return FingerprintColumn(column.name, width_known or described.type, described.significant)


def _fits(column: LiveColumn, wanted: str) -> bool:
    return column.type.is_text if wanted in ("char", "varchar") else column.type.name == wanted
