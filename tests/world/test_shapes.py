"""Every second seed has a shape, and each shape is what its name says, the same each time."""

from __future__ import annotations

import pytest

from tests.world.drawing import drawn
from tests.world.scenarios import LEVELS
from tests.world.shapes import SHAPES, shape_named, shapes_of
from tests.world.shapes.shape import Shape
from tests.world.values import BOTH, LinkDown


def test_every_second_seed_has_a_shape() -> None:
    """Even seeds have none; the odd ones of a level have each of its shapes in turn."""
    for level in LEVELS:
        names = [one.name for one in shapes_of(level)]
        assert {drawn(seed, level).shape for seed in range(0, 2 * len(names), 2)} == {""}
        assert [drawn(seed, level).shape for seed in range(1, 2 * len(names), 2)] == names


@pytest.mark.parametrize("shape", SHAPES, ids=lambda one: one.name)
def test_a_shape_draws_worlds(shape: Shape) -> None:
    """A shape has what happens and commands, all within its world, and a seed draws the same world of it again."""
    assert shape_named(shape.name) is shape
    for seed in range(4):
        scenario = drawn(seed, shape.level, shape.name)
        assert scenario == drawn(seed, shape.level, shape.name)
        assert scenario.shape == shape.name
        assert scenario.commands
        assert all(0 <= one.at < scenario.last for one in (*scenario.happenings, *scenario.commands))


def test_what_is_lost_on_both_is_down_at_once() -> None:
    """Worlds of this shape have a time in which the links of both servers are down."""
    for seed in range(8):
        downs = [one for one in drawn(seed, 1, "lost_on_both").happenings if isinstance(one, LinkDown)]
        spans = {one.server: (one.at, one.at + one.seconds) for one in downs}
        assert set(spans) == set(BOTH)
        assert max(start for start, _ in spans.values()) < min(end for _, end in spans.values())
