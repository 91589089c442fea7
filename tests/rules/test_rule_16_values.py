"""Rule 16: CHAR is blank-padded; NULL, 0 and blank differ; some columns keep a significant prefix only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from syncengine.app import open_pair
from syncengine.model.drift import Strength
from syncengine.report.json_values import as_text
from syncengine.report.verify_json import verify_document
from tests.builders import build_files, row
from tests.examples import some_of
from tests.scenes import drift_counts, sync

SPEC = """
summary = "Notes of our own"
class = "custom"
key = ["id"]
synced_by = "copying"

[tables]
c_notes = {}

[columns]
id = { type = "integer" }
note = { type = "char(30)", significant = 10 }
"""


TEXTS = """
summary = "Texts of our own"
class = "custom"
acd = "acd"
key = ["id"]
synced_by = "copying"

[tables]
c_texts = {}

[columns]
acd = { type = "smallint" }
id = { type = "integer" }
padded = { type = "char(12)" }
varying = { type = "varchar(12)" }
"""
NUMBERS = TEXTS.replace("c_texts", "c_numbers").replace('padded = { type = "char(12)" }', 'share = { type = "float" }')


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

    assert drift_counts(files.open().verify(tables=("users",), every_row=every_row), "users") == [(None, 0, 0, 1)]


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


@pytest.mark.parametrize("every_row", [False, True])
def test_text_differs_by_what_its_type_says(tmp_path: Path, every_row: bool) -> None:
    """Blanks at the end count in a VARCHAR and not in a CHAR; a NUL counts in both, by fingerprint and by rows."""
    cases = (
        ("padded", "a", "a  ", False),
        ("padded", "", " ", False),
        ("padded", "a", "a\0", True),
        ("padded", "", "\0", True),
        ("padded", "a\0", "a\0 ", False),
        ("varying", "a", "a ", True),
        ("varying", "", " ", True),
        ("varying", "a", "a\0", True),
        ("varying", "", "\0", True),
        ("varying", "\0", "\0\0", True),
    )
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "c_texts.toml").write_text(TEXTS)
    files = build_files(tmp_path, [])
    for role, place in (("primary", 1), ("secondary", 2)):
        files.run(role, "CREATE TABLE c_texts (acd SMALLINT, id INTEGER, padded VARCHAR, varying VARCHAR)")
        for number, case in enumerate(cases):
            values = {"padded": "x", "varying": "x"} | {case[0]: case[place]}
            files.run(role, "INSERT INTO c_texts VALUES (?, 1, ?, ?)", [number, *values.values()])

    pair = open_pair(files.pair_file, specs=(tmp_path / "specs",))
    (found,) = pair.verify(tables=("c_texts",), every_row=every_row).tables

    assert {drift.bucket.acd for drift in found.differing} == {at for at, case in enumerate(cases) if case[3]}
    assert found.strength is (Strength.EVERY_ROW if every_row else Strength.FINGERPRINT)


def test_zero_has_no_sign_and_no_number_is_itself(tmp_path: Path) -> None:
    """0.0 and -0.0 are equal, as SQL says, and so is NaN and NaN; NaN, NULL and infinity are three things."""
    cases = (("0", "-0", False), ("nan", "nan", False), ("nan", "0", True), ("nan", None, True), ("inf", "-inf", True))
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "c_numbers.toml").write_text(NUMBERS)
    files = build_files(tmp_path, [])
    for role, place in (("primary", 0), ("secondary", 1)):
        files.run(role, "CREATE TABLE c_numbers (acd SMALLINT, id INTEGER, share DOUBLE, varying VARCHAR)")
        for number, case in enumerate(cases):
            files.run(role, "INSERT INTO c_numbers VALUES (?, 1, CAST(? AS DOUBLE), 'x')", [number, case[place]])

    pair = open_pair(files.pair_file, specs=(tmp_path / "specs",))
    (found,) = pair.verify(tables=("c_numbers",)).tables

    assert {drift.bucket.acd for drift in found.differing} == {at for at, case in enumerate(cases) if case[2]}
    assert json.loads(as_text(verify_document(pair.verify(tables=("c_numbers",)))))
