"""Rule 10: days, weeks and months are repaired after their intervals, or the reason is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncengine.app import VerifiedRun
from syncengine.model.bucket import BucketColumns
from syncengine.model.checklist import LineKind
from syncengine.model.outcome import StepState
from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.model.policy import Rollups
from syncengine.model.run import RunKind
from syncengine.model.selection import ReadQuery, Selection
from syncengine.observe.rollups.recomputed_rows import RecomputedRows
from syncengine.staging.ledger import NewRun
from tests.builders import Files, build_files, ledger_of, row
from tests.cli.terminal import Typing
from tests.damaged_runs import flip_bit
from tests.examples import some_of
from tests.rules.summarised import SATURDAY, SUNDAY, compared_days, intervals, pair, server
from tests.scenes import code, outage, trunk

IN_MAY = date(2000, 5, 27)
TODAY = date(2000, 6, 5)
LONGER = ("dcwc", "wcwc", "mcwc")


def window(day: date = IN_MAY) -> str:
    """Return the half hour of a day that was not seen."""
    return f"{day} 10:30..10:59"


def planned(files: Files, **options: Any) -> Plan:
    """Plan the repair of one half hour."""
    return files.open().plan_resync(**{"window": window(), "tables": ("hcwc",), "rollups": "recompute", **options})


def run_repair(files: Files, **options: Any) -> VerifiedRun:
    """Repair one half hour and what was summarised over it."""
    return files.open().execute(planned(files, **options))


def fates(plan: Plan) -> dict[str, tuple[str, str]]:
    """Return what becomes of each stale table, and why."""
    return {one.table: (one.then.value, one.why) for one in plan.stale}


def alike(files: Files, *tables: str) -> bool:
    """Say whether tables are the same on both servers, row by row."""
    return all(files.bag("primary", name) == files.bag("secondary", name) for name in tables)


def to_summarise(ran: VerifiedRun) -> list[str]:
    """Return on which servers Data Summarizing is left to be rerun."""
    return [line.server.value for line, _ in ran.by_hand if line.kind is LineKind.DATA_SUMMARIZING]


def test_recomputed_periods_are_what_an_undamaged_server_has(tmp_path: Path) -> None:
    """Day, week and month over a repaired interval end as on the server that collected it; nothing has to be rerun."""
    files = pair(tmp_path, blind={IN_MAY: 1030})

    done = run_repair(files)

    assert fates(done.plan) == dict.fromkeys(LONGER, ("recompute", ""))
    assert done.outcome.done
    assert alike(files, "hcwc", *LONGER)
    assert to_summarise(done) == []
    assert files.open().verify_internal(tables="hcwc").agrees


@pytest.mark.soak
def test_only_periods_over_repaired_intervals_are_written(tmp_path: Path) -> None:
    """A day without repaired intervals stays as it is, though its row is wrong."""
    files = pair(tmp_path, blind={IN_MAY: 1030, date(2000, 5, 2): 1030})
    before = files.bag("secondary", "dcwc", "row_date <> DATE '2000-05-27'")

    run_repair(files)

    assert files.bag("secondary", "dcwc", "row_date <> DATE '2000-05-27'") == before


def test_listing_writes_no_roll_up(tmp_path: Path) -> None:
    """By default a run names the periods and writes none."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    before = [files.bag("secondary", name) for name in LONGER]

    done = run_repair(files, rollups=Rollups.LIST)

    assert fates(done.plan) == dict.fromkeys(LONGER, ("list", ""))
    assert [files.bag("secondary", name) for name in LONGER] == before
    assert to_summarise(done) == ["secondary"]


