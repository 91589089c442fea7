"""Administration on both servers."""

from __future__ import annotations

from tests.world.shapes.shape import Shape

SHAPES: tuple[Shape, ...] = ()
