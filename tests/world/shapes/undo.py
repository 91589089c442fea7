"""Undos, and what is remembered between commands."""

from __future__ import annotations

from tests.world.shapes.shape import Shape

SHAPES: tuple[Shape, ...] = ()
