"""What of a pair a job is asked about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a pair is asked about."""

    tables: tuple[str, ...]
    sets: tuple[str, ...]
    acds: tuple[int, ...]
    excluded: tuple[str, ...] = ()
    """Tables that are left out of it."""
