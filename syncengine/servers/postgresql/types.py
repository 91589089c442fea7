"""How Informix types are stored in PostgreSQL, and how their values are exchanged as Arrow."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from syncengine.model.spec import ColumnType
from syncengine.servers.arrow import ARROW

MOST_DIGITS = 38
"""The digits of decimals in Arrow and in the staging."""
STORED = {
    "smallint": "smallint",
    "integer": "integer",
    "int8": "bigint",
    "bigint": "bigint",
    "date": "date",
    "smallfloat": "real",
    "float": "double precision",
}
LIVE = {stored: ours for ours, stored in STORED.items()}
TEXTS = {"character": "char", "bpchar": "char", "character varying": "varchar", "text": "varchar"}
SIZED = re.compile(r"([a-z ]+)\((\d+)(?:,(\d+))?\)")
FROM_DRIVER = {-(2**31) + 10956: 2**31 - 1, -(2**31) + 10957: -(2**31) + 1}
"""The days that the driver makes of infinity and of -infinity, and those that they are to Arrow and to DuckDB."""
EARLIEST_SENT = -(2**63) + 946_684_800_000_000
"""The earliest time that the driver writes; it counts from 2000 and reads out-of-range times as earlier ones."""
EXACT = {"boolean", "bytea", "timestamp without time zone", "time without time zone"}
"""Types that Informix has differently or not at all, and whose values Arrow passes unchanged."""


def stored_type(column_type: ColumnType) -> str:
    """Return the PostgreSQL type that stores values of an Informix type without loss."""
    if column_type.is_text:
        kind = "character" if column_type.name == "char" else "character varying"
        return f"{kind}({column_type.width})" if column_type.width else "text"
    if column_type.name == "decimal":
        return f"numeric({column_type.width},{column_type.scale})"
    return STORED[column_type.name]


def live_type(native: str) -> ColumnType:
    """Return the type that the catalogue names; an unknown one has its own name."""
    if native in LIVE:
        return ColumnType(LIVE[native])
    if native in TEXTS:
        return ColumnType(TEXTS[native])
    sized = SIZED.fullmatch(native)
    if sized is None:
        return ColumnType(native)
    base, width, scale = sized[1], int(sized[2]), int(sized[3] or 0)
    if base in TEXTS:
        return ColumnType(TEXTS[base], width)
    if base == "numeric" and width <= MOST_DIGITS and scale <= width:
        return ColumnType("decimal", width, scale)
    return ColumnType(native)


def arrow_type(column_type: ColumnType) -> pa.DataType | None:
    """Return the Arrow type of a column's values, None where the driver's own is used."""
    if column_type.name == "decimal":
        return pa.decimal128(column_type.width, column_type.scale)
    return ARROW.get(column_type.name)


def readable(column_type: ColumnType) -> bool:
    """Say whether values of a type are read and written exactly."""
    return arrow_type(column_type) is not None or re.sub(r"\(\d\)", "", column_type.name) in EXACT


def as_read(array: pa.Array, wanted: pa.DataType | None) -> pa.Array:
    """Return a column in its Arrow type; the driver returns numbers without a width as text.

    Raises `pyarrow.ArrowInvalid` for a value that the type cannot hold.
    """
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if wanted is not None and array.type != wanted:
        array = array.cast(wanted)
    return _dates(array, FROM_DRIVER) if wanted == pa.date32() else array


def as_sent(array: pa.Array, wanted: pa.DataType | None) -> pa.Array:
    """Return a column as the driver writes it; raises `pyarrow.ArrowInvalid` for a value that does not fit the type."""
    if wanted is not None and array.type != wanted:
        array = array.cast(wanted)
    if pa.types.is_timestamp(array.type) and pc.any(pc.less(array.cast(pa.int64()), EARLIEST_SENT)).as_py():
        raise pa.ArrowInvalid("the driver does not write a time of infinity, or past the year 294246")
    return _dates(array, {read: sent for sent, read in FROM_DRIVER.items()}) if wanted == pa.date32() else array


def _dates(array: pa.Array, days: Mapping[int, int]) -> pa.Array:
    """Return dates with some days replaced: the driver shifts infinity by the days from 2000 to 1970."""
    numbers = array.cast(pa.int32())
    for day, other in days.items():
        found = pc.equal(numbers, day)
        if pc.any(found).as_py():
            numbers = pc.if_else(found, pa.scalar(other, pa.int32()), numbers)
    return numbers.cast(pa.date32())
