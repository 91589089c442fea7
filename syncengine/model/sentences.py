"""Counts and lists as they stand in a sentence, in messages and reports alike."""

from __future__ import annotations

from collections.abc import Sequence


def plural(count: int, noun: str) -> str:
    """Return `1 table` or `2 tables`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(names: Sequence[object], most: int, *, separator: str = ", ") -> str:
    """Return the first `most` names, and how many more there are: `hsplit, hagent and 3 more`."""
    shown = separator.join(map(str, names[:most]))
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
