"""Shapes of worlds: each brings together what random scenarios seldom do. Every second seed has one."""

from __future__ import annotations

from tests.world.shapes import administration, intervals, time
from tests.world.shapes.shape import Shape

SHAPES: tuple[Shape, ...] = (
    *intervals.SHAPES,
    *time.SHAPES,
    *administration.SHAPES,
)


def shapes_of(level: int) -> tuple[Shape, ...]:
    """Return the shapes that worlds of a level may have."""
    return tuple(one for one in SHAPES if one.level <= level)


def shape_named(name: str) -> Shape:
    """Return a shape; raises `KeyError`."""
    return {one.name: one for one in SHAPES}[name]
