"""Rule 16: CHAR is blank-padded; NULL, 0 and blank differ; some columns keep a significant prefix only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.app import open_pair
from tests.builders import build_files, row
from tests.examples import some_of
from tests.scenes import drifting, sync

SPEC = """
summary = "Notes of our own"
class = "custom"
key = ["id"]
kept = "copying"

[tables]
c_notes = {}

[columns]
id = { type = "integer" }
note = { type = "char(30)", significant = 10 }
"""


def user(**values: Any) -> dict[str, Any]:
    """Return a users row."""
    return {**row("users", user_id="ann"), **values}


@pytest.mark.parametrize("every_row", [False, True])
def test_padding_is_no_drift(tmp_path: Path, every_row: bool) -> None:
    """The same text with and without its padding is the same, by fingerprint and by rows."""
    files = build_files(
        tmp_path,
        ["users"],
        primary={"users": [user(room="12", phone="")]},
        secondary={"users": [user(room="12        ", phone="            ")]},
    )

    assert files.open().verify(tables=("users",), every_row=every_row).in_sync


@pytest.mark.sampled
@pytest.mark.parametrize("every_row", some_of([False, True], 2))
@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("login_acd", None, 0),
        ("login_acd", 0, 1),
        ("room", None, ""),
        ("room", "0", ""),
        ("room", None, "0"),
        ("room", " 12", "12"),
        ("room", "a", "A"),
    ],
)
def test_null_zero_and_blank_differ(tmp_path: Path, column: str, one: Any, other: Any, every_row: bool) -> None:
    """Values that look alike and are not are one changed row."""
    files = build_files(
        tmp_path, ["users"], primary={"users": [user(**{column: one})]}, secondary={"users": [user(**{column: other})]}
    )

    assert drifting(files.open().verify(tables=("users",), every_row=every_row), "users") == [(None, 0, 0, 1)]


def test_a_copied_value_is_the_source_value_to_the_last_blank(tmp_path: Path) -> None:
    """A resync writes NULL as NULL and text with the padding the source has."""
    files = build_files(
        tmp_path,
        ["synonyms"],
        primary={"synonyms": [row("synonyms", acd_no=1, item_type="split", value="1", standard=None)]},
        secondary={"synonyms": [row("synonyms", acd_no=1, item_type="split", value="1", standard=0)]},
    )

    sync(files, tables=("synonyms",))

    assert files.bag("secondary", "synonyms") == files.bag("primary", "synonyms")
    assert files.run("secondary", "SELECT standard, length(value) FROM synonyms") == [(None, 15)]


@pytest.mark.sampled
@pytest.mark.parametrize("every_row", some_of([True, False], 2))
@pytest.mark.parametrize(("other", "same"), [("call back later", True), ("call back soon", True), ("call once", False)])
def test_only_the_significant_prefix_counts(tmp_path: Path, other: str, same: bool, every_row: bool) -> None:
    """Of a column with ten significant characters the eleventh may differ, and the tenth may not."""
    specs = tmp_path / "specs"
    specs.mkdir()
    (specs / "c_notes.toml").write_text(SPEC)
    files = build_files(tmp_path, [])
    for role, text in (("primary", "call back at once"), ("secondary", other)):
        files.run(role, "CREATE TABLE c_notes (id INTEGER, note VARCHAR)")
        files.run(role, "INSERT INTO c_notes VALUES (1, ?)", [text])

    observation = open_pair(files.pair_file, specs=(specs,)).verify(tables=("c_notes",), every_row=every_row)

    assert observation.in_sync is same
