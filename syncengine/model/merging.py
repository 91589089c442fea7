"""Merges what was observed of parts of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from syncengine.model.drift import Observation


def merged(parts: Sequence[Observation], *, samples: int) -> Observation:
    """Return what parts of one request show together, each of some tables."""
    del samples
    return replace(
        parts[0],
        tables=tuple(table for part in parts for table in part.tables),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        timetables=next((part.timetables for part in parts if part.timetables is not None), None),
        files=tuple(dict.fromkeys(file for part in parts for file in part.files)),
    )
