"""Worlds in which something was wrong, as they were shrunk: each is right now."""

from __future__ import annotations

from datetime import date

from tests.world.many import run
from tests.world.values import Acd, LinkDown, Scenario


def run_right(scenario: Scenario) -> None:
    """Run a world, and fail with what the oracle finds wrong."""
    _, found = run(scenario)
    assert not found, found


def test_an_outage_over_the_autumn_night() -> None:
    """It ended an hour too late, and a call was written beside its piece; each is whole, and there once."""
    run_right(
        Scenario(
            seed=248,
            start=date(2000, 10, 28),
            zone="America/Denver",
            acds=(Acd(minutes=60, splits=3, agents=5, vdns=1, trunk_groups=2),),
            happenings=(LinkDown("primary", at=77610, seconds=39944),),
        )
    )