def test_no_period_is_trusted_beside_a_run_whose_marks_are_damaged(tmp_path: Path) -> None:
    """A period that such a run may have written does not show that a roll-up of ours is right: they are listed."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    ledger = ledger_of(files.pair_file)
    with ledger.locked() as lock:
        run = ledger.begin(lock, NewRun(RunKind.RESYNC, 1, "a test"), needs_bytes=0)
    flip_bit(run.marks, 40)

    plan = planned(files)

    why = f"run {run.id} is damaged, and it is not known which periods it has written"
    assert fates(plan) == dict.fromkeys(LONGER, ("list", why))


def test_before_the_daily_archive_nothing_is_written(tmp_path: Path) -> None:
    """An interval of today makes nothing stale: its day is summarised tonight from repaired rows."""
    files = pair(tmp_path)
    files.add("primary", "hcwc", code(500))
    for role in ("primary", "secondary"):
        files.add(role, "htrunk", trunk(500))

    done = run_repair(files, window="2000-06-05 05:00..05:29")

    assert done.plan.steps
    assert done.plan.stale == ()
    assert done.rollups is None or done.rollups.steps == ()
    assert alike(files, "hcwc", *LONGER)


@pytest.mark.soak
def test_a_period_whose_intervals_are_no_longer_held_is_left(tmp_path: Path) -> None:
    """Of a month the target has purged the beginning of: it is named with the reason, the day is recomputed."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    for role in ("primary", "secondary"):
        for table in ("hcwc", "htrunk"):
            files.run(role, f"DELETE FROM {table} WHERE row_date < DATE '2000-05-15'")
    before = files.bag("secondary", "mcwc")

    done = run_repair(files)

    assert fates(done.plan)["mcwc"] == ("list", "secondary no longer has all its intervals")
    assert fates(done.plan)["dcwc"] == ("recompute", "")
    assert files.bag("secondary", "mcwc") == before
    assert alike(files, "dcwc", "wcwc")
    assert to_summarise(done) == ["secondary"]


def test_a_summariser_that_computes_a_column_differently_is_not_replaced(tmp_path: Path) -> None:
    """Untouched days with other sums than ours: the table is left, and the column named."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    files.run("secondary", "UPDATE dcwc SET acdtime = acdtime + acwtime")
    before = files.bag("secondary", "dcwc")

    done = run_repair(files)

    then, why = fates(done.plan)["dcwc"]
    assert then == "list"
    assert why.startswith("secondary computes acdtime differently")
    assert files.bag("secondary", "dcwc") == before
    assert to_summarise(done) == ["secondary"]


def test_a_day_with_another_interval_still_broken_is_left(tmp_path: Path) -> None:
    """An interval outside of the window that the target did not see whole keeps its day from being recomputed."""
    files = pair(tmp_path, blind={SUNDAY: 1030})
    files.run("secondary", "UPDATE htrunk SET incomplete = 1 WHERE row_date = DATE '2000-06-04' AND starttime = 1400")
    before = files.bag("secondary", "dcwc")

    done = run_repair(files, window=window(SUNDAY))

    assert fates(done.plan) == {"dcwc": ("list", "secondary did not record all of it at 2000-06-04 14:00-14:29")}
    assert files.bag("secondary", "dcwc") == before


def test_rows_marked_incomplete_are_found_when_the_period_is_made(tmp_path: Path) -> None:
    """Where only the table's own rows are broken, the day is skipped after the repair, and the run says so."""
    files = pair(tmp_path, blind={SUNDAY: 1030})
    for role in ("primary", "secondary"):
        files.run(role, "UPDATE hcwc SET incomplete = 1 WHERE row_date = DATE '2000-06-04' AND starttime = 1100")

    done = run_repair(files, window=window(SUNDAY))

    assert done.rollups is not None
    assert fates(done.rollups) == {"dcwc": ("list", "some of its intervals are incomplete")}
    assert to_summarise(done) == ["secondary"]


@pytest.mark.soak
def test_undo_restores_recomputed_rows_with_the_run(tmp_path: Path) -> None:
    """One undo puts intervals, day, week and month back as they were."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    before = [files.bag("secondary", name) for name in ("hcwc", *LONGER)]
    run_repair(files)

    opened = files.open()
    undone = opened.execute(opened.plan_undo())

    assert undone.unlike == ()
    assert [files.bag("secondary", name) for name in ("hcwc", *LONGER)] == before


@pytest.mark.soak
@pytest.mark.sampled
@pytest.mark.parametrize("at", some_of([2, 1, 3], 3))
def test_a_run_stopped_before_or_in_its_second_portion_is_resumed(
    tmp_path: Path, before_batch: Callable[[int, BaseException], None], at: int
) -> None:
    """Stopped after the intervals are repaired, or between day, week and month: a resume does the rest."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    before_batch(at, KeyboardInterrupt())

    stopped = run_repair(files)
    done = files.open().resume()

    assert stopped.outcome.cancelled
    assert done.outcome.done
    assert done.outcome.stopped == ""
    assert alike(files, "hcwc", *LONGER)
    assert to_summarise(done) == []


