"""Who changed a key group since both servers were last alike, as SQL for DuckDB.

Three bags of rows: the source's, the target's, and those both had when they were last alike. A key group in
which source and target differ was changed by the one whose rows are no longer the last ones, or by both.
"""

from __future__ import annotations

from syncengine.diffing.bag_difference import (
    ACD,
    DATE,
    SLOT,
    BagQuestion,
    as_column,
    as_key,
    bucket_of,
    key_of,
    key_term,
    normal,
    shown,
)
from syncengine.model.names import quoted

LAST = "last_rows"
"""The rows both had. Rows of which KNOWN is false stand for groups of which nothing is remembered."""
KNOWN = "known"
SIDES, GROUPS = "three_sides", "three_way_groups"
TABLES = (SIDES, GROUPS)
BUCKET = (DATE, SLOT, ACD)
SIDE, NUMBER = "side", "number"
ROWS = ("source_rows", "target_rows", "rows_both_had")
SOURCE, TARGET, BOTH_HAD = ROWS
FIGURES = (*ROWS, "over_rows", "under_rows")
BY_SOURCE, BY_TARGET = "by_source", "by_target"
"""Our own names: `of` and `key` name the columns of the servers."""


def sides_statement(question: BagQuestion, columns: tuple[str, ...]) -> str:
    """Return the statement that fills the table of all three bags: side, bucket, compared columns.

    Text is compared as it is between two servers: without padding, up to its significant characters (rule 16).
    `columns` are all of the table.
    """
    values = "".join(f", {normal(column)} AS {as_column(column.name)}" for column in question.columns)
    relations = (("source", question.source), ("target", question.target), ("last", _last(columns, KNOWN)))
    bags = " UNION ALL ".join(
        f"SELECT '{side}' AS {SIDE}, {bucket_of(question)}{values} FROM {relation}" for side, relation in relations
    )
    return f"CREATE OR REPLACE TABLE {SIDES} AS {bags}"


def groups_statement(question: BagQuestion, columns: tuple[str, ...]) -> str:
    """Return the statement that fills the table of the key groups in which source and target differ.

    It has a number, bucket and key, how many rows each bag has of it, how many only source or target has, whether
    their rows are no longer those both had, and whether that is known at all. `columns` are all of the table.
    """
    rows = ", ".join((*BUCKET, *(as_column(column.name) for column in question.columns)))
    counted = ", ".join(
        f"COUNT(*) FILTER ({SIDE} = '{side}') AS {count}"
        for side, count in zip(("source", "target", "last"), ROWS, strict=True)
    )
    keys = "".join(f", {key_of(column)} AS {as_key(column.name)}" for column in question.key_columns)
    place = _place(question)
    unknown = f"SELECT {_placed(question)} FROM {_last(columns, f'NOT {KNOWN}')}"
    over, under = FIGURES[-2:]
    sums = ", ".join(f"CAST(SUM({count}) AS BIGINT) AS {count}" for count in ROWS)
    differing = (
        f"SELECT {', '.join(BUCKET)}{keys}, {sums}, "
        f"CAST(SUM(GREATEST({SOURCE} - {TARGET}, 0)) AS BIGINT) AS {over}, "
        f"CAST(SUM(GREATEST({TARGET} - {SOURCE}, 0)) AS BIGINT) AS {under}, "
        f"BOOL_OR({SOURCE} <> {BOTH_HAD}) AS {BY_SOURCE}, BOOL_OR({TARGET} <> {BOTH_HAD}) AS {BY_TARGET} "
        f"FROM (SELECT {rows}, {counted} FROM {SIDES} GROUP BY {rows}) AS counted "
        f"GROUP BY ALL HAVING BOOL_OR({SOURCE} <> {TARGET})"
    )
    return (
        f"CREATE OR REPLACE TABLE {GROUPS} AS "
        f"SELECT ROW_NUMBER() OVER (ORDER BY {', '.join(place)}) AS {NUMBER}, differing.*, "
        f"NOT EXISTS (SELECT 1 FROM ({unknown}) AS unknown WHERE {_same('unknown', place)}) AS {KNOWN} "
        f"FROM ({differing}) AS differing"
    )


