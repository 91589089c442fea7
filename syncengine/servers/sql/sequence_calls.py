"""The sequences that the default of a column calls, from the text of the default."""

from __future__ import annotations

import re
from collections.abc import Iterator

from syncengine.model.names import folded

CALL = re.compile(r"\bnextval\s*\(", re.IGNORECASE)
NAMING = re.compile(r"nextval\s*\(\(*'(?P<name>(?:[^']|'')*)'(?:::[a-z ]+)?(?:\)+::regclass)?\)", re.IGNORECASE)
"""A call that names its sequence by a literal."""
PART = r'(?:"(?:[^"]|"")+"|[^".]+)'
PARTS = re.compile(rf"{PART}(?:\.{PART}){{0,2}}")


def sequences_called(default: str) -> Iterator[tuple[str, ...] | None]:
    """Yield the sequence of each call: its name, after its schema and its database where these are given.

    None for one whose name cannot be parsed. Letters A to Z outside quotes are in lower case.
    """
    for call in CALL.finditer(default):
        naming = NAMING.match(default, call.start())
        yield _parts(naming["name"].replace("''", "'")) if naming is not None else None


def _parts(name: str) -> tuple[str, ...] | None:
    if PARTS.fullmatch(name.strip()) is None:
        return None
    return tuple(
        part[1:-1].replace('""', '"') if part.startswith('"') else folded(part.strip())
        for part in re.findall(PART, name.strip())
    )
