"""Turns values of the model into plain data for JSON: stable names, ISO times, no secrets."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime
from enum import Enum
from typing import Any

from syncengine.model.window import Window


def plain(value: Any) -> Any:  # noqa: ANN401  # any value of the model
    """Return a value as JSON knows it; windows become {"from", "before", "shown"}."""
    if isinstance(value, Window):
        return {"from": value.start.isoformat(), "before": value.stop.isoformat(), "shown": str(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list | frozenset):
        return [plain(item) for item in value]
    return value


def as_text(document: dict[str, Any]) -> str:
    """Return a document as JSON text for people and machines."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
