"""Writes generated rows into the tables of the primary, column by column as the specs say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import duckdb

from syncengine.model.spec import ColumnSpec, TableSpec
from syncengine.servers.duckdb.types import stored_type

NOTHING: Mapping[str, str] = MappingProxyType({})


def quoted(name: str) -> str:
    """Return an identifier as SQL; the names come from table specs, and some are reserved words."""
    return '"' + name.replace('"', '""') + '"'


class TableFiller:
    """Creates the tables of both servers and fills those of the primary."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, specs: dict[str, TableSpec]) -> None:
        self.connection = connection
        self.specs = specs

    def create_tables(self, server: str) -> None:
        """Create every table of the catalogue, empty, on one of the two attached servers."""
        for spec in self.specs.values():
            columns = ", ".join(f"{quoted(c.name)} {stored_type(c.type)}" for c in spec.columns)
            self.connection.execute(f"CREATE TABLE {server}.{quoted(spec.name)} ({columns})")

    def fill(
        self, table: str, source: str, values: Mapping[str, str] = NOTHING, server: str = "primary_server"
    ) -> None:
        """Insert into a table what a query gives.

        A column gets what `values` says of it, as SQL over `source`, which is a FROM clause's content or a whole
        SELECT in parentheses; else the column of the source that has its name; without one, NULL where the spec
        allows it, and 0 or blanks where not.
        """
        described = self.connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        known = {name: quoted(name) for name, *_ in described} | dict(values)
        expressions = ", ".join(stored_value(c, known.get(c.name)) for c in self._columns(table, values))
        self.connection.execute(f"INSERT INTO {server}.{quoted(table)} SELECT {expressions} FROM {source}")

    def fill_rows(
        self, table: str, names: str, rows: Iterable[Sequence[object]], server: str = "primary_server"
    ) -> None:
        """Insert a handful of rows written out by hand, the values of the named columns; others as `fill` does."""
        columns = self._columns(table, names.split())
        lines = []
        for row in rows:
            literals = dict(zip(names.split(), map(literal, row), strict=True))
            lines.append("(" + ", ".join(stored_value(c, literals.get(c.name)) for c in columns) + ")")
        if lines:
            self.connection.execute(f"INSERT INTO {server}.{quoted(table)} VALUES {', '.join(lines)}")

    def _columns(self, table: str, named: Iterable[str]) -> tuple[ColumnSpec, ...]:
        columns = self.specs[table].columns
        unknown = set(named) - {c.name for c in columns}
        if unknown:
            raise ValueError(f"{table} has no column {', '.join(sorted(unknown))}")
        return columns


def literal(value: object) -> str:
    """Return a value as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def stored_value(column: ColumnSpec, expression: str | None) -> str:
    """Return the SQL of a column's value as the server stores it: CHAR is blank-padded (rule 16)."""
    kind = column.type
    if expression is None:
        if column.nullable:
            return "NULL"
        expression = "''" if kind.is_text else "0"
        if kind.name == "date":
            raise ValueError(f"the date {column.name} needs a value")
    if kind.name == "char":
        return f"rpad(CAST({expression} AS VARCHAR), {kind.width}, ' ')"
    return f"CAST({expression} AS {stored_type(kind)})"
