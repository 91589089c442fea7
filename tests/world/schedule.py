"""When each server does what: its rows, archives, sums and drops, and what happens to it, from a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta

from tests.world import acts
from tests.world.administration import customer_rows
from tests.world.clock import DAY, HOUR, MINUTE
from tests.world.collection import archives, views
from tests.world.intervals import available, down_times, merged
from tests.world.rollups import LONGER, periods
from tests.world.tables import CUSTOM, HISTORY
from tests.world.values import (
    Added,
    Edit,
    LengthSet,
    Recorded,
    Restored,
    Scenario,
    Server,
    Upgraded,
)

AFTER_START = 10 * MINUTE
"""So long after it is started again a server does what was due while it was down."""
DROPS = time(0, 50)
TIME = "%m/%d/%y %H:%M"
"""How a server writes a time into `arch_stat`."""
INTRAHOUR_DAYS, FEW_DAYS = 62, 2
CAPACITY, SMALL_CAPACITY = 100_000, 60


def stored_days(scenario: Scenario) -> int:
    """Return for how many days both servers store intervals: few in some worlds."""
    return FEW_DAYS if scenario.seed % 5 == 1 else INTRAHOUR_DAYS


def capacity(scenario: Scenario, item: str) -> int:
    """Return how many rows of an ACD a circular table has: few in some worlds, though never of the diary."""
    return SMALL_CAPACITY if scenario.seed % 5 == 2 and item != "exceptions" else CAPACITY


def rebuilt(scenario: Scenario, server: Server) -> tuple[int, ...]:
    """Return when a server has other rows or columns at once: those of a tape, or of a new load."""
    down = merged(scenario.down(server))
    found: list[int] = []
    for one in scenario.happenings:
        match one:
            case Restored() if one.server == server:
                found.append(available(one.at + one.seconds, down))
            case Upgraded() if one.server == server:
                found.append(available(one.at, down))
            case _:
                pass
    return tuple(sorted(found))


def scheduled(scenario: Scenario, server: Server, records: Iterable[Recorded]) -> list[tuple[int, int, acts.Act]]:
    """Return all that a server does, and what is done to it, with when and in which order; sorted."""
    found = [
        *((one.at, 1, acts.Store(one)) for one in records if one.table in HISTORY),
        *_archived(scenario, server),
        *_nights(scenario, server),
        *_happenings(scenario, server),
        *_customer(scenario, server),
    ]
    return sorted(found, key=lambda one: one[:2])


def first_shown(scenario: Scenario, shown: datetime) -> int | None:
    """Return the first second of a world at which the clock shows a time, or a later one; None if it never does."""
    clock, last = scenario.clock, scenario.last
    times = clock.times(shown, last + 1)
    if times:
        return times[0]
    # It is skipped, or not reached: a clock that is set back shows what was later before.
    around = int((shown - clock.start).total_seconds())
    for at in range(max(0, around - 3 * HOUR), min(last, around + DAY), MINUTE):
        if clock.shown(at) >= shown:
            return at
    return None


def last_summed(scenario: Scenario) -> dict[str, datetime]:
    """Return when each archive has last run as a world begins, by its code."""
    midnight = datetime.combine(scenario.start, time())
    night = midnight - timedelta(days=1)
    sunday = midnight - timedelta(days=midnight.weekday() + 1 if midnight.weekday() < 6 else 7)
    month = midnight.replace(day=1) if midnight.day > 1 else (midnight - timedelta(days=1)).replace(day=1)
    return {
        "1": midnight,
        "2": night + timedelta(minutes=35),
        "3": sunday + timedelta(hours=2, minutes=35),
        "4": month + timedelta(hours=4, minutes=35),
    }


def _archived(scenario: Scenario, server: Server) -> Iterator[tuple[int, int, acts.Act]]:
    for one in archives(scenario, views(scenario)[server]):
        begin = datetime.combine(one.day, time(one.label // 100, one.label % 100))
        shown = scenario.clock.shown(one.end - 1) + timedelta(seconds=1)
        until = min(begin + timedelta(minutes=one.minutes), shown)
        yield one.at, 2, acts.Archived(one.acd, f"{until:{TIME}}")


def _nights(scenario: Scenario, server: Server) -> Iterator[tuple[int, int, acts.Act]]:
    down = down_times(scenario, views(scenario)[server])
    for place, archive in enumerate(LONGER):
        # The period before the first has no rows, but its archive runs.
        for period in periods(scenario, archive):
            due = first_shown(scenario, period.summed)
            if due is not None:
                ready = available(due, down)
                yield (
                    ready + (AFTER_START if ready != due else 0),
                    3 + place,
                    acts.Summed(period, f"{period.summed:{TIME}}"),
                )
    for days in range(1, scenario.days + 1):
        today = scenario.start + timedelta(days=days)
        due = first_shown(scenario, datetime.combine(today, DROPS))
        if due is not None:
            ready = available(due, down)
            before = today - timedelta(days=stored_days(scenario))
            yield ready + (AFTER_START if ready != due else 0), 6, acts.Dropped(before)


def _happenings(scenario: Scenario, server: Server) -> Iterator[tuple[int, int, acts.Act]]:
    down = down_times(scenario, views(scenario)[server])
    for place, one in enumerate(scenario.happenings):
        match one:
            case Restored() if one.server == server and one.to <= one.at:
                yield one.to, 8, acts.Saved(place)
                # Before all that the server writes as it is started again, such as the end of its outage.
                yield available(one.at + one.seconds, down), 0, acts.FromTape(place)
            case Edit() if one.server == server:
                yield available(one.at, down), 7, acts.Edited(one)
            case LengthSet() if server in one.servers:
                yield available(one.at, down), 7, acts.LengthChanged(one.acd, one.minutes)
            case Upgraded() if one.server == server:
                yield available(one.at, down), 7, acts.Upgrade()
            case Added() if one.server == server:
                yield available(one.at, down), 7, acts.AddedObject(one)
            case _:
                pass


def _customer(scenario: Scenario, server: Server) -> Iterator[tuple[int, int, acts.Act]]:
    """Yield what a job of the customer's writes at the end of each hour, a minute late; a server that is down waits."""
    down = down_times(scenario, views(scenario)[server])
    for hour in range(scenario.days * 24):
        rows = customer_rows(scenario, hour)
        if rows:
            yield available((hour + 1) * HOUR + MINUTE, down), 1, acts.Write(CUSTOM, rows)
