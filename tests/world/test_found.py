"""Worlds in which something was wrong, as they were shrunk: each is right now, and has a plain test of its own, too."""

from __future__ import annotations

from datetime import date

import pytest

from tests.world.many import run
from tests.world.values import Acd, Command, Fault, FaultKind, LinkDown, Scenario

pytestmark = pytest.mark.soak


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


def test_logins_of_one_interval_cut_on_either_server() -> None:
    """Each server had a login of 10:30 whole that the other had cut, and only one of the two was repaired."""
    run_right(
        Scenario(
            seed=4,
            acds=(Acd(agents=3, calls_an_hour=8),),
            happenings=(LinkDown("primary", 36317, 2000), LinkDown("secondary", 43517, 5000)),
            commands=(Command(108000, "resync", ("--outages", "--yes")),),
        )
    )


def test_our_own_clock_is_set_back_during_a_run() -> None:
    """Set back by a day between plan and write, it made the check after the run refuse the time that was written."""
    window = ("--window", "2000-06-05 10:00..10:29", "--table", "hsplit", "--yes")
    run_right(
        Scenario(
            seed=4,
            acds=(Acd(agents=2, splits=1, vdns=1, calls_an_hour=3),),
            happenings=(LinkDown("secondary", 36000, 7200),),
            commands=(Command(108000, "resync", window),),
            faults=(Fault(0, 90, FaultKind.CLOCK_JUMPS, seed=31),),
        )
    )


def test_another_session_writes_into_a_planned_bucket() -> None:
    """What it wrote stays, its step is left out and named, and an undo of the rest leaves it, too."""
    run_right(
        Scenario(
            seed=4,
            acds=(Acd(agents=2, splits=1, vdns=1, calls_an_hour=3),),
            happenings=(LinkDown("secondary", 36000, 7200),),
            commands=(Command(108000, "resync", ("--outages", "--yes")), Command(111600, "undo", ("--yes",))),
            faults=(Fault(0, 5, FaultKind.OTHER_COMMITS, seed=3),),
        )
    )


def test_a_source_whose_link_is_still_down() -> None:
    """Its pieces of work states took the place of the wholes: an outage without an end in the diary did not count."""
    window = ("--window", "2000-06-04..2000-06-05", "--from", "secondary", "--yes")
    run_right(
        Scenario(
            seed=797685,
            acds=(Acd(minutes=15, splits=3, agents=2, vdns=2, trunk_groups=2, calls_an_hour=5, quiet=(1, 5)),),
            happenings=(LinkDown("secondary", 60300, 93437),),
            commands=(Command(127795, "resync", window),),
        )
    )
