"""Outages found, not typed: the guide's link outages on small pairs (rules 4, 6 and 9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.app import VerifiedRun
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.fingerprint import FingerprintQuery
from syncengine.model.outages import OutageReport, Outlook
from syncengine.model.pair import Role
from syncengine.model.refusals import NotArchivedError
from syncengine.model.window import Window
from syncengine.servers.duckdb.server import DuckDBServer
from tests.builders import Files, Openable, build_files, row
from tests.scenes import trunk, trunks

OPEN = [*trunks(400, 500), *trunks(600, 700)]
"""What both servers saw."""


def link(down: int, seconds: int, *, reason: int = 97, acd: int = 1, **values: Any) -> dict[str, Any]:
    """Return a linkex row."""
    return row("linkex", acd=acd, row_time=down, duration=seconds, reason=reason, **values)


def broken(first: int, past: int) -> list[dict[str, Any]]:
    """Return what a server has of intervals in which its link was down for a while."""
    return trunks(first, past, incalls=1, incomplete=1)


def found(report: OutageReport) -> list[tuple[str, tuple[str, ...], Outlook]]:
    """Return each finding short: when, which servers were blind, and what can be done."""
    return [
        (str(one.time.span)[11:], tuple(side.role.value for side in one.time.sides), one.outlook)
        for one in report.findings
    ]


def repair(files: Openable) -> VerifiedRun:
    """Repair every outage."""
    pair = files.open()
    plan = pair.plan_outages()
    assert plan is not None
    return pair.execute(plan)


def guides(folder: Path, **options: Any) -> Files:
    """Build the guide's pair: the secondary's link was down from 5:13 to 5:19."""
    return build_files(
        folder,
        ["htrunk"],
        both={"htrunk": [*OPEN, *trunks(530, 600)]},
        primary={"htrunk": trunks(500, 530)},
        secondary={"htrunk": broken(500, 530), "linkex": [link(513, 360)]},
        **options,
    )


def test_a_link_down_within_an_interval(tmp_path: Path) -> None:
    """Down 5:13, up 5:19: the whole half hour is blind, and comes from the other server (chapter 3)."""
    files = guides(tmp_path)

    report = files.open().outages()

    assert found(report) == [("05:00-05:29", ("secondary",), Outlook.REPAIR)]
    (side,) = report.findings[0].time.sides
    assert [(one.span.start.minute, one.span.stop.minute, one.reason) for one in side.links] == [(13, 19, 97)]
    assert (side.missing, side.incomplete) == (0, 1)
    assert [(cost.table, cost.into, cost.changed) for cost in report.findings[0].costs] == [
        ("htrunk", Role.SECONDARY, 2)
    ]


def test_a_link_down_across_intervals(tmp_path: Path) -> None:
    """Down from 4:50 to 6:10 the broken ends and the missing middle are one outage, repaired at once."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 430), *trunks(630, 700)]},
        primary={"htrunk": trunks(430, 630)},
        secondary={"htrunk": [*broken(430, 500), *broken(600, 630)], "linkex": [link(450, 80 * 60)]},
    )

    report = files.open().outages()
    assert found(report) == [("04:30-06:29", ("secondary",), Outlook.REPAIR)]
    assert (report.findings[0].time.sides[0].missing, report.findings[0].time.sides[0].incomplete) == (2, 2)

    repair(files)
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_both_links_down_at_different_times(tmp_path: Path) -> None:
    """Each server's outage is repaired from the other, both directions in one plan (rule 9)."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": OPEN},
        primary={"htrunk": [*broken(500, 530), *trunks(530, 600)], "linkex": [link(505, 300)]},
        secondary={"htrunk": [*trunks(500, 530), *broken(530, 600)], "linkex": [link(540, 300, reason=95)]},
    )

    assert found(files.open().outages()) == [
        ("05:00-05:29", ("primary",), Outlook.REPAIR),
        ("05:30-05:59", ("secondary",), Outlook.REPAIR),
    ]
    done = repair(files)

    assert done.plan.writes_to == {Role.PRIMARY, Role.SECONDARY}
    assert done.after is not None
    assert done.after.in_sync
    assert files.run("primary", "SELECT DISTINCT incalls, incomplete FROM htrunk") == [(5, 0)]


@pytest.mark.parametrize("alike", [True, False])
def test_both_links_down_at_once_is_lost(tmp_path: Path, alike: bool) -> None:
    """Intervals that neither server recorded whole are reported as lost, with or without drift; nothing is written."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*OPEN, *trunks(530, 600)], "linkex": [link(520, 300)]},
        primary={"htrunk": broken(500, 530)},
        secondary={"htrunk": broken(500, 530) if alike else trunks(500, 530, incalls=2, incomplete=1)},
    )
    before = files.bag("secondary", "htrunk")

    assert found(files.open().outages()) == [("05:00-05:29", ("primary", "secondary"), Outlook.LOST)]
    plan = repair(files).plan
    assert plan.steps == ()
    assert "ACD 1 2000-06-05 05:00-05:29 is lost: neither server saw it whole" in plan.notes
    assert files.bag("secondary", "htrunk") == before


