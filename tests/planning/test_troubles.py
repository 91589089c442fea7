"""What stops a server from working now, by its own report."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from syncengine.model.facts import ArchiveState, ArchiveStatus, ClockReset, IntervalCoverage, Outage, ServerFacts
from syncengine.model.grain import Archive
from syncengine.model.pair import Role
from syncengine.model.where_to_work import TroubleKind
from syncengine.model.window import Window
from syncengine.planning.archives import archive_faults
from syncengine.planning.troubles import ServerReport, state_of

DAY = date(2000, 6, 5)
LABELS = tuple(hour * 100 + minute for hour in range(24) for minute in (0, 30))


def at(text: str) -> datetime:
    """Return a time of the day."""
    return datetime.combine(DAY, datetime.strptime(text, "%H:%M").time())


def server(role: Role, *, rows: int, until: str | None, **more: Any) -> ServerFacts:
    """Return a server with rows of each half hour before a label, that has archived up to a time."""
    labels = (*(label for label in LABELS if label < rows), *more.pop("later", ()))
    coverage = tuple(IntervalCoverage(1, DAY, label, 0, 30, ("htrunk",)) for label in labels)
    state = more.pop("state", ArchiveState.FINISHED if until else ArchiveState.UNKNOWN)
    status = ArchiveStatus(1, Archive.INTERVAL, at(until) if until else None, "", state)
    return ServerFacts(role, role.value, "", None, (1,), (status,), coverage=coverage, **more)


def troubles(now: str, **primary: Any) -> list[tuple[TroubleKind, str]]:
    """Return what stops the primary from working, and since when, next to a healthy secondary."""
    reports = []
    window = Window(at("00:00"), at(now))
    well = window.stop - timedelta(minutes=10)
    for role, fields in (
        (Role.PRIMARY, primary),
        (Role.SECONDARY, {"rows": well.hour * 100 + well.minute, "until": f"{well:%H:%M}"}),
    ):
        facts = server(role, **fields)
        intervals = [
            one for one in archive_faults(facts, None, window.stop, {1: 30}) if one.archive is Archive.INTERVAL
        ]
        reports.append(ServerReport(role, "", facts, tuple(intervals)))
    state = state_of(reports, (), window, {1: 30})
    assert state.of(Role.SECONDARY) == ()
    return [(one.kind, f"{one.since:%H:%M}" if one.since else "") for one in state.of(Role.PRIMARY)]


def outage(down: str, up: str) -> tuple[Outage, ...]:
    """Return a diary with one outage."""
    return (Outage(1, Window(at(down), at(up)), 97),)


SPRING = (ClockReset("primary", 1, DAY, 200),)


@pytest.mark.parametrize(
    ("now", "primary", "wanted"),
    [
        # An interval was archived, and it has no rows of it.
        ("07:10", {"rows": 700, "until": "07:00"}, []),
        ("07:10", {"rows": 630, "until": "07:00"}, [(TroubleKind.BLIND, "06:30")]),
        # The last interval is in the making.
        ("07:10", {"rows": 630, "until": "06:30"}, []),
        # It is not known how far it has archived: then the other server decides.
        ("07:10", {"rows": 530, "until": None}, [(TroubleKind.BLIND, "05:30")]),
        ("07:10", {"rows": 600, "until": None}, []),
        ("07:10", {"rows": 530, "until": None, "state": ArchiveState.FAILED}, [(TroubleKind.BLIND, "05:30")]),
        # Rows of a snapshot from later times do not matter.
        ("07:10", {"rows": 500, "until": "07:00", "later": (900,)}, [(TroubleKind.BLIND, "05:00")]),
        # The hour from 2:00 on was skipped.
        ("03:10", {"rows": 200, "until": "03:00", "clock_resets": SPRING}, []),
        ("03:10", {"rows": 200, "until": "03:00"}, [(TroubleKind.BLIND, "02:00")]),
        ("07:10", {"rows": 600, "until": "07:00", "clock_resets": SPRING}, [(TroubleKind.BLIND, "06:00")]),
        # Its diary shows the link up again: the next archive will have rows, or not.
        ("07:10", {"rows": 600, "until": "07:00", "outages": outage("06:05", "06:50")}, []),
        ("07:10", {"rows": 400, "until": "07:00", "outages": outage("04:05", "06:00")}, [(TroubleKind.BLIND, "04:00")]),
        ("07:10", {"rows": 400, "until": "04:00", "outages": outage("04:05", "06:50")}, []),
        # The diary has an outage that is not over.
        ("07:10", {"rows": 700, "until": "07:00", "outages": outage("07:05", "08:00")}, [(TroubleKind.LINKS, "07:05")]),
        # Archives that do not run do not explain missing rows.
        ("07:10", {"rows": 400, "until": "04:00"}, [(TroubleKind.ARCHIVES, "04:00")]),
        # Collection of an ACD that is not set up there does not matter.
        ("07:10", {"rows": 700, "until": "07:00", "collection_off": (1,)}, [(TroubleKind.COLLECTION_OFF, "")]),
        ("07:10", {"rows": 700, "until": "07:00", "collection_off": (9,)}, []),
        # Its coverage is unknown.
        ("07:10", {"rows": 0, "until": "07:00", "coverage_known": False}, []),
        # It has no row of the window, though the other has.
        ("07:10", {"rows": 0, "until": "07:00"}, [(TroubleKind.BLIND, "00:00")]),
    ],
)
def test_point_2_what_stops_a_server_from_working(
    now: str, primary: dict[str, Any], wanted: list[tuple[TroubleKind, str]]
) -> None:
    """A server that archived and has no rows is blind until now, unless something else explains the missing rows."""
    assert troubles(now, **primary) == wanted


@pytest.mark.parametrize(
    ("down", "up", "until", "missing"),
    [
        ("06:05", "06:50", "06:00", True),
        ("06:35", "06:50", "06:30", False),
        ("06:05", "06:50", "07:00", False),
        ("02:05", "04:50", "02:00", False),
        ("06:05", "07:30", "06:00", False),
    ],
)
def test_point_2_what_is_missing_before_its_archive(down: str, up: str, until: str, missing: bool) -> None:
    """After an outage of an interval or more has ended, its history counts as missing until it is archived."""
    facts = [server(role, rows=700, until="07:00") for role in Role]
    primary = server(Role.PRIMARY, rows=700, until=until, outages=outage(down, up))
    reports = [ServerReport(Role.PRIMARY, facts=primary), ServerReport(Role.SECONDARY, facts=facts[1])]

    state = state_of(reports, (), Window(at("00:00"), at("07:10")), {1: 30})

    assert bool(state.missing_times) == missing
