"""Tests whether an Informix server computes fingerprints as defined, before its results are used."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from syncengine.model.bucket import EPOCH_DAY
from syncengine.model.errors import ServerError, ServerSlowError, ServerUnreachableError
from syncengine.model.fingerprint import COVERED_TYPES, FingerprintColumn, parameters
from syncengine.model.names import folded
from syncengine.model.spec import ColumnType
from syncengine.servers.informix.sql import INFORMIX
from syncengine.servers.informix.system_catalogue import ONE_ROW
from syncengine.servers.sql.dialect import Statement
from syncengine.servers.sql.fingerprints import term

TEXT = frozenset({"char", "varchar"})
WIDE_CHARACTER = re.compile(rb"[\xf0-\xf4]")
"""The first byte, in UTF-8, of a character of more than 16 bits."""
RunQuery = Callable[[Statement], Sequence[tuple[Any, ...]]]

SEED = 20_000_605
VECTORS: dict[str, tuple[tuple[str, Any], ...]] = {
    "smallint": (("CAST(-32767 AS SMALLINT)", -32767), ("CAST(32767 AS SMALLINT)", 32767)),
    "integer": (
        ("CAST(-2147483647 AS INTEGER)", -2147483647),
        ("CAST(2147483647 AS INTEGER)", 2147483647),
        ("CAST(NULL AS INTEGER)", None),
    ),
    "int8": (
        ("CAST(9007199254740993 AS BIGINT)", 9007199254740993),
        ("CAST(-4611686018427387905 AS BIGINT)", -(2**62) - 1),
    ),
    "date": (
        ("MDY(12, 30, 1899)", -1),
        ("MDY(6, 5, 2000)", (date(2000, 6, 5) - EPOCH_DAY).days),
        ("CAST(NULL AS DATE)", None),
    ),
    "char": (
        ("CAST('Sales' AS CHAR(8))", "Sales"),
        ("CAST(' x' AS CHAR(8))", " x"),
        ("CAST('' AS CHAR(8))", ""),
        ("CAST('Zo\u00eb' AS CHAR(8))", "Zo\u00eb"),
        ("CAST(NULL AS CHAR(8))", None),
    ),
}
"""Expressions for each kind of term, and the value of each. Informix reserves the lowest number for NULL."""
ALIKE = {"bigint": "int8", "varchar": "char"}
WIDTH = 8


class FoldedTypes:
    """The types whose fingerprint the server computes: no text in a table with characters of more than 16 bits.

    The result of a server's ASCII for such a character depends on its locale: a half, a byte, or the character.
    """

    def __init__(self, trusted: frozenset[str]) -> None:
        self.trusted = trusted
        self._wide_tables: set[str] = set()

    def of(self, table: str) -> frozenset[str]:
        """Return the types whose fingerprint the server computes in a table."""
        return self.trusted - TEXT if folded(table) in self._wide_tables else self.trusted

    def inspect(self, table: str, rows: pa.RecordBatch) -> None:
        """Check rows read from a table, or about to be written to it."""
        if folded(table) not in self._wide_tables and any(map(_has_wide_character, rows.columns)):
            self._wide_tables.add(folded(table))


def _has_wide_character(column: pa.Array) -> bool:
    if not pa.types.is_string(column.type):
        return False
    data = column.buffers()[2]
    return data is not None and WIDE_CHARACTER.search(memoryview(data)) is not None


def trusted_types(run_query: RunQuery) -> frozenset[str]:
    """Return the types whose terms the server computes as defined; the rest are computed here.

    A type the server fails on, or computes differently, is left out; a lost connection is raised.
    """
    right = {name for name, vectors in VECTORS.items() if _is_computed_right(name, vectors, run_query)}
    return frozenset(name for name in COVERED_TYPES if ALIKE.get(name, name) in right)


def _is_computed_right(name: str, vectors: tuple[tuple[str, Any], ...], run_query: RunQuery) -> bool:
    """Compare the terms of all vectors of a type, in one row, with exact integers."""
    numbers = parameters(SEED)
    of = ColumnType(name, WIDTH if name == "char" else 0)
    columns = [FingerprintColumn(f"v{place}", of) for place in range(len(vectors))]
    terms = ", ".join(term(column, numbers, INFORMIX) for column in columns)
    vectors_as_columns = ", ".join(
        f"{vector} AS {column.name}" for column, (vector, _) in zip(columns, vectors, strict=True)
    )
    try:
        rows = run_query(Statement(f"SELECT {terms} FROM (SELECT {vectors_as_columns} {ONE_ROW}) AS vectors"))
    except (ServerUnreachableError, ServerSlowError):
        raise
    except ServerError:
        return False
    expected = [_expected(column, value) for column, (_, value) in zip(columns, vectors, strict=True)]
    return [None if got is None else int(got) % numbers.p0 for row in rows for got in row] == expected


def _expected(column: FingerprintColumn, value: Any) -> int:
    numbers = parameters(SEED)
    if value is None:
        return numbers.coefficient(column.name, "null") % numbers.p0
    if isinstance(value, str):
        places = enumerate(value, start=1)
        return sum(numbers.coefficient(column.name, str(at)) * ord(sign) for at, sign in places) % numbers.p0
    return numbers.coefficient(column.name, "value") * int(value) % numbers.p0
