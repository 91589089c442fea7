"""What `--exclude-table` leaves out is written by no command, by whatever way it would come in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from syncengine.model.errors import InputError
from syncengine.model.plan import SkipReason
from syncengine.model.policy import Rollups
from tests.builders import Files, build_files
from tests.cli.terminal import Typing
from tests.jobs.test_outages import broken, link
from tests.rules.summarised import inspect, intervals, pair, server, without
from tests.scenes import code, plan_of, skipped, trunks

IN_MAY = date(2000, 5, 27)
HALF_HOUR = "2000-05-27 10:30..10:59"


@pytest.mark.soak("set", "all")
@pytest.mark.parametrize("words", [("--set", "history"), ("--table", "wcwc"), ()], ids=["set", "table", "all"])
def test_a_backfill_of_weeks_takes_no_intervals_in_that_are_left_out(
    tmp_path: Path, typed: Typing, words: tuple[str, ...]
) -> None:
    """Weeks are copied after their intervals, but not with those that are left out: then they stay, and it is said."""
    whole = intervals()
    files = build_files(tmp_path, ["htrunk", "hcwc", "dcwc", "wcwc", "mcwc"], primary=server(whole))
    inspect(files, "primary")
    meant: tuple[str | Path, ...] = (
        "backfill",
        "--pair",
        files.pair_file,
        "--window",
        "2000-05-01..2000-06-03",
        *words,
    )

    planned = typed(*meant, "--exclude-table", "hcwc", "--dry-run", "--json").document
    said = typed(*meant, "--exclude-table", "hcwc", "--yes")

    assert not any("hcwc" in portion["tables"] for portion in planned["portions"])
    details = {one["detail"] for made in planned["plans"] for one in made["skipped"] if one["table"] == "wcwc"}
    assert details == {"hcwc was not looked at: take it in too (--table hcwc)"}
    assert said.code == 3
    assert files.bag("secondary", "hcwc") == []
    assert files.bag("secondary", "wcwc") == []


@pytest.mark.soak("copy")
@pytest.mark.parametrize("rollups", ["recompute", "copy"])
def test_days_that_are_left_out_are_not_rolled_up(tmp_path: Path, rollups: str) -> None:
    """The other longer tables are made anew; of the one left out the plan says that it stays stale."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    before = files.bag("secondary", "dcwc")
    pair_of = files.open()

    plan = pair_of.plan_resync(window=HALF_HOUR, tables="hcwc", exclude="dcwc", rollups=rollups)
    done = pair_of.execute(plan)

    fates = {one.table: (one.then, one.why) for one in plan.stale}
    assert fates["dcwc"] == (Rollups.LIST, "it is left out")
    assert {fates["wcwc"][0], fates["mcwc"][0]} == {Rollups(rollups)}
    assert files.bag("secondary", "dcwc") == before
    assert files.bag("secondary", "wcwc") == files.bag("primary", "wcwc")
    assert done.rollups is not None
    assert [one.table for one in done.rollups.stale] == ["dcwc"]
    assert any("Data Summarizing" in line.text for line, _ in done.by_hand)


@pytest.mark.soak
def test_days_that_are_left_out_are_not_rolled_up_after_outages(tmp_path: Path, typed: Typing) -> None:
    """The same where the outages are found, not typed."""
    whole = intervals()
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc", "dcwc", "wcwc", "mcwc"],
        primary=server(whole),
        secondary={**server(without(whole, IN_MAY, 1030)), "linkex": [link(1030, 600, row_date=IN_MAY)]},
    )
    inspect(files, "primary")
    inspect(files, "secondary")
    before = files.bag("secondary", "dcwc")

    said = typed(
        "resync", "--pair", files.pair_file, "--outages", "--exclude-table", "dcwc", "--rollups", "recompute", "--yes"
    )

    assert said.code == 0, said.text
    assert "it is left out" in said.text
    assert files.bag("secondary", "dcwc") == before
    assert files.bag("secondary", "wcwc") == files.bag("primary", "wcwc")


def historical(files: Files) -> tuple[str, ...]:
    """Return every table that outages are compared in."""
    return tuple(
        spec.name for spec in files.open().catalogue.tables if spec.data_class.value == "historical" and spec.time
    )


@pytest.mark.soak("verify --set history", "resync --outages --dry-run")
@pytest.mark.parametrize(
    "words",
    [
        ("outages",),
        ("resync", "--outages", "--dry-run"),
        ("verify", "--internal"),
        ("verify", "--set", "history"),
        ("resync", "--window", HALF_HOUR, "--dry-run"),
        ("backfill", "--window", "2000-06-05", "--dry-run"),
    ],
    ids=" ".join,
)
def test_where_every_table_is_left_out_the_sentence_says_so(
    tmp_path: Path, typed: Typing, words: tuple[str, ...]
) -> None:
    """Every command says the same of it, before it asks a server anything."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks()}, secondary={"linkex": [link(513, 360)]})
    out = [word for name in historical(files) for word in ("--exclude-table", name)]

    said = typed(*words, "--pair", files.pair_file, *out)

    assert said.code == 2
    assert said.err.strip() == "Every table that was asked for is left out. Leave out some --exclude-table."


@pytest.mark.parametrize(
    ("named", "left_out"),
    [("dcwc", "dcwc"), ("dcwc", "hcwc"), ("hcwc", "hcwc")],
)
def test_an_internal_look_refuses_what_is_named_both_ways(tmp_path: Path, named: str, left_out: str) -> None:
    """As everywhere a table named to be taken and left out is a mistake, be it by the intervals it is made of."""
    files = build_files(tmp_path, ["hcwc", "dcwc"])

    with pytest.raises(InputError, match=f"{named}: named both to be taken and to be left out"):
        files.open().verify_internal(tables=named, exclude=left_out)


def test_outages_are_not_repaired_in_tables_that_are_left_out(tmp_path: Path) -> None:
    """What is left out is neither in the report nor in the plan, the rest is."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": trunks(500, 530), "hcwc": [code(500)]},
        secondary={"htrunk": broken(500, 530), "linkex": [link(513, 360)]},
    )

    plan = files.open().plan_outages(exclude="hcwc")

    assert plan is not None
    assert {part.table for step in plan.steps for part in step.parts} == {"htrunk"}
    assert "hcwc" not in plan.tables


def test_a_day_without_its_intervals_says_which_to_take_in(tmp_path: Path) -> None:
    """A day whose intervals are left out is left as well, with the table that is lacking."""
    files = pair(tmp_path, blind={IN_MAY: 1030})

    plan = plan_of(files, window="2000-05-27", tables=("dcwc",), exclude="hcwc")

    assert skipped(plan)["dcwc", 1][0] is SkipReason.INTERVALS_DISAGREE
    assert plan.skipped[0].detail == "hcwc was not looked at: take it in too (`tables='hcwc'`)"
