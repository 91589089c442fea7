"""Faults at the calls where they do harm."""

from __future__ import annotations

from tests.world.shapes.shape import Shape

SHAPES: tuple[Shape, ...] = ()
