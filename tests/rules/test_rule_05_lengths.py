"""Rules 4, 5, 6 and 9 where the lengths of intervals differ: the time between two shared boundaries is one."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.outages import Outlook
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, SkipReason
from tests.builders import Files, build_files, row
from tests.cli.terminal import Typing
from tests.scenes import code, outage, plan_of, resync, skipped, storage, table_of, trunks

STRETCH = "05:00-05:29"
WHOLE = trunks(500, 530, incalls=6)
"""The half hour as it was, in one interval."""
QUARTERS = trunks(500, 530, minutes=15, incalls=3)
"""The same in two."""


def pair(
    folder: Path,
    primary: list[dict[str, Any]],
    secondary: list[dict[str, Any]],
    *,
    diary: list[dict[str, Any]] | None = None,
) -> Files:
    """Build a pair that is alike around the half hour of the outage, and holds there what each server has."""
    return build_files(
        folder,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": primary, "linkex": [outage(200, 60)]},
        secondary={"htrunk": secondary, "linkex": diary or [outage(513, 360)]},
    )


def calls(files: Files, server: str = "secondary") -> list[tuple[int, int, int]]:
    """Return label, length and calls of the rows of one trunk group from five to half past."""
    return files.run(
        server,
        "SELECT starttime, intrvl, incalls FROM htrunk WHERE tkgrp = 1 AND starttime >= 500 AND starttime < 530 "
        "ORDER BY ALL",
    )


def reason_of(plan: Plan) -> tuple[SkipReason, str]:
    """Return why the trunks are left."""
    return skipped(plan)["htrunk", 1]


@pytest.mark.soak("reconcile")
@pytest.mark.parametrize(
    ("primary", "secondary"),
    [
        (WHOLE, trunks(500, 530, minutes=15, incalls=2, incomplete=1)),
        (QUARTERS, trunks(500, 530, incalls=4, incomplete=1)),
        (QUARTERS, [*trunks(500, 530, incalls=4, incomplete=1), *trunks(515, 530, minutes=15, incalls=2)]),
    ],
    ids=["longer", "shorter", "overlapping"],
)
@pytest.mark.parametrize("policy", ["replace", "reconcile"])
def test_rows_of_the_other_length_give_way(
    tmp_path: Path, primary: list[dict[str, Any]], secondary: list[dict[str, Any]], policy: str
) -> None:
    """All rows of the target in the stretch go, the source's come; undo puts them back; no call is counted twice."""
    files = pair(tmp_path, primary, secondary)
    before = files.bag("secondary", "htrunk")

    done = resync(files, policy=policy, tables=("htrunk",))

    assert done.outcome.done
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")
    assert files.open().verify(tables=("htrunk",)).in_sync
    assert plan_of(files, policy=policy, tables=("htrunk",)).steps == ()
    files.open().execute(files.open().plan_undo())
    assert files.bag("secondary", "htrunk") == before


def test_they_are_written_in_one_step_and_count_as_changed(tmp_path: Path) -> None:
    """Rows of other lengths are no deletions (rule 13), and no batch divides a stretch."""
    files = pair(tmp_path, WHOLE, trunks(500, 530, minutes=15, incalls=2, incomplete=1))

    planned = plan_of(files, tables=("htrunk",))

    assert len(planned.steps) == 1
    (part,) = planned.steps[0].parts
    assert part.whole
    assert planned.deletions == 0
    assert (part.counts.missing, part.counts.extra, part.counts.changed) == (0, 0, 4)


