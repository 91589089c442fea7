"""The oracle: what must be so after each command, by code that shares nothing with the product's comparison."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that an oracle found wrong: which oracle of the issue, and what."""

    oracle: int
    text: str
