"""Backfills: an empty server ends with the other's history, in portions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from syncengine.model.errors import InputError, WindowError
from syncengine.model.refusals import LocalAdministrationError, UnlikeLoadsError
from syncengine.model.run import RunState
from tests.builders import build_files, row
from tests.examples import some_of
from tests.jobs.backfill.backfills import DAYS, TABLES, alike, backfill, cut, finished, history
from tests.scenes import code, storage, trunks


@pytest.mark.soak("False")
@pytest.mark.parametrize("newest_first", [True, False])
def test_an_empty_server_is_filled_in_the_requested_order(tmp_path: Path, newest_first: bool) -> None:
    """Portion by portion, newest or oldest first, the empty server ends with all rows of the source, and is in sync."""
    files = history(tmp_path)

    ran = backfill(files, newest_first=newest_first)

    days = [done.portion.window.start.date() for done in ran.portions]
    assert days == sorted(DAYS, reverse=newest_first)
    assert all(done.in_sync for done in ran.portions)
    assert finished(ran), ran.outcome.stopped
    assert alike(files, *TABLES)


def test_a_backfill_is_one_run_with_a_plan_for_each_portion(tmp_path: Path) -> None:
    """The ledger shows one run with every portion, and all plans carry its seed: an undo depends on that."""
    files = history(tmp_path)
    backfill(files)

    record = files.open().run()

    assert (record.state, record.portions, len(record.portions_done)) == (RunState.DONE, 4, 4)
    assert {plan.seed for plan in files.open().plans(record)} == {record.header.seed}
    assert len(files.open().runs()) == 1


@pytest.mark.parametrize("rows", [1, 23, 24, 48, 1000])
def test_portions_have_no_more_rows_than_requested(tmp_path: Path, rows: int) -> None:
    """Days share a portion while their rows fit; a day with more rows than that is a portion alone."""
    portions, _ = cut(history(tmp_path).open(), portion_days=31, portion_rows=rows)

    assert sum(portion.rows for portion in portions) == 48
    assert [len(list(portion.window.days())) for portion in portions] == {48: [4], 1000: [4], 24: [2, 2]}.get(
        rows, [1, 1, 1, 1]
    )


@pytest.mark.soak
def test_a_window_longer_than_all_rows_is_filled(tmp_path: Path) -> None:
    """A window that begins years before the first row of the source is not refused, and those years are not queried."""
    files = history(tmp_path)

    ran = backfill(files, window="1998-01..2000-06")

    assert finished(ran), ran.outcome.stopped
    assert alike(files, *TABLES)


@pytest.mark.soak
def test_rows_beyond_retention_are_not_restored(tmp_path: Path) -> None:
    """Intervals the target has long dropped are not written again, and their portion is no error (rule 12)."""
    old = date(2000, 1, 10)
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": [one for day in (old, *DAYS) for one in trunks(400, 500, row_date=day)]},
        both={"dcalloc": [storage("trunk_groups", days=62)]},
    )

    ran = backfill(files, window="2000-01..2000-06", tables="htrunk")

    assert finished(ran), ran.outcome.stopped
    assert files.run("secondary", "SELECT min(row_date), count(*) FROM htrunk") == [(DAYS[0], 16)]


@pytest.mark.sampled
@pytest.mark.parametrize("newest_first", some_of([True, False], 2))
def test_a_portion_beyond_retention_is_empty(tmp_path: Path, newest_first: bool) -> None:
    """A portion of which nothing can be compared any more is passed over, wherever it comes (rule 12)."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": [one for day in (date(1999, 1, 1), *DAYS) for one in trunks(400, 500, row_date=day)]},
    )

    ran = backfill(files, window="1998-01..2000-06", tables="htrunk", newest_first=newest_first)

    assert finished(ran), ran.outcome.stopped
    assert sorted(str(done.in_sync) for done in ran.portions) == ["None", "True", "True", "True", "True"]
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk", "row_date > DATE '2000-01-01'")


@pytest.mark.soak
def test_weeks_and_months_come_after_the_intervals_below_them(tmp_path: Path) -> None:
    """Weekly and monthly rows are written in portions after all intervals, and are not skipped (rule 10)."""
    may = tuple(date(2000, 5, day) for day in (8, 9, 10, 11, 12))
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc", "wcwc", "mcwc"],
        primary={
            "htrunk": [one for day in may for one in trunks(400, 500, row_date=day)],
            "hcwc": [code(label, row_date=day) for day in may for label in (400, 430)],
            "wcwc": [row("wcwc", row_date=date(2000, 5, 7), cwc="7", acdcalls=30)],
            "mcwc": [row("mcwc", row_date=date(2000, 5, 1), cwc="7", acdcalls=30)],
        },
    )
    names = ("htrunk", "hcwc", "wcwc", "mcwc")

    ran = backfill(files, window="2000-05", tables=names, portion_days=2)

    plans = files.open().plans(files.open().run())
    written = [{part.table for step in plan.steps for part in step.parts} for plan in plans]
    assert written[-1] == {"wcwc", "mcwc"}
    assert all(tables == {"htrunk", "hcwc"} for tables in written[:-1])
    assert not any(plan.skipped for plan in plans)
    assert all(done.in_sync for done in ran.portions)
    assert alike(files, *names)


