"""Turns values of the model into plain data for JSON: stable names, ISO times, no secrets."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from syncengine.model.selection import FarDate
from syncengine.model.window import Window


def plain(value: Any) -> Any:  # noqa: ANN401  # any value of the model, or of a column
    """Return a value as plain data for JSON; windows become {"from", "before", "shown"}.

    Values of columns that JSON has no type for become text that loses nothing: decimals as they are written, bytes
    in hexadecimal, dates and times as ISO 8601, a span of time in seconds, and `NaN`, `Infinity`, `-Infinity`.
    """
    if isinstance(value, Window):
        return {"from": value.start.isoformat(), "before": value.stop.isoformat(), "shown": str(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool | int | str | None):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{Decimal(value // timedelta(microseconds=1)).scaleb(-6):f}"
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, FarDate | Decimal | UUID):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return renamed(value)
    if isinstance(value, tuple | list | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    return str(value)


def renamed(value: Any, **names: str) -> dict[str, Any]:  # noqa: ANN401  # any dataclass of the model
    """Return the fields of a value of the model as plain data; `names` gives the names in documents that differ."""
    return {names.get(field.name, field.name): plain(getattr(value, field.name)) for field in dataclasses.fields(value)}


def as_text(document: dict[str, Any]) -> str:
    """Return a document as JSON text: UTF-8, and escapes if it has characters that UTF-8 cannot encode."""
    text = json.dumps(plain(document), indent=2, ensure_ascii=False, allow_nan=False)
    if text.isascii() or _encodes(text):
        return text
    return json.dumps(plain(document), indent=2, ensure_ascii=True, allow_nan=False)


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