@pytest.mark.soak
def test_a_run_killed_between_its_portions_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process ends when the intervals are repaired and nothing else is planned yet: a resume plans and does it."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    opened = files.open()
    plan = opened.plan_resync(window=window(), tables="hcwc", rollups="recompute")
    with monkeypatch.context() as patched:
        patched.setattr("syncengine.jobs.rollups.repair.RollupRepairJob.plan", _killed)
        with pytest.raises(SystemExit):
            opened.execute(plan)

    assert alike(files, "hcwc")
    assert not alike(files, "dcwc")
    done = files.open().resume()

    assert done.outcome.done
    assert alike(files, *LONGER)


def _killed(*_: object, **__: object) -> None:
    raise SystemExit(137)


def test_intervals_changed_after_the_second_plan_stop_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes an interval between the second plan and its step: the day is not written, and still named."""
    files = pair(tmp_path, blind={SUNDAY: 1030})
    before = files.bag("secondary", "dcwc")
    read = RecomputedRows.read

    def meddled(self: RecomputedRows, query: ReadQuery) -> pa.RecordBatchReader:
        with self.server.begin() as session:
            session.delete(Selection("hcwc", BucketColumns("row_date", "starttime", acd="acd"), dates=(SUNDAY, TODAY)))
            session.commit()
        return read(self, query)

    monkeypatch.setattr(RecomputedRows, "read", meddled)
    done = run_repair(files, window=window(SUNDAY))

    assert [step.state for step in done.outcome.steps if step.portion == 2] == [StepState.CHANGED]
    assert files.bag("secondary", "dcwc") == before
    assert to_summarise(done) == ["secondary"]


@pytest.mark.soak
def test_the_busy_hour_is_left_to_data_summarizing(tmp_path: Path) -> None:
    """Sums of a day of trunk groups are recomputed; its busy hour stays, and the period is still named."""
    days = [SATURDAY - timedelta(days=1), SATURDAY, SUNDAY]
    labels = [row("htkgrp", row_date=day, starttime=label, tkgrp=1, incalls=2) for day in days for label in _halves()]
    seen = [one for one in labels if (one["row_date"], one["starttime"]) != (SUNDAY, 1030)]
    day = [row("dtkgrp", row_date=one, tkgrp=1, incalls=96, bh_incalls=4) for one in days]
    damaged = [*day[:2], {**day[2], "incalls": 94, "bh_incalls": 3}]
    files = build_files(
        tmp_path,
        ["htkgrp", "dtkgrp"],
        primary={"htkgrp": labels, "dtkgrp": day},
        secondary={"htkgrp": seen, "dtkgrp": damaged},
    )

    done = run_repair(files, window=window(SUNDAY), tables=("htkgrp",))

    assert fates(done.plan)["dtkgrp"][0] == "recompute"
    assert "busy hour" in fates(done.plan)["dtkgrp"][1]
    held = files.run("secondary", "SELECT incalls, bh_incalls FROM dtkgrp WHERE row_date = DATE '2000-06-04'")
    assert held == [(96, 3)]
    assert to_summarise(done) == ["secondary"]


def _halves() -> list[int]:
    return [hour * 100 + minute for hour in range(24) for minute in (0, 30)]


@pytest.mark.soak
def test_periods_are_copied_from_a_server_with_full_coverage(tmp_path: Path) -> None:
    """Day, week and month are taken from the primary once the intervals below them agree, and undone with the run."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    before = [files.bag("secondary", name) for name in ("hcwc", *LONGER)]

    done = run_repair(files, rollups="copy")

    assert fates(done.plan) == dict.fromkeys(LONGER, ("copy", ""))
    assert alike(files, "hcwc", *LONGER)
    assert to_summarise(done) == []
    opened = files.open()
    opened.execute(opened.plan_undo())
    assert [files.bag("secondary", name) for name in ("hcwc", *LONGER)] == before


