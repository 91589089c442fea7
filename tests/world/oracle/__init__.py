"""The oracle: what must be so after each command, by code that shares nothing with the product's comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.world.ending import Ending
    from tests.world.world import World

    Judge = Callable[[World, Ending], Iterator["Violation"]]

MODULES = ("rows", "repaired", "undone", "verdicts", "claims", "endings", "ledger", "rollups")
"""The modules with judges: every public function of one whose name begins with `judge_`."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that an oracle found wrong: which oracle of the issue, and what."""

    oracle: int
    text: str


def judges() -> tuple[tuple[str, Judge], ...]:
    """Return every judge with its name."""
    found = []
    for name in MODULES:
        if find_spec(f"{__name__}.{name}") is None:
            continue
        module = import_module(f"{__name__}.{name}")
        found += [
            (f"{name}.{one}", function)
            for one, function in sorted(vars(module).items())
            if one.startswith("judge_") and getattr(function, "__module__", "") == module.__name__
        ]
    return tuple(found)


def judge(world: World, ending: Ending) -> list[Violation]:
    """Return what every judge finds wrong after a command; each is counted in the tally of the world."""
    found: list[Violation] = []
    for name, one in judges():
        world.tally.checks[name] += 1
        found += one(world, ending)
    return found
