"""Rule 10: roll-ups follow their intervals, and are never copied over while those disagree."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.plan import Plan, SkipReason
from tests.builders import Files, build_files, row
from tests.scenes import code, plan_of, resync, skipped, trunks

SATURDAY, SUNDAY = date(2000, 6, 3), date(2000, 6, 4)


def day(calls: int, row_date: date = SUNDAY, **values: Any) -> dict[str, Any]:
    """Return a dcwc row: what a call work code was entered on a day."""
    return row("dcwc", row_date=row_date, cwc="7", acdcalls=calls, **values)


def codes(folder: Path, source: list[dict[str, Any]], target: list[dict[str, Any]], **daily: Any) -> Files:
    """Build a pair with call work codes of Sunday by interval and by day."""
    return build_files(
        folder,
        ["htrunk", "hcwc", "dcwc", "wcwc", "mcwc"],
        both={"htrunk": [*trunks(row_date=SUNDAY), *trunks()], "hcwc": [code(400, row_date=SUNDAY)]},
        primary={"hcwc": source, "dcwc": daily.get("primary", [])},
        secondary={"hcwc": target, "dcwc": daily.get("secondary", [])},
    )


def stale(planned: Plan) -> set[tuple[str, str, date]]:
    """Return table, archive and first day of each period named as stale."""
    return {(one.table, one.archive.value, one.row_date) for one in planned.stale}


def test_a_day_is_copied_when_its_intervals_agree(tmp_path: Path) -> None:
    """A daily row that differs over intervals that are alike ends as the source has it."""
    files = codes(tmp_path, [], [], primary=[day(3)], secondary=[day(2)])

    resync(files, window="2000-06-04", tables=("hcwc", "dcwc"))

    assert files.bag("secondary", "dcwc") == files.bag("primary", "dcwc")


def test_a_day_is_not_copied_while_its_intervals_disagree(tmp_path: Path) -> None:
    """Intervals that this plan leaves as they are hold their day back, though the daily row differs."""
    broken, whole = code(500, row_date=SUNDAY, incomplete=1), code(500, row_date=SUNDAY, acdcalls=9)
    files = codes(tmp_path, [broken], [whole], primary=[day(3)], secondary=[day(2)])

    done = resync(files, window="2000-06-04", tables=("hcwc", "dcwc"))

    assert skipped(done.plan)["dcwc", 1][0] is SkipReason.INTERVALS_DISAGREE
    assert files.run("secondary", "SELECT acdcalls FROM dcwc") == [(2,)]


def test_a_day_with_one_repaired_and_one_skipped_interval_is_skipped(tmp_path: Path) -> None:
    """One interval of a day copied and another skipped still disagree, so the day is not copied over."""
    source = [code(500, row_date=SUNDAY, incomplete=1), code(600, row_date=SUNDAY, acdcalls=4)]
    target = [code(500, row_date=SUNDAY, acdcalls=9), code(600, row_date=SUNDAY, acdcalls=1)]
    files = codes(tmp_path, source, target, primary=[day(3)], secondary=[day(2)])

    done = resync(files, window="2000-06-04", tables=("hcwc", "dcwc"))

    assert skipped(done.plan)["dcwc", 1][0] is SkipReason.INTERVALS_DISAGREE
    assert files.run("secondary", "SELECT acdcalls FROM dcwc") == [(2,)]
    assert files.run("secondary", "SELECT acdcalls FROM hcwc WHERE starttime = 600") == [(4,)]


def test_a_day_is_not_copied_without_its_intervals(tmp_path: Path) -> None:
    """Asked for the daily table alone the plan keeps it back and says which table to add."""
    files = codes(tmp_path, [], [], primary=[day(3)], secondary=[day(2)])

    planned = plan_of(files, window="2000-06-04", tables=("dcwc",))

    assert planned.steps == ()
    assert "`tables='hcwc'`" in planned.skipped[0].detail


def test_a_day_summarised_from_broken_intervals_is_not_copied(tmp_path: Path) -> None:
    """A source whose day holds broken intervals is no source for a roll-up."""
    files = codes(tmp_path, [], [], primary=[day(3, incomplete=1)], secondary=[day(2, incomplete=2)])

    planned = plan_of(files, window="2000-06-04", tables=("hcwc", "dcwc"))

    assert skipped(planned)["dcwc", 1][0] is SkipReason.INTERVALS_DISAGREE


def test_a_day_is_copied_after_its_repaired_intervals(tmp_path: Path) -> None:
    """A day whose intervals the same plan repairs comes in a step that depends on theirs."""
    missing = code(500, row_date=SUNDAY)
    files = codes(tmp_path, [missing], [], primary=[day(6)], secondary=[day(3)])

    done = resync(files, window="2000-06-04", tables=("hcwc", "dcwc"))

    by_table = {part.table: step for step in done.plan.steps for part in step.parts}
    assert by_table["dcwc"].after == (by_table["hcwc"].number,)
    assert done.after is not None
    assert done.after.in_sync
    assert ("dcwc", "daily", SUNDAY) not in stale(done.plan)


def test_periods_summarised_before_are_named_as_stale(tmp_path: Path) -> None:
    """Repairing an interval of Saturday makes the day, the week and the month stale that were summarised over it."""
    missing = code(500, row_date=date(2000, 5, 27))
    files = codes(tmp_path, [missing, code(530, row_date=date(2000, 5, 27))], [code(530, row_date=date(2000, 5, 27))])

    planned = plan_of(files, window="2000-05-27 05:13..05:45", tables=("hcwc",))

    assert stale(planned) == {
        ("dcwc", "daily", date(2000, 5, 27)),
        ("wcwc", "weekly", date(2000, 5, 21)),
        ("mcwc", "monthly", date(2000, 5, 1)),
    }


def test_periods_not_yet_summarised_are_not_stale(tmp_path: Path) -> None:
    """Repairing an interval of this morning makes nothing stale: its day is summarised tonight from repaired rows."""
    files = codes(tmp_path, [code(500)], [])

    done = resync(files, tables=("hcwc",))

    assert done.plan.steps
    assert stale(done.plan) == set()


def test_only_the_day_is_stale_while_week_and_month_are_open(tmp_path: Path) -> None:
    """Repairing an interval of yesterday names the day; its week and month are summarised later."""
    files = codes(tmp_path, [code(500, row_date=SUNDAY)], [])

    planned = plan_of(files, window="2000-06-04 05:13..05:19", tables=("hcwc",))

    assert stale(planned) == {("dcwc", "daily", SUNDAY)}


def test_a_period_the_target_has_not_summarised_is_never_written(tmp_path: Path) -> None:
    """The target's daily archive has not run for Sunday: the source's row of it is neither drift nor copied."""
    files = codes(tmp_path, [], [], primary=[day(3), day(5, SATURDAY)], secondary=[day(4, SATURDAY)])
    files.run("secondary", "UPDATE arch_stat SET last_time = '06/04/00 00:35' WHERE trim(arch_type) = '2'")

    observation = files.open().verify(tables=("dcwc",))
    resync(files, window="2000-06-03..2000-06-04", tables=("hcwc", "dcwc"))

    assert [drift.bucket.row_date for drift in observation.tables[0].differing] == [SATURDAY]
    assert files.bag("secondary", "dcwc", "row_date = DATE '2000-06-04'") == []


def test_a_week_is_skipped_for_an_interval_of_any_of_its_days(tmp_path: Path) -> None:
    """A weekly row is not copied while an interval of its Wednesday differs and is skipped."""
    week = row("wcwc", row_date=date(2000, 5, 28), cwc="7", acdcalls=3)
    wednesday = date(2000, 5, 31)
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc", "wcwc"],
        both={"htrunk": [one for n in (28, 29, 30, 31) for one in trunks(row_date=date(2000, 5, n))]},
        primary={"wcwc": [week], "hcwc": [code(500, row_date=wednesday, incomplete=1)]},
        secondary={"wcwc": [{**week, "acdcalls": 2}], "hcwc": [code(500, row_date=wednesday)]},
        as_of=datetime(2000, 6, 5, 7, 10),
    )

    done = resync(files, window="2000-05-28..2000-06-03", tables=("hcwc", "wcwc"))

    assert skipped(done.plan)["wcwc", 1][0] is SkipReason.INTERVALS_DISAGREE
    assert files.run("secondary", "SELECT acdcalls FROM wcwc") == [(2,)]


@pytest.mark.parametrize(("other", "acd", "held"), [(SUNDAY, 1, True), (SATURDAY, 1, False), (SUNDAY, 2, False)])
def test_a_day_is_skipped_only_for_intervals_of_its_own_day_and_acd(
    tmp_path: Path, other: date, acd: int, held: bool
) -> None:
    """Intervals that stay different hold back the day they are of, not the day before it or that of another ACD."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc", "dcwc"],
        both={"htrunk": [one for number in (1, 2) for one in trunks(row_date=SUNDAY, acd=number)]},
        primary={"hcwc": [code(500, row_date=other, acd=acd, incomplete=1)], "dcwc": [day(3)]},
        secondary={"hcwc": [code(500, row_date=other, acd=acd, acdcalls=9)], "dcwc": [day(2)]},
        acds={1: 30, 2: 30},
    )

    planned = plan_of(files, window="2000-06-03..2000-06-04", tables=("hcwc", "dcwc"))

    assert (("dcwc", 1) in skipped(planned)) is held
    assert ("hcwc", acd) in skipped(planned)


def test_filling_a_server_leaves_no_period_that_neither_server_holds(tmp_path: Path) -> None:
    """A week begun before the servers were there is nobody's to summarise anew; one that the source holds is."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc", "dcwc", "wcwc", "mcwc"],
        both={"htrunk": [*trunks(row_date=SUNDAY), *trunks(row_date=SATURDAY)]},
        primary={
            "hcwc": [code(400, row_date=SATURDAY)],
            "dcwc": [day(3, SATURDAY)],
        },
    )
    named = stale(plan_of(files, window="2000-06-03", tables=("hcwc",), policy="fill"))
    files.add("primary", "wcwc", row("wcwc", row_date=date(2000, 5, 28), cwc="7"))
    summarised = stale(plan_of(files, window="2000-06-03", tables=("hcwc",), policy="fill"))
    replaced = stale(plan_of(files, window="2000-06-03", tables=("hcwc",)))

    assert named == {("dcwc", "daily", SATURDAY)}
    assert summarised == {*named, ("wcwc", "weekly", date(2000, 5, 28))}
    assert replaced == summarised
