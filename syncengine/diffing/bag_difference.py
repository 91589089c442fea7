"""The difference of two bags of rows, as SQL for DuckDB.

CMS tables declare no unique key and the obvious ones repeat, so rows are counted, not matched one by one:
every distinct row has a surplus (its count in the source less its count in the target). In a key group
the smaller of the source's and the target's surplus is *changed*, the rest *missing* or *extra*.
"""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.names import quoted

DATE, SLOT, ACD = '"date"', '"slot"', '"acd"'
ROWS = '"rows"'
OVER, UNDER = '"over"', '"under"'
VALUE = '"value"'
"""Our own column names. Columns of the servers get other names: see `of` and `key`."""
SURPLUS = "surplus"


def as_column(column: str) -> str:
    """Return the name that a server's column has in our tables, whose own names have no dot."""
    return quoted(f"of.{column}")


def as_key(column: str) -> str:
    """Return the name of a key column where each row is a key group."""
    return quoted(f"key.{column}")


@dataclass(frozen=True, slots=True)
class BagQuestion:
    """Two relations of rows with the same columns, and how they are to be compared.

    `bucket` is three SQL expressions over a row: date, slot and ACD. `key` names the columns that,
    with the bucket, make a key group.
    """

    source: str
    target: str
    columns: tuple[FingerprintColumn, ...]
    bucket: tuple[str, str, str]
    key: tuple[str, ...]

    @property
    def key_columns(self) -> tuple[FingerprintColumn, ...]:
        """The columns of a key group."""
        by_name = {column.name: column for column in self.columns}
        return tuple(by_name[name] for name in self.key)


def surplus_statement(question: BagQuestion) -> str:
    """Return the statement that fills the table `surplus`: bucket, compared columns, surplus.

    Text is compared without its padding and up to its significant characters (rule 16).
    """
    values = "".join(f", {normal(column)} AS {as_column(column.name)}" for column in question.columns)
    both = " UNION ALL ".join(
        f"SELECT {sign} AS side, {bucket_of(question)}{values} FROM {relation}"
        for sign, relation in ((1, question.source), (-1, question.target))
    )
    names = "".join(f", {as_column(column.name)}" for column in question.columns)
    return (
        f"CREATE OR REPLACE TABLE {SURPLUS} AS "
        f"SELECT {DATE}, {SLOT}, {ACD}{names}, SUM(side) AS {ROWS} FROM ({both}) AS both_sides "
        f"GROUP BY ALL HAVING SUM(side) <> 0"
    )


def values_statement(question: BagQuestion, column: FingerprintColumn) -> str:
    """Return the query of one column's values in rows that are alike but for it.

    Its rows are (date, slot, acd, source's values, target's values), both sorted, NULL where that side has no such
    row; groups whose values are the same are left out. `question` has the other columns.
    """
    terms = (*(f"{normal(one)} AS {as_column(one.name)}" for one in question.columns), f"{normal(column)} AS {VALUE}")
    both = " UNION ALL ".join(
        f"SELECT {sign} AS side, {bucket_of(question)}, {', '.join(terms)} FROM {relation}"
        for sign, relation in ((1, question.source), (-1, question.target))
    )
    groups = ", ".join((DATE, SLOT, ACD, *(as_column(one.name) for one in question.columns)))
    source, target = (f"LIST({VALUE} ORDER BY {VALUE}) FILTER (WHERE side = {sign})" for sign in (1, -1))
    return (
        f"SELECT {DATE}, {SLOT}, {ACD}, {source}, {target} FROM ({both}) AS both_sides "
        f"GROUP BY {groups} HAVING {source} IS DISTINCT FROM {target}"
    )


def removal_statement(columns: tuple[str, ...], values: tuple[int, ...]) -> str:
    """Return the statement that removes rows from `surplus`; its rows are (date, slot, acd, surplus).

    It removes the rows in which each column has one of its values; `values` says how many each has, to bind in order.
    """
    where = " AND ".join(
        f"{as_column(column)} IN ({', '.join('?' * count)})" for column, count in zip(columns, values, strict=True)
    )
    return f"DELETE FROM {SURPLUS} WHERE {where} RETURNING {DATE}, {SLOT}, {ACD}, CAST({ROWS} AS BIGINT)"


