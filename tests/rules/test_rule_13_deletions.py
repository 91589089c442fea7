"""Rule 13: deletions need consent, and nothing is deleted because a source is empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.cli.main import run_for_code
from syncengine.model.plan import SkipReason
from tests.builders import Files, build_files, row
from tests.examples import some_of
from tests.scenes import code, plan_of, resync, skipped, sync, trunk, trunks


def crowded(folder: Path) -> Files:
    """Build a pair whose secondary holds four rows of 5:00 too many, one more than may be deleted."""
    return build_files(
        folder,
        ["htrunk"],
        both={"htrunk": trunks(430, 600)},
        secondary={"htrunk": [trunk(500, group) for group in (3, 4, 5, 6)]},
        settings="limits = { deletions = 3 }",
    )


def resync_code(files: Files, *options: str) -> int:
    """Run the resync of the guide's outage from the command line."""
    window = ("--window", "2000-06-05 05:13..05:19", "-t", "htrunk")
    return run_for_code(["resync", "--pair", str(files.pair_file), *window, "--yes", *options])


def test_more_deletions_than_allowed_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan above the ceiling ends with exit 4, says how many rows and what to add, and writes nothing."""
    files = crowded(tmp_path)
    before = files.bag("secondary", "htrunk")

    code = resync_code(files)

    result = capsys.readouterr().err
    assert code == 4
    assert "delete 4 rows that only secondary has, but only 3 are allowed" in result
    assert "--allow-deletions 4" in result
    assert files.bag("secondary", "htrunk") == before


@pytest.mark.parametrize("option", ["4", "100"])
def test_consent_lifts_the_ceiling(tmp_path: Path, option: str) -> None:
    """--allow-deletions with at least that many rows lets the plan through."""
    files = crowded(tmp_path)

    code = resync_code(files, "--allow-deletions", option)

    assert code == 0
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_an_undo_needs_no_ceiling(tmp_path: Path) -> None:
    """An undo deletes the rows its run inserted, be they more than a plan may delete, and never one that came since."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": trunks(430, 600)},
        primary={"htrunk": [trunk(500, group) for group in (3, 4, 5, 6)]},
        settings="limits = { deletions = 3 }",
    )
    before = files.bag("secondary", "htrunk")
    pair = files.open()
    pair.execute(plan_of(files, tables=("htrunk",)))

    pair.execute(pair.plan_undo())

    assert files.bag("secondary", "htrunk") == before


def test_exactly_as_many_as_allowed_are_deleted(tmp_path: Path) -> None:
    """The ceiling itself is allowed."""
    files = crowded(tmp_path)
    files.run("secondary", "DELETE FROM htrunk WHERE tkgrp = 6")

    assert resync_code(files) == 0


def test_no_deletion_can_be_requested(tmp_path: Path) -> None:
    """--allow-deletions 0 refuses a single row that only the target holds."""
    files = crowded(tmp_path)
    files.run("secondary", "DELETE FROM htrunk WHERE tkgrp > 3")

    assert resync_code(files, "--allow-deletions", "0") == 4
    assert len(files.bag("secondary", "htrunk", "tkgrp = 3")) == 1


def test_fill_deletes_nothing(tmp_path: Path) -> None:
    """The policy fill needs no consent, for it leaves every row the target has."""
    files = crowded(tmp_path)
    files.add("primary", "htrunk", *trunks(600, 630))
    before = files.bag("secondary", "htrunk")

    resync(files, window="2000-06-05 05:00..06:29", tables=("htrunk",), policy="fill")

    after = files.bag("secondary", "htrunk")
    assert all(one in after for one in before)
    assert files.bag("secondary", "htrunk", "starttime = 600") == files.bag("primary", "htrunk", "starttime = 600")


@pytest.mark.parametrize("policy", ["replace", "rows", "reconcile"])
def test_an_empty_source_table_deletes_nothing(tmp_path: Path, policy: str) -> None:
    """A source without any row of a table leaves the target's rows, which the plan names."""
    files = build_files(tmp_path, ["htrunk"], secondary={"htrunk": trunks(430, 600)})
    before = files.bag("secondary", "htrunk")

    done = resync(files, tables=("htrunk",), policy=policy)

    assert done.outcome.deleted == 0
    assert files.bag("secondary", "htrunk") == before
    assert policy == "reconcile" or ("htrunk", 1) in skipped(done.plan)


@pytest.mark.parametrize("acds", [(), (1,)])
def test_an_empty_table_of_a_watching_source_deletes_nothing(tmp_path: Path, acds: tuple[int, ...]) -> None:
    """A source that saw every interval and has no row of a table leaves the target's rows of that table."""
    files = build_files(tmp_path, ["htrunk", "hcwc"], both={"htrunk": trunks()}, secondary={"hcwc": [code(500)]})

    done = resync(files, tables=("hcwc",), acds=acds)

    assert skipped(done.plan)["hcwc", 1][0] is SkipReason.OUTSIDE
    assert len(files.bag("secondary", "hcwc")) == 1


def test_an_acd_the_source_lacks_is_left_alone(tmp_path: Path) -> None:
    """Where the source holds rows of ACD 1 only, those of ACD 2 in the target stay."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": trunks(430, 600)},
        secondary={"htrunk": [trunk(500, 3), *trunks(500, 530, acd=2)]},
        acds={1: 30, 2: 30},
    )

    resync(files, tables=("htrunk",))

    assert len(files.bag("secondary", "htrunk", "acd = 2")) == 2
    assert files.bag("secondary", "htrunk", "acd = 1") == files.bag("primary", "htrunk")


@pytest.mark.sampled
@pytest.mark.parametrize("policy", some_of(["replace", "fill"], 2))
@pytest.mark.parametrize(
    ("table", "values"),
    [("users", {"user_id": "ann"}), ("synonyms", {"acd_no": 1, "item_type": "split", "value": "1"})],
)
def test_empty_administration_deletes_nothing(tmp_path: Path, table: str, values: dict[str, Any], policy: str) -> None:
    """An administration table that is empty at the source stays as it is at the target."""
    files = build_files(tmp_path, [table], secondary={table: [row(table, **values)]})
    before = files.bag("secondary", table)

    done = sync(files, tables=(table,), policy=policy)

    assert [one.reason for one in done.plan.skipped] == [SkipReason.SOURCE_EMPTY]
    assert files.bag("secondary", table) == before


def test_the_plan_counts_what_it_would_delete(tmp_path: Path) -> None:
    """A plan says how many rows that only the target holds it would delete."""
    files = crowded(tmp_path)

    assert plan_of(files, tables=("htrunk",), allow_deletions=10).deletions == 4
