"""The difference of two bags of rows, as SQL for DuckDB.

CMS tables declare no unique key and the obvious ones repeat, so rows are counted, not matched one by one:
every distinct row has a surplus (its count in the source less its count in the target). In a key group
the smaller of the source's and the target's surplus is *changed*, the rest *missing* or *extra*.
"""

from __future__ import annotations

from dataclasses import dataclass

from syncengine.model.bucket import BucketColumns
from syncengine.model.fingerprint import FingerprintColumn

DATE, SLOT, ACD = '"bucket.date"', '"bucket.slot"', '"bucket.acd"'
"""Names with a dot, which no column of a spec can have."""
SURPLUS = "surplus"


@dataclass(frozen=True, slots=True)
class BagQuestion:
    """Two relations of rows with the same columns, and how they are to be compared.

    `bucket` holds three SQL expressions over a row: date, slot and ACD. `key` names the columns that,
    with the bucket, make a key group.
    """

    source: str
    target: str
    columns: tuple[FingerprintColumn, ...]
    bucket: tuple[str, str, str]
    key: tuple[str, ...]


def surplus_statement(question: BagQuestion) -> str:
    """Return the statement that fills the table `surplus`: bucket, compared columns, `surplus.rows`.

    Text is compared without its padding and up to its significant characters (rule 16).
    """
    values = ", ".join(f"{normal(column)} AS {named(column.name)}" for column in question.columns)
    date, slot, acd = question.bucket
    side = "SELECT {sign} AS side, {date} AS {DATE}, {slot} AS {SLOT}, {acd} AS {ACD}, {values} FROM {relation}"
    both = " UNION ALL ".join(
        side.format(
            sign=sign, date=date, slot=slot, acd=acd, values=values, relation=relation, DATE=DATE, SLOT=SLOT, ACD=ACD
        )
        for sign, relation in ((1, question.source), (-1, question.target))
    )
    names = ", ".join(named(column.name) for column in question.columns)
    return (
        f"CREATE OR REPLACE TABLE {SURPLUS} AS "
        f'SELECT {DATE}, {SLOT}, {ACD}, {names}, SUM(side) AS "surplus.rows" FROM ({both}) AS both_sides '
        f"GROUP BY ALL HAVING SUM(side) <> 0"
    )


def taking_statement(columns: tuple[str, ...], values: tuple[int, ...]) -> str:
    """Return the statement that takes rows out of `surplus`; its rows are (date, slot, acd, surplus).

    Taken are those of which each column has one of its values; `values` says how many each has, to bind in order.
    """
    where = " AND ".join(
        f"{named(column)} IN ({', '.join('?' * count)})" for column, count in zip(columns, values, strict=True)
    )
    return f'DELETE FROM {SURPLUS} WHERE {where} RETURNING {DATE}, {SLOT}, {ACD}, CAST("surplus.rows" AS BIGINT)'


def counts_statement(question: BagQuestion) -> str:
    """Return the query whose rows are (date, slot, acd, missing, extra, changed, lacking), a row a bucket."""
    same = [f"theirs.{name} IS NOT DISTINCT FROM key_groups.{name}" for name in (DATE, SLOT, ACD)]
    same += [f"theirs.{named(name)} IS NOT DISTINCT FROM key_groups.{named(name)}" for name in question.key]
    date, slot, acd = question.bucket
    normals = {column.name: normal(column) for column in question.columns}
    keys = "".join(f", {normals[name]} AS {named(name)}" for name in question.key)
    theirs = f"SELECT DISTINCT {date} AS {DATE}, {slot} AS {SLOT}, {acd} AS {ACD}{keys} FROM {question.target}"
    return (
        f"SELECT {DATE}, {SLOT}, {ACD}, "
        "CAST(SUM(over - LEAST(over, under)) AS BIGINT), CAST(SUM(under - LEAST(over, under)) AS BIGINT), "
        "CAST(SUM(LEAST(over, under)) AS BIGINT), "
        f"CAST(SUM(CASE WHEN under = 0 AND NOT EXISTS (SELECT 1 FROM ({theirs}) AS theirs WHERE {' AND '.join(same)}) "
        f"THEN over ELSE 0 END) AS BIGINT) FROM ({_groups(question)}) AS key_groups GROUP BY ALL"
    )


def groups_statement(question: BagQuestion, *, most: int | None = None) -> str:
    """Return the query whose rows are (date, slot, acd, key..., over, under), a row a differing key group.

    `over` rows are the source's surplus, `under` the target's. Ordered by bucket and key.
    """
    keys = "".join(f", {named(column)}" for column in question.key)
    limit = f" LIMIT {int(most)}" if most is not None else ""
    return (
        f"SELECT {DATE}, {SLOT}, {ACD}{keys}, CAST(over AS BIGINT), CAST(under AS BIGINT) "
        f"FROM ({_groups(question)}) AS key_groups ORDER BY ALL{limit}"
    )


def rows_statement(question: BagQuestion) -> str:
    """Return the query for the surplus rows of one key group; bind bucket and key, NULL-safely."""
    conditions = [DATE, SLOT, ACD, *(named(column) for column in question.key)]
    where = " AND ".join(f"{condition} IS NOT DISTINCT FROM ?" for condition in conditions)
    names = ", ".join(named(column.name) for column in question.columns)
    return f'SELECT "surplus.rows", {names} FROM {SURPLUS} WHERE {where} ORDER BY ALL'


def _groups(question: BagQuestion) -> str:
    keys = "".join(f", {named(column)}" for column in question.key)
    return (
        f"SELECT {DATE}, {SLOT}, {ACD}{keys}, "
        'SUM(GREATEST("surplus.rows", 0)) AS over, SUM(GREATEST(-"surplus.rows", 0)) AS under '
        f"FROM {SURPLUS} GROUP BY {DATE}, {SLOT}, {ACD}{keys}"
    )


def bucket_terms(columns: BucketColumns, slot: str) -> tuple[str, str, str]:
    """Return the three expressions of a row's bucket, typed so that NULL columns compare with any row."""
    return (
        named(columns.date) if columns.date else "CAST(NULL AS DATE)",
        slot if columns.label or columns.epoch else "CAST(NULL AS INTEGER)",
        named(columns.acd) if columns.acd else "CAST(NULL AS INTEGER)",
    )


def normal(column: FingerprintColumn) -> str:
    """Return a column as it is compared: text without padding, up to its significant characters."""
    name = named(column.name)
    if not column.type.is_text:
        return name
    if column.significant is None:
        return f"RTRIM({name}, ' ')"
    return f"SUBSTR(RTRIM({name}, ' '), 1, {int(column.significant)})"


def named(column: str) -> str:
    """Return the name of a column as DuckDB reads it; specs and catalogues hold none with a quote."""
    return f'"{column}"'
