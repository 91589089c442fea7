"""Rule 3: ACD administration is replaced for one ACD, or for all; drift in the others is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.builders import Files, build_files, row
from tests.scenes import sync, sync_plan_of, table_of


def name(acd: int | None, value: str, text: str = "Sales") -> dict[str, Any]:
    """Return a synonyms row: the name a dictionary gives a split."""
    return row("synonyms", acd_no=acd, item_type="split", value=value, item_name=text)


def unlike_names(folder: Path) -> Files:
    """Build a pair whose names differ for ACD 1, for ACD 2 and for no ACD."""
    return build_files(
        folder,
        ["synonyms"],
        both={"synonyms": [name(1, "1"), name(2, "1")]},
        primary={"synonyms": [name(1, "2"), name(2, "2"), name(None, "2")]},
        secondary={"synonyms": [name(1, "3"), name(2, "3"), name(None, "3")]},
        acds={1: 30, 2: 30},
    )


def test_one_acd_ends_with_the_source_rows_and_the_others_stay(tmp_path: Path) -> None:
    """With one ACD chosen only its rows move: those of another ACD and of no ACD stay as they are."""
    files = unlike_names(tmp_path)
    others = files.bag("secondary", "synonyms", "acd_no IS DISTINCT FROM 1")

    sync(files, tables=("synonyms",), acds=(1,))

    assert files.bag("secondary", "synonyms", "acd_no = 1") == files.bag("primary", "synonyms", "acd_no = 1")
    assert files.bag("secondary", "synonyms", "acd_no IS DISTINCT FROM 1") == others


def test_drift_in_other_acds_is_named(tmp_path: Path) -> None:
    """The plan names the other ACDs that differ too, so that nobody takes one ACD for all."""
    files = unlike_names(tmp_path)

    planned = sync_plan_of(files, tables=("synonyms",), acds=(1,))
    observation = files.open().verify(tables=("synonyms",), acds=(1,))

    assert any("synonyms: differs for ACD none, 2 too" in note for note in planned.notes)
    assert set(table_of(observation, "synonyms").other_acds) == {None, 2}


def test_all_acds_take_the_rows_without_an_acd_along(tmp_path: Path) -> None:
    """Without a choice every ACD ends with the source's rows, and so do the rows of no ACD."""
    files = unlike_names(tmp_path)

    sync(files, tables=("synonyms",))

    assert files.bag("secondary", "synonyms") == files.bag("primary", "synonyms")
