"""An unwritable table is skipped with its reason, and stops no other table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.model.outages import Outlook
from syncengine.model.plan import SkipReason
from syncengine.model.refusals import SideEffectError, TooManyDeletionsError, UnwritableError
from tests.builders import build_files, row
from tests.cli.terminal import Typing
from tests.jobs.backfill.backfills import alike, history
from tests.jobs.imitation import BOTH, Imitation, imitation, once_written, stop, two_tables
from tests.jobs.test_outages import found, guides, link
from tests.jobs.test_surroundings import ADDS_UP
from tests.scenes import WINDOW, code, trunks

__all__ = ["imitation"]


def test_an_unwritable_table_is_skipped_and_the_others_are_written(
    tmp_path: Path, imitation: Imitation, typed: Typing
) -> None:
    """Of a view and a table, the plan says why the view is skipped, the table is written, and the exit code is 5."""
    files = two_tables(tmp_path)
    imitation.have("htrunk", is_a="view")
    options = ("--window", WINDOW, "--table", "htrunk", "--table", "hcwc", "--pair", files.pair_file)

    planned = typed("resync", "--dry-run", "--json", *options)
    output = typed("resync", "--yes", *options)

    (skipped,) = planned.document["skipped"]
    assert (skipped["table"], skipped["reason"], skipped["detail"]) == (
        "htrunk",
        "unwritable",
        "it is a view, which has no rows of its own",
    )
    assert output.code == 5
    assert "htrunk ACD 1" in output.text
    assert "it cannot be written there (it is a view" in output.text
    assert files.bag("primary", "hcwc") == files.bag("secondary", "hcwc")
    assert files.bag("primary", "htrunk") != files.bag("secondary", "htrunk")


@pytest.mark.soak
def test_deletions_of_a_table_that_cannot_be_written_count_for_nothing(tmp_path: Path, imitation: Imitation) -> None:
    """What would be deleted of a view refuses no plan, and what would be of a table still does."""
    files = two_tables(tmp_path)
    files.add("secondary", "htrunk", *trunks(500, 530, tkgrp=77))
    pair = files.open()
    with pytest.raises(TooManyDeletionsError, match="would delete"):
        pair.plan_resync(window=WINDOW, tables=BOTH, allow_deletions=0)
    imitation.have("htrunk", is_a="view")

    assert [
        part.table
        for step in pair.plan_resync(window=WINDOW, tables=BOTH, allow_deletions=0).steps
        for part in step.parts
    ] == ["hcwc"]


def test_tables_written_together_are_skipped_together(tmp_path: Path, imitation: Imitation) -> None:
    """Agent groups are not written where their names cannot be, and the refusal of both says why."""
    files = build_files(
        tmp_path,
        ["synonyms", "agroups"],
        primary={"synonyms": [row("synonyms", item_name="a", value="7")], "agroups": [row("agroups", acd_no=1)]},
    )
    both = ("synonyms", "agroups")
    imitation.have("synonyms", triggers=(ADDS_UP,))
    with pytest.raises(SideEffectError, match="c_adding"):
        files.open().plan_sync(tables=both)
    imitation.have("synonyms", generated=("value",))
    with pytest.raises(UnwritableError, match="its column value is computed"):
        files.open().plan_sync(tables=both)


def test_a_backfill_skips_an_unwritable_table_and_continues(
    tmp_path: Path, imitation: Imitation, typed: Typing
) -> None:
    """A view is skipped in each portion, with 5 at the end; alone it is refused before anything is read."""
    files = history(tmp_path)
    imitation.have("htrunk", is_a="foreign table")

    def run(*tables: str) -> Any:
        words = [word for table in tables for word in ("--table", table)]
        return typed("backfill", "--pair", files.pair_file, "--window", "2000-06-01..2000-06-04", *words, "--yes")

    alone = run("htrunk")
    nothing = files.open().runs()
    output = run("htrunk", "hcwc")

    assert (alone.code, output.code) == (4, 5)
    assert nothing == ()
    assert "cannot be written: htrunk" in output.text
    assert alike(files, "hcwc")
    assert files.bag("secondary", "htrunk") == []


@pytest.mark.soak
def test_an_undo_and_a_resume_skip_a_table_that_became_unwritable(tmp_path: Path, imitation: Imitation) -> None:
    """A table that has become a view is skipped by an undo and by a resume, which do the others."""
    files = two_tables(tmp_path)
    pair = files.open()
    before = files.bag("secondary", "hcwc")

    with once_written("hcwc", stop):
        pair.execute(pair.plan_resync(window=WINDOW, tables=BOTH))
    imitation.have("htrunk", is_a="view")
    with pytest.raises(UnwritableError, match="it is a view"):
        pair.resume()
    imitation.have("htrunk")
    assert pair.resume().outcome.done
    imitation.have("htrunk", is_a="view")
    back = pair.plan_undo()
    undone = pair.execute(back)

    assert {(one.table, one.reason) for one in back.skipped} == {("htrunk", SkipReason.UNWRITABLE)}
    assert undone.outcome.done
    assert files.bag("secondary", "hcwc") == before


def test_an_outage_in_an_unwritable_table_offers_no_repair(tmp_path: Path, imitation: Imitation, typed: Typing) -> None:
    """Where only a view differs, the report says that it cannot be repaired now."""
    files = guides(tmp_path)
    imitation.have("htrunk", is_a="view")

    output = typed("outages", "--pair", files.pair_file)

    assert "cannot be repaired now" in output.text
    assert "it is a view" in output.text
    assert "syncengine resync" not in output.text


@pytest.mark.soak
def test_an_outage_in_an_unwritable_table_does_not_stop_other_repairs(tmp_path: Path, imitation: Imitation) -> None:
    """Each outage is judged by its own tables: one is repaired, the one with only a view cannot be."""
    files = build_files(
        tmp_path,
        BOTH,
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)]},
        primary={"htrunk": trunks(500, 530), "hcwc": [code(600)]},
        secondary={
            "htrunk": trunks(500, 530, incalls=1, incomplete=1),
            "hcwc": [code(600, acdcalls=1, incomplete=1)],
            "linkex": [link(513, 360), link(613, 360)],
        },
    )
    imitation.have("hcwc", is_a="view")

    report = files.open().outages()

    assert found(report) == [
        ("05:00-05:29", ("secondary",), Outlook.REPAIR),
        ("06:00-06:29", ("secondary",), Outlook.REFUSED),
    ]
