"""How Informix types are kept in PostgreSQL, and how their values travel as Arrow."""

from __future__ import annotations

import re

import pyarrow as pa

from syncengine.model.spec import ColumnType
from syncengine.servers.arrow import ARROW

MOST_DIGITS = 38
"""What decimals of Arrow and of the staging can hold."""
STORED = {
    "smallint": "smallint",
    "integer": "integer",
    "int8": "bigint",
    "bigint": "bigint",
    "date": "date",
    "smallfloat": "real",
    "float": "double precision",
}
LIVE = {
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "date": "date",
    "real": "smallfloat",
    "double precision": "float",
}
TEXTS = {"character": "char", "bpchar": "char", "character varying": "varchar", "text": "varchar"}
SIZED = re.compile(r"([a-z ]+)\((\d+)(?:,(\d+))?\)")
EXACT = {"boolean", "bytea", "timestamp without time zone", "time without time zone"}
"""Types that Informix has otherwise or not at all, and whose values Arrow carries to and fro unchanged."""


def stored_type(column_type: ColumnType) -> str:
    """Return the PostgreSQL type that keeps values of an Informix type without loss."""
    if column_type.is_text:
        kind = "character" if column_type.name == "char" else "character varying"
        return f"{kind}({column_type.width})" if column_type.width else "text"
    if column_type.name == "decimal":
        return f"numeric({column_type.width},{column_type.scale})"
    return STORED[column_type.name]


def live_type(native: str) -> ColumnType:
    """Return what the catalogue's words for a type mean; what is not known here keeps its own name."""
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
    """Return the Arrow type of a column's values, None where the driver's own is kept."""
    if column_type.name == "decimal":
        return pa.decimal128(column_type.width, column_type.scale)
    return ARROW.get(column_type.name)


def readable(column_type: ColumnType) -> bool:
    """Say whether values of a type come and go exactly."""
    return arrow_type(column_type) is not None or re.sub(r"\(\d\)", "", column_type.name) in EXACT


def as_kept(array: pa.Array, wanted: pa.DataType | None) -> pa.Array:
    """Return a column as it is kept in Arrow; numbers without a width of their own come from the driver as text.

    Raises `pyarrow.ArrowInvalid` for a value that the type cannot hold.
    """
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    return array if wanted is None or array.type == wanted else array.cast(wanted)
