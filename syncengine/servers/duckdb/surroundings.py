"""The constraints and references of a table in a DuckDB file, and the sequences that number its columns.

DuckDB has no triggers, and the only action of its foreign keys is to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from syncengine.model.names import folded, quoted
from syncengine.model.surroundings import CheckConstraint, Counter, Reference, Surroundings, UniqueKey, chain_of
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.sql.sequence_calls import sequences_called

RunQuery = Callable[[Statement], list[tuple[Any, ...]]]

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
    "SELECT table_name, column_name, column_default, is_generated, data_type FROM duckdb_columns() "
    f"WHERE {HERE} AND (is_generated OR column_default IS NOT NULL) ORDER BY table_name, column_index"
)
SEQUENCES = (
    "SELECT database_name, schema_name, sequence_name FROM duckdb_sequences() WHERE database_name = current_database()"
)
BEHIND = (
    "SELECT increment_by, min_value, max_value, last_value, start_value FROM duckdb_sequences() "
    "WHERE database_name = current_database() AND schema_name = ? AND sequence_name = ?"
)
NUMBERS = re.compile(r"U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL\(.*\)|FLOAT|DOUBLE")
NOT_A_NUMBER = "its column is not numeric"
NOT_FOUND = "syncengine cannot read which sequence of this database its default names: {default}"


@dataclass(frozen=True, slots=True)
class DuckDBSequence:
    """A sequence that numbers a column, as the database spells it."""

    schema: str
    name: str

    @property
    def shown(self) -> str:
        """The sequence as shown to people."""
        return self.name if self.schema == "main" else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class _NumberedColumn:
    """A column whose default takes a number from a sequence."""

    table: str
    column: str
    sequence: DuckDBSequence | None
    why_not_advanced: str = ""

    @property
    def counter(self) -> Counter:
        return Counter(self.column, self.sequence.shown if self.sequence is not None else "", self.why_not_advanced)


def read_surroundings(run_query: RunQuery, names: Collection[str]) -> dict[str, Surroundings]:
    """Return the surroundings of those of the named tables that exist, under the requested names."""
    kinds = {folded(name): (name, kind) for name, kind in run_query(Statement(TABLES))}
    constraints = run_query(Statement(CONSTRAINTS))
    indexes = run_query(Statement(INDEXES))
    columns = run_query(Statement(COLUMNS))
    numbered = tuple(_numbered(columns, run_query(Statement(SEQUENCES))))
    references = tuple(_references(constraints, {key: name for key, (name, _) in kinds.items()}))
    found = {}
    for requested in names:
        if folded(requested) in kinds:
            table, kind = kinds[folded(requested)]
            found[requested] = Surroundings(
                table=requested,
                is_a=kind,
                referred_by=chain_of(table, references),
                refers=tuple(one for one in references if one.table == table),
                generated=tuple(column for of, column, _, generated, _ in columns if of == table and generated),
                counters=tuple(one.counter for one in numbered if one.table == table),
                unique=tuple(_unique(table, constraints, indexes)),
                checks=tuple(
                    CheckConstraint(name, expression)
                    for of, kind, name, _, expression, *_ in constraints
                    if of == table and kind == "CHECK"
                ),
            )
    return found


def sequences_of(run_query: RunQuery, table: str) -> dict[str, DuckDBSequence]:
    """Return the sequences that number columns of a table and can be advanced, by column in lower case."""
    numbered = _numbered(run_query(Statement(COLUMNS)), run_query(Statement(SEQUENCES)))
    return {
        folded(one.column): one.sequence
        for one in numbered
        if folded(one.table) == folded(table) and one.sequence is not None and not one.why_not_advanced
    }


def is_table(run_query: RunQuery, name: str) -> bool:
    """Say whether a name is that of a table of rows; the case of other letters than A to Z counts."""
    return any(folded(table) == folded(name) and kind == "table" for table, kind in run_query(Statement(TABLES)))


def constrained_columns(run_query: RunQuery, table: str) -> frozenset[str]:
    """Return the columns of a table that a constraint covers: changed values must satisfy it."""
    rows = run_query(Statement(CONSTRAINTS))
    names = {name for of, _, _, columns, *_ in rows if folded(of) == folded(table) for name in columns or ()}
    names |= {name for *_, to, columns in rows if folded(to or "") == folded(table) for name in columns or ()}
    indexed = " ".join(
        str(expressions) for of, _, expressions in run_query(Statement(INDEXES)) if folded(of) == folded(table)
    )
    return frozenset(names) | frozenset(re.findall(r"\w+", indexed))


def advanced(run_query: RunQuery, sequence: DuckDBSequence, lowest: int, highest: int) -> Statement | None:
    """Return the statement that sets a sequence past written numbers, None where it is not behind them."""
    where = (sequence.schema, sequence.name)
    increment, least, most, last, start = run_query(Statement(BEHIND, where))[0]
    if increment > 0:
        reached, behind = min(highest, most), highest >= start if last is None else highest > last
    else:
        reached, behind = max(lowest, least), lowest <= start if last is None else lowest < last
    name = f"{quoted(sequence.schema)}.{quoted(sequence.name)}"
    return Statement("SELECT setval(?, ?)", (name, reached)) if behind else None


def _references(constraints: Iterable[tuple[Any, ...]], tables: dict[str, str]) -> Iterator[Reference]:
    """Yield references; a table that one refers to is spelled there as it was typed."""
    for table, kind, name, columns, _, to, _ in constraints:
        if kind == "FOREIGN KEY":
            yield Reference(name, table, tables.get(folded(to), to), tuple(columns))


def _unique(
    table: str, constraints: Iterable[tuple[Any, ...]], indexes: Iterable[tuple[Any, ...]]
) -> Iterator[UniqueKey]:
    for of, kind, name, columns, *_ in constraints:
        if of == table and kind in ("PRIMARY KEY", "UNIQUE"):
            yield UniqueKey(name, tuple(columns))
    for of, name, expressions in indexes:
        if of == table:
            yield UniqueKey(name, (str(expressions).strip("[]"),))


def _numbered(
    columns: Iterable[tuple[Any, ...]], sequences: Iterable[tuple[str, str, str]]
) -> Iterator[_NumberedColumn]:
    """Yield the columns that sequences number."""
    known = tuple(sequences)
    for table, column, default, generated, native in columns:
        for parts in () if generated else sequences_called(default or ""):
            sequence = _named(parts, known) if parts is not None else None
            stays = "" if NUMBERS.fullmatch(native) else NOT_A_NUMBER
            if sequence is None:
                stays = NOT_FOUND.format(default=default)
            yield _NumberedColumn(table, column, sequence, stays)


def _named(parts: tuple[str, ...], sequences: tuple[tuple[str, str, str], ...]) -> DuckDBSequence | None:
    """Return the sequence with a name: in its schema, or in the main one of the database it names."""
    wanted = tuple(map(folded, parts))
    for full in sequences:
        database, schema, name = map(folded, full)
        forms = [(database, schema, name), (schema, name)]
        forms += [(database, name), (name,)] if schema == "main" else []
        if wanted in forms:
            return DuckDBSequence(*full[1:])
    return None
