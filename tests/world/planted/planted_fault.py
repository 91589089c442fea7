"""What a planted fault is."""

from __future__ import annotations

from dataclasses import dataclass

from tests.guards.guard import Guard

INTERVALS, FAULTS, TIME, ADMINISTRATION = 1, 2, 3, 4
"""The levels of scenarios (`scenarios.py`) that have what a fault needs to show."""


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """A fault, as the lines that are replaced, and the level of scenarios that is tried."""

    change: Guard
    level: int
    shape: str = ""
    """The shape of worlds (`shapes/`) that has most of what it needs: every second world that is tried has it."""
    also: tuple[Guard, ...] = ()
    """Other guards of the same promise, which are taken out with it: each alone would be enough."""

    @property
    def changes(self) -> tuple[Guard, ...]:
        """All that is replaced."""
        return (self.change, *self.also)


def fault(
    name: str,
    file: str,
    lines: str,
    replacement: str,
    does: str,
    level: int = INTERVALS,
    shape: str = "",
    also: tuple[tuple[str, str, str], ...] = (),
) -> PlantedFault:
    """Return a fault: in a file, lines that are replaced; what that does; the worlds it is looked for in."""
    change, *others = (Guard(name, does, *one, failing_test="") for one in ((file, lines, replacement), *also))
    return PlantedFault(change, level, shape, tuple(others))
