"""What a write to a table of a DuckDB file sets off or meets, and the sequences that number its columns.

DuckDB has no triggers, and its foreign keys know no other action than to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from syncengine.model.names import folded, quoted
from syncengine.model.surroundings import CheckConstraint, Counter, Reference, Surroundings, UniqueKey, chain_of
from syncengine.servers.sql.dialect import Statement

Ask = Callable[[Statement], list[tuple[Any, ...]]]

HERE = "database_name = current_database() AND schema_name = 'main'"
TABLES = (
    f"SELECT table_name, 'table' FROM duckdb_tables() WHERE {HERE} "
    f"UNION ALL SELECT view_name, 'view' FROM duckdb_views() WHERE {HERE} AND NOT internal"
)
CONSTRAINTS = (
    "SELECT table_name, constraint_type, constraint_name, constraint_column_names, expression, referenced_table, "
    f"referenced_column_names FROM duckdb_constraints() WHERE {HERE} ORDER BY table_name, constraint_index"
)
INDEXES = (
    "SELECT table_name, index_name, expressions FROM duckdb_indexes() "
    f"WHERE {HERE} AND is_unique ORDER BY table_name, index_name"
)
COLUMNS = (
    "SELECT table_name, column_name, column_default, is_generated FROM duckdb_columns() "
    f"WHERE {HERE} AND (is_generated OR column_default IS NOT NULL) ORDER BY table_name, column_index"
)
BEHIND = (
    f"SELECT increment_by, min_value, max_value, last_value, start_value FROM duckdb_sequences() WHERE {HERE} "
    "AND sequence_name = ?"
)
NEXT = re.compile(r"""nextval\('(?:main\.)?(?P<name>"(?:[^"]|"")+"|[^'".]+)'\)""", re.IGNORECASE)
"""A default that takes a number from a sequence of the same schema."""


def read_surroundings(ask: Ask, names: Collection[str]) -> dict[str, Surroundings]:
    """Return what surrounds those of the named tables that exist, under the names asked for."""
    kinds = {folded(name): (name, kind) for name, kind in ask(Statement(TABLES))}
    constraints = ask(Statement(CONSTRAINTS))
    indexes = ask(Statement(INDEXES))
    columns = ask(Statement(COLUMNS))
    references = tuple(_references(constraints))
    found = {}
    for asked in names:
        if folded(asked) in kinds:
            table, kind = kinds[folded(asked)]
            found[asked] = Surroundings(
                table=asked,
                is_a=kind,
                referred_by=chain_of(table, references),
                refers=tuple(one for one in references if one.table == table),
                generated=tuple(column for of, column, _, generated in columns if of == table and generated),
                counters=tuple(Counter(column, name) for of, column, name in _numbered(columns) if of == table),
                unique=tuple(_unique(table, constraints, indexes)),
                checks=tuple(
                    CheckConstraint(name, expression)
                    for of, kind, name, _, expression, *_ in constraints
                    if of == table and kind == "CHECK"
                ),
            )
    return found


def sequences_of(ask: Ask, table: str) -> dict[str, str]:
    """Return the sequences that number columns of a table, by column in lower case."""
    columns = ask(Statement(COLUMNS))
    return {folded(column): name for of, column, name in _numbered(columns) if folded(of) == folded(table)}


def constrained_columns(ask: Ask, table: str) -> frozenset[str]:
    """Return the columns of a table that a constraint speaks of: what they are changed to must keep to it."""
    rows = ask(Statement(CONSTRAINTS))
    names = {name for of, _, _, columns, *_ in rows if folded(of) == folded(table) for name in columns or ()}
    names |= {name for *_, to, columns in rows if folded(to or "") == folded(table) for name in columns or ()}
    indexed = " ".join(
        str(expressions) for of, _, expressions in ask(Statement(INDEXES)) if folded(of) == folded(table)
    )
    return frozenset(names) | frozenset(re.findall(r"\w+", indexed))


def advanced(ask: Ask, sequence: str, lowest: int, highest: int) -> Statement | None:
    """Return what sets a sequence past numbers that were written, None where it is not behind them."""
    increment, least, most, last, start = ask(Statement(BEHIND, (sequence,)))[0]
    if increment > 0:
        reached, behind = min(highest, most), highest >= start if last is None else highest > last
    else:
        reached, behind = max(lowest, least), lowest <= start if last is None else lowest < last
    return Statement("SELECT setval(?, ?)", (quoted(sequence), reached)) if behind else None


def _references(constraints: Iterable[tuple[Any, ...]]) -> Iterator[Reference]:
    for table, kind, name, columns, _, to, _ in constraints:
        if kind == "FOREIGN KEY":
            yield Reference(name, table, to, tuple(columns))


def _unique(
    table: str, constraints: Iterable[tuple[Any, ...]], indexes: Iterable[tuple[Any, ...]]
) -> Iterator[UniqueKey]:
    for of, kind, name, columns, *_ in constraints:
        if of == table and kind in ("PRIMARY KEY", "UNIQUE"):
            yield UniqueKey(name, tuple(columns))
    for of, name, expressions in indexes:
        if of == table:
            yield UniqueKey(name, (str(expressions).strip("[]"),))


def _numbered(columns: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, str, str]]:
    """Yield the table, the column and the sequence of each column that one numbers."""
    for table, column, default, generated in columns:
        match = None if generated else NEXT.search(default or "")
        if match is not None:
            name = match["name"]
            yield table, column, name[1:-1].replace('""', '"') if name.startswith('"') else name
