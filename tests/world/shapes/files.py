"""Machines that stop while our own files are written."""

from __future__ import annotations

from tests.world.shapes.shape import Shape

SHAPES: tuple[Shape, ...] = ()
