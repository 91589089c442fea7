"""Reads TOML, and reports the faults in it as people read them: key, then what is wrong."""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

MESSAGES = {
    "bool_type": "must be true or false",
    "date_type": "is not a date; write 2000-06-05",
    "datetime_type": "is not a date with a time; write 2000-06-05T06:10:00",
    "dict_type": "is not a table",
    "enum": "must be {expected}",
    "float_type": "is not a number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "int_from_float": "is not a whole number",
    "int_type": "is not a whole number",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "list_type": "is not a list",
    "literal_error": "must be {expected}",
    "model_attributes_type": "is not a table",
    "model_type": "is not a table",
    "string_too_short": "is empty",
    "string_type": "is not text; write it in quotes",
    "too_short": "is empty",
    "tuple_type": "is not a list",
}
"""The message of each fault, by pydantic's name for it."""

BRANCHES = frozenset({"[key]", "int", "str", "float", "list[str]", "tuple[str, ...]"})
"""Suffixes of a key with which pydantic names the type that it tried."""


class NotTomlError(ValueError):
    """A file that is not TOML."""


def read_toml(data: bytes) -> dict[str, Any]:
    """Return the content of a TOML file; it may begin with a byte order mark. Raises NotTomlError."""
    try:
        return tomllib.loads(data.removeprefix(codecs.BOM_UTF8).decode().replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise NotTomlError(f"line {line} is not UTF-8; save the file in that encoding") from None
    except tomllib.TOMLDecodeError as error:
        raise NotTomlError(f"not TOML: {error}") from None
    except RecursionError:
        raise NotTomlError("not TOML: it is nested too deep") from None


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
            return "unknown key"
        case "missing":
            return "is missing"
        case _ if kind in MESSAGES:
            return MESSAGES[kind].format_map({name: _number(value) for name, value in context.items()})
        case _:
            words = message.removeprefix("Value error, ")
            return f"{words[:1].lower()}{words[1:]}"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
