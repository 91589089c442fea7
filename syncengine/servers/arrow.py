"""The Arrow types in which values of Informix types are exchanged with a live server."""

from __future__ import annotations

import pyarrow as pa

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
"""The Arrow type of each Informix type whose values are read unchanged."""
