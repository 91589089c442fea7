"""Where kinds of servers spell the same thing differently."""

from __future__ import annotations

import re
from dataclasses import dataclass

from syncengine.model.bucket import EPOCH_DAY
from syncengine.model.selection import Value

PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
"""Names that need no quotes anywhere."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text and the values to bind, in order."""

    text: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of server writes what is not the same everywhere. Defaults are DuckDB's."""

    quotes: bool = True
    """Whether double quotes make an identifier; on Informix they may make a string."""
    coalesce: str = "COALESCE"
    character: str = ""
    """The number of the character at a place; empty where `characters` adds them all up at once."""
    characters: str = (
        "CAST(COALESCE(LIST_SUM(LIST_TRANSFORM(STRING_SPLIT({text}, ''), "
        "lambda letter, place: ASCII(letter) * (CAST([{numbers}] AS BIGINT[]))[place])), 0) AS BIGINT)"
    )
    """The sum of each character times the number of its place; those past the last number are left out.

    One expression however wide the column is: a hundred written out take longer to plan than to run.
    """
    trimmed: str = "RTRIM({text}, ' ')"
    text_term: str = "CASE WHEN {name} IS NULL THEN {null} ELSE {term} END"
    """The term of a text column `{name}`, of which some characters may be missing."""
    sum: str = "CAST(SUM({value}) AS BIGINT)"
    day_number: str = f"({{date}} - DATE '{EPOCH_DAY.isoformat()}')"
    same_text: str = "{column} = ?"
    """Equality with a text value, blank padding aside where the server stores it."""
    fence: str = ""
    """What keeps a derived table from being merged into the query around it."""

    def name(self, name: str) -> str:
        """Return an identifier as this dialect writes it; raises ValueError for one it cannot write."""
        if self.quotes:
            return quoted(name)
        if PLAIN.fullmatch(name) is None:
            raise ValueError(f"{name!r} would need quotes, and cannot be the name of a table or column here")
        return name


DUCKDB = Dialect()
NO_DATE, NO_NUMBER = "CAST(NULL AS DATE)", "CAST(NULL AS INTEGER)"
"""NULL with a type, which some servers ask for."""


def quoted(name: str) -> str:
    """Return a name as a quoted identifier; a quote inside it is refused."""
    if '"' in name or not name:
        raise ValueError(f"{name!r} cannot be the name of a table or column")
    return f'"{name}"'
