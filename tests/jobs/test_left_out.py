"""Tables excluded by `--exclude-table` are written by no command."""

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
def test_a_backfill_of_weeks_adds_no_excluded_intervals(tmp_path: Path, typed: Typing, words: tuple[str, ...]) -> None:
    """Weeks are copied after their intervals; where these are excluded the weeks are skipped, with a reason."""
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
    output = typed(*meant, "--exclude-table", "hcwc", "--yes")

    assert not any("hcwc" in portion["tables"] for portion in planned["portions"])
    details = {one["detail"] for made in planned["plans"] for one in made["skipped"] if one["table"] == "wcwc"}
    assert details == {"hcwc was not compared: add it (--table hcwc)"}
    assert output.code == 3
    assert files.bag("secondary", "hcwc") == []
    assert files.bag("secondary", "wcwc") == []


@pytest.mark.soak("copy")
@pytest.mark.parametrize("rollups", ["recompute", "copy"])
def test_excluded_days_are_not_recomputed(tmp_path: Path, rollups: str) -> None:
    """The other roll-up tables are recomputed; the plan says that the excluded one stays stale."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    before = files.bag("secondary", "dcwc")
    pair_of = files.open()

    plan = pair_of.plan_resync(window=HALF_HOUR, tables="hcwc", exclude="dcwc", rollups=rollups)
    done = pair_of.execute(plan)

    fates = {one.table: (one.then, one.why) for one in plan.stale}
    assert fates["dcwc"] == (Rollups.LIST, "its table is excluded")
    assert {fates["wcwc"][0], fates["mcwc"][0]} == {Rollups(rollups)}
    assert files.bag("secondary", "dcwc") == before
    assert files.bag("secondary", "wcwc") == files.bag("primary", "wcwc")
    assert done.rollups is not None
    assert [one.table for one in done.rollups.stale] == ["dcwc"]
    assert any("Data Summarizing" in line.text for line, _ in done.by_hand)


@pytest.mark.soak
def test_excluded_days_are_not_recomputed_after_outages(tmp_path: Path, typed: Typing) -> None:
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

    output = typed(
        "resync", "--pair", files.pair_file, "--outages", "--exclude-table", "dcwc", "--rollups", "recompute", "--yes"
    )

    assert output.code == 0, output.text
    assert "its table is excluded" in output.text
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
def test_excluding_every_table_is_refused_in_a_sentence(tmp_path: Path, typed: Typing, words: tuple[str, ...]) -> None:
    """Every command refuses it in the same words, before it queries a server."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks()}, secondary={"linkex": [link(513, 360)]})
    out = [word for name in historical(files) for word in ("--exclude-table", name)]

    output = typed(*words, "--pair", files.pair_file, *out)

    assert output.code == 2
    assert output.err.strip() == "All requested tables are left out. Leave out some --exclude-table."


@pytest.mark.parametrize(
    ("named", "left_out"),
    [("dcwc", "dcwc"), ("dcwc", "hcwc"), ("hcwc", "hcwc")],
)
def test_an_internal_verify_refuses_a_table_named_and_excluded(tmp_path: Path, named: str, left_out: str) -> None:
    """A table both named and excluded is a mistake, even if named by its intervals."""
    files = build_files(tmp_path, ["hcwc", "dcwc"])

    with pytest.raises(InputError, match=f"{named}: both requested and left out"):
        files.open().verify_internal(tables=named, exclude=left_out)


def test_outages_are_not_repaired_in_excluded_tables(tmp_path: Path) -> None:
    """Excluded tables are neither in the report nor in the plan, the rest are."""
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


def test_a_day_without_its_intervals_names_the_table_to_add(tmp_path: Path) -> None:
    """A day whose intervals are excluded is skipped as well, with the missing table named."""
    files = pair(tmp_path, blind={IN_MAY: 1030})

    plan = plan_of(files, window="2000-05-27", tables=("dcwc",), exclude="hcwc")

    assert skipped(plan)["dcwc", 1][0] is SkipReason.INTERVALS_DISAGREE
    assert plan.skipped[0].detail == "hcwc was not compared: add it (`tables='hcwc'`)"
