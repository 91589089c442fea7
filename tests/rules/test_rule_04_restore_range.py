"""Rule 4: historical rows are replaced within the restore range, and nothing is touched outside it."""

from __future__ import annotations

from pathlib import Path

from syncengine.model.plan import SkipReason
from tests.builders import build_files, half_hours, hsplit
from tests.scenes import code, outage, plan_of, ranges, resync, skipped, trunk, trunks

FROM_FIVE_TO_SIX = "2000-06-05 05:00..05:59"


def test_the_actual_range_is_the_extent_of_the_source_in_each_table(tmp_path: Path) -> None:
    """Requested 5:00-5:59, where hsplit of the source ends at 5:29: two ranges, and 5:30 stays in hsplit."""
    files = build_files(
        tmp_path,
        ["hsplit", "htrunk"],
        primary={"hsplit": half_hours(430, 530, splits=1), "htrunk": trunks(430, 600, incalls=9)},
        secondary={"hsplit": half_hours(430, 600, splits=1, acdcalls=1), "htrunk": trunks(430, 600)},
    )
    later = files.bag("secondary", "hsplit", "starttime >= 530")

    done = resync(files, window=FROM_FIVE_TO_SIX, tables=("hsplit", "htrunk"))

    assert ranges(done.plan)["hsplit", 1] == ("05:00-05:59", "05:00-05:29")
    assert ranges(done.plan)["htrunk", 1] == ("05:00-05:59", "05:00-05:59")
    assert files.bag("secondary", "hsplit", "starttime >= 530") == later
    assert files.bag("secondary", "hsplit", "starttime = 500") == files.bag("primary", "hsplit", "starttime = 500")
    assert files.bag("secondary", "htrunk", "starttime >= 500") == files.bag("primary", "htrunk", "starttime >= 500")


def test_rows_past_the_end_of_the_source_are_outside(tmp_path: Path) -> None:
    """A source that was watching all the time and has codes up to 5:29 only leaves the target's code of 5:30."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        both={"htrunk": trunks(), "hcwc": [code(500)]},
        secondary={"hcwc": [code(430), code(530)]},
    )

    done = resync(files, window="2000-06-05 04:30..05:59", tables=("hcwc",))

    assert ranges(done.plan)["hcwc", 1] == ("04:30-05:59", "05:00-05:29")
    assert skipped(done.plan)["hcwc", 1] == (SkipReason.OUTSIDE, "04:30-04:59, 05:30-05:59")
    assert [one[1] for one in files.bag("secondary", "hcwc")] == [430, 500, 530]


def test_each_acd_has_a_range_of_its_own(tmp_path: Path) -> None:
    """Where the source holds less of one ACD than of another, each is replaced as far as it is held."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": [*trunks(500, 600), *trunks(500, 530, acd=2)]},
        secondary={"htrunk": [*trunks(430, 500), *trunks(530, 600, acd=2)]},
        acds={1: 30, 2: 30},
    )

    planned = plan_of(files, window=FROM_FIVE_TO_SIX, tables=("htrunk",))

    assert ranges(planned)["htrunk", 1] == ("05:00-05:59", "05:00-05:59")
    assert ranges(planned)["htrunk", 2] == ("05:00-05:59", "05:00-05:29")


def test_rows_outside_the_range_stay_to_the_last_value(tmp_path: Path) -> None:
    """Drift before and after the window is left exactly as it was, and the window ends as the source has it."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": trunks(400, 700, incalls=8)},
        secondary={"htrunk": trunks(400, 700, incalls=3)},
    )
    outside = files.bag("secondary", "htrunk", "starttime <> 500")

    resync(files, tables=("htrunk",))

    assert files.bag("secondary", "htrunk", "starttime <> 500") == outside
    assert files.bag("secondary", "htrunk", "starttime = 500") == files.bag("primary", "htrunk", "starttime = 500")


def test_rows_only_on_the_target_are_deleted_where_the_source_was_collecting(tmp_path: Path) -> None:
    """Inside the range the target ends with the source's rows: what only it holds is deleted and counted."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": trunks(430, 600)},
        secondary={"htrunk": [trunk(500, 3), trunk(530, 3)]},
    )

    done = resync(files, tables=("htrunk",))

    assert done.plan.deletions == 1
    assert files.bag("secondary", "htrunk", "tkgrp = 3 AND starttime = 500") == []
    assert len(files.bag("secondary", "htrunk", "tkgrp = 3 AND starttime = 530")) == 1


def test_an_interval_without_any_row_of_the_source_is_skipped_and_named(tmp_path: Path) -> None:
    """The source holds 4:30 and 6:00 but nothing of 5:00: the target's rows of 5:00 are never deleted."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*trunks(430, 500), *trunks(530, 630)]},
        secondary={"htrunk": trunks(500, 530)},
    )
    before = files.bag("secondary", "htrunk")

    done = resync(files, window="2000-06-05 04:30..06:00", tables=("htrunk",))

    assert skipped(done.plan)["htrunk", 1] == (SkipReason.SOURCE_BLIND, "05:00-05:29")
    assert files.bag("secondary", "htrunk") == before


def test_an_outage_in_the_diary_of_the_source_keeps_the_target_rows(tmp_path: Path) -> None:
    """The source's linkex says its link was down from 5:35: rows only the target has of 5:30 are skipped, and named."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        both={"htrunk": trunks(430, 630), "hcwc": [code(430), code(600)]},
        primary={"linkex": [outage(535, 420)]},
        secondary={"hcwc": [code(500), code(530)]},
    )

    done = resync(files, window="2000-06-05 04:30..06:00", tables=("hcwc",))

    assert skipped(done.plan)["hcwc", 1] == (SkipReason.SOURCE_BLIND, "05:30-05:59")
    assert [one[1] for one in files.bag("secondary", "hcwc")] == [430, 530, 600]


def test_an_outage_of_another_acd_has_no_effect(tmp_path: Path) -> None:
    """An outage of ACD 2 says nothing of ACD 1, whose surplus rows are deleted as the vendor's restore does."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        both={"htrunk": trunks(430, 630), "hcwc": [code(430), code(600)]},
        primary={"linkex": [outage(535, 420, acd=2)]},
        secondary={"hcwc": [code(530)]},
        acds={1: 30, 2: 30},
    )

    resync(files, window="2000-06-05 04:30..06:00", tables=("hcwc",))

    assert [one[1] for one in files.bag("secondary", "hcwc")] == [430, 600]


def test_whole_target_only_intervals_are_not_half_replaced(tmp_path: Path) -> None:
    """Every table of the history is replaced in the same window, each within its own range."""
    files = build_files(
        tmp_path,
        ["hsplit", "htrunk"],
        both={"htrunk": trunks(430, 600)},
        primary={"hsplit": [hsplit(430), hsplit(500, 1), hsplit(500, 2), hsplit(530)]},
        secondary={"hsplit": [hsplit(430), hsplit(500, 1, acdcalls=1), hsplit(530)]},
    )

    done = resync(files, tables=("hsplit", "htrunk"))

    assert done.after is not None
    assert done.after.in_sync
    assert files.bag("secondary", "hsplit") == files.bag("primary", "hsplit")
