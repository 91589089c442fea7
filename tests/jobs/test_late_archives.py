"""Archives that are late or failed, of each grain, server and ACD (High Availability guide, chapter 2)."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.archives import ArchiveFaultKind
from syncengine.model.facts import ArchiveState, ArchiveStatus, ClockReset, ServerFacts, StorageAllocation
from syncengine.model.grain import Archive
from syncengine.model.pair import Role
from syncengine.planning.archives import archive_faults
from tests.builders import Files, build_files, row
from tests.cli.terminal import Typing
from tests.scenes import trunks

INTERVAL, DAILY, WEEKLY, MONTHLY = Archive.INTERVAL, Archive.DAILY, Archive.WEEKLY, Archive.MONTHLY
NIGHT = datetime(2000, 6, 5)
"""A Monday: the day before is archived, and so is the week."""
HEALTHY = {INTERVAL: datetime(2000, 6, 5, 6), DAILY: NIGHT, WEEKLY: datetime(2000, 6, 4), MONTHLY: datetime(2000, 6, 1)}


def server(
    role: Role = Role.PRIMARY, states: dict[Archive, ArchiveState] | None = None, **until: datetime
) -> ServerFacts:
    """Return the facts of a server that has archived so far, or with other states of its archives."""
    moments = {**HEALTHY, **{Archive(name): moment for name, moment in until.items()}}
    archives = []
    for archive, moment in moments.items():
        state = (states or {}).get(archive, ArchiveState.FINISHED)
        known = moment if state is ArchiveState.FINISHED else None
        archives.append(ArchiveStatus(1, archive, known, "" if known else "is not done", state, moment))
    return ServerFacts(role, role.value, "duckdb", None, (1,), tuple(archives))


def faults(
    facts: ServerFacts, now: datetime, *, length: int = 30, other: ServerFacts | None = None
) -> list[tuple[Archive | None, ArchiveFaultKind]]:
    """Return the faults at a moment."""
    return [(one.archive, one.kind) for one in archive_faults(facts, other, now, {1: length})]


def built(folder: Path, **options: Any) -> Files:
    """Build a pair of which both servers saw all, of two ACDs: one of 30 and one of 15 minutes."""
    both = {"htrunk": [*trunks(400, 700), *trunks(400, 700, minutes=15, acd=2)]}
    return build_files(folder, ["htrunk"], both=both, acds={1: 30, 2: 15}, **options)


@pytest.mark.parametrize(
    ("now", "length", "late"),
    [
        ("06:10", 30, False),
        ("06:31", 30, False),
        ("07:00", 30, False),
        ("07:01", 30, True),
        ("06:30", 15, False),
        ("06:31", 15, True),
        ("08:00", 60, False),
        ("08:01", 60, True),
    ],
)
def test_point_3_late_is_measured_by_the_interval_of_the_acd(now: str, length: int, late: bool) -> None:
    """One interval is under way, and one may be in the making: an archive is late that stands further behind."""
    moment = datetime.combine(NIGHT, datetime.strptime(now, "%H:%M").time())

    assert faults(server(), moment, length=length) == ([(INTERVAL, ArchiveFaultKind.LATE)] if late else [])


def test_point_3_a_healthy_server_is_never_late() -> None:
    """While it summarizes, just after a boundary, in the first hours of a day, a week and a month: no fault."""
    running = dict.fromkeys(HEALTHY, ArchiveState.RUNNING)

    assert faults(server(states=running), datetime(2000, 6, 5, 6, 10)) == []
    midnight = server(interval=datetime(2000, 6, 11), daily=datetime(2000, 6, 10))
    assert faults(midnight, datetime(2000, 6, 11, 0, 34)) == []
    month = server(interval=datetime(2000, 7, 1, 4), daily=datetime(2000, 7, 1), weekly=datetime(2000, 6, 25))
    assert faults(month, datetime(2000, 7, 1, 4, 34)) == []


def test_point_3_an_archive_that_runs_for_hours_is_late() -> None:
    """What has been running since its last end is too long ago is named."""
    stuck = server(states={INTERVAL: ArchiveState.RUNNING})

    assert faults(stuck, datetime(2000, 6, 5, 8)) == [(INTERVAL, ArchiveFaultKind.LATE)]


def test_point_3_a_night_that_the_other_server_has_archived() -> None:
    """A day that only the other server has archived is late in the morning; one that neither has, at noon."""
    behind = server(daily=datetime(2000, 6, 4), interval=datetime(2000, 6, 5, 7))
    other = server(Role.SECONDARY)

    assert faults(behind, datetime(2000, 6, 5, 7, 10), other=other) == [(DAILY, ArchiveFaultKind.LATE)]
    assert (DAILY, ArchiveFaultKind.LATE) not in faults(behind, datetime(2000, 6, 5, 5, 59), other=other)
    assert faults(behind, datetime(2000, 6, 5, 7, 10)) == []
    assert (DAILY, ArchiveFaultKind.LATE) in faults(behind, datetime(2000, 6, 5, 12, 1))


def test_point_3_a_clock_set_forward_makes_nothing_late() -> None:
    """In spring an hour of labels is skipped, and an archive seems an hour further behind."""
    facts = server(interval=datetime(2000, 6, 5, 2))
    reset = ClockReset("primary", 1, date(2000, 6, 5), 200)

    assert faults(facts, datetime(2000, 6, 5, 3, 10)) == [(INTERVAL, ArchiveFaultKind.LATE)]
    with_reset = ServerFacts(Role.PRIMARY, "", "", None, (1,), facts.archives, clock_resets=(reset,))
    assert faults(with_reset, datetime(2000, 6, 5, 3, 10)) == []


def test_point_3_an_archive_that_is_not_stored_need_not_run() -> None:
    """An archive of which nothing is stored is not expected, nor the first week of a new pair."""
    new = {WEEKLY: ArchiveState.NOT_RUN, MONTHLY: ArchiveState.FAILED}
    facts = server(states=new)
    stored = tuple(StorageAllocation(1, "splits", archive, 0 if archive is MONTHLY else 9) for archive in HEALTHY)
    limited = ServerFacts(Role.PRIMARY, "", "", None, (1,), facts.archives, storage_allocations=stored)

    assert faults(limited, datetime(2000, 6, 5, 6, 10), other=server(Role.SECONDARY, new)) == []
    assert faults(limited, datetime(2000, 6, 5, 6, 10), other=server(Role.SECONDARY)) == [
        (WEEKLY, ArchiveFaultKind.NOT_RUN)
    ]
    assert (MONTHLY, ArchiveFaultKind.FAILED) in faults(facts, datetime(2000, 6, 5, 6, 10))


def test_point_3_weeks_and_months_that_failed_are_reported(tmp_path: Path, typed: Typing) -> None:
    """They stand in the table and below it, with what makes up for them, and the exit code is 3."""
    files = built(tmp_path)
    files.run("secondary", "UPDATE arch_stat SET status = '3' WHERE trim(arch_type) IN ('3', '4')")

    output = typed("status", "--pair", files.pair_file)

    rows = {line[:20].strip(): line[20:].split() for line in output.out.splitlines()}
    assert output.code == 3
    assert rows["weeks archived"] == ["2000-06-05", "00:00", "ACD", "1,", "2", "failed"]
    assert rows["months archived"] == ["2000-06-05", "00:00", "ACD", "1,", "2", "failed"]
    assert "secondary: the weekly archive of ACD 1, 2 ended in failure; it last ran at 2000-06-05 00:35." in output.text
    assert (
        "there for what has not run: the weekly archive of ACD 1, 2 and the monthly archive of ACD 1, 2." in output.text
    )
    assert "Work on the primary" in output.text


def test_point_3_intervals_that_are_late_on_one_acd(tmp_path: Path, typed: Typing) -> None:
    """100 minutes on an ACD of 15 minutes are reported, with server and ACD, though both servers have the same rows."""
    files = built(tmp_path)
    where = "WHERE acd = 2 AND trim(arch_type) = '1'"
    files.run("secondary", f"UPDATE arch_stat SET last_time = '06/05/00 05:30' {where}")

    output = typed("status", "--json", "--pair", files.pair_file)

    daily = output.document["daily"]
    assert output.code == 3
    assert [one["archive_faults"] for one in daily["servers"]] == [
        [],
        [
            {
                "acd": 2,
                "archive": "interval",
                "kind": "late",
                "message": "has archived only up to 2000-06-05 05:30, 100 minutes ago",
            }
        ],
    ]
    assert daily["work_on"] == "primary"


def test_point_3_a_failed_archive_raises_no_alarm_about_a_skipped_hour(tmp_path: Path, typed: Typing) -> None:
    """An hour that the clock skipped is no gap, even where only one server reports how far it has archived."""
    rows = [*trunks(0, 200), *trunks(300, 700)]
    reset = row("linkex", acd=1, row_time=200, duration=0, reason=96, seqno=1)
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": rows, "linkex": [reset]})
    files.run("primary", "UPDATE arch_stat SET status = '3' WHERE trim(arch_type) = '1'")

    output = typed("status", "--pair", files.pair_file)

    assert "primary: the interval archive of ACD 1 ended in failure" in output.text
    assert "no rows" not in output.text
