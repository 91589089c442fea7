"""Rule 12: what retention or a full circular table has dropped is not drift, and is not restored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncengine.cli.main import run_for_code
from syncengine.model.interval import at_label
from syncengine.model.plan import SkipReason
from tests.builders import DAY, Files, build_files, row
from tests.jobs.backfill.backfills import backfill
from tests.scenes import resync, storage, trunks


def ago(days: int) -> date:
    """Return the day some days before the day of the pair."""
    return DAY - timedelta(days=days)


def aged(folder: Path, **options: Any) -> Files:
    """Build a pair of which only the primary still has 5:00 of 11, 10 and 5 days ago."""
    return build_files(
        folder,
        ["htrunk"],
        both={"htrunk": trunks(400, 700)},
        primary={"htrunk": [one for days in (11, 10, 5) for one in trunks(500, 530, row_date=ago(days))]},
        **options,
    )


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_what_either_server_may_have_dropped_is_no_drift(tmp_path: Path, role: str) -> None:
    """With 10 days in dcalloc of one server the 11th day back is not compared, and the 10th is."""
    files = aged(tmp_path)
    files.add(role, "dcalloc", storage("trunks", days=10))

    observation = files.open().verify(tables=("htrunk",))

    assert [drift.bucket.row_date for drift in observation.tables[0].differing] == [ago(10), ago(5)]


def test_dropped_rows_are_not_restored(tmp_path: Path) -> None:
    """A resync over the old end copies what both keep, and leaves out what the target has dropped already."""
    files = aged(tmp_path)
    files.add("secondary", "dcalloc", storage("trunks", days=10))

    resync(files, window=f"{ago(20)}..{ago(1)}", tables=("htrunk",))

    held = files.run("secondary", "SELECT DISTINCT row_date FROM htrunk ORDER BY ALL")
    assert held == [(ago(10),), (ago(5),), (DAY,)]


def test_the_pair_file_decides_where_it_says_how_long(tmp_path: Path) -> None:
    """Retention in the pair file stands above dcalloc."""
    files = aged(tmp_path, settings="retention = { interval = 5 }")
    files.add("secondary", "dcalloc", storage("trunks", days=10))

    observation = files.open().verify(tables=("htrunk",))

    assert [drift.bucket.row_date for drift in observation.tables[0].differing] == [ago(5)]


def test_nothing_older_than_the_retention_of_a_server_is_compared(tmp_path: Path) -> None:
    """Where nothing says how long, 62 days of intervals count: the 63rd day back is left out."""
    old = [one for days in (63, 62) for one in trunks(500, 530, row_date=ago(days))]
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 700)}, primary={"htrunk": old})

    observation = files.open().verify(tables=("htrunk",))

    assert [drift.bucket.row_date for drift in observation.tables[0].differing] == [ago(62)]


def test_a_fully_dropped_window_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A window before the retention ends with a sentence that says how many days are stored, and exit 2."""
    files = aged(tmp_path, settings="retention = { interval = 5 }")

    code = run_for_code(["verify", "--pair", str(files.pair_file), "--window", f"{ago(11)}", "-t", "htrunk"])

    assert code == 2
    assert "stores 5 days" in capsys.readouterr().err


