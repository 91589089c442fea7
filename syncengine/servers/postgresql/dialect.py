"""PostgreSQL's SQL where it differs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from syncengine.model.bucket import EPOCH_DAY
from syncengine.model.names import folded, quoted
from syncengine.model.selection import FarDate, Value
from syncengine.servers.sql.dialect import Dialect

EPOCH_OFFSET = (date(1970, 1, 1) - EPOCH_DAY).days
INFINITE = 2**31 - 1
"""The day of Arrow's and DuckDB's that stands for infinity, counted from 1970."""
MARKER = re.compile(r'"[^"]*"|\?')


@dataclass(frozen=True, slots=True)
class PostgreSQLDialect(Dialect):
    """PostgreSQL's SQL. Names in quotes are case-sensitive, so each is written as in the catalogue."""

    character: str = "ASCII(SUBSTR({text}, {place}, 1))"
    text_term: str = "COALESCE({term}, {null})"
    # A sum of BIGINT would be NUMERIC; what is summed is below 2^31.
    sum: str = "CAST(SUM(CAST({value} AS INTEGER)) AS BIGINT)"
    # It has no difference to an infinite date, where DuckDB gives these numbers.
    day_number: str = (
        f"CASE WHEN ISFINITE({{date}}) THEN CAST({{date}} - DATE '{EPOCH_DAY}' AS BIGINT) "
        f"WHEN {{date}} > DATE '{EPOCH_DAY}' THEN {INFINITE + EPOCH_OFFSET} "
        f"WHEN {{date}} < DATE '{EPOCH_DAY}' THEN {EPOCH_OFFSET - INFINITE} END"
    )
    # A CHAR column compared with a parameter, which is TEXT, loses its padding, and the value does not.
    same_text: str = "RTRIM({column}, ' ') = RTRIM(?, ' ')"
    # Without it the query is merged into the one around, and its long expression computed for each use of x.
    fence: str = " OFFSET 0"
    actual: Mapping[str, str] = field(default_factory=dict)
    """The stored names of columns, by their names in lower case."""

    def name(self, name: str) -> str:
        """Return a column's name in quotes, as in the catalogue; an unknown one unchanged."""
        return quoted(self.actual.get(folded(name), name))

    def bound(self, value: Value) -> Value:
        """Return a value as it is bound; a date that Python has none for is bound as PostgreSQL writes it."""
        return value.text.replace("(BC)", "BC") if isinstance(value, FarDate) else value


def numbered(text: str) -> str:
    """Return a statement with its markers as PostgreSQL numbers them: $1, $2 and so on."""
    number = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal number
        if found[0] != "?":
            return found[0]
        number += 1
        return f"${number}"

    return MARKER.sub(mark, text)
