"""Tells the faults pydantic finds in a file the way people read them: key, then what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError


def validation_faults(error: ValidationError) -> Iterator[str]:
    """Yield one line for each fault: key path and what is wrong there."""
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in fault["loc"] if part != "[key]") or "file"
        if fault["type"] == "extra_forbidden":
            yield f"{key}: nobody knows this key"
        elif fault["type"] == "missing":
            yield f"{key}: is missing"
        else:
            message = fault["msg"].removeprefix("Value error, ")
            yield f"{key}: {message[0].lower()}{message[1:]}"