def test_outages_repair_a_day_on_which_the_lengths_differ(tmp_path: Path) -> None:
    """The primary was set from 30 to 15 minutes before the secondary: the outage is repaired all the same."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        primary={
            "htrunk": [*trunks(400, 500), *trunks(500, 700, minutes=15, incalls=3)],
            "hcwc": [code(400), code(500, intrvl=15), code(515, intrvl=15)],
        },
        secondary={
            "htrunk": [
                *trunks(400, 500),
                *trunks(500, 530, incalls=4, incomplete=1),
                *trunks(530, 700, incalls=6),
            ],
            "hcwc": [code(400), code(500, acdcalls=2, incomplete=1)],
            "linkex": [outage(513, 360)],
        },
    )
    opened = files.open()

    (found,) = opened.outages().findings
    plan = opened.plan_outages()
    assert plan is not None
    opened.execute(plan)

    assert found.outlook is Outlook.REPAIR
    assert calls(files) == [(500, 15, 3), (515, 15, 3)]
    assert files.bag("secondary", "hcwc") == files.bag("primary", "hcwc")
    assert opened.outages().findings[0].outlook is Outlook.ALIKE


def test_other_tables_of_the_day_are_compared_as_ever(tmp_path: Path) -> None:
    """A stretch elsewhere on the day keeps neither events nor intervals of one length from being written."""

    def event(time: int, seqno: int) -> dict[str, Any]:
        return row("agex", row_time=time, seqno=seqno, extype=1, logid="4001", split=1)

    files = build_files(
        tmp_path,
        ["htrunk", "agex"],
        both={"dcalloc": [storage("exceptions")], "agex": [event(435, 1)]},
        primary={"htrunk": [*trunks(400, 600), *trunks(600, 700, minutes=15)], "agex": [event(514, 2)]},
        secondary={
            "htrunk": [*trunks(400, 500), *trunks(500, 530, incalls=1, incomplete=1), *trunks(530, 700)],
            "linkex": [outage(513, 360)],
        },
    )

    planned = plan_of(files, policy="reconcile", tables=("htrunk", "agex"))

    assert {part.table for step in planned.steps for part in step.parts} == {"htrunk", "agex"}
    assert planned.skipped == ()


@pytest.mark.parametrize("policy", ["fill", "rows"])
def test_what_does_not_replace_leaves_it(tmp_path: Path, policy: str) -> None:
    """Fill adds no quarter beside a half hour, and single rows are not exchanged for those of another length."""
    files = pair(tmp_path, QUARTERS, trunks(500, 530, incalls=4, incomplete=1))
    before = calls(files)

    planned = plan_of(files, policy=policy, tables=("htrunk",))

    assert planned.steps == ()
    assert reason_of(planned) == (SkipReason.FILL_ONLY if policy == "fill" else SkipReason.LENGTHS_DIFFER, STRETCH)
    assert calls(files) == before


@pytest.mark.parametrize("policy", ["replace", "reconcile"])
def test_a_source_that_was_blind_in_a_part_writes_nothing(tmp_path: Path, policy: str) -> None:
    """A source without the second quarter does not take the place of a half hour that was seen."""
    files = pair(tmp_path, trunks(500, 515, minutes=15, incalls=3), trunks(500, 530, incalls=4), diary=[outage(200, 9)])
    before = calls(files)

    planned = plan_of(files, policy=policy, tables=("htrunk",))

    assert Role.SECONDARY not in planned.writes_to
    assert policy == "reconcile" or reason_of(planned) == (SkipReason.SOURCE_BLIND, STRETCH)
    assert calls(files) == before


def test_the_largest_figure_of_the_stretch_decides(tmp_path: Path) -> None:
    """One broken quarter of the source weighs against a whole half hour of the target, in both of its buckets."""
    broken = [*trunks(500, 515, minutes=15, incalls=3), *trunks(515, 530, minutes=15, incalls=1, incomplete=2)]
    files = pair(tmp_path, broken, trunks(500, 530, incalls=6), diary=[outage(200, 9)])

    planned = plan_of(files, tables=("htrunk",))

    assert planned.steps == ()
    assert reason_of(planned) == (SkipReason.SOURCE_BROKEN, STRETCH)


@pytest.mark.parametrize("policy", ["replace", "reconcile"])
def test_a_source_whose_own_intervals_overlap_is_left_and_named(tmp_path: Path, policy: str) -> None:
    """Rows that tell some of the time twice are never copied, and the plan says what can be done."""
    files = pair(
        tmp_path, [*WHOLE, *trunks(515, 530, minutes=15, incalls=3)], trunks(500, 530, incalls=1, incomplete=1)
    )
    before = calls(files)

    planned = plan_of(files, policy=policy, tables=("htrunk",))

    assert planned.steps == ()
    assert reason_of(planned) == (SkipReason.LENGTHS_DIFFER, STRETCH)
    assert "intervals of primary overlap there: repair from the other server" in planned.skipped[0].detail
    assert calls(files) == before


def test_an_hour_in_which_a_clock_was_set_is_left_and_named(tmp_path: Path) -> None:
    """What a clock that was set makes of lengths nobody can sort out."""
    clock = row("linkex", row_time=510, reason=96, duration=0, seqno=9)
    files = pair(tmp_path, QUARTERS, trunks(500, 530, incalls=1, incomplete=1), diary=[outage(513, 360), clock])

    planned = plan_of(files, tables=("htrunk",))

    assert planned.steps == ()
    assert reason_of(planned) == (SkipReason.LENGTHS_DIFFER, STRETCH)
    assert "the clock was set in it" in planned.skipped[0].detail


def test_an_hour_the_clock_repeats_is_left_and_named(tmp_path: Path) -> None:
    """Where a label stands for two passes of the clock, intervals of two lengths cannot be distinguished."""
    sunday = date(2000, 10, 29)
    near = [*trunks(0, 100, row_date=sunday), *trunks(200, 400, row_date=sunday)]
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": near},
        primary={"htrunk": trunks(100, 200, minutes=15, row_date=sunday)},
        secondary={"htrunk": trunks(100, 200, row_date=sunday, incomplete=1)},
        archived=datetime(2000, 10, 29, 6),
        as_of=datetime(2000, 10, 29, 6),
        settings='timezone = "America/Denver"',
    )

    planned = plan_of(files, window="2000-10-29 01:00..01:30", tables=("htrunk",))

    assert planned.steps == ()
    assert reason_of(planned)[0] is SkipReason.REPEATED_HOUR


@pytest.mark.parametrize("on_both", [True, False])
def test_intervals_that_overlap_are_named(tmp_path: Path, typed: Typing, on_both: bool) -> None:
    """A quarter inside a half hour of the same trunks is said, with exit code 3, also when both servers have it."""
    doubled = [*WHOLE, *trunks(515, 530, minutes=15, incalls=2)]
    files = pair(tmp_path, doubled if on_both else WHOLE, doubled)
    observation = files.open().verify(tables=("htrunk",))

    result = typed("verify", "--pair", files.pair_file, "--table", "htrunk")

    servers = {one.server for one in table_of(observation, "htrunk").overlaps}
    assert servers == ({Role.PRIMARY, Role.SECONDARY} if on_both else {Role.SECONDARY})
    assert result.code == 3
    assert (
        "htrunk: intervals overlap on secondary, ACD 1 2000-06-05 05:00-05:29: 2 rows inside another row" in result.out
    )
    assert ("OVERLAP" if on_both else "DRIFT") in result.out
    # It is not remembered as equal either.
    assert typed("verify", "--pair", files.pair_file, "--table", "htrunk").code == 3


def test_intervals_of_other_trunks_do_not_overlap(tmp_path: Path) -> None:
    """Two lengths in one half hour are no overlap where no key has both."""
    rows = [*(one for one in WHOLE if one["tkgrp"] == 1), *(one for one in QUARTERS if one["tkgrp"] == 2)]
    files = pair(tmp_path, rows, rows)

    assert files.open().verify(tables=("htrunk",)).in_sync


@pytest.mark.parametrize("policy", ["replace", "reconcile"])
def test_an_overlap_on_one_server_is_repaired_from_the_other(tmp_path: Path, policy: str) -> None:
    """A quarter too many on the primary, its half hour alike: from the secondary the quarter goes."""
    files = pair(tmp_path, [*WHOLE, *trunks(515, 530, minutes=15, incalls=2)], WHOLE, diary=[outage(200, 9)])
    options = {"source": "secondary"} if policy == "replace" else {}

    planned = plan_of(files, policy=policy, tables=("htrunk",), **options)
    if policy == "replace":
        files.open().execute(planned)
        assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")
    else:
        # Nothing but the overlap tells which server is right, and no outage was there.
        assert planned.steps == ()


def test_keys_of_different_lengths_are_copied(tmp_path: Path) -> None:
    """One trunk group in quarters beside another in half hours tile the time, each by itself."""
    rows = [*(one for one in WHOLE if one["tkgrp"] == 1), *(one for one in QUARTERS if one["tkgrp"] == 2)]
    files = pair(tmp_path, rows, trunks(500, 530, incalls=1, incomplete=1))

    assert resync(files, tables=("htrunk",)).outcome.done

    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_a_plan_and_the_daily_check_name_an_overlap_on_both(tmp_path: Path, typed: Typing) -> None:
    """Where there is nothing to write the plan says why all is not well, and so does the check of the morning."""
    doubled = [*WHOLE, *trunks(515, 530, minutes=15, incalls=2)]
    files = pair(tmp_path, doubled, doubled)

    planned = plan_of(files, tables=("htrunk",))
    result = typed("status", "--pair", files.pair_file, "--since", "2000-06-05 00:00")

    assert planned.steps == ()
    assert any(note.startswith("htrunk: intervals overlap on primary") for note in planned.notes)
    assert "htrunk: intervals overlap on secondary" in result.out
    assert "in 0 rows" not in result.out


def trunk_day(day: date, **values: Any) -> dict[str, Any]:
    """Return a day of a trunk group."""
    return row("dtrunk", **{"row_date": day, "tkgrp": 1, "eqloc": "01A0101", "incalls": 40, **values})


@pytest.mark.parametrize(("length", "calls", "alike"), [(15, 40, True), (30, 40, False), (15, 41, False)])
def test_a_day_of_other_lengths_counts_other_broken_intervals(
    tmp_path: Path, length: int, calls: int, alike: bool
) -> None:
    """Two broken quarters are one broken half hour: no drift, unless something else differs or the lengths are one."""
    day = date(2000, 6, 4)
    files = build_files(
        tmp_path,
        ["htrunk", "dtrunk"],
        primary={
            "htrunk": trunks(900, 1000, row_date=day),
            "dtrunk": [trunk_day(day, incomplete=1), trunk_day(date(2000, 6, 3))],
        },
        secondary={
            "htrunk": trunks(900, 1000, row_date=day, minutes=length),
            "dtrunk": [trunk_day(day, incomplete=2, incalls=calls), trunk_day(date(2000, 6, 3))],
        },
    )

    found = table_of(files.open().verify(tables=("dtrunk",)), "dtrunk")

    assert found.in_sync is alike
    assert [(one.what, one.buckets) for one in found.expected if one.what == "incomplete"] == [
        ("incomplete", 1)
    ] * alike


SUNDAY = date(2000, 6, 4)
HALVES = trunks(0, 2400, row_date=SUNDAY)
QUARTER_HOURS = trunks(0, 2400, row_date=SUNDAY, minutes=15)
MIXED = [*trunks(900, 930, row_date=SUNDAY), *trunks(930, 1000, row_date=SUNDAY, minutes=15)]
"""A half hour, then quarters."""


def counted(folder: Path, lengths: tuple[list[dict[str, Any]], list[dict[str, Any]]], counts: tuple[int, int]) -> Files:
    """Build a pair with these intervals of a Sunday, whose day and month differ in their counts alone."""
    summer = datetime(2000, 7, 5, 7)
    files = build_files(folder, ["htrunk", "dtrunk", "mtrunk"], archived=summer, as_of=summer)
    for server, rows, broken in zip(Role, lengths, counts, strict=True):
        files.add(server, "htrunk", *rows)
        files.add(server, "dtrunk", trunk_day(SUNDAY, incomplete=broken))
        files.add(server, "mtrunk", {**trunk_day(date(2000, 6, 1)), "incomplete": broken})
    return files


@pytest.mark.soak("True")
@pytest.mark.parametrize("every_row", [False, True])
def test_lengths_that_changed_alike_excuse_nothing(tmp_path: Path, every_row: bool) -> None:
    """A day on which both servers went from half hours to quarters alike has one count of broken intervals."""
    files = counted(tmp_path, (MIXED, MIXED), (0, 5))

    observation = files.open().verify(tables=("dtrunk", "mtrunk"), every_row=every_row)

    assert [table.spec.name for table in observation.differing] == ["dtrunk", "mtrunk"]


def test_a_server_that_counts_none_leaves_none_to_the_other(tmp_path: Path) -> None:
    """No broken half hour holds a broken quarter: 0 against 40 is drift, whatever the lengths are."""
    files = counted(tmp_path, (HALVES, QUARTER_HOURS), (0, 40))

    observation = files.open().verify(tables=("dtrunk", "mtrunk"))

    assert [table.spec.name for table in observation.differing] == ["dtrunk", "mtrunk"]


@pytest.mark.parametrize(("counts", "alike"), [((60, 108), True), ((60, 109), False)])
def test_a_month_expects_what_its_unlike_days_can_make(tmp_path: Path, counts: tuple[int, int], alike: bool) -> None:
    """One day of half hours against quarters makes 48 counts of a difference in a month, and only of broken ones."""
    files = counted(tmp_path, (HALVES, QUARTER_HOURS), counts)

    assert files.open().verify(tables=("mtrunk",)).in_sync is alike


@pytest.mark.soak("day before")
@pytest.mark.parametrize(
    "elsewhere",
    [{"acd": 2}, {"row_date": date(2000, 6, 3)}, {"row_date": date(2000, 6, 5)}],
    ids=["ACD", "day before", "day after"],
)
def test_lengths_elsewhere_excuse_nothing(tmp_path: Path, elsewhere: dict[str, Any]) -> None:
    """Lengths that differ in another ACD, or on another day, say nothing of the count of this one."""
    files = build_files(
        tmp_path,
        ["htrunk", "dtrunk"],
        acds={1: 30, 2: 30},
        both={"htrunk": HALVES},
        primary={"htrunk": [{**one, **elsewhere} for one in HALVES], "dtrunk": [trunk_day(SUNDAY, incomplete=1)]},
        secondary={
            "htrunk": [{**one, **elsewhere} for one in QUARTER_HOURS],
            "dtrunk": [trunk_day(SUNDAY, incomplete=2)],
        },
    )

    assert not files.open().verify(tables=("dtrunk",)).in_sync


def test_rows_that_repeat_are_compared_by_their_counts(tmp_path: Path) -> None:
    """Of two rows alike but for their counts the smaller belongs to the smaller, and one that does not fit is drift."""
    files = counted(tmp_path, (HALVES, QUARTER_HOURS), (1, 2))
    files.add("primary", "dtrunk", trunk_day(SUNDAY, incomplete=8))
    files.add("secondary", "dtrunk", trunk_day(SUNDAY, incomplete=16))
    assert files.open().verify(tables=("dtrunk",)).in_sync

    files.run("secondary", "UPDATE dtrunk SET incomplete = 17 WHERE incomplete = 16")
    assert not files.open().verify(tables=("dtrunk",)).in_sync


def test_a_count_that_is_expected_hides_nothing_from_a_plan(tmp_path: Path) -> None:
    """A plan over intervals and days writes the day with its intervals, or says why it is left."""
    files = counted(tmp_path, (HALVES, QUARTER_HOURS), (1, 2))
    assert files.open().verify(tables=("dtrunk",)).in_sync

    alone = plan_of(files, window="2000-06-04", tables=("dtrunk",))
    planned = plan_of(files, window="2000-06-04", tables=("htrunk", "dtrunk"))

    assert alone.steps == ()
    assert skipped(alone)["dtrunk", 1][0] is SkipReason.INTERVALS_DISAGREE
    assert {part.table for step in planned.steps for part in step.parts} == {"htrunk"}
    assert skipped(planned)["dtrunk", 1][0] is SkipReason.INTERVALS_DISAGREE
