"""Values that a url takes from the environment, and how they are masked in all output.

docs/reference/pair-file.md promises this, and has the rule for short values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePath
from urllib.parse import quote, unquote

from syncengine.model.never_pickled import NeverPickled

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""How a url refers to a value of the environment."""
LONG = 5
"""The length from which a value that mixes letters with other characters is also replaced inside words."""
PG_NAME = 63
"""Bytes to which PostgreSQL cuts a name."""


@dataclass(frozen=True, slots=True)
class Mask(NeverPickled):
    """Values that are not shown, each with the name that replaces it."""

    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return any(value for _, value in self.values)

    def text(self, text: str) -> str:
        """Return a text with ${NAME} in place of each value, in every form that a url or a driver writes it."""
        if not self:
            return text
        pattern, names = _searched(self.values)

        def shown(found: re.Match[str]) -> str:
            name = names.get(found[0].casefold())
            return f"${{{name}}}" if name else found[0]

        return pattern.sub(shown, text)


UNMASKED = Mask()
"""No secrets."""


def is_telling(value: str) -> bool:
    """Say whether a value is unmistakable: it is long, and neither a plain word nor a number."""
    return len(value) >= LONG and not value.isalpha() and not value.isdecimal()


@cache
def _searched(values: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return a pattern for every form of some values, and their names by form in small letters."""
    names = {form.casefold(): name for name, value in reversed(values) for form in _forms(value)}
    forms = {form for _, value in values for form in _forms(value)}
    # The longest first, since one may be part of another. Names that are already in the text stay as they are.
    found = [*map(_expression, sorted(forms, key=len, reverse=True)), REFERENCE.pattern]
    return re.compile("|".join(found), re.DOTALL), names


def _expression(form: str) -> str:
    """Return the pattern of a form: an unmistakable one anywhere, in any case; others only as separate words."""
    if is_telling(form):
        return f"(?i:{re.escape(form)})"
    # Not inside a word or a number, nor as the scheme of a url.
    return rf"(?<![\w%])(?:{re.escape(form)}|{re.escape(form.upper())})(?![\w+%]|://)"


def _forms(value: str) -> Iterator[str]:
    """Yield the forms in which a value may occur in a text."""
    plain = {
        value,
        unquote(value),
        value.strip("[]"),
        str(PurePath(value)),
        value.encode()[:PG_NAME].decode(errors="ignore"),
        " ".join(value.split()),
    }
    if "/" in value or value.endswith((".duckdb", ".db")):
        # DuckDB names a database by its file.
        plain |= {PurePath(value).name, PurePath(value).stem}
    plain |= {line.strip() for line in value.splitlines() if len(line.strip()) >= LONG}
    for one in plain - {"", "."}:
        yield from (one, quote(one, safe=""), quote(one), quote(one, safe="").lower())
        # As in a string of JSON, of Python, of SQL and of a connection string.
        yield from (json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1], repr(one)[1:-1])
        yield from (one.replace("'", "''"), one.replace('"', '""'), one.replace("\\", "\\\\").replace("'", "\\'"))
