"""What is PostgreSQL's own in SQL and in types."""

from __future__ import annotations

import pyarrow as pa
import pytest

from syncengine.model.spec import ColumnType
from syncengine.servers.postgresql.dialect import PostgreSQLDialect, numbered
from syncengine.servers.postgresql.types import arrow_type, live_type, readable, stored_type
from syncengine.servers.sql.dialect import Dialect


def test_markers_are_numbered_and_names_left_alone() -> None:
    """Each ? outside quotes becomes the next number."""
    assert numbered('SELECT "why?" FROM t WHERE a = ? OR b IN (?, ?)') == (
        'SELECT "why?" FROM t WHERE a = $1 OR b IN ($2, $3)'
    )


def test_columns_are_named_as_they_are_stored() -> None:
    """A column is found whatever the case it is asked for in; an unknown one is named as asked."""
    dialect = PostgreSQLDialect(actual={"acd": "ACD"})

    assert isinstance(dialect, Dialect)
    assert (dialect.name("acd"), dialect.name("Acd"), dialect.name("Split")) == ('"ACD"', '"ACD"', '"Split"')


@pytest.mark.parametrize(
    "column_type",
    ["smallint", "integer", "bigint", "date", "smallfloat", "float", "char(20)", "varchar(7)", "decimal(10,2)"],
)
def test_a_type_comes_back_from_the_catalogue(column_type: str) -> None:
    """What a type is stored as is read from the catalogue as the same type."""
    wanted = ColumnType.parse(column_type)

    assert live_type(stored_type(wanted)) == wanted
    assert readable(wanted)


@pytest.mark.parametrize(
    ("native", "name", "width", "exact"),
    [
        ("text", "varchar", 0, True),
        ("character varying", "varchar", 0, True),
        ("bpchar", "char", 0, True),
        ("numeric(38,0)", "decimal", 38, True),
        ("numeric", "numeric", 0, False),
        ("numeric(39,0)", "numeric(39,0)", 0, False),
        ("boolean", "boolean", 0, True),
        ("timestamp(3) without time zone", "timestamp(3) without time zone", 0, True),
        ("timestamp with time zone", "timestamp with time zone", 0, False),
        ("acd_number", "acd_number", 0, False),
        ("integer[]", "integer[]", 0, False),
    ],
)
def test_what_is_not_known_keeps_its_own_name(native: str, name: str, width: int, exact: bool) -> None:
    """Types without a counterpart are reported as the server calls them, and are not said to be exact."""
    found = live_type(native)

    assert (found.name, found.width) == (name, width)
    assert readable(found) is exact


def test_int8_and_bigint_are_one_type_here() -> None:
    """Both are stored as bigint and sent as 64 bits."""
    assert stored_type(ColumnType("int8")) == stored_type(ColumnType("bigint")) == "bigint"
    assert arrow_type(ColumnType("int8")) == arrow_type(ColumnType("bigint")) == pa.int64()
