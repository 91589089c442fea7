"""The parts of a bucket as SQL expressions over a row."""

from __future__ import annotations

from syncengine.model.bucket import FIRST_DATE, FIRST_EPOCH, PAST_DATE, PAST_EPOCH, QUANTUM_SECONDS, BucketColumns
from syncengine.model.interval import LAST_LABEL, MINUTES, QUANTUM
from syncengine.servers.sql.dialect import DUCKDB, NO_DATE, NO_NUMBER, Dialect


def bucket_terms(buckets: BucketColumns, dialect: Dialect = DUCKDB) -> tuple[str, str, str]:
    """Return the three expressions of a row's bucket, typed so that NULL columns compare with any row."""
    return date_expression(buckets, dialect), slot_expression(buckets, dialect), acd_expression(buckets, dialect)


def slot_expression(buckets: BucketColumns, dialect: Dialect = DUCKDB) -> str:
    """Return the slot of a row's bucket, as SQL: NULL for a label that is no time of day.

    Never a division: servers round it differently.
    """
    if buckets.epoch is not None:
        epoch = dialect.name(buckets.epoch)
        return f"{epoch} - MOD({epoch}, {QUANTUM_SECONDS})"
    if buckets.label is None:
        return NO_NUMBER
    label = dialect.name(buckets.label)
    slot = f"{label} - MOD(MOD({label}, 100), {QUANTUM})" if buckets.quarters else label
    return f"CASE WHEN {labelled(buckets.label, dialect)} THEN {slot} END"


def date_expression(buckets: BucketColumns, dialect: Dialect) -> str:
    """Return the date of a row's bucket, as SQL: NULL for an invalid one."""
    if buckets.date is None:
        return NO_DATE
    day = dialect.name(buckets.date)
    return f"CASE WHEN {dated(buckets.date, dialect)} THEN {day} END"


def acd_expression(buckets: BucketColumns, dialect: Dialect) -> str:
    """Return the ACD of a row's bucket, as SQL."""
    return dialect.name(buckets.acd) if buckets.acd else NO_NUMBER


def dated(column: str, dialect: Dialect) -> str:
    """Return the condition that a date can be in a window: some servers have dates that Python has not."""
    day = dialect.name(column)
    return f"({day} >= {dialect.date(FIRST_DATE)} AND {day} < {dialect.date(PAST_DATE)})"


def undated(column: str, dialect: Dialect) -> str:
    """Return the condition that a date can be in no window, as NULL."""
    day = dialect.name(column)
    return f"({day} IS NULL OR {day} < {dialect.date(FIRST_DATE)} OR {day} >= {dialect.date(PAST_DATE)})"


def labelled(column: str, dialect: Dialect) -> str:
    """Return the condition that a label is a time of day."""
    label = dialect.name(column)
    return f"({label} >= 0 AND {label} <= {LAST_LABEL} AND MOD({label}, 100) < {MINUTES})"


def unlabelled(column: str, dialect: Dialect) -> str:
    """Return the condition that a label is no time of day, as NULL."""
    label = dialect.name(column)
    return f"({label} IS NULL OR {label} < 0 OR {label} > {LAST_LABEL} OR MOD({label}, 100) >= {MINUTES})"


def untimed(buckets: BucketColumns, dialect: Dialect) -> str:
    """Return the condition that no window selects a row, since a time column is NULL or invalid."""
    if buckets.epoch is not None:
        epoch = dialect.name(buckets.epoch)
        return f"({epoch} IS NULL OR {epoch} < {FIRST_EPOCH} OR {epoch} >= {PAST_EPOCH})"
    conditions = [undated(buckets.date, dialect)] if buckets.date is not None else []
    conditions += [unlabelled(buckets.label, dialect)] if buckets.label is not None else []
    return " OR ".join(conditions) or "1 = 0"
