"""Rows of one bucket that differ, those of either side paired by their key: SQL for DuckDB, after the surplus."""

from __future__ import annotations

from syncengine.diffing.bag_difference import ROWS, SURPLUS, BagQuestion, as_column, key_of, shown

PLACED = "placed"
GROUP, AT_SOURCE, COPIES, PAIRS, BEFORE = '"group"', '"at_source"', '"copies"', '"pairs"', '"before"'
"""Our own names. In each key group the first `pairs` rows of a side are paired with as many of the other; `before`
says how many rows of its side and group come before a row."""


def placed_statement(question: BagQuestion) -> str:
    """Return the statement that fills the table `placed` from the surplus of one bucket."""
    keys = ", ".join(key_of(column) for column in question.key_columns)
    order = ", ".join(as_column(column.name) for column in question.columns)
    group = f"DENSE_RANK() OVER (ORDER BY {keys})" if keys else "1"
    sides = [f"SUM(GREATEST({sign}{ROWS}, 0)) OVER (PARTITION BY {keys or 1})" for sign in ("", "-")]
    marked = (
        f"SELECT {order}, {ROWS} > 0 AS {AT_SOURCE}, ABS({ROWS}) AS {COPIES}, {group} AS {GROUP}, "
        f"LEAST({', '.join(sides)}) AS {PAIRS} FROM {SURPLUS}"
    )
    before = f"SUM({COPIES}) OVER (PARTITION BY {GROUP}, {AT_SOURCE} ORDER BY {order} ROWS UNBOUNDED PRECEDING)"
    return f"CREATE OR REPLACE TABLE {PLACED} AS SELECT *, {before} - {COPIES} AS {BEFORE} FROM ({marked}) AS marked"


def alone_statement(question: BagQuestion, *, at_source: bool, most: int) -> str:
    """Return the query of the first rows that only one side has: how often, then the values."""
    times = f"LEAST({COPIES}, {BEFORE} + {COPIES} - {PAIRS})"
    return (
        f"SELECT CAST({times} AS BIGINT){_values(question, '')} FROM {PLACED} "
        f"WHERE {AT_SOURCE} = {at_source} AND {times} > 0 ORDER BY {GROUP}, {BEFORE} LIMIT {int(most)}"
    )


def pairs_statement(question: BagQuestion, most: int) -> str:
    """Return the query of the first pairs of rows with one key: the source's values, then the target's."""
    place = f"UNNEST(RANGE({BEFORE}::BIGINT, LEAST({BEFORE} + {COPIES}, {PAIRS})::BIGINT)) AS place"
    source, target = (f"(SELECT *, {place} FROM {PLACED} WHERE {AT_SOURCE} = {side})" for side in (True, False))
    return (
        f"SELECT {_values(question, 'source.').removeprefix(', ')}{_values(question, 'target.')} "
        f"FROM {source} AS source JOIN {target} AS target USING ({GROUP}, place) "
        f"ORDER BY {GROUP}, place LIMIT {int(most)}"
    )


def _values(question: BagQuestion, relation: str) -> str:
    return "".join(f", {shown(relation + as_column(column.name), column)}" for column in question.columns)
