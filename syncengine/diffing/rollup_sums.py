"""Rolls intervals up to days, weeks and months, as SQL for DuckDB, and compares the result with the existing rows.

It goes in two stages, so that intervals can be read slice by slice and never all at once: `parts` has a row for
each ACD, day and key group, `rolled` one for each ACD, period and key group.

Where the rows do not determine what a summariser does, each possible result agrees: a sum of only NULL is NULL or
0, the latest of two rows with the same label is either of them, and two broken rows of one label are one broken
interval or two (a clock set back repeats labels; an agent who logs on again has two rows in one).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from syncengine.diffing.bag_difference import as_column, as_key, key_term, normal
from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.names import quoted
from syncengine.model.spec import Rollup

PARTS, ROLLED, MATCHED, PERIODS = "parts", "rolled", "matched", "periods"
KNOWN = frozenset({Rollup.SUM, Rollup.MAX, Rollup.LATEST, Rollup.BROKEN})
"""The functions that are defined. No source found so far defines the busy hour."""
OWN_ROWS, ROLLED_ROWS = "own_rows", "rolled_rows"
"""NULL where a side has no row of a key group. Our own names have no dot; those made from a column's name have one."""
DIFFERS_WHOLLY = f"{OWN_ROWS} IS NULL OR {ROLLED_ROWS} IS NULL"
NOTHING = "''"
"""Stands for NULL in lists of candidates, which are text behind a sign of its own: `SIGN`."""
SIGN = "'='"
TOLERANCE = "1e-9"
"""Sums of fractions depend on their order."""


@dataclass(frozen=True, slots=True)
class RolledColumn:
    """A column of the longer archive and how it follows from the shorter one."""

    column: FingerprintColumn
    rollup: Rollup

    @property
    def name(self) -> str:
        """Its name, the same in both archives."""
        return self.column.name


@dataclass(frozen=True, slots=True)
class RollupQuestion:
    """What is rolled up. `date`, `label` and `acd` name columns of the intervals; `key` those of a key group."""

    date: str
    label: str
    acd: str
    key: tuple[FingerprintColumn, ...]
    columns: tuple[RolledColumn, ...]

    @property
    def read(self) -> tuple[str, ...]:
        """The columns of the intervals that are needed."""
        return (self.date, self.label, self.acd, *(k.name for k in self.key), *(c.name for c in self.columns))

    @property
    def read_longer(self) -> tuple[str, ...]:
        """The columns of the longer archive that are compared with them."""
        return (self.date, self.acd, *(k.name for k in self.key), *(c.name for c in self.columns))


def parts_statement(question: RollupQuestion, relation: str) -> str:
    """Return the query that rolls interval rows up to their days."""
    acd, day, label = (as_column(name) for name in (question.acd, question.date, question.label))
    partition = ", ".join((acd, day, *(_key(column) for column in question.key)))
    raw = [f"MIN({as_column(column.name)}) AS {_raw(column)}" for column in question.key]
    values = [text for one in question.columns for text in _parts(one, question)]
    read = [f"{quoted(name)} AS {as_column(name)}" for name in dict.fromkeys(question.read)]
    keys = [f"{key_term(column, as_column(column.name))} AS {_key(column)}" for column in question.key]
    newest = f"COALESCE({label}, -1)"
    return (
        f"SELECT {', '.join([f'{acd} AS acd', f'{day} AS day', *map(_key, question.key), *raw, *values])} "
        f"FROM (SELECT *, {newest} = MAX({newest}) OVER (PARTITION BY {partition}) AS is_latest "
        f"FROM (SELECT {', '.join(['*', *keys])} FROM (SELECT {', '.join(read)} FROM {relation}) AS own_names) "
        f"AS with_keys) AS shorter GROUP BY {partition}"
    )


def _parts(one: RolledColumn, question: RollupQuestion) -> Iterator[str]:
    name = as_column(one.name)
    match one.rollup:
        case Rollup.SUM | Rollup.MAX:
            yield f"{one.rollup.value.upper()}({name}) AS {name}"
        case Rollup.BROKEN:
            yield f"COUNT(DISTINCT {as_column(question.label)}) FILTER (WHERE {name} <> 0) AS {_prefixed('low', one)}"
            yield f"COUNT(*) FILTER (WHERE {name} <> 0) AS {_prefixed('high', one)}"
            yield f"COUNT({name}) AS {_prefixed('counted', one)}"
        case Rollup.LATEST | Rollup.BUSY_HOUR:
            yield f"LIST({_candidate(one)}) FILTER (WHERE is_latest) AS {name}"


