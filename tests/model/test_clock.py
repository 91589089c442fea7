"""What the switch's wall clock shows when it is changed (rule 17)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from syncengine.model.clock import clock_after, repeats
from syncengine.model.window import Window

DENVER = "America/Denver"


@pytest.mark.parametrize(
    ("zone", "moment", "shown"),
    [
        ("UTC", datetime(2000, 4, 2, 1, 50), datetime(2000, 4, 2, 2, 10)),
        (DENVER, datetime(2000, 4, 2, 1, 50), datetime(2000, 4, 2, 3, 10)),
        (DENVER, datetime(2000, 4, 2, 3, 50), datetime(2000, 4, 2, 4, 10)),
        (DENVER, datetime(2000, 10, 29, 1, 50), datetime(2000, 10, 29, 2, 10)),
    ],
)
def test_twenty_minutes_later(zone: str, moment: datetime, shown: datetime) -> None:
    """A link that is down for twenty minutes is up an hour later by a clock that skips one, and never earlier."""
    assert clock_after(moment, 20 * 60, zone) == shown


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        (3, datetime(2000, 10, 29, 0, 33)),
        (4, datetime(2000, 10, 29, 1, 33)),
        (5, datetime(2000, 10, 29, 2, 33)),
        (6, datetime(2000, 10, 29, 2, 33)),
        (11, datetime(2000, 10, 29, 7, 33)),
    ],
)
def test_an_outage_over_the_autumn_night_ends_when_the_clock_says_so(hours: int, shown: datetime) -> None:
    """An hour that comes twice is counted twice; within its second time all of it has gone by."""
    assert clock_after(datetime(2000, 10, 28, 21, 33), hours * 3600, DENVER) == shown


@pytest.mark.parametrize(("hour", "twice"), [(0, False), (1, True), (2, False)])
def test_only_the_hour_that_comes_twice_repeats(hour: int, twice: bool) -> None:
    """In autumn one hour does, in the hour around the skipped one of spring none."""
    start = datetime(2000, 10, 29, hour)
    assert repeats(Window(start, start + timedelta(minutes=30)), DENVER) is twice
    assert not repeats(Window(datetime(2000, 4, 2, 2), datetime(2000, 4, 2, 3)), DENVER)
