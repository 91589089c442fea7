"""How Informix types are stored in DuckDB."""

from __future__ import annotations

import re

from syncengine.model.spec import ColumnType

STORED = {
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "int8": "BIGINT",
    "bigint": "BIGINT",
    "date": "DATE",
    "smallfloat": "FLOAT",
    "float": "DOUBLE",
    "char": "VARCHAR",
    "varchar": "VARCHAR",
}
LIVE = {stored: ours for ours, stored in STORED.items()}
INEXACT = re.compile(r"\b(HUGEINT|UHUGEINT|BIGNUM|INTERVAL|BIT|TIME WITH TIME ZONE|UNION)\b")
"""Types, also inside others, whose values Arrow or a piece stores only in part or not at all."""


def stored_type(column_type: ColumnType) -> str:
    """Return the DuckDB type that stores values of an Informix type without loss.

    DuckDB has no blank-padded text: CHAR values are stored padded, as they are.
    """
    if column_type.name == "decimal":
        return f"DECIMAL({column_type.width},{column_type.scale})"
    return STORED[column_type.name]


def live_type(native: str) -> ColumnType:
    """Return the type that the catalogue names; an unknown one has its own name."""
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", native)
    if decimal:
        return ColumnType("decimal", int(decimal.group(1)), int(decimal.group(2)))
    # DuckDB stores CHAR and VARCHAR alike, and no width.
    return ColumnType("char" if native == "VARCHAR" else LIVE.get(native, native.lower()))


def readable(native: str) -> bool:
    """Say whether values of a type are read and written exactly."""
    return INEXACT.search(native) is None
