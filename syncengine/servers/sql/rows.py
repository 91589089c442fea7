"""Reading, deleting and bounding rows of a table, as SQL."""

from __future__ import annotations

from datetime import date, timedelta

from syncengine.model.bucket import EPOCH_DAY, QUANTUM_SECONDS, Bucket, BucketColumns, quarter_of
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.sql.buckets import acd_expression, untimed
from syncengine.servers.sql.dialect import DUCKDB, Dialect, Statement
from syncengine.servers.sql.predicates import predicate


def read_statement(
    query: ReadQuery, dialect: Dialect = DUCKDB, source: str | None = None, columns: tuple[str, ...] = ()
) -> Statement:
    """Return the query of the selected rows; `columns` are expressions to read instead of those of the query."""
    where = predicate(query.selection, dialect)
    names = ", ".join(columns or map(dialect.name, query.columns)) or "*"
    return Statement(
        f"SELECT {names} FROM {source or dialect.name(query.selection.table)} WHERE {where.text}", where.values
    )


def delete_statement(selection: Selection, dialect: Dialect = DUCKDB, source: str | None = None) -> Statement:
    """Return the statement that deletes the selected rows."""
    where = predicate(selection, dialect)
    return Statement(f"DELETE FROM {source or dialect.name(selection.table)} WHERE {where.text}", where.values)


def highest_statement(table: str, column: str, dialect: Dialect = DUCKDB, source: str | None = None) -> Statement:
    """Return the query of the highest number in a column, NULL for an empty table."""
    return Statement(f"SELECT MAX({dialect.name(column)}) FROM {source or dialect.name(table)}")


def bounds_statement(
    table: str, buckets: BucketColumns, dialect: Dialect = DUCKDB, source: str | None = None
) -> Statement:
    """Return the query whose rows are (acd, rows, first, last, untimed), the bounds as one number each.

    The number is day times 10,000 plus label, or the epoch second, or the day; `bound_at` reads it.
    """
    if buckets.epoch is not None:
        moment = dialect.name(buckets.epoch)
    elif buckets.date is None:
        moment = "CAST(NULL AS BIGINT)"
    else:
        day = f"CAST({dialect.day_number.format(date=dialect.name(buckets.date))} AS BIGINT)"
        label = f"{dialect.coalesce}({dialect.name(buckets.label)}, 0)" if buckets.label else "0"
        moment = f"{day} * 10000 + {label}"
    moment = f"CASE WHEN {untimed(buckets, dialect)} THEN NULL ELSE {moment} END" if buckets.date else moment
    without_time = dialect.sum.format(value=f"CASE WHEN {untimed(buckets, dialect)} THEN 1 ELSE 0 END")
    acd = acd_expression(buckets, dialect)
    group = f" GROUP BY {acd}" if buckets.acd else ""
    return Statement(
        f"SELECT {acd}, COUNT(*), MIN({moment}), MAX({moment}), {without_time} "
        f"FROM {source or dialect.name(table)}{group}"
    )


def bound_at(columns: BucketColumns, acd: int | None, moment: int | None) -> Bucket | None:
    """Return the bucket a bound of `bounds_statement` lies in; some servers give numbers as decimals."""
    if moment is None:
        return None
    moment = int(moment)
    if columns.epoch is not None:
        return Bucket(None, moment - moment % QUANTUM_SECONDS, acd)
    day: date = EPOCH_DAY + timedelta(days=moment // 10000)
    if columns.label is None:
        return Bucket(day, None, acd)
    label = moment % 10000
    return Bucket(day, quarter_of(label) if columns.quarters else label, acd)