def rolled_statement(question: RollupQuestion) -> str:
    """Return the query that rolls the days of `parts` up to the periods of `periods`: acd, first, past."""
    keys = [_key(column) for column in question.key]
    partition = ", ".join(["acd", "first", *keys])
    raw = [f"MIN({_raw(column)}) AS {_raw(column)}" for column in question.key]
    values = [text for one in question.columns for text in _whole(one)]
    return (
        f"SELECT {', '.join(['acd', 'first', *keys, *raw, *values])} "
        f"FROM (SELECT parts.*, periods.first, parts.day = MAX(parts.day) OVER (PARTITION BY parts.acd, periods.first"
        f"{''.join(f', parts.{one}' for one in keys)}) AS is_latest FROM {PARTS} AS parts JOIN {PERIODS} AS periods "
        "ON parts.acd = periods.acd AND parts.day >= periods.first AND parts.day < periods.past) AS days "
        f"GROUP BY {partition}"
    )


def _whole(one: RolledColumn) -> Iterator[str]:
    name = as_column(one.name)
    match one.rollup:
        case Rollup.SUM | Rollup.MAX:
            yield f"{one.rollup.value.upper()}({name}) AS {name}"
        case Rollup.BROKEN:
            for part in ("low", "high", "counted"):
                yield f"SUM({_prefixed(part, one)}) AS {_prefixed(part, one)}"
        case Rollup.LATEST | Rollup.BUSY_HOUR:
            yield f"LIST_SORT(LIST_DISTINCT(FLATTEN(LIST({name}) FILTER (WHERE is_latest)))) AS {name}"


def matched_statement(question: RollupQuestion, longer: str) -> str:
    """Return the query that compares `rolled` with rows of the longer archive, a row a key group of a period.

    Its columns are acd, first, the key, OWN_ROWS (NULL where the archive has none), ROLLED_ROWS (NULL where the
    intervals have none), and for each column what it is, what it should be, and whether the two differ.
    """
    keys = [_key(column) for column in question.key]
    read = ", ".join(
        [
            f"longer.{quoted(question.acd)} AS acd",
            f"longer.{quoted(question.date)} AS first",
            *(f"{key_term(column, f'longer.{quoted(column.name)}')} AS {_key(column)}" for column in question.key),
            *(f"longer.{quoted(one.name)} AS {as_column(one.name)}" for one in question.columns),
        ]
    )
    values = "".join(f", {_own(one)} AS {_prefixed('own', one)}" for one in question.columns)
    place = ", ".join(("acd", "first", *keys))
    inside = (
        f"EXISTS (SELECT 1 FROM {PERIODS} AS periods WHERE periods.acd = longer.{quoted(question.acd)} "
        f"AND periods.first = longer.{quoted(question.date)})"
    )
    own = (
        f"SELECT {place}, COUNT(*) AS {OWN_ROWS}{values} "
        f"FROM (SELECT {read} FROM {longer} AS longer WHERE {inside}) AS own_names GROUP BY {place}"
    )
    same = " AND ".join(f"own.{name} IS NOT DISTINCT FROM rolled.{name}" for name in ("acd", "first", *keys))
    both = [f"COALESCE(own.{name}, rolled.{name}) AS {name}" for name in ("acd", "first", *keys)]
    columns = [
        text
        for one in question.columns
        for text in (
            f"{_prefixed('own', one)}",
            f"{_shown(one)} AS {_prefixed('rolled', one)}",
            f"({OWN_ROWS} IS NOT NULL AND {ROLLED_ROWS} IS NOT NULL AND NOT COALESCE({_agrees(one)}, FALSE)) "
            f"AS {_prefixed('differs', one)}",
        )
    ]
    return (
        f"SELECT {', '.join([*both, OWN_ROWS, ROLLED_ROWS, *columns])} FROM ({own}) AS own "
        f"FULL OUTER JOIN (SELECT *, 1 AS {ROLLED_ROWS} FROM {ROLLED}) AS rolled ON {same}"
    )


