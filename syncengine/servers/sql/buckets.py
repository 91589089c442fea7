"""The parts of a bucket as SQL expressions over a row."""

from __future__ import annotations

from syncengine.model.bucket import QUANTUM_SECONDS, BucketColumns
from syncengine.model.interval import QUANTUM
from syncengine.servers.sql.dialect import DUCKDB, NO_DATE, NO_NUMBER, Dialect


def slot_expression(buckets: BucketColumns, dialect: Dialect = DUCKDB) -> str:
    """Return the slot of a row's bucket, as SQL. Never a division: servers round it differently."""
    if buckets.epoch is not None:
        epoch = dialect.name(buckets.epoch)
        return f"{epoch} - MOD({epoch}, {QUANTUM_SECONDS})"
    if buckets.label is None:
        return NO_NUMBER
    label = dialect.name(buckets.label)
    return f"{label} - MOD(MOD({label}, 100), {QUANTUM})" if buckets.quarters else label


def date_expression(buckets: BucketColumns, dialect: Dialect) -> str:
    """Return the date of a row's bucket, as SQL."""
    return dialect.name(buckets.date) if buckets.date else NO_DATE


def acd_expression(buckets: BucketColumns, dialect: Dialect) -> str:
    """Return the ACD of a row's bucket, as SQL."""
    return dialect.name(buckets.acd) if buckets.acd else NO_NUMBER


def untimed(buckets: BucketColumns, dialect: Dialect) -> str:
    """Return the condition that a row has NULL in a time column."""
    times = [dialect.name(column) for column in (buckets.date, buckets.label, buckets.epoch) if column is not None]
    return " OR ".join(f"{time} IS NULL" for time in times) or "1 = 0"