def test_an_outage_overlapping_anothers_is_lost_where_they_overlap(tmp_path: Path) -> None:
    """Primary down 5:13-5:19 and secondary 5:20-5:25 share a half hour: it is lost on both, as the guide has it."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*OPEN, *trunks(530, 600)]},
        primary={"htrunk": broken(500, 530), "linkex": [link(513, 360)]},
        secondary={"htrunk": trunks(500, 530, incalls=3, incomplete=1), "linkex": [link(520, 300)]},
    )

    assert found(files.open().outages()) == [("05:00-05:29", ("primary", "secondary"), Outlook.LOST)]


def test_intervals_without_rows_that_nothing_explains(tmp_path: Path) -> None:
    """A gap between rows counts, even without an entry in a diary, and is reported as unexplained."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": OPEN},
        primary={"htrunk": trunks(500, 600)},
    )

    report = files.open().outages()

    assert found(report) == [("05:00-05:59", ("secondary",), Outlook.REPAIR)]
    assert report.findings[0].time.sides[0].unexplained
    assert report.findings[0].time.sides[0].missing == 2


def test_an_outage_that_is_not_archived_waits(tmp_path: Path) -> None:
    """Asked at 5:25 the half hour of the outage is not archived: it waits, and a resync is refused (rule 6)."""
    files = guides(tmp_path, archived=datetime(2000, 6, 5, 5, 0), as_of=datetime(2000, 6, 5, 5, 45))
    pair = files.open()

    report = pair.outages()

    assert found(report) == [("05:00-05:29", ("secondary",), Outlook.WAITING)]
    assert report.unsettled
    with pytest.raises(NotArchivedError):
        pair.plan_outages()


def test_a_repaired_outage_is_no_longer_open(tmp_path: Path) -> None:
    """After the repair the diary still shows the outage, and nothing differs any more."""
    files = guides(tmp_path)

    repair(files)

    report = files.open().outages()
    assert found(report) == [("05:00-05:29", ("secondary",), Outlook.ALIKE)]
    assert not report.unsettled
    assert repair(files).plan.steps == ()


def test_only_outages_are_repaired(tmp_path: Path) -> None:
    """Drift outside of outages is skipped, since nothing shows which server is right there."""
    files = guides(tmp_path)
    files.run("secondary", "UPDATE htrunk SET incalls = 8 WHERE starttime = 530")

    repair(files)

    left = files.run("secondary", "SELECT starttime, incalls FROM htrunk WHERE incalls <> 5 ORDER BY ALL")
    assert left == [(530, 8), (530, 8)]


def test_a_server_that_was_installed_later_was_not_blind_before(tmp_path: Path) -> None:
    """What a new server lacks from before its first row is for a backfill (rule 12)."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": trunks(400, 700)},
        secondary={"htrunk": trunks(600, 700)},
    )

    assert found(files.open().outages()) == []
    assert files.open().plan_outages() is None


def test_an_hour_that_the_clock_skipped_is_no_outage(tmp_path: Path) -> None:
    """Where both diaries show a clock set forward, the skipped hour is no gap (rule 17)."""
    files = build_files(
        tmp_path, ["htrunk"], both={"htrunk": OPEN, "linkex": [row("linkex", row_time=500, duration=0, reason=96)]}
    )

    assert found(files.open().outages()) == []


def test_outages_are_found_back_to_a_time(tmp_path: Path) -> None:
    """An outage before --since is ignored; an impossible time is refused."""
    files = guides(tmp_path)

    assert found(files.open().outages(since="2000-06-05 05:30")) == []
    assert len(files.open().outages(since=datetime(2000, 6, 5, 5, 0)).findings) == 1
    # The typed time is when the link went down: its whole interval counts (rule 5).
    assert len(files.open().outages(since="2000-06-05 05:13").findings) == 1
    assert len(files.open().outages(since="2000-06-05 05:19").findings) == 1


@pytest.mark.soak
def test_each_acd_has_its_own_outages(tmp_path: Path) -> None:
    """An outage of ACD 1 is none of ACD 2, whose drift at the same time is skipped; --acd selects one alone."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*OPEN, *trunks(530, 600), *trunks(400, 500, acd=2), *trunks(530, 700, acd=2)]},
        primary={"htrunk": [*trunks(500, 530), *trunks(500, 530, acd=2)]},
        secondary={
            "htrunk": [*broken(500, 530), *trunks(500, 530, acd=2, incalls=7)],
            "linkex": [link(513, 360)],
        },
        acds={1: 30, 2: 30},
    )
    pair = files.open()

    assert [finding.time.acd for finding in pair.outages().findings] == [1]
    assert pair.outages(acds=2).findings == ()
    repair(files)
    assert files.run("secondary", "SELECT DISTINCT acd, incalls FROM htrunk ORDER BY ALL") == [(1, 5), (2, 5), (2, 7)]


