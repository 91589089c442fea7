"""Intervals of both servers: what is archived, what was lost on which, and in which direction a repair goes."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.world.clock import DAY, HOUR
from tests.world.scenarios import acds_of_a_world, moments, seconds_up_to
from tests.world.shapes.shape import Shape
from tests.world.values import BOTH, Command, LinkDown, Scenario, other


@st.composite
def _lost_on_both(draw: st.DrawFn) -> Scenario:
    """Return outages of both servers that overlap in one or more intervals, and a repair of all of them."""
    last = 2 * DAY
    at = draw(moments(last - 12 * HOUR))
    server = draw(st.sampled_from(BOTH))
    seconds = draw(seconds_up_to(3 * HOUR))
    later = draw(st.integers(0, seconds - 1))
    happenings = (
        LinkDown(server, at, seconds),
        LinkDown(other(server), at + later, draw(st.one_of(st.just(seconds - later), seconds_up_to(HOUR)))),
    )
    repaired = last - 4 * HOUR
    return Scenario(
        seed=draw(st.integers(0, 2**31)),
        acds=draw(acds_of_a_world()),
        happenings=happenings,
        commands=(
            Command(repaired, "resync", ("--outages", "--yes")),
            Command(repaired + 1, "verify"),
        ),
    )


SHAPES = (Shape("lost_on_both", 1, _lost_on_both),)