def counts_statement(question: BagQuestion) -> str:
    """Return the query whose rows are (date, slot, acd, missing, extra, changed, lacking), a row a bucket."""
    place = (DATE, SLOT, ACD, *(as_key(name) for name in question.key))
    same = " AND ".join(f"present.{name} IS NOT DISTINCT FROM key_groups.{name}" for name in place)
    keys = "".join(f", {key_term(column)} AS {as_key(column.name)}" for column in question.key_columns)
    target_keys = f"SELECT DISTINCT {bucket_of(question)}{keys} FROM {question.target}"
    least = f"LEAST({OVER}, {UNDER})"
    return (
        f"SELECT {DATE}, {SLOT}, {ACD}, "
        f"CAST(SUM({OVER} - {least}) AS BIGINT), CAST(SUM({UNDER} - {least}) AS BIGINT), "
        f"CAST(SUM({least}) AS BIGINT), "
        f"CAST(SUM(CASE WHEN {UNDER} = 0 AND NOT EXISTS (SELECT 1 FROM ({target_keys}) AS present WHERE {same}) "
        f"THEN {OVER} ELSE 0 END) AS BIGINT) FROM ({groups_statement(question)}) AS key_groups GROUP BY ALL"
    )


def groups_statement(question: BagQuestion) -> str:
    """Return the query whose rows are (date, slot, acd, key..., over, under), a row a differing key group.

    `over` rows are the source's surplus, `under` the target's.
    """
    keys = "".join(f", {key_of(column)} AS {as_key(column.name)}" for column in question.key_columns)
    return (
        f"SELECT {DATE}, {SLOT}, {ACD}{keys}, "
        f"SUM(GREATEST({ROWS}, 0)) AS {OVER}, SUM(GREATEST(-{ROWS}, 0)) AS {UNDER} FROM {SURPLUS} GROUP BY ALL"
    )


def shown_groups_statement(question: BagQuestion, most: int) -> str:
    """Return the query of the first differing key groups, ordered by bucket and key, with values for people."""
    keys = "".join(f", {shown(as_key(column.name), column)}" for column in question.key_columns)
    # As buckets are ordered everywhere: NULL lowest.
    bucket = (f"{name} NULLS FIRST" for name in (DATE, SLOT, ACD))
    order = ", ".join((*bucket, *(as_key(name) for name in question.key)))
    return (
        f"SELECT {DATE}, {SLOT}, {ACD}{keys}, CAST({OVER} AS BIGINT), CAST({UNDER} AS BIGINT) "
        f"FROM ({groups_statement(question)}) AS key_groups ORDER BY {order} LIMIT {int(most)}"
    )


def shown_rows_statement(question: BagQuestion) -> str:
    """Return the query for the surplus rows of one key group; bind bucket and key as returned, NULL-safely."""
    terms = [DATE, SLOT, ACD, *(shown(key_of(column), column) for column in question.key_columns)]
    where = " AND ".join(f"{term} IS NOT DISTINCT FROM ?" for term in terms)
    names = "".join(f", {shown(as_column(column.name), column)}" for column in question.columns)
    return f"SELECT {ROWS}{names} FROM {SURPLUS} WHERE {where} ORDER BY ALL"


def bucket_of(question: BagQuestion) -> str:
    """Return the three expressions of a row's bucket under our own names."""
    return ", ".join(f"{term} AS {name}" for term, name in zip(question.bucket, (DATE, SLOT, ACD), strict=True))


def normal(column: FingerprintColumn, term: str = "") -> str:
    """Return a column, or a term of its values, as it is compared: without padding, up to its significant characters.

    Text of varying length has no padding: its blanks are its own.
    """
    term = term or quoted(column.name)
    if column.padded:
        term = f"RTRIM({term}, ' ')"
    if column.type.is_text and column.significant is not None:
        return f"SUBSTR({term}, 1, {int(column.significant)})"
    return term


def key_term(column: FingerprintColumn, term: str = "") -> str:
    """Return a column as it distinguishes key groups, without trailing blanks: servers find 'a ' by 'a'."""
    return _without_blanks(column, normal(column, term))


def shown(term: str, column: FingerprintColumn) -> str:
    """Return a term of a column's values as people read them: Python cannot represent some of DuckDB's dates."""
    return f"CAST({term} AS VARCHAR)" if column.type.name == "date" else term


def key_of(column: FingerprintColumn, relation: str = "") -> str:
    """Return a key column as it distinguishes key groups, in one of our tables of compared rows."""
    return _without_blanks(column, f"{relation}.{as_column(column.name)}" if relation else as_column(column.name))


def _without_blanks(column: FingerprintColumn, term: str) -> str:
    return f"RTRIM({term}, ' ')" if column.type.is_text and not column.padded else term