def test_lengths_of_intervals_decide_what_is_blind(tmp_path: Path) -> None:
    """With quarters of an hour the outage of the guide takes 5:00 to 5:29 only where it reaches (rule 5)."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500, minutes=15), *trunks(530, 700, minutes=15)]},
        primary={"htrunk": trunks(500, 530, minutes=15)},
        secondary={
            "htrunk": [
                trunk(label, group, intrvl=15, incalls=1, incomplete=1) for label in (500, 515) for group in (1, 2)
            ],
            "linkex": [link(516, 120)],
        },
        acds={1: 15},
    )
    files.run("secondary", "UPDATE htrunk SET incalls = 5, incomplete = 0 WHERE starttime = 500")

    assert found(files.open().outages()) == [("05:15-05:29", ("secondary",), Outlook.REPAIR)]


def test_only_intervals_of_outages_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The days between two outages are not compared, and outages near each other are queried as one."""
    days = [date(2000, 6, day) for day in range(1, 5)]
    files = guides(tmp_path, as_of=datetime(2000, 6, 5, 8, 10))
    for role in Role:
        files.add(role, "htrunk", *(one for day in days for one in trunks(0, 2400, row_date=day)), *trunks(0, 400))
    files.add("secondary", "linkex", link(100, 60, row_date=days[0]), link(900, 60, row_date=days[0]))
    files.run(
        "secondary",
        "UPDATE htrunk SET incalls = 1, incomplete = 1 WHERE row_date = '2000-06-01' AND starttime IN (100, 900)",
    )
    windows: list[Window] = []
    compared: set[Bucket] = set()
    fingerprint = DuckDBServer.fingerprint

    def noted(self: DuckDBServer, query: FingerprintQuery) -> Iterator[tuple[Bucket, BucketState]]:
        if query.selection.table == "htrunk" and query.selection.window and self.describe().role is Role.PRIMARY:
            windows.append(query.selection.window)
            compared.update(bucket for bucket, _ in fingerprint(self, query))
        return fingerprint(self, query)

    monkeypatch.setattr(DuckDBServer, "fingerprint", noted)
    report = files.open().outages()

    assert [str(one.time.span) for one in report.findings] == [
        "2000-06-01 01:00-01:29",
        "2000-06-01 09:00-09:29",
        "2000-06-05 05:00-05:29",
    ]
    assert {one.outlook for one in report.findings} == {Outlook.REPAIR}
    assert sorted(map(str, set(windows))) == sorted(str(one.time.span) for one in report.findings)
    assert len(compared) == 3
    files.run("secondary", "UPDATE htrunk SET incalls = 1 WHERE row_date = '2000-06-01' AND starttime = 300")
    files.add("secondary", "linkex", link(500, 60, row_date=days[0]))
    windows.clear()
    assert len(files.open().outages().findings) == 4
    assert sorted(map(str, set(windows))) == ["2000-06-01 01:00-09:29", "2000-06-05 05:00-05:29"]


def test_an_outage_is_not_repaired_beyond_retention(tmp_path: Path) -> None:
    """Intervals beyond retention are not compared (rule 12)."""
    files = guides(tmp_path)
    files.add("secondary", "linkex", link(513, 360, row_date=date(2000, 1, 5)))

    assert len(files.open().outages().findings) == 1
