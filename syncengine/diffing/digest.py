"""A digest of a bag of rows over every column, for what a fingerprint cannot fold in: fractions, long text.

It is computed in DuckDB over rows that were fetched, so it need not be portable.
"""

from __future__ import annotations

from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.names import quoted


def digest_statement(relation: str, columns: tuple[FingerprintColumn, ...], bucket: tuple[str, str, str]) -> str:
    """Return the query of (date, slot, acd, digest), a row a bucket; `bucket` are SQL expressions over a row.

    Every value is written with its length, NULL apart, so that no two rows read alike.
    """
    row = " || ".join(_rendered(column) for column in columns) or "''"
    date, slot, acd = bucket
    high, low = (f"SUM(CAST(('0x' || SUBSTR(hashed, {start}, 15)) AS BIGINT))" for start in (1, 17))
    return (
        f"SELECT d, s, a, COUNT(*) || ':' || {high} || ':' || {low} "
        f"FROM (SELECT {date} AS d, {slot} AS s, {acd} AS a, md5({row}) AS hashed FROM {quoted(relation)}) "
        "GROUP BY d, s, a"
    )


def _rendered(column: FingerprintColumn) -> str:
    name = quoted(column.name)
    value = f"RTRIM({name}, ' ')" if column.padded else f"CAST({name} AS VARCHAR)"
    return f"COALESCE(LENGTH({value}) || ':' || {value}, 'NULL')"
