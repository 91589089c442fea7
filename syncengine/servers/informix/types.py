"""Informix column types: how the server's catalogue stores them, and how their values are read and written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from syncengine.model.spec import ColumnType
from syncengine.servers.arrow import ARROW

PLAIN = {
    1: "smallint",
    2: "integer",
    3: "float",
    4: "smallfloat",
    6: "serial",
    7: "date",
    11: "byte",
    12: "text",
    17: "int8",
    18: "serial8",
    19: "set",
    20: "multiset",
    21: "list",
    22: "row",
    23: "collection",
    45: "boolean",
    52: "bigint",
    53: "bigserial",
}
TEXTS = {0: "char", 13: "varchar", 15: "nchar", 16: "nvarchar", 43: "lvarchar"}
OPAQUE = (40, 41)
"""Types that sysxtdtypes names: lvarchar, boolean, blob, clob and user-defined ones."""
FIELDS = {0: "year", 2: "month", 4: "day", 6: "hour", 8: "minute", 10: "second"} | {
    10 + digits: f"fraction({digits})" for digits in range(1, 6)
}
SAME_AS = {
    "serial": "integer",
    "serial8": "int8",
    "bigserial": "bigint",
    "nchar": "char",
    "nvarchar": "varchar",
    "lvarchar": "varchar",
}
"""Types whose values are those of another."""
AS_TEXT = {"datetime": 30, "interval": 30, "boolean": 1}
"""Types that are read and written as text of so many characters: exact, but not part of fingerprints."""
DDL = {"smallfloat": "SMALLFLOAT", "float": "FLOAT"}


@dataclass(frozen=True, slots=True)
class Stored:
    """A column's type as syscolumns encodes it."""

    coltype: int
    length: int
    extended: str = ""
    """The name in sysxtdtypes of a type made of bytes."""

    @property
    def nullable(self) -> bool:
        """Say whether the column takes NULL."""
        return not self.coltype & 0x100

    @property
    def base(self) -> str:
        """The type's name without its lengths."""
        code = self.coltype & 0xFF
        if code in OPAQUE:
            return self.extended.strip().lower() or "opaque"
        return (
            PLAIN.get(code)
            or TEXTS.get(code)
            or {5: "decimal", 8: "money", 10: "datetime", 14: "interval"}.get(code, f"type {code}")
        )

    @property
    def native(self) -> str:
        """The type as Informix writes it."""
        base = self.base
        if base in ("char", "nchar", "varchar", "nvarchar", "lvarchar"):
            return f"{base}({self.width})"
        if base in ("decimal", "money"):
            precision, scale = divmod(self.length, 256)
            return f"{base}({precision})" if scale == 255 else f"{base}({precision},{scale})"
        if base in ("datetime", "interval"):
            first, last = divmod(self.length & 0xFF, 16)
            return f"{base} {FIELDS.get(first, '?')} to {FIELDS.get(last, '?')}"
        return base

    @property
    def width(self) -> int:
        """The most bytes of text; for VARCHAR the length holds a reserved minimum too."""
        if self.base in ("varchar", "nvarchar"):
            length = self.length + 65536 if self.length < 0 else self.length
            return length & 0xFF
        return self.length

    @property
    def type(self) -> ColumnType:
        """The type as the engine compares it; an unknown one has its own name."""
        base = SAME_AS.get(self.base, self.base)
        if base in ("char", "varchar"):
            return ColumnType(base, self.width)
        precision, scale = divmod(self.length, 256)
        if base in ("decimal", "money") and scale != 255:
            return ColumnType("decimal", precision, scale)
        return ColumnType(base if base in ARROW else self.native)


def readable(column_type: ColumnType) -> bool:
    """Say whether the driver passes values of a type exactly; of others it would silently make NULL."""
    return column_type.name in ARROW or column_type.name == "decimal" or _as_text(column_type) is not None


def read_expression(name: str, column_type: ColumnType) -> str:
    """Return what to select for a column: itself, or as text where the driver does not know the type."""
    width = _as_text(column_type)
    return name if width is None else f"CAST({name} AS CHAR({width}))"


def arrow_type(column_type: ColumnType) -> pa.DataType:
    """Return the Arrow type of a column's values."""
    if column_type.name == "decimal":
        return pa.decimal128(column_type.width, column_type.scale)
    return ARROW.get(column_type.name, pa.string())


def arrow_column(values: Iterable[object], column_type: ColumnType) -> pa.Array:
    """Return the driver's values of a column as Arrow; decimals come from it as text, and so lose nothing."""
    wanted = arrow_type(column_type)
    if column_type.name == "decimal":
        return pa.array([None if value is None else str(value).strip() for value in values], pa.string()).cast(wanted)
    if _as_text(column_type) is not None:
        return pa.array([None if value is None else str(value).rstrip(" ") for value in values], pa.string())
    return pa.array(values, wanted)


def bound_values(column: pa.Array, column_type: ColumnType) -> list[object]:
    """Return a column's values as the driver binds them without loss, of one Python type for the whole column.

    Raises `pyarrow.ArrowInvalid` for a value that its column cannot hold: the driver would cut it off silently.
    """
    if column_type.name == "decimal":
        return [None if value is None else str(value) for value in column.cast(arrow_type(column_type)).to_pylist()]
    return list(column.cast(arrow_type(column_type)).to_pylist())


def ddl_type(column_type: ColumnType) -> str:
    """Return a type as CREATE TABLE takes it."""
    return DDL.get(column_type.name, str(column_type)).upper()


def _as_text(column_type: ColumnType) -> int | None:
    return AS_TEXT.get(column_type.name.split(" ")[0].split("(")[0]) or (
        40 if column_type.name.startswith(("decimal(", "money(")) else None
    )
