"""The scratch table in which a live server is tested: a column of every type, and rows for it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from syncengine.model.bucket import Bucket, BucketColumns, BucketState
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.selection import ReadQuery, Selection
from syncengine.model.spec import ColumnType
from syncengine.servers.arrow import ARROW
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache

Row = dict[str, Any]
COLUMNS: tuple[tuple[str, ColumnType], ...] = (
    ("row_date", ColumnType("date")),
    ("starttime", ColumnType("smallint")),
    ("acd", ColumnType("smallint")),
    ("n_smallint", ColumnType("smallint")),
    ("n_integer", ColumnType("integer")),
    ("n_int8", ColumnType("int8")),
    ("n_bigint", ColumnType("bigint")),
    ("d_date", ColumnType("date")),
    ("t_char", ColumnType("char", 10)),
    ("t_varchar", ColumnType("varchar", 20)),
    ("x_decimal", ColumnType("decimal", 8, 2)),
    ("x_smallfloat", ColumnType("smallfloat")),
    ("x_float", ColumnType("float")),
)
"""One column of every type a spec may name, after those a bucket is made of."""
TYPES = dict(COLUMNS)
SCHEMA = pa.schema([(name, ({"decimal": pa.decimal128(8, 2)} | ARROW)[of.name]) for name, of in COLUMNS])
BUCKETS = BucketColumns(date="row_date", label="starttime", acd="acd")
DAY = date(2000, 6, 5)


@dataclass(frozen=True, slots=True)
class Scratch:
    """A live server and the scratch table on it, empty when a case begins."""

    server: Server
    table: str
    cache: Cache
    lock_seconds: int

    @property
    def everything(self) -> Selection:
        """The selection of all rows."""
        return Selection(self.table, BUCKETS)

    def at(self, *buckets: Bucket) -> Selection:
        """Return the selection of some buckets."""
        return replace(self.everything, buckets=buckets)

    def write(self, rows: Sequence[Row]) -> int:
        """Insert rows in a transaction of their own, and return how many the server says there were."""
        with self.server.begin() as session:
            count = session.insert(self.table, as_arrow(rows).to_reader())
            session.commit()
        return count

    def rows(self, *columns: str) -> list[Row]:
        """Return all rows, in the order of their labels."""
        query = ReadQuery(self.everything, columns or tuple(TYPES))
        found: list[Row] = self.server.read(query).read_all().to_pylist()
        return sorted(found, key=lambda row: (row.get("starttime") or 0, repr(row)))

    def states(self, query: FingerprintQuery) -> dict[Bucket, BucketState]:
        """Return the fingerprints the server computes."""
        return dict(self.server.fingerprint(query))

    def clear(self) -> None:
        """Delete all rows."""
        with self.server.begin() as session:
            session.delete(self.everything)
            session.commit()


def as_arrow(rows: Sequence[Row]) -> pa.Table:
    """Return rows as Arrow in the types of the scratch table; columns that are not given are NULL."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def scratch_row(label: int = 500, **values: Any) -> Row:  # noqa: ANN401  # a value of any column
    """Return a row of ACD 1 on a day, NULL but for the given values; text for CHAR is padded as it is stored."""
    padded = {"t_char": values["t_char"].ljust(10)} if values.get("t_char") is not None else {}
    return {"row_date": DAY, "starttime": label, "acd": 1} | values | padded


def varied_rows(count: int) -> Iterator[Row]:
    """Yield rows of some buckets, with negative numbers, extremes, NULL, empty and non-ASCII text among them."""
    dice = random.Random(4711)  # noqa: S311  # the same rows every time
    texts = (None, "", "a", " b", "Zoë", "ABCDEFGHIJ", "10001")
    for _ in range(count):
        yield scratch_row(
            dice.choice((0, 500, 2330)),
            acd=dice.choice((1, 2, None)),
            n_smallint=dice.choice((None, 0, -(2**15) + 1, dice.randrange(-9999, 9999))),
            n_integer=dice.choice((None, 2**31 - 1, -(2**31) + 1, dice.randrange(-(10**9), 10**9))),
            n_int8=dice.choice((None, 2**63 - 1, -(2**63) + 1, dice.randrange(-(10**18), 10**18))),
            n_bigint=dice.choice((None, 0, dice.randrange(-(10**18), 10**18))),
            d_date=dice.choice((None, date(1899, 12, 30), date(9999, 12, 31), DAY + timedelta(dice.randrange(900)))),
            t_char=dice.choice(texts),
            t_varchar=dice.choice(texts),
            x_decimal=Decimal(dice.randrange(999)) / 100,
        )