def differing_groups_statement(question: BagQuestion) -> str:
    """Return the query of the differing groups, in order.

    Its rows are (number, date, slot, acd, key..., key as text..., known, source's rows, target's rows, rows both had,
    rows only in the source, rows only in the target, changed by the source, changed by the target).
    """
    keys = "".join(f", {shown(as_key(column.name), column)}" for column in question.key_columns)
    texts = "".join(f", CAST({as_key(name)} AS VARCHAR)" for name in question.key)
    figures = ", ".join(FIGURES)
    return (
        f"SELECT {NUMBER}, {', '.join(BUCKET)}{keys}{texts}, {KNOWN}, {figures}, {BY_SOURCE}, {BY_TARGET} "
        f"FROM {GROUPS} ORDER BY {NUMBER}"
    )


def versions_statement(question: BagQuestion, columns: tuple[str, ...]) -> str:
    """Return the query of the rows of groups with one row at most on each side: (number, side, columns...)."""
    by_name = {column.name: column for column in question.columns}
    values = "".join(f", {shown(f'sides.{as_column(name)}', by_name[name])}" for name in columns)
    pairs = [(f"sides.{name}", name) for name in BUCKET]
    pairs += [(key_of(column, "sides"), as_key(column.name)) for column in question.key_columns]
    same = " AND ".join(f"{one} IS NOT DISTINCT FROM differing.{other}" for one, other in pairs)
    single = " AND ".join(f"{count} <= 1" for count in ROWS)
    return (
        f"SELECT {NUMBER}, {SIDE}{values} FROM {SIDES} AS sides JOIN {GROUPS} AS differing ON {same} "
        f"WHERE {single} ORDER BY {NUMBER}"
    )


def alike_statement(question: BagQuestion, columns: tuple[str, ...]) -> str:
    """Return the query of what is to be remembered, as LAST has it: all `columns` of the table, then KNOWN.

    Of groups that are alike it is the rows they have; of those that differ what was remembered before.
    """
    names = ", ".join(as_column(name) for name in columns)
    values = ", ".join(f"{quoted(name)} AS {as_column(name)}" for name in columns)
    differs = f"EXISTS (SELECT 1 FROM {GROUPS} AS differing WHERE {_same('candidate', _place(question))})"
    now = f"SELECT {values}, TRUE AS {KNOWN}, {_placed(question)} FROM {question.source}"
    # KNOWN is read where the remembered rows have no names of their own yet.
    before = " UNION ALL ".join(
        f"SELECT {values}, {known} AS {KNOWN}, {_placed(question)} FROM {_last(columns, where)}"
        for known, where in (("TRUE", KNOWN), ("FALSE", f"NOT {KNOWN}"))
    )
    return (
        f"SELECT {names}, {KNOWN} FROM ({now}) AS candidate WHERE NOT {differs} "
        f"UNION ALL SELECT {names}, {KNOWN} FROM ({before}) AS candidate WHERE {differs}"
    )


def nothing_remembered_statement(question: BagQuestion, columns: tuple[str, ...]) -> str:
    """Return the statement that fills LAST where nothing is remembered: every group counts as not known."""
    values = ", ".join(f"{quoted(name)} AS {as_column(name)}" for name in columns)
    return (
        f"CREATE OR REPLACE TABLE {LAST} AS SELECT {values}, FALSE AS {KNOWN} FROM {question.source} "
        f"UNION ALL SELECT {values}, FALSE AS {KNOWN} FROM {question.target}"
    )


def _last(columns: tuple[str, ...], where: str) -> str:
    """Return some of the rows both had as a relation with the table's own names."""
    values = ", ".join(f"{as_column(name)} AS {quoted(name)}" for name in columns)
    return f"(SELECT {values} FROM (SELECT * FROM {LAST} WHERE {where}) AS some_rows) AS remembered"


def _place(question: BagQuestion) -> tuple[str, ...]:
    """Return the names of a key group's bucket and key."""
    return (*BUCKET, *(as_key(name) for name in question.key))


def _placed(question: BagQuestion) -> str:
    """Return the bucket and key of a row of a relation with the table's own names."""
    keys = "".join(f", {key_term(column)} AS {as_key(column.name)}" for column in question.key_columns)
    return f"{bucket_of(question)}{keys}"


def _same(one: str, names: tuple[str, ...]) -> str:
    return " AND ".join(f"{one}.{name} IS NOT DISTINCT FROM differing.{name}" for name in names)
