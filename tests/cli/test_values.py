"""Values that differ: a part of long ones for people, all of any for machines."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncengine.model.fingerprint import FingerprintColumn
from syncengine.model.selection import FarDate
from syncengine.model.spec import ColumnType
from syncengine.observe.surplus_groups import plain_value
from syncengine.report.json_values import as_text, plain
from syncengine.report.text import difference_text, value_text
from tests.builders import build_files, row
from tests.cli.terminal import Typing

LONG = "x" * 100_000


def test_a_long_text_is_cut_for_people_and_whole_for_machines(tmp_path: Path, typed: Typing) -> None:
    """Of a text of 100,000 signs that differs, people see where it begins to, and JSON has all of it."""
    files = build_files(
        tmp_path,
        ["users"],
        primary={"users": [row("users", user_id="ann", full_name=f"{LONG}after")]},
        secondary={"users": [row("users", user_id="ann", full_name=f"{LONG}before")]},
    )

    result = typed("verify", "--pair", files.pair_file, "-t", "users")
    document = typed("verify", "--pair", files.pair_file, "-t", "users", "--json").out

    assert result.code == 3
    assert max(map(len, result.out.splitlines())) < 400
    assert f"{LONG}after" in document
    assert f"{LONG}before" in document


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_two_different_texts_are_shown_differently(before: str, one: str, other: str) -> None:
    """However long two texts are, what is shown of them is short, and unlike where they are."""
    shown = difference_text(before + one, before + other)

    assert max(map(len, shown)) < 60 * 10 + 50
    assert (shown[0] == shown[1]) == (one == other)


def test_a_long_value_says_how_long_it_is() -> None:
    """A value that is cut says so, with its length; one that is not is shown as it is."""
    assert value_text("a" * 60) == f"'{'a' * 60}'"
    assert value_text("a" * 61) == f"'{'a' * 60}…' (61 signs)"
    assert value_text(b"\x00\xff") == "00ff"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("12.50"), "12.50"),
        (Decimal("NaN"), "NaN"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (1.5, 1.5),
        (True, True),
        (None, None),
        (b"\x00\xff", "00ff"),
        (date(2000, 6, 5), "2000-06-05"),
        (datetime(2000, 6, 5, 5, 13), "2000-06-05T05:13:00"),
        (time(5, 13), "05:13:00"),
        (timedelta(days=1, microseconds=5), "86400.000005"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (FarDate("infinity"), "infinity"),
        ([Decimal(1), (math.nan,)], ["1", ["NaN"]]),
        ("half \ud83d", "half \ud83d"),
        (frozenset({1}), [1]),
    ],
)
def test_any_value_is_json(value: object, shown: object) -> None:
    """A value of any type is JSON that any reader takes, and text that loses nothing where JSON has no such type."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = as_text({"value": value})

    assert json.loads(text.encode(), parse_constant=refuse) == {"value": shown}


@pytest.mark.parametrize(("value", "name"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")])
def test_numbers_that_json_has_not_have_one_name(value: float, name: str) -> None:
    """A sample of a verdict and a document name them alike."""
    assert plain_value(FingerprintColumn("share", ColumnType("float")), value) == name
    assert plain(value) == name


def test_versions_of_a_long_text_are_shown_where_they_differ(tmp_path: Path, typed: Typing) -> None:
    """A plan that asks which version wins shows what differs in them, not that both are long."""
    files = build_files(
        tmp_path,
        ["users"],
        primary={"users": [row("users", user_id="ann", full_name=f"{LONG}after")]},
        secondary={"users": [row("users", user_id="ann", full_name=f"{LONG}before")]},
    )

    result = typed("sync", "--pair", files.pair_file, "-t", "users", "--dry-run")

    assert "after" in result.out
    assert "before" in result.out
    assert max(map(len, result.out.splitlines())) < 400
