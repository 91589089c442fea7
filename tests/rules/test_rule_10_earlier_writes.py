"""Rule 10: a roll-up that is older than its intervals, or was made over an outage of its server, is not copied."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.plan import Plan, SkipReason
from syncengine.staging.run_folder import RunFolder
from tests.builders import Files
from tests.rules.summarised import SUNDAY, pair
from tests.rules.test_rule_10_rollups import codes, day
from tests.scenes import code, outage, plan_of, resync, skipped

WHOLE_DAY = "2000-06-04"
IN_MAY = date(2000, 5, 20)
BOTH = ("hcwc", "dcwc")
MISSED = code(500, row_date=SUNDAY)


def repaired_primary(folder: Path) -> Files:
    """Build a pair whose primary had summarised Sunday before a run copied an interval of it from the secondary."""
    files = codes(folder, [], [MISSED], primary=[day(3)], secondary=[day(6)])
    resync(files, window=WHOLE_DAY, tables=("hcwc",), source="secondary")
    return files


def plan_back(files: Files, **options: Any) -> Plan:
    """Plan to copy Sunday from the primary to the secondary."""
    return plan_of(files, **{"window": WHOLE_DAY, "tables": BOTH, **options})


def test_a_day_summarised_before_a_run_wrote_its_intervals_is_not_copied(tmp_path: Path) -> None:
    """The day of a server that was a target is older than its intervals, and the plan says who has to do what."""
    files = repaired_primary(tmp_path)

    planned = plan_back(files)

    assert planned.steps == ()
    run = files.open().runs()[-1].id
    assert planned.skipped[0].reason is SkipReason.INTERVALS_DISAGREE
    assert planned.skipped[0].detail == (
        f"primary summarised it before run {run} wrote its intervals: rerun Data Summarizing there"
    )


def test_weeks_and_months_summarised_before_a_run_wrote_their_intervals_are_not_copied(tmp_path: Path) -> None:
    """What is so of days is so of the weeks and months above them."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    resync(files, window=str(IN_MAY), tables=("hcwc",))

    planned = plan_of(
        files, window="2000-05-01..2000-05-31", tables=("hcwc", "dcwc", "wcwc", "mcwc"), source="secondary"
    )

    assert planned.steps == ()
    assert {table for table, _ in skipped(planned)} == {"dcwc", "wcwc", "mcwc"}


def test_a_backfill_does_not_copy_a_day_older_than_its_intervals(tmp_path: Path) -> None:
    """A backfill takes earlier runs into account as a resync does."""
    files = repaired_primary(tmp_path)

    opened = files.open()
    backfill = opened.plan_backfill(window=WHOLE_DAY, tables=BOTH, policy="replace")
    plans = [plan for _, plan in opened.portion_plans(backfill) if plan is not None]

    assert not any(plan.steps for plan in plans)
    assert [one.table for plan in plans for one in plan.skipped if "summarised it before" in one.detail] == ["dcwc"]


def test_a_backfill_reads_earlier_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many portions it has, the plans of earlier runs are read once: there may be hundreds of each."""
    files = repaired_primary(tmp_path)
    for number in (2, 3):
        files.add("primary", "hcwc", code(500, row_date=date(2000, 6, number)))
    opened = files.open()
    read: list[RunFolder] = []
    plan_of_run = RunFolder.plan

    def counted(folder: RunFolder, *portion: int) -> Plan:
        read.append(folder)
        return plan_of_run(folder, *portion)

    monkeypatch.setattr(RunFolder, "plan", counted)
    backfill = opened.plan_backfill(window="2000-06-02..2000-06-04", tables=BOTH, portion_days=1)

    assert len(list(opened.portion_plans(backfill))) == 3
    assert len(read) == 1


def test_a_day_is_copied_once_the_run_that_made_it_old_is_undone(tmp_path: Path) -> None:
    """With its intervals as they were when it was summarised, a day follows them again."""
    files = repaired_primary(tmp_path)
    opened = files.open()
    opened.execute(opened.plan_undo())
    files.run("secondary", "DELETE FROM hcwc WHERE starttime = 500")

    planned = plan_back(files)

    assert [part.table for step in planned.steps for part in step.parts] == ["dcwc"]


def test_a_day_that_a_run_has_recomputed_is_copied(tmp_path: Path) -> None:
    """A day that was summed up again after its intervals is what they make."""
    files = pair(tmp_path, blind={SUNDAY: 1030})
    resync(files, window=WHOLE_DAY, tables=BOTH[:1], rollups="recompute")
    files.run("primary", f"UPDATE dcwc SET acdcalls = 1 WHERE row_date = DATE '{SUNDAY}'")

    planned = plan_back(files, source="secondary")

    assert [part.table for step in planned.steps for part in step.parts] == ["dcwc"]


def with_outages(folder: Path, *roles: str, secondary: list[dict[str, Any]]) -> Files:
    """Build a pair with equal intervals, other days, and an outage of Sunday in the diaries of some servers."""
    files = codes(folder, [], [], primary=[day(3)], secondary=secondary)
    for role in roles:
        files.add(role, "linkex", {**outage(505, 600), "row_date": SUNDAY})
    return files


def test_a_day_over_an_outage_of_its_source_does_not_replace_one_without(tmp_path: Path) -> None:
    """However the intervals came to be alike, the source may have summarised its day before."""
    files = with_outages(tmp_path, "primary", secondary=[day(6)])

    planned = plan_back(files)

    assert planned.steps == ()
    assert planned.skipped[0].detail == (
        "primary did not record all of it at 2000-06-04 05:05-05:14, and secondary did: "
        "once its intervals are whole, rerun Data Summarizing there"
    )


def test_a_day_over_an_outage_of_both_servers_is_copied(tmp_path: Path) -> None:
    """Where neither server recorded all of a day, the direction decides as elsewhere."""
    files = with_outages(tmp_path, "primary", "secondary", secondary=[day(6)])

    assert plan_back(files).steps


def test_a_day_over_an_outage_is_copied_to_a_server_without_it(tmp_path: Path) -> None:
    """A server that has no row of a day gets what there is."""
    files = with_outages(tmp_path, "primary", secondary=[])

    assert plan_back(files).steps


def test_an_outage_that_a_run_repaired_before_the_day_was_summarised_does_not_matter(tmp_path: Path) -> None:
    """A day that was summarised from repaired intervals is whole."""
    files = codes(tmp_path, [], [MISSED], primary=[], secondary=[day(2)])
    files.add("primary", "linkex", {**outage(505, 600), "row_date": SUNDAY})
    for role in ("primary", "secondary"):
        files.run(role, "UPDATE arch_stat SET last_time = '06/04/00 00:35' WHERE trim(arch_type) = '2'")
    resync(files, window=WHOLE_DAY, tables=("hcwc",), source="secondary")
    for role in ("primary", "secondary"):
        files.run(role, "UPDATE arch_stat SET last_time = '06/05/00 00:35' WHERE trim(arch_type) = '2'")
    files.add("primary", "dcwc", day(6))

    assert [part.table for step in plan_back(files).steps for part in step.parts] == ["dcwc"]
