"""Counts and lists as part of a sentence, for messages and reports."""

from __future__ import annotations

from collections.abc import Sequence


def plural(count: int, noun: str) -> str:
    """Return `1 table` or `2 tables`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def of_server(server: str, text: str) -> str:
    """Return a message of a server with its name before it, once: errors of servers already begin with it."""
    return f"{server}: {without_server(server, text)}"


def without_server(server: str, text: str) -> str:
    """Return an error of a server without its name at the beginning, if the name is shown elsewhere."""
    return text.removeprefix(f"{server}: ")


def listed(names: Sequence[object], most: int, *, separator: str = ", ") -> str:
    """Return the first `most` names, and how many more there are: `hsplit, hagent and 3 more`."""
    shown = separator.join(map(str, names[:most]))
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
