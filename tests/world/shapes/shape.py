"""What a shape of worlds is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.world.values import Scenario


@dataclass(frozen=True, slots=True)
class Shape:
    """Worlds that have what chance alone seldom brings together: what happens, and the commands that meet it."""

    name: str
    level: int
    """The lowest level of scenarios (`scenarios.LEVELS`) that has all of it."""
    scenarios: Callable[[], st.SearchStrategy[Scenario]]
