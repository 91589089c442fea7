"""Informix column types, as its catalogue encodes them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from syncengine.model.spec import ColumnType
from syncengine.servers.informix.types import Stored, arrow_column, bound_values, read_expression, readable


@pytest.mark.parametrize(
    ("stored", "native", "of"),
    [
        (Stored(0, 20), "char(20)", ColumnType("char", 20)),
        (Stored(15, 5), "nchar(5)", ColumnType("char", 5)),
        (Stored(13, 40), "varchar(40)", ColumnType("varchar", 40)),
        (Stored(13, 10 * 256 + 40), "varchar(40)", ColumnType("varchar", 40)),
        (Stored(13, 200 * 256 + 255 - 65536), "varchar(255)", ColumnType("varchar", 255)),
        (Stored(1 | 0x100, 2), "smallint", ColumnType("smallint")),
        (Stored(2 | 0x200, 4), "integer", ColumnType("integer")),
        (Stored(6, 4), "serial", ColumnType("integer")),
        (Stored(17, 10), "int8", ColumnType("int8")),
        (Stored(18, 10), "serial8", ColumnType("int8")),
        (Stored(52, 8), "bigint", ColumnType("bigint")),
        (Stored(7, 4), "date", ColumnType("date")),
        (Stored(3, 8), "float", ColumnType("float")),
        (Stored(4, 4), "smallfloat", ColumnType("smallfloat")),
        (Stored(5, 10 * 256 + 2), "decimal(10,2)", ColumnType("decimal", 10, 2)),
        (Stored(8, 16 * 256 + 2), "money(16,2)", ColumnType("decimal", 16, 2)),
        (Stored(5, 16 * 256 + 255), "decimal(16)", ColumnType("decimal(16)")),
        (Stored(10, 14 * 256 + 0 * 16 + 10), "datetime year to second", ColumnType("datetime year to second")),
        (Stored(10, 0x0600 + 6 * 16 + 10), "datetime hour to second", ColumnType("datetime hour to second")),
        (Stored(14, 0x0700 + 4 * 16 + 8), "interval day to minute", ColumnType("interval day to minute")),
        (Stored(43, 300), "lvarchar(300)", ColumnType("varchar", 300)),
        (Stored(40, 2048, "lvarchar"), "lvarchar(2048)", ColumnType("varchar", 2048)),
        (Stored(41, 1, "boolean"), "boolean", ColumnType("boolean")),
        (Stored(41, 72, "clob"), "clob", ColumnType("clob")),
        (Stored(12, 56), "text", ColumnType("text")),
        (Stored(19, 0), "set", ColumnType("set")),
        (Stored(99, 0), "type 99", ColumnType("type 99")),
    ],
)
def test_a_type_is_decoded(stored: Stored, native: str, of: ColumnType) -> None:
    """Code and length of the catalogue become the type's own name and the type it is compared as."""
    assert stored.native == native
    assert stored.type == of


def test_a_bit_says_whether_null_is_accepted() -> None:
    """NOT NULL is a flag beside the code, like others that do not count."""
    assert Stored(2, 4).nullable
    assert not Stored(2 | 0x100, 4).nullable
    assert Stored(2 | 0x800, 4).nullable


@pytest.mark.parametrize("native", ["text", "clob", "byte", "blob", "set", "row", "type 99", "opaque"])
def test_what_the_driver_would_make_null_is_not_read(native: str) -> None:
    """A type outside the list is refused by name, never read as NULL."""
    assert not readable(ColumnType(native))


@pytest.mark.parametrize(
    ("native", "expression"),
    [
        ("datetime year to second", "CAST(c AS CHAR(30))"),
        ("interval day to minute", "CAST(c AS CHAR(30))"),
        ("boolean", "CAST(c AS CHAR(1))"),
        ("decimal(16)", "CAST(c AS CHAR(40))"),
        ("integer", "c"),
    ],
)
def test_what_the_driver_does_not_know_is_read_as_text(native: str, expression: str) -> None:
    """Types that have an exact text are read as that."""
    assert readable(ColumnType(native))
    assert read_expression("c", ColumnType(native)) == expression


def test_values_become_arrow_without_loss() -> None:
    """Decimals come as text and stay exact, padding and NULL stay."""
    assert arrow_column(["1.25", None], ColumnType("decimal", 8, 2)).to_pylist() == [Decimal("1.25"), None]
    assert arrow_column(["ab  ", None, ""], ColumnType("char", 4)).to_pylist() == ["ab  ", None, ""]
    assert arrow_column([date(1899, 12, 30), None], ColumnType("date")).type == pa.date32()


def test_values_are_bound_in_the_width_of_their_column() -> None:
    """A value that its column cannot hold is refused here: the driver would cut it off."""
    assert bound_values(pa.array([1, None], pa.int64()), ColumnType("smallint")) == [1, None]
    assert bound_values(pa.array([1.5], pa.float64()), ColumnType("float")) == [1.5]
    with pytest.raises(pa.ArrowInvalid):
        bound_values(pa.array([70_000], pa.int32()), ColumnType("smallint"))
