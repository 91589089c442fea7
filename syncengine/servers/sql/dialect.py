"""The differences between the SQL of kinds of servers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from syncengine.model.bucket import EPOCH_DAY
from syncengine.model.errors import InputError
from syncengine.model.names import quoted
from syncengine.model.selection import FarDate, Value

PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
"""Names that need no quotes anywhere."""
NUL = 0x110000
"""The number of a NUL in text, the first that no character has: only embedded servers can store one."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text and the values to bind, in order."""

    text: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """The SQL of one kind of server where kinds differ. Defaults are DuckDB's."""

    quotes: bool = True
    """Whether double quotes make an identifier; on Informix they may make a string."""
    coalesce: str = "COALESCE"
    character: str = ""
    """The number of the character at a place; empty where `characters` adds them all up at once."""
    characters: str = (
        "CAST(COALESCE(LIST_SUM(LIST_TRANSFORM(STRING_SPLIT({text}, ''), "
        f"lambda letter, place: CASE letter WHEN CHR(0) THEN {NUL} ELSE ASCII(letter) END "
        "* (CAST([{numbers}] AS BIGINT[]))[place])), 0) AS BIGINT)"
    )
    """The sum of each character times the number of its place; characters past the last number are ignored.

    One expression for any width: a hundred written out take longer to plan than to run.
    """
    trimmed: str = "RTRIM({text}, ' ')"
    text_term: str = "CASE WHEN {name} IS NULL THEN {null} ELSE {term} END"
    """The term of a text column `{name}`, some of whose characters may be missing."""
    sum: str = "CAST(SUM({value}) AS BIGINT)"
    day_number: str = f"({{date}} - DATE '{EPOCH_DAY.isoformat()}')"
    same_text: str = "{column} = ?"
    """Equality with a text value, ignoring blank padding where the server stores it."""
    date_literal: str = "DATE '{day:%Y-%m-%d}'"
    fence: str = ""
    """What prevents a derived table from being merged into the query around it."""

    relation: str = ""
    """The relation named before each column, where another relation is in scope."""

    def bound(self, value: Value) -> Value:
        """Return a value as it is bound; a date that Python has none for is bound as text."""
        return value.text if isinstance(value, FarDate) else value

    def date(self, day: date) -> str:
        """Return a date of ours as this dialect writes it."""
        return self.date_literal.format(day=day)

    def name(self, name: str) -> str:
        """Return an identifier as this dialect writes it; raises `InputError` for one it cannot write."""
        if not self.quotes and PLAIN.fullmatch(name) is None:
            raise InputError(
                f"{name!r} would need quotes to be the name of a table or column, and here quotes make text.",
                hint="Leave the table out.",
            )
        written = quoted(name) if self.quotes else name
        return f"{self.relation}.{written}" if self.relation else written


DUCKDB = Dialect()
NO_DATE, NO_NUMBER = "CAST(NULL AS DATE)", "CAST(NULL AS INTEGER)"
"""NULL with a type, which some servers require."""