@pytest.mark.soak
def test_two_days_of_one_table_are_copied(tmp_path: Path) -> None:
    """An outage over midnight: both days of a table are taken from the primary, and undone with the run."""
    eve = IN_MAY - timedelta(days=1)
    files = pair(tmp_path, blind={eve: 1030, IN_MAY: 1030})
    before = [files.bag("secondary", name) for name in ("hcwc", *LONGER)]

    done = run_repair(files, rollups="copy", window=f"{eve} 10:30..{IN_MAY} 10:59")

    assert done.outcome.done
    assert alike(files, "hcwc", *LONGER)
    opened = files.open()
    opened.execute(opened.plan_undo())
    assert [files.bag("secondary", name) for name in ("hcwc", *LONGER)] == before


def test_no_period_is_copied_over_intervals_that_disagree(tmp_path: Path) -> None:
    """Another interval of the day still differs: day, week and month stay, and the run says why."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    files.run("secondary", "UPDATE hcwc SET acdcalls = 1 WHERE row_date = DATE '2000-05-27' AND starttime = 1100")
    before = [files.bag("secondary", name) for name in LONGER]

    done = run_repair(files, rollups="copy")

    assert fates(done.plan) == dict.fromkeys(LONGER, ("list", "its intervals differ"))
    assert [files.bag("secondary", name) for name in LONGER] == before
    assert to_summarise(done) == ["secondary"]


@pytest.mark.soak
def test_no_period_is_copied_that_the_source_did_not_see_whole(tmp_path: Path) -> None:
    """The source's own link was down on that day: what it summarised is not taken, whatever its rows say now."""
    files = pair(tmp_path, blind={SUNDAY: 1030})
    files.add("primary", "linkex", {**outage(1505, 300), "row_date": SUNDAY})

    done = run_repair(files, window=window(SUNDAY), rollups="copy")

    then, why = fates(done.plan)["dcwc"]
    assert (then, why) == ("list", "primary did not record all of it at 2000-06-04 15:00-15:29")


@pytest.mark.soak
def test_outages_of_both_servers_are_repaired_with_their_days(tmp_path: Path) -> None:
    """With --outages each server's own day is recomputed on it, both in one run."""
    days = [SATURDAY - timedelta(days=1), SATURDAY, SUNDAY]
    whole, eyes = intervals(days), compared_days(days)

    def blind(day: date, label: int) -> dict[str, list[dict[str, Any]]]:
        def seen(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [one for one in rows if (one["row_date"], one["starttime"]) != (day, label)]

        return {**server(seen(whole)), "htrunk": seen(eyes)}

    tables = ["htrunk", "hcwc", "dcwc", "wcwc", "mcwc"]
    one, other = blind(SATURDAY, 1000), blind(SUNDAY, 1100)
    files = build_files(tmp_path, tables, primary=one, secondary=other)

    opened = files.open()
    plan = opened.plan_outages(rollups="recompute")
    assert plan is not None
    done = opened.execute(plan)

    assert done.outcome.done
    assert {step.into for step in plan.steps} == set(Role)
    assert {(one.into, one.then) for one in plan.stale if one.table == "dcwc"} == {
        (role, Rollups.RECOMPUTE) for role in Role
    }
    assert alike(files, "htrunk", "hcwc", "dcwc")
    assert files.open().verify_internal(tables="dcwc").agrees


@pytest.mark.soak
def test_a_dry_run_shows_what_would_be_recomputed_and_what_not(tmp_path: Path, typed: Typing) -> None:
    """Nothing is written, people see both lists, and scripts the fate of each period."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    files.run("secondary", "UPDATE wcwc SET acwtime = 0")
    words = ("resync", "--pair", files.pair_file, "--window", window(), "--table", "hcwc", "--dry-run")

    result = typed(*words, "--rollups", "recompute")
    document = typed(*words, "--rollups", "recompute", "--json").document

    assert result.code == 3
    assert "Recomputed from its intervals afterwards" in result.out
    assert "computes acwtime differently" in result.text
    assert {(one["table"], one["then"]) for one in document["stale_rollups"]} == {
        ("dcwc", "recompute"),
        ("wcwc", "list"),
        ("mcwc", "recompute"),
    }
    assert document["rollups"] == "recompute"
    assert not alike(files, "hcwc")
