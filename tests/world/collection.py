"""What a server collects of the switch: every row it writes by itself but days, weeks and months."""

from __future__ import annotations

from tests.world.diary import diary_rows
from tests.world.event_rows import EventRows
from tests.world.history import History
from tests.world.interval_rows import IntervalRows
from tests.world.intervals import Interval, intervals
from tests.world.intervals import views as _views
from tests.world.values import Recorded, Scenario, Server, View


def views(scenario: Scenario) -> dict[Server, View]:
    """Return what each server can see of the switch, and how it cuts time."""
    return _views(scenario)


def archives(scenario: Scenario, view: View) -> tuple[Interval, ...]:
    """Return the interval archives of a server, sorted by when each ends (`at`), also those that write no row."""
    found = [one for acd in scenario.acds for one in intervals(scenario, view, acd)]
    return tuple(sorted(found, key=lambda one: (one.at, one.acd, one.begin)))


def recorded(scenario: Scenario, history: History, view: View) -> tuple[Recorded, ...]:
    """Return the rows of a server, sorted by when it writes them; a later one of the same `of` in the diary replaces.

    Row numbers, retention and circular tables depend on the server's tables: they are not in it.
    """
    rows = [*diary_rows(scenario, view), *EventRows(scenario, history, view).all()]
    for acd in scenario.acds:
        rows += IntervalRows(scenario, history, view, acd).all()
    return tuple(sorted(rows, key=lambda one: (one.at, one.table, one.acd, one.span)))