def _own(one: RolledColumn) -> str:
    """Return the value of the archive's own rows of a key group together; there may be more than one."""
    name = as_column(one.name)
    match one.rollup:
        case Rollup.MAX:
            return f"MAX({name})"
        case Rollup.LATEST:
            return f"LIST({_candidate(one)})"
        case Rollup.SUM | Rollup.BUSY_HOUR | Rollup.BROKEN:
            return f"SUM({name})"


def _agrees(one: RolledColumn) -> str:
    own, name = _prefixed("own", one), f"rolled.{as_column(one.name)}"
    match one.rollup:
        case Rollup.BROKEN:
            low, high, counted = (f"rolled.{_prefixed(part, one)}" for part in ("low", "high", "counted"))
            return f"{own} BETWEEN {low} AND {high} OR ({counted} = 0 AND COALESCE({own}, 0) = 0)"
        case Rollup.LATEST:
            return f"LIST_HAS_ALL({name}, {own})"
        case Rollup.SUM | Rollup.MAX | Rollup.BUSY_HOUR:
            same = f"{own} IS NOT DISTINCT FROM {name} OR ({name} IS NULL AND {own} = 0)"
            if one.column.type.name in ("decimal", "float", "smallfloat"):
                same += f" OR ABS({own} - {name}) <= {TOLERANCE} * GREATEST(ABS({own}), ABS({name}))"
            return same


def _shown(one: RolledColumn) -> str:
    """Return what a column should be, for people."""
    if one.rollup is Rollup.BROKEN:
        low, high = (f"rolled.{_prefixed(part, one)}" for part in ("low", "high"))
        return f"CASE WHEN {low} = {high} THEN CAST({high} AS VARCHAR) ELSE {low} || ' to ' || {high} END"
    if one.rollup is Rollup.LATEST:
        return _listed(f"rolled.{as_column(one.name)}", " or ")
    return f"rolled.{as_column(one.name)}"


def counts_statement(question: RollupQuestion) -> str:
    """Return the query of (acd, first, groups, most, differing, lacking, extra, column...), a row a period."""
    differs = [_prefixed("differs", one) for one in question.columns]
    any_differs = " OR ".join([DIFFERS_WHOLLY, *differs])
    sums = "".join(f", COUNT(*) FILTER (WHERE {one})" for one in differs)
    return (
        f"SELECT acd, first, COUNT(*), MAX({OWN_ROWS}), COUNT(*) FILTER (WHERE {any_differs}), "
        f"COUNT(*) FILTER (WHERE {OWN_ROWS} IS NULL), COUNT(*) FILTER (WHERE {ROLLED_ROWS} IS NULL)"
        f"{sums} FROM {MATCHED} GROUP BY acd, first ORDER BY acd, first"
    )


def broken_statement(question: RollupQuestion) -> str:
    """Return the query of (acd, first) of the periods of `rolled` that hold intervals marked broken."""
    broken = [f"{_prefixed('high', one)} > 0" for one in question.columns if one.rollup is Rollup.BROKEN]
    return f"SELECT DISTINCT acd, first FROM {ROLLED} WHERE {' OR '.join(broken) or 'FALSE'}"


def samples_statement(question: RollupQuestion, most: int) -> str:
    """Return the query of some key groups that differ: acd, first, key..., has own, has rolled, then triples."""
    any_differs = " OR ".join([DIFFERS_WHOLLY, *(_prefixed("differs", one) for one in question.columns)])
    keys = "".join(f", {_key(column)}" for column in question.key)
    triples = "".join(
        f", {_display(one)}, {_prefixed('rolled', one)}, {_prefixed('differs', one)}" for one in question.columns
    )
    return (
        f"SELECT acd, first{keys}, {OWN_ROWS} IS NOT NULL, {ROLLED_ROWS} IS NOT NULL{triples} FROM {MATCHED} "
        f"WHERE {any_differs} ORDER BY first, acd{keys} LIMIT {int(most)}"
    )


