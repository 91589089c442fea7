"""How Informix types are kept in DuckDB."""

from __future__ import annotations

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


def stored_type(column_type: ColumnType) -> str:
    """Return the DuckDB type that keeps values of an Informix type without loss.

    DuckDB has no blank-padded text: CHAR values are stored padded, as they are.
    """
    if column_type.name == "decimal":
        return f"DECIMAL({column_type.width},{column_type.scale})"
    return STORED[column_type.name]
