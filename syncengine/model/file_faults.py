"""Reads TOML, and tells the faults in it the way people read them: key, then what is wrong."""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

MESSAGES = {
    "bool_type": "is neither true nor false",
    "date_type": "is no date; write 2000-06-05",
    "datetime_type": "is no date with a time; write 2000-06-05T06:10:00",
    "dict_type": "is no table",
    "enum": "must be {expected}",
    "float_type": "is no number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "int_from_float": "is no whole number",
    "int_type": "is no whole number",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "list_type": "is no list",
    "literal_error": "must be {expected}",
    "model_attributes_type": "is no table",
    "model_type": "is no table",
    "string_too_short": "is empty",
    "string_type": "is no text; write it in quotes",
    "too_short": "is empty",
    "tuple_type": "is no list",
}
"""What is said of a fault, by pydantic's name of it."""

BRANCHES = frozenset({"[key]", "int", "str", "float", "list[str]", "tuple[str, ...]"})
"""What pydantic puts behind a key to say which of several types it tried."""


class NotTomlError(ValueError):
    """A file that is no TOML."""


def read_toml(data: bytes) -> dict[str, Any]:
    """Return what a TOML file holds; a byte order mark before it does no harm. Raises NotTomlError."""
    try:
        return tomllib.loads(data.removeprefix(codecs.BOM_UTF8).decode().replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise NotTomlError(f"line {line} is not UTF-8; save the file in that encoding") from None
    except tomllib.TOMLDecodeError as error:
        raise NotTomlError(f"not TOML: {error}") from None
    except RecursionError:
        raise NotTomlError("not TOML that anybody would write: it is nested too deep") from None


def validation_faults(error: ValidationError) -> Iterator[str]:
    """Yield one line for each key that is wrong: its path and what is wrong there."""
    messages: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in fault["loc"] if part not in BRANCHES) or "file"
        messages.setdefault(key, []).append(_message(fault["type"], fault["msg"], fault.get("ctx", {})))
    for key, words in messages.items():
        yield f"{key}: {' and '.join(dict.fromkeys(words))}"


def _message(kind: str, message: str, context: dict[str, Any]) -> str:
    match kind:
        case "extra_forbidden":
            return "nobody knows this key"
        case "missing":
            return "is missing"
        case _ if kind in MESSAGES:
            return MESSAGES[kind].format_map({name: _number(value) for name, value in context.items()})
        case _:
            words = message.removeprefix("Value error, ")
            return f"{words[:1].lower()}{words[1:]}"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