def rows_statement(question: RollupQuestion, longer: str, columns: tuple[FingerprintColumn, ...]) -> str:
    """Return the query of the rows `rolled` makes, with the columns of the longer archive in its own order.

    What the intervals do not determine is as the row of the same key group in `longer` has it, else NULL: also where
    that has several rows of the group, which nothing distinguishes.
    """
    by_name = {one.name: one for one in question.columns}
    keys = {column.name: column for column in question.key}
    values = []
    for column in columns:
        own = f"own.{as_column(column.name)}"
        if column.name in keys:
            values.append(f"rolled.{_raw(keys[column.name])}")
        elif column.name == question.date:
            values.append("rolled.first")
        elif column.name == question.acd:
            values.append("rolled.acd")
        elif column.name in by_name:
            values.append(_value(by_name[column.name], own))
        else:
            values.append(own)
    read = ", ".join(f"{quoted(column.name)} AS {as_column(column.name)}" for column in columns)
    latest = [
        f"{_candidate(one)} AS {_prefixed('own', one)}" for one in question.columns if one.rollup is Rollup.LATEST
    ]
    selected = [
        "*",
        *(f"{key_term(column, as_column(column.name))} AS {_key(column)}" for column in question.key),
        *latest,
    ]
    group = ", ".join((as_column(question.acd), as_column(question.date), *map(_key, question.key)))
    same = [f"own.{as_column(question.acd)} = rolled.acd", f"own.{as_column(question.date)} = rolled.first"]
    same += [f"own.{_key(column)} IS NOT DISTINCT FROM rolled.{_key(column)}" for column in question.key]
    made = ", ".join(f"{value} AS {quoted(column.name)}" for value, column in zip(values, columns, strict=True))
    return (
        f"SELECT {made} FROM {ROLLED} AS rolled LEFT JOIN (SELECT *, TRUE AS is_there "
        f"FROM (SELECT {', '.join(selected)} FROM (SELECT {read} FROM {longer}) AS own_names) AS with_keys "
        f"QUALIFY COUNT(*) OVER (PARTITION BY {group}) = 1) AS own "
        f"ON {' AND '.join(same)}"
    )


def _value(one: RolledColumn, own: str) -> str:
    """Return what a column becomes; where more than one value would agree, it is not changed."""
    name = f"rolled.{as_column(one.name)}"
    match one.rollup:
        case Rollup.BROKEN:
            low, high, counted = (f"rolled.{_prefixed(part, one)}" for part in ("low", "high", "counted"))
            uncounted = f"{counted} = 0 AND {own} IS NULL AND own.is_there"
            return f"CASE WHEN {own} BETWEEN {low} AND {high} OR ({uncounted}) THEN {own} ELSE {low} END"
        case Rollup.LATEST:
            latest = _without_sign(f"{name}[1]")
            if one.column.type.name == "char":
                latest = f"RPAD({latest}, {one.column.type.width}, ' ')"
            stays = f"own.is_there AND LIST_CONTAINS({name}, own.{_prefixed('own', one)})"
            return f"CASE WHEN {stays} THEN CAST({own} AS VARCHAR) ELSE {latest} END"
        case Rollup.SUM | Rollup.MAX | Rollup.BUSY_HOUR:
            return f"CASE WHEN {name} IS NULL AND {own} = 0 THEN {own} ELSE {name} END"


def _display(one: RolledColumn) -> str:
    own = _prefixed("own", one)
    return _listed(own, ", ") if one.rollup is Rollup.LATEST else own


def _listed(candidates: str, between: str) -> str:
    return f"ARRAY_TO_STRING(LIST_TRANSFORM({candidates}, lambda one: SUBSTR(one, 2)), '{between}')"


def _candidate(one: RolledColumn) -> str:
    return f"COALESCE({SIGN} || CAST({normal(one.column, as_column(one.name))} AS VARCHAR), {NOTHING})"


def _without_sign(candidate: str) -> str:
    """Return the value of a candidate, NULL for that which stands for it."""
    return f"CASE WHEN {candidate} <> {NOTHING} THEN SUBSTR({candidate}, 2) END"


def _prefixed(what: str, one: RolledColumn) -> str:
    return quoted(f"{what}.{one.name}")


def _key(column: FingerprintColumn) -> str:
    return as_key(column.name)


def _raw(column: FingerprintColumn) -> str:
    return quoted(f"raw.{column.name}")
