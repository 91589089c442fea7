"""Who changed a key group since both servers were last alike, as SQL for DuckDB.

Three bags of rows: the source's, the target's, and those both had when they were last alike. A key group in
which source and target differ was changed by the one whose rows are no longer the last ones, or by both.
"""

from __future__ import annotations

from syncengine.diffing.bag_difference import ACD, DATE, SLOT, BagQuestion, named, normal

LAST = "last_rows"
"""The rows both had. Rows of which KNOWN is false stand for groups of which nothing is remembered."""
KNOWN = '"last.known"'
SIDES, GROUPS = "three_sides", "three_way_groups"
TABLES = (SIDES, GROUPS)
BUCKET = (DATE, SLOT, ACD)
SIDE, NUMBER = '"three.side"', '"three.number"'
ROWS = ('"source.rows"', '"target.rows"', '"last.rows"')
"""Names with a dot, which no column of a spec can have."""
SOURCE, TARGET, BOTH_HAD = ROWS
FIGURES = (*ROWS, '"three.over"', '"three.under"')
BY_SOURCE, BY_TARGET = '"by.source"', '"by.target"'


def sides_statement(question: BagQuestion) -> str:
    """Return the statement that fills the table of all three bags: side, bucket, compared columns.

    Text is compared as it is between two servers: without padding, up to its significant characters (rule 16).
    """
    values = "".join(f", {normal(column)} AS {named(column.name)}" for column in question.columns)
    relations = (("source", question.source, ""), ("target", question.target, ""), ("last", LAST, f" WHERE {KNOWN}"))
    bags = " UNION ALL ".join(
        f"SELECT '{side}' AS {SIDE}, {_bucket(question)}{values} FROM {relation}{where}"
        for side, relation, where in relations
    )
    return f"CREATE OR REPLACE TABLE {SIDES} AS {bags}"


def groups_statement(question: BagQuestion) -> str:
    """Return the statement that fills the table of the key groups in which source and target differ.

    It has a number, bucket and key, how many rows each bag has of it, how many only source or target has, whether
    their rows are no longer those both had, and whether that is known at all.
    """
    columns = ", ".join((*BUCKET, *(named(column.name) for column in question.columns)))
    counted = ", ".join(
        f"COUNT(*) FILTER ({SIDE} = '{side}') AS {rows}"
        for side, rows in zip(("source", "target", "last"), ROWS, strict=True)
    )
    keys = "".join(f", {named(name)} AS {_key(name)}" for name in question.key)
    place = ", ".join((*BUCKET, *(_key(name) for name in question.key)))
    normals = {column.name: normal(column) for column in question.columns}
    unknown_keys = "".join(f", {normals[name]} AS {_key(name)}" for name in question.key)
    unknown = f"SELECT {_bucket(question)}{unknown_keys} FROM {LAST} WHERE NOT {KNOWN}"
    over, under = FIGURES[-2:]
    sums = ", ".join(f"CAST(SUM({rows}) AS BIGINT) AS {rows}" for rows in ROWS)
    differing = (
        f"SELECT {', '.join(BUCKET)}{keys}, {sums}, "
        f"CAST(SUM(GREATEST({SOURCE} - {TARGET}, 0)) AS BIGINT) AS {over}, "
        f"CAST(SUM(GREATEST({TARGET} - {SOURCE}, 0)) AS BIGINT) AS {under}, "
        f"BOOL_OR({SOURCE} <> {BOTH_HAD}) AS {BY_SOURCE}, BOOL_OR({TARGET} <> {BOTH_HAD}) AS {BY_TARGET} "
        f"FROM (SELECT {columns}, {counted} FROM {SIDES} GROUP BY {columns}) AS counted "
        f"GROUP BY {', '.join((*BUCKET, *(named(name) for name in question.key)))} HAVING BOOL_OR({SOURCE} <> {TARGET})"
    )
    same = _same("unknown", "differing", (*BUCKET, *(_key(name) for name in question.key)))
    return (
        f"CREATE OR REPLACE TABLE {GROUPS} AS SELECT ROW_NUMBER() OVER (ORDER BY {place}) AS {NUMBER}, differing.*, "
        f"NOT EXISTS (SELECT 1 FROM ({unknown}) AS unknown WHERE {same}) AS {KNOWN} FROM ({differing}) AS differing"
    )


def found_statement(question: BagQuestion) -> str:
    """Return the query of the differing groups, in order.

    Its rows are (number, date, slot, acd, key..., key as text..., known, source's rows, target's rows, rows both had,
    rows only in the source, rows only in the target, changed by the source, changed by the target).
    """
    keys = "".join(f", {_key(name)}" for name in question.key)
    texts = "".join(f", CAST({_key(name)} AS VARCHAR)" for name in question.key)
    figures = ", ".join(FIGURES)
    return (
        f"SELECT {NUMBER}, {', '.join(BUCKET)}{keys}{texts}, {KNOWN}, {figures}, {BY_SOURCE}, {BY_TARGET} "
        f"FROM {GROUPS} ORDER BY {NUMBER}"
    )


def versions_statement(question: BagQuestion, columns: tuple[str, ...]) -> str:
    """Return the query of the rows of groups with one row at most on each side: (number, side, columns...)."""
    told = "".join(f", sides.{named(column)}" for column in columns)
    pairs = [(name, name) for name in BUCKET] + [(named(name), _key(name)) for name in question.key]
    same = " AND ".join(f"sides.{one} IS NOT DISTINCT FROM differing.{other}" for one, other in pairs)
    single = " AND ".join(f"{rows} <= 1" for rows in ROWS)
    return (
        f"SELECT {NUMBER}, {SIDE}{told} FROM {SIDES} AS sides JOIN {GROUPS} AS differing ON {same} "
        f"WHERE {single} ORDER BY {NUMBER}"
    )


def alike_statement(question: BagQuestion, columns: tuple[str, ...]) -> str:
    """Return the query of what is to be remembered: all `columns` of the table, then KNOWN.

    Of groups that are alike it is the rows they have; of those that differ what was remembered before.
    """
    names = ", ".join(named(name) for name in columns)
    normals = {column.name: normal(column) for column in question.columns}
    pairs = [*zip(question.bucket, BUCKET, strict=True), *((normals[name], _key(name)) for name in question.key)]
    on = " AND ".join(f"{term} IS NOT DISTINCT FROM differing.{name}" for term, name in pairs)
    differs = f"EXISTS (SELECT 1 FROM {GROUPS} AS differing WHERE {on})"
    return (
        f"SELECT {names}, TRUE AS {KNOWN} FROM {question.source} WHERE NOT {differs} "
        f"UNION ALL SELECT {names}, {KNOWN} FROM {LAST} WHERE {differs}"
    )


def nothing_remembered_statement(question: BagQuestion, columns: tuple[str, ...]) -> str:
    """Return the statement that fills LAST where nothing is remembered: every group there is stands as not known."""
    names = ", ".join(named(name) for name in columns)
    return (
        f"CREATE OR REPLACE TABLE {LAST} AS SELECT {names}, FALSE AS {KNOWN} FROM {question.source} "
        f"UNION ALL SELECT {names}, FALSE AS {KNOWN} FROM {question.target}"
    )


def _bucket(question: BagQuestion) -> str:
    return ", ".join(f"{term} AS {name}" for term, name in zip(question.bucket, BUCKET, strict=True))


def _same(one: str, other: str, names: tuple[str, ...]) -> str:
    return " AND ".join(f"{one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in names)


def _key(column: str) -> str:
    """Return the name of a key column in GROUPS, which no column of the table has."""
    return f'"key.{column}"'
