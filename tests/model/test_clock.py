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


@pytest.mark.parametrize(("hour", "twice"), [(0, False), (1, True), (2, False)])
def test_only_the_hour_that_comes_twice_repeats(hour: int, twice: bool) -> None:
    """In autumn one hour does, in the hour around the skipped one of spring none."""
    start = datetime(2000, 10, 29, hour)
    assert repeats(Window(start, start + timedelta(minutes=30)), DENVER) is twice
    assert not repeats(Window(datetime(2000, 4, 2, 2), datetime(2000, 4, 2, 3)), DENVER)
