"""Many buckets of rows on real table layouts, loaded in bulk, to be mutated one bucket at a time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from syncengine.model.bucket import QUANTUM_SECONDS, Bucket, BucketColumns, quarter_of
from syncengine.model.grain import Archive
from syncengine.model.spec import ColumnType, TableSpec
from syncengine.model.window import Window
from tests.builders import Files, build_files, catalogue, row

ZONE = "America/Denver"
AS_OF = datetime(2000, 11, 5, 12, 0)
FIRST_DAY, PAST_DAY = date(2000, 10, 27), date(2000, 11, 2)
"""The clocks go back on 2000-10-29: 01:00 to 01:59 is there twice."""
WINDOW = Window(
    datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day), datetime(PAST_DAY.year, PAST_DAY.month, PAST_DAY.day)
)
CAPACITIES = ("agent login/logout", "agent trace", "call records", "exceptions")
ARROW = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "int8": pa.int64(),
    "bigint": pa.int64(),
    "date": pa.date32(),
    "smallfloat": pa.float32(),
    "float": pa.float64(),
    "char": pa.string(),
    "varchar": pa.string(),
}
Row = dict[str, Any]


def buckets_of(table: str) -> list[Bucket]:
    """Return the buckets a layout is filled with, in order of time, those just outside the window too."""
    spec = catalogue().table(table)
    columns = BucketColumns.of(spec)
    if spec.time is None:
        return [Bucket(acd=acd) for acd in range(1, 301)] if columns.acd else [Bucket()]
    if spec.archive is Archive.DAILY:
        first = FIRST_DAY - timedelta(days=1)
        days = [first + timedelta(days=day) for day in range((PAST_DAY - first).days + 1)]
        return [Bucket(day, None, acd) for day in days for acd in range(1, 41)]
    if columns.epoch is not None:
        tz = ZoneInfo(ZONE)
        start = int(WINDOW.start.replace(tzinfo=tz).timestamp()) - QUANTUM_SECONDS
        stop = int(WINDOW.stop.replace(tzinfo=tz).timestamp()) + QUANTUM_SECONDS
        slots = range(start, stop, QUANTUM_SECONDS)
        return [Bucket(datetime.fromtimestamp(slot, tz).date(), slot, 1) for slot in slots]
    step = 15 if columns.quarters else 30
    moments = [WINDOW.start + timedelta(minutes=step * n) for n in range(-1, 6 * 24 * 60 // step + 1)]
    return [Bucket(moment.date(), moment.hour * 100 + moment.minute, 1) for moment in moments]


def inside(bucket: Bucket, table: str) -> bool:
    """Say whether the window holds a bucket."""
    columns = BucketColumns.of(catalogue().table(table))
    if columns.date is None:
        return True
    if columns.epoch is not None and bucket.slot is not None:
        wall = datetime.fromtimestamp(bucket.slot, ZoneInfo(ZONE)).replace(tzinfo=None)
        return WINDOW.contains(wall)
    return bucket.row_date is not None and FIRST_DAY <= bucket.row_date < PAST_DAY


def base_rows(table: str, bucket: Bucket, dice: random.Random) -> list[Row]:
    """Return four rows of a bucket, the last equal to the first."""
    rows = [_random_row(table, bucket, number, dice) for number in range(3)]
    if table in ("hsplit", "hagent") and (bucket.row_date, bucket.slot) in REPEATED:
        rows += [dict(one) | {_number(table, dice): 7} for one in rows[:2]]
    return [*rows, dict(rows[0])]


REPEATED = {(date(2000, 10, 29), 100), (date(2000, 10, 29), 130)}


def _number(table: str, dice: random.Random) -> str:
    return dice.choice(mutable(table, numbers=True))


def mutable(table: str, *, numbers: bool) -> list[str]:
    """Return the compared columns, of numbers or of text, that are not part of the bucket."""
    spec = catalogue().table(table)
    columns = BucketColumns.of(spec)
    fixed = {columns.date, columns.label, columns.epoch, columns.acd, *spec.ignored}
    if spec.time is not None:
        fixed |= {spec.time.interval, spec.time.incomplete}
    kinds = ("smallint", "integer", "smallfloat") if numbers else ("char", "varchar")
    return [column.name for column in spec.columns if column.type.name in kinds and column.name not in fixed]


def _random_row(table: str, bucket: Bucket, number: int, dice: random.Random) -> Row:
    spec = catalogue().table(table)
    columns = BucketColumns.of(spec)
    made = {column.name: _random_value(column.type, dice) for column in spec.columns}
    made = row(table, **made)
    for name, value in ((columns.date, bucket.row_date), (columns.acd, bucket.acd)):
        if name is not None:
            made[name] = value
    if columns.label is not None and bucket.slot is not None:
        made[columns.label] = bucket.slot + (dice.randrange(15) if columns.quarters else 0)
    if columns.epoch is not None and bucket.slot is not None:
        made[columns.epoch] = bucket.slot + dice.randrange(QUANTUM_SECONDS)
    if spec.time is not None:
        if spec.time.interval:
            made[spec.time.interval] = 30
        if spec.time.incomplete:
            made[spec.time.incomplete] = 0
    if spec.row_number:
        made[spec.row_number] = dice.randrange(2**31)
    for name in spec.key:
        column = spec.column(name)
        if column is not None and column.type.is_text:
            made[name] = f"{number}{dice.randrange(10**6):06d}"[: column.type.width].ljust(column.type.width)
    return made


def _random_value(kind: ColumnType, dice: random.Random) -> Any:
    if kind.is_text:
        length = dice.choice((0, 1, kind.width, dice.randint(0, kind.width)))
        return "".join(dice.choice("abcXYZ019 -.é") for _ in range(length)).ljust(kind.width)
    if kind.name == "date":
        return date(2000, 1, 1) + timedelta(days=dice.randrange(300))
    if kind.name == "smallfloat":
        return dice.choice((0.0, -1.5, 100.25, 12.125))
    most = 2**15 - 1 if kind.name == "smallint" else 2**31 - 1
    return dice.choice((0, 0, 1, dice.randint(0, 40), dice.randint(-most, most), most, -most))


def normal(table: str, one: Row) -> tuple[Any, ...]:
    """Return a row as it is compared: padding and ignored columns left out."""
    spec = catalogue().table(table)
    return tuple(
        value.rstrip(" ") if isinstance(value, str) else value
        for name, value in one.items()
        if name not in spec.ignored
    )


def bag(table: str, rows: Iterable[Row]) -> Counter[tuple[Any, ...]]:
    """Return rows as a bag of what is compared of them."""
    return Counter(normal(table, one) for one in rows)


def bucket_in(table: str, one: Row) -> Bucket:
    """Return the bucket a row belongs to."""
    columns = BucketColumns.of(catalogue().table(table))
    slot = one[columns.epoch] if columns.epoch else one[columns.label] if columns.label else None
    if slot is not None and columns.epoch:
        slot -= slot % QUANTUM_SECONDS
    elif slot is not None and columns.quarters:
        slot = quarter_of(slot)
    return Bucket(one[columns.date] if columns.date else None, slot, one[columns.acd] if columns.acd else None)


def load(connection: duckdb.DuckDBPyConnection, spec: TableSpec, rows: Sequence[Row]) -> None:
    """Insert many rows at once."""
    schema = pa.schema([(column.name, ARROW[column.type.name]) for column in spec.columns])
    connection.register("given", pa.Table.from_pylist(list(rows), schema=schema))
    connection.execute(f'INSERT INTO "{spec.name}" SELECT * FROM given')
    connection.unregister("given")


def build_loaded(folder: Path, table: str, primary: Sequence[Row], secondary: Sequence[Row]) -> Files:
    """Build a pair whose servers have the given rows of a table and have archived everything."""
    capacities = [row("dcalloc", item=item, num_items=10**6) for item in CAPACITIES]
    files = build_files(
        folder,
        (table,),
        both={"dcalloc": capacities},
        as_of=AS_OF,
        archived=AS_OF,
        settings=f'timezone = "{ZONE}"\n[limits]\nsamples = 1000\n',
        whole=True,
    )
    for role, rows in (("primary", primary), ("secondary", secondary)):
        with duckdb.connect(str(files.database(role))) as connection:
            load(connection, catalogue().table(table), rows)
    return files
