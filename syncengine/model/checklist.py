"""What no table can do: lines for the people at both servers, before and after a copy (rule 20)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checklist:
    """What to do by hand, in order; only what applies."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