@pytest.mark.soak
def test_fill_skips_rows_that_exist_and_replace_replaces_them(tmp_path: Path) -> None:
    """Fill adds missing rows and reports that drift remains; replace ends with the source's rows."""
    files = history(tmp_path, secondary={"htrunk": trunks(400, 500, row_date=DAYS[1], incalls=99)})

    filled = backfill(files)

    assert [done.in_sync for done in filled.portions] == [True, True, False, True]
    assert files.run("secondary", "SELECT count(*) FROM htrunk WHERE incalls = 99") == [(4,)]
    assert all(done.in_sync for done in backfill(files, policy="replace").portions)
    assert alike(files, *TABLES)


def test_days_that_only_the_target_has_are_compared(tmp_path: Path) -> None:
    """Every day is compared: rows only the target has are drift of their portion, and stay (rule 13)."""
    files = history(tmp_path)
    files.run("primary", "DELETE FROM htrunk WHERE row_date = DATE '2000-06-02'")
    files.add("secondary", "htrunk", *trunks(400, 500, row_date=DAYS[1]))

    ran = backfill(files, tables="htrunk", policy="replace")

    assert [done.in_sync for done in ran.portions] == [True, True, False, True]
    assert len(files.bag("secondary", "htrunk", "row_date = DATE '2000-06-02'")) == 4


@pytest.mark.soak
def test_reconcile_fills_days_that_only_one_server_has(tmp_path: Path) -> None:
    """Each server ends with the days that only the other one had."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": [one for day in DAYS[::2] for one in trunks(400, 500, row_date=day)]},
        secondary={"htrunk": [one for day in DAYS[1::2] for one in trunks(400, 500, row_date=day)]},
    )

    ran = backfill(files, tables="htrunk", policy="reconcile")

    assert finished(ran), ran.outcome.stopped
    assert alike(files, "htrunk")
    assert len(files.bag("primary", "htrunk")) == 16


@pytest.mark.soak
def test_hours_that_a_fixed_clock_never_reaches_are_refused(tmp_path: Path) -> None:
    """A pair file that fixes the clock outside of the hours would make the run wait for ever."""
    files = history(tmp_path)

    with pytest.raises(InputError, match="fixes the clock at 07:10, which is outside of the hours 22:00-05:00"):
        backfill(files, hours="22:00-05:00")
    assert finished(backfill(files, hours="06:00-08:00"))


@pytest.mark.soak
def test_a_throttled_backfill_has_the_same_result(tmp_path: Path) -> None:
    """A bound of rows a second slows a backfill down and changes nothing else."""
    files = history(tmp_path)

    assert finished(backfill(files, rows_per_second=2000))
    assert alike(files, *TABLES)


def test_a_window_that_ends_now_is_clipped_to_what_is_archived(tmp_path: Path) -> None:
    """The interval under way is neither read nor written, and a note gives the end of the backfill (rule 6)."""
    files = build_files(tmp_path, ["htrunk"], primary={"htrunk": trunks(400, 730)})

    _, notes = cut(files.open(), window="2000-06-05..2000-06-08", tables="htrunk")
    backfill(files, window="2000-06-05..2000-06-08", tables="htrunk")

    assert notes == ("up to 2000-06-05 07:00: primary has archived ACD 1 no further",)
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk", "starttime < 700")


def test_a_window_of_which_nothing_is_archived_is_refused(tmp_path: Path) -> None:
    """A backfill of the future ends before anything is begun, with the reason."""
    files = history(tmp_path)

    with pytest.raises(WindowError, match=r"Nothing of the window .* primary has archived ACD 1 no further"):
        cut(files.open(), window="2000-06-06..2000-06-08")
    assert not files.open().runs()


def test_servers_of_different_loads_are_refused(tmp_path: Path) -> None:
    """A refusal of every portion is the refusal of the run, and nothing is written (rule 14)."""
    files = history(tmp_path)
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace("r3v8ag.f", "r3v9aa.a", 1))

    with pytest.raises(UnlikeLoadsError, match="different CMS loads"):
        backfill(files)
    assert files.run("secondary", "SELECT count(*) FROM htrunk") == [(0,)]


@pytest.mark.soak
def test_nothing_to_do_is_done(tmp_path: Path) -> None:
    """A second backfill finds every portion in sync, writes nothing and reads no row."""
    files = history(tmp_path)
    backfill(files)

    again = backfill(files)

    assert (again.outcome.steps, finished(again)) == ((), True)
    assert all(done.in_sync for done in again.portions)


def test_one_acd_is_filled_alone(tmp_path: Path) -> None:
    """With an ACD named, the rows of the others stay away."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": [*trunks(400, 600, row_date=DAYS[0]), *trunks(400, 600, row_date=DAYS[0], acd=2)]},
        acds={1: 30, 2: 30},
    )

    backfill(files, tables="htrunk", acds=2)

    assert files.run("secondary", "SELECT DISTINCT acd FROM htrunk") == [(2,)]


@pytest.mark.soak
def test_the_other_direction(tmp_path: Path) -> None:
    """From the secondary the primary is filled."""
    files = history(tmp_path)
    backfill(files)
    files.run("primary", "DELETE FROM htrunk")

    backfill(files, source="secondary")

    assert alike(files, *TABLES)


def test_tables_that_are_no_history_are_refused(tmp_path: Path) -> None:
    """A table without time cannot be cut into portions, and local administration is never copied (rule 1)."""
    pair = history(tmp_path).open()

    with pytest.raises(InputError, match="has no time"):
        cut(pair, tables="synonyms")
    with pytest.raises(LocalAdministrationError, match="local administration"):
        cut(pair, tables="dcalloc")
