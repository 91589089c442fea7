"""The oracle: what must be so after each command, by code that shares nothing with the product's comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.world.ending import Ending
    from tests.world.world import World

    Judge = Callable[[World, Ending], Iterator["Violation"]]

MODULES = ("rows", "repaired", "undone", "verdicts", "claims", "endings", "ledger", "administration", "rollups")
"""The modules with judges: every function of a world and an ending whose name begins with `judge_`."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that an oracle found wrong: which oracle of the issue, and what."""

    oracle: int
    text: str


@lru_cache(maxsize=1)
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
            if one.startswith("judge_")
            and function.__module__ == module.__name__
            and len(signature(function).parameters) == 2
        ]
    return (*found, *_of_administration())


def _of_administration() -> tuple[tuple[str, Judge], ...]:
    """Return the judge of administration, which is given the columns of its tables."""
    if find_spec(f"{__name__}.administration") is None:
        return ()
    module = import_module(f"{__name__}.administration")
    if not hasattr(module, "administration_tables"):
        return ()

    def one(world: World, ending: Ending) -> Iterator[Violation]:
        columns = {
            table: world.site.databases["primary"].columns(table)
            for table in sorted(module.administration_tables())
            if all(database.columns(table) for database in world.site.databases.values())
        }
        found: Iterator[Violation] = module.judge_administration(world, ending, columns)
        return found

    return (("administration.judge_administration", one),)


def judge(world: World, ending: Ending) -> list[Violation]:
    """Return what every judge finds wrong after a command; each is counted in the tally of the world."""
    found: list[Violation] = []
    for name, one in judges():
        world.tally.checks[name] += 1
        found += one(world, ending)
    return found
