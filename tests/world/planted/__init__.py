"""Faults of the domain that are put into the product, one at a time: the world must find each."""

from __future__ import annotations

from tests.world.planted import administration, faults, files, intervals, logins, time, undo
from tests.world.planted.planted_fault import PlantedFault

PLANTED: tuple[PlantedFault, ...] = (
    *intervals.PLANTED,
    *logins.PLANTED,
    *undo.PLANTED,
    *faults.PLANTED,
    *files.PLANTED,
    *time.PLANTED,
    *administration.PLANTED,
)