def test_a_table_of_which_a_window_is_dropped_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict that others make says of which tables nothing was compared, since their rows are too old."""
    files = build_files(
        tmp_path,
        ["htrunk", "agex"],
        both={
            "htrunk": trunks(400, 700),
            "agex": [{**exception(505, 1), "row_date": ago(11)}],
            "dcalloc": [storage("exceptions", rows=100)],
        },
        primary={"htrunk": trunks(500, 530, row_date=ago(11))},
        settings="retention = { interval = 5 }",
    )

    code = run_for_code(
        ["verify", "--pair", str(files.pair_file), "--window", f"{ago(11)}", "-t", "htrunk", "-t", "agex"]
    )

    assert code == 0
    assert "older rows of htrunk: not on both servers any more" in capsys.readouterr().out


def exception(time: int, seqno: int) -> dict[str, Any]:
    """Return an agex row, which circular storage drops from its old end."""
    return row("agex", row_time=time, seqno=seqno, extype=1, logid="4001", split=1)


@pytest.mark.parametrize(("capacity", "wrapped"), [(3, True), (4, False)])
def test_a_full_circular_table_has_wrapped(tmp_path: Path, capacity: int, wrapped: bool) -> None:
    """Events older than the first of a full table are no drift and stay away; while it has room they are missing."""
    recent = [exception(505, 2), exception(535, 3), exception(605, 4)]
    files = build_files(
        tmp_path,
        ["agex", "htrunk"],
        both={"agex": recent, "htrunk": trunks(400, 700)},
        primary={"agex": [exception(405, 1)], "dcalloc": [storage("exceptions")]},
        secondary={"dcalloc": [storage("exceptions", rows=capacity)]},
    )

    observation = files.open().verify(tables=("agex",))
    resync(files, window="2000-06-05 04:00..06:29", tables=("agex",))

    assert observation.in_sync is wrapped
    assert [one[2] for one in files.bag("secondary", "agex", "row_time = 405")] == ([] if wrapped else [405])


def test_what_is_not_compared_names_its_acds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the tables of two ACDs begin at different times each is named with its ACD, and once where they do not."""
    events = [{**exception(time, seqno), "acd": acd} for acd, time in ((1, 430), (2, 530)) for seqno in (1, 2)]
    files = build_files(
        tmp_path,
        ["agex", "htrunk"],
        both={"agex": events, "htrunk": trunks(400, 700)},
        secondary={"agex": [{**exception(405, 9), "acd": acd} for acd in (1, 2)]},
        primary={"dcalloc": [storage("exceptions", rows=2, acd=acd) for acd in (1, 2)]},
        settings="retention = { interval = 5 }",
        acds={1: 30, 2: 30},
    )

    command = ["--pair", str(files.pair_file), "--window", f"{ago(9)}..{DAY} 06:29", "-t", "agex", "-t", "htrunk"]
    run_for_code(["verify", *command, "-v"])
    verdict = capsys.readouterr().out
    run_for_code(["resync", *command, "--dry-run"])
    plan = capsys.readouterr().out

    assert "agex of ACD 1: compared from 2000-06-05 04:45: primary has nothing older" in plan
    assert "agex of ACD 2: compared from 2000-06-05 05:45: primary has nothing older" in plan
    assert f"htrunk: compared from {ago(5)} 00:00: " in plan
    expected = [" ".join(line.split()) for line in verdict.splitlines()]
    assert "agex ACD 1 before 2000-06-05 04:45 primary has nothing older" in expected
    assert "agex ACD 2 before 2000-06-05 05:45 primary has nothing older" in expected
    assert any(line.startswith(f"htrunk before {ago(5)} ") for line in expected)


def test_a_new_server_that_is_empty_is_filled(tmp_path: Path) -> None:
    """A target without any row has dropped nothing: everything the source keeps is drift and is copied."""
    rows = [one for days in (30, 5, 0) for one in trunks(500, 530, row_date=ago(days))]
    files = build_files(
        tmp_path,
        ["htrunk", "agex"],
        both={"dcalloc": [storage("exceptions", rows=3), storage("trunks")]},
        primary={"htrunk": rows, "agex": [exception(505, 1), exception(535, 2)]},
    )

    resync(files, window=f"{ago(40)}..{DAY} 06:29", tables=("htrunk", "agex"))

    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")
    assert [one[2] for one in files.bag("secondary", "agex")] == [505, 535]


def call(day: date, label: int) -> dict[str, Any]:
    """Return a call_rec row of two minutes, of a table whose storage is circular."""
    began = int(at_label(day, label).replace(tzinfo=UTC).timestamp())
    numbers = {"callid": label, "segment": 1, "segstart": began, "segstop": began + 120}
    return row("call_rec", row_date=day, row_time=label, **numbers)


def recorded(folder: Path, days: Sequence[date] = (DAY,)) -> Files:
    """Build a pair whose primary recorded three calls on each of some days; its secondary has room for just those."""
    calls = [call(day, label) for day in days for label in (500, 505, 540)]
    return build_files(
        folder,
        ["htrunk", "call_rec"],
        both={"htrunk": [one for day in days for one in trunks(400, 700, row_date=day)]},
        primary={"call_rec": calls, "dcalloc": [storage("call records")]},
        secondary={"dcalloc": [storage("call records", rows=len(calls))]},
    )


def test_an_undo_deletes_the_oldest_rows_that_the_run_wrote(tmp_path: Path) -> None:
    """An event table that was empty has nothing older than what a backfill wrote: the undo leaves none of it."""
    files = recorded(tmp_path)
    backfill(files, window=f"{DAY} 04:00..06:59", tables=("call_rec",))
    written = len(files.bag("secondary", "call_rec"))
    opened = files.open()

    undone = opened.execute(opened.plan_undo())

    assert written == 3
    assert undone.plan.skipped == ()
    assert files.bag("secondary", "call_rec") == []


def test_a_changed_row_of_the_old_end_does_not_count_as_dropped(tmp_path: Path) -> None:
    """The oldest calls of a full table that somebody has changed are left as changed: they are still there."""
    files = recorded(tmp_path)
    backfill(files, window=f"{DAY} 04:00..06:59", tables=("call_rec",))
    files.run("secondary", "UPDATE call_rec SET talktime = 9 WHERE row_time = 500")

    plan = files.open().plan_undo()

    assert [one.reason for one in plan.skipped] == [SkipReason.CHANGED_SINCE]
