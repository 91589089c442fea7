"""Buckets: the smallest windows that are compared and replaced as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from syncengine.model.interval import QUANTUM, at_label, label_of, minute_of
from syncengine.model.spec import TableSpec

QUANTUM_SECONDS = QUANTUM * 60
EPOCH_DAY = date(1899, 12, 31)
"""Day 0 of the day numbers dates are compared by (an Informix DATE counts from it)."""
FIRST_DATE, PAST_DATE = date(1000, 1, 1), date(9000, 1, 1)
"""The dates a window can include: every date a CMS can have, and far enough from the ends of the calendar for sums.

Rows with other dates, some of which Python cannot express, are in no window. They are compared without a window.
"""
FIRST_EPOCH, PAST_EPOCH = (
    int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) for day in (FIRST_DATE, PAST_DATE)
)
"""The same as epoch seconds."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """(row_date, slot, acd), each None where the table has no such column or the row holds NULL.

    `row_date` is also None if the row's date is outside the dates a window can include, and `slot` if its label is not
    a time of day.

    `slot` is the HHMM label of the interval, or for event tables that of its quarter of an hour, or the
    epoch second a quarter begins with. Daily, weekly and monthly archives have none.
    """

    row_date: date | None = None
    slot: int | None = None
    acd: int | None = None

    @property
    def order(self) -> tuple[date, int, int]:
        """A sort key; NULL sorts lowest, as in Informix."""
        return (
            self.row_date or date.min,
            -(2**40) if self.slot is None else self.slot,
            -(2**40) if self.acd is None else self.acd,
        )


@dataclass(frozen=True, slots=True)
class BucketColumns:
    """The columns a table's buckets are made of."""

    date: str | None = None
    label: str | None = None
    epoch: str | None = None
    acd: str | None = None
    quarters: bool = False
    """Event labels are minutes, folded to the quarter of an hour that holds them."""

    @classmethod
    def of(cls, spec: TableSpec) -> BucketColumns:
        """Return the bucket columns of a table."""
        if spec.time is None:
            return cls(acd=spec.acd)
        return cls(
            date=spec.time.date,
            label=spec.time.label,
            epoch=spec.time.epoch,
            acd=spec.acd,
            quarters=spec.grain.events and spec.time.label is not None,
        )

    @property
    def whole(self) -> frozenset[str]:
        """The columns that have one value in a bucket, so that its fingerprint does not cover them."""
        fixed = {self.date, self.acd}
        if not self.quarters:
            fixed.add(self.label)
        return frozenset(column for column in fixed if column is not None)


@dataclass(frozen=True, slots=True)
class BucketState:
    """What one server has in one bucket.

    `rows` counts, `hash_sum` is the fingerprint's sum; `incomplete` is the largest such figure over the
    rows (None where the table has none), `lengths` the shortest and longest interval length seen.
    """

    rows: int = 0
    hash_sum: int = 0
    incomplete: int | None = None
    lengths: tuple[int, int] | None = None
    overlong: int = 0
    """Rows with text longer than the fingerprint covers: such a bucket is compared by rows."""
    digest: str = ""
    """A hash of all rows and columns, for writes to tables with columns that no fingerprint covers."""

    def same_rows(self, other: BucketState) -> bool:
        """Say whether both fingerprints are equal and cover everything."""
        return (self.rows, self.hash_sum) == (other.rows, other.hash_sum) and not (self.overlong or other.overlong)


EMPTY = BucketState()


def bucket_start(bucket: Bucket, columns: BucketColumns, zone: str) -> datetime | None:
    """Return when a bucket begins on the wall clock, or None for a table or row without a time.

    Epoch slots are read in `zone`, the time zone of the switch's wall clock.
    """
    if columns.epoch is not None:
        if bucket.slot is None or not FIRST_EPOCH <= bucket.slot < PAST_EPOCH:
            return None
        return datetime.fromtimestamp(bucket.slot, ZoneInfo(zone)).replace(tzinfo=None)
    if bucket.row_date is None or (columns.label is not None and bucket.slot is None):
        return None
    return at_label(bucket.row_date, bucket.slot or 0)


def quarter_of(label: int) -> int:
    """Return the label of the quarter of an hour that holds a minute: 1314 is 1300."""
    minute = minute_of(label)
    return label_of(minute - minute % QUANTUM)
