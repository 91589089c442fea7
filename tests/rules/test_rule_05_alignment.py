"""Rule 5: a window is widened to whole intervals, of the length each ACD is set to."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.errors import WindowError
from tests.builders import DAY, Files, build_files, row
from tests.scenes import drift_counts, plan_of, ranges, resync, table_of, trunks

SUNDAY = date(2000, 6, 4)
NOON = datetime(2000, 6, 5, 15, 0)


def watched(folder: Path, minutes: int, **options: Any) -> Files:
    """Build a pair of one ACD that holds every interval of some hours of two days."""
    hours = ((2300, 2400, SUNDAY), (0, 100, DAY), (430, 800, DAY), (1300, 1500, DAY))
    rows = [one for first, past, day in hours for one in trunks(first, past, minutes=minutes, row_date=day)]
    return build_files(
        folder, ["htrunk"], both={"htrunk": rows}, acds={1: minutes}, archived=NOON, as_of=NOON, **options
    )


@pytest.mark.parametrize(
    ("minutes", "typed", "aligned"),
    [
        (30, "05:13..05:19", "05:00-05:29"),
        (30, "05:35..05:42", "05:30-05:59"),
        (30, "05:13..07:05", "05:00-07:29"),
        (30, "13:31..13:59", "13:30-13:59"),
        (30, "13:35..14:05", "13:30-14:29"),
        (15, "05:13..05:19", "05:00-05:29"),
        (15, "05:35..05:42", "05:30-05:44"),
        (60, "05:13..05:19", "05:00-05:59"),
    ],
)
def test_a_window_is_widened_as_the_guide_does(tmp_path: Path, minutes: int, typed: str, aligned: str) -> None:
    """A start moves back to the beginning of its interval and a stop forward to its end."""
    files = watched(tmp_path, minutes)

    planned = plan_of(files, window=f"2000-06-05 {typed}", tables=("htrunk",))

    assert ranges(planned)["htrunk", 1] == (aligned, aligned)


@pytest.mark.parametrize("typed", ["2000-06-04 23:50..00:10", "06/04/00 23:50..06/05/00 00:10"])
def test_a_window_over_midnight_reaches_into_the_next_day(tmp_path: Path, typed: str) -> None:
    """Down at 23:50 and up at 00:10 is 23:30 to 00:29 of the next day, in either way of writing dates."""
    files = watched(tmp_path, 30)

    planned = plan_of(files, window=typed, tables=("htrunk",))

    assert ranges(planned)["htrunk", 1][0] == "2000-06-04 23:30 to 2000-06-05 00:29"


@pytest.mark.parametrize(("stop", "labels"), [("05:29", {500}), ("05:30", {500, 530})])
def test_a_typed_stop_is_inclusive_to_the_minute(tmp_path: Path, stop: str, labels: set[int]) -> None:
    """A stop of 05:29 stays in its interval, one of 05:30 takes the next interval too."""
    files = build_files(
        tmp_path, ["htrunk"], primary={"htrunk": trunks(400, 700, incalls=9)}, secondary={"htrunk": trunks(400, 700)}
    )

    resync(files, window=f"2000-06-05 05:00..{stop}", tables=("htrunk",))

    assert {one[0] for one in files.run("secondary", "SELECT starttime FROM htrunk WHERE incalls = 9")} == labels


def test_acds_on_different_lengths_are_aligned_each_to_its_own(tmp_path: Path) -> None:
    """In one resync ACD 1 on 30 minutes takes 5:30-5:59 and ACD 2 on 15 minutes takes 5:30-5:44."""
    first, second = trunks(500, 600, acd=1), trunks(500, 600, minutes=15, acd=2)
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": [{**one, "incalls": 9} for one in (*first, *second)]},
        secondary={"htrunk": [*first, *second]},
        acds={1: 30, 2: 15},
    )

    done = resync(files, window="2000-06-05 05:35..05:42", tables=("htrunk",))

    assert ranges(done.plan)["htrunk", 1] == ("05:30-05:59", "05:30-05:59")
    assert ranges(done.plan)["htrunk", 2] == ("05:30-05:44", "05:30-05:44")
    repaired = files.run("secondary", "SELECT DISTINCT acd, starttime FROM htrunk WHERE incalls = 9 ORDER BY ALL")
    assert repaired == [(1, 530), (2, 530)]


def test_unlike_lengths_are_aligned_to_boundaries_both_share(tmp_path: Path) -> None:
    """Where one server is on 15 and the other on 30 minutes, 5:35..5:42 is 5:30-5:59 and not 5:30-5:44."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": trunks(400, 700, minutes=15)},
        secondary={"htrunk": trunks(400, 700, minutes=30)},
    )

    planned = plan_of(files, window="2000-06-05 05:35..05:42", tables=("htrunk",))

    assert ranges(planned)["htrunk", 1][0] == "05:30-05:59"


def test_a_length_that_changed_on_both_servers_is_compared_all_the_same(tmp_path: Path) -> None:
    """A change from 30 to 15 minutes on both servers on the same day is no reason not to compare."""
    rows = [*trunks(400, 500, minutes=30), *trunks(500, 700, minutes=15)]
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": rows}, primary={"htrunk": trunks(515, 516, minutes=15)})
    files.run("primary", "DELETE FROM htrunk WHERE starttime = 515")

    observation = files.open().verify(tables=("htrunk",))

    assert drift_counts(observation, "htrunk") == [(515, 0, 2, 0)]
    assert table_of(observation, "htrunk").counts.extra == 2


@pytest.mark.parametrize(("window", "written"), [("2000-06-04 00:00..22:59", False), ("2000-06-04", True)])
def test_a_window_shorter_than_a_day_selects_no_daily_row(tmp_path: Path, window: str, written: bool) -> None:
    """A daily row belongs to its whole day: less than that selects nothing, all of it does."""
    day = row("dcwc", row_date=SUNDAY, cwc="7", acdcalls=3)
    files = build_files(
        tmp_path, ["hcwc", "dcwc"], primary={"dcwc": [day]}, both={"dcwc": [{**day, "cwc": "8".ljust(16)}]}
    )

    with nullcontext() if written else pytest.raises(WindowError, match="nothing was compared"):
        resync(files, window=window, tables=("dcwc", "hcwc"))

    assert (len(files.bag("secondary", "dcwc")) == 2) is written
