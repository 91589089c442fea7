"""Logins, calls and work states that outages cut."""

from __future__ import annotations

from tests.world.shapes.shape import Shape

SHAPES: tuple[Shape, ...] = ()
