"""Rule 7: no key is unique, so tables are compared and copied as bags, with multiplicity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.builders import build_files, row
from tests.examples import some_of
from tests.scenes import drift_counts, resync, trunk, trunks


def shift(seconds: int, **values: Any) -> dict[str, Any]:
    """Return an hagent row of one agent: logging off and on inside an interval makes two of them."""
    return row("hagent", starttime=500, split=1, logid="4001", extension="2001", i_stafftime=seconds, **values)


@pytest.mark.parametrize("policy", ["replace", "rows"])
def test_repeated_agent_rows_survive_a_resync(tmp_path: Path, policy: str) -> None:
    """An agent who logged off and on twice has as many rows after the resync as the source has."""
    files = build_files(
        tmp_path,
        ["hagent", "htrunk"],
        both={"htrunk": trunks(500, 530)},
        primary={"hagent": [shift(600), shift(600), shift(900)]},
        secondary={"hagent": [shift(600), shift(900), shift(900)]},
    )

    done = resync(files, tables=("hagent",), policy=policy)

    assert files.bag("secondary", "hagent") == files.bag("primary", "hagent")
    assert done.after is not None
    assert done.after.in_sync


@pytest.mark.sampled
@pytest.mark.parametrize("policy", some_of(["rows", "replace"], 2))
@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        ([6, 6], [6], (500, 1, 0, 0)),
        ([6], [6, 6, 6], (500, 0, 2, 0)),
        ([6, 9], [9, 7], (500, 0, 0, 1)),
        ([6, 9], [3], (500, 1, 0, 1)),
        ([6, 6, 9], [6, 9, 9], (500, 0, 0, 1)),
    ],
)
def test_rows_of_one_key_are_counted_and_copied_as_a_bag(
    tmp_path: Path, policy: str, source: list[int], target: list[int], found: tuple[int, int, int, int]
) -> None:
    """The smaller surplus of a key group is changed, the rest missing or extra; each row ends as often as it was."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [trunk(430), trunk(500, 2), trunk(530)]},
        primary={"htrunk": [trunk(500, incalls=calls) for calls in source]},
        secondary={"htrunk": [trunk(500, incalls=calls) for calls in target]},
    )

    before = files.open().verify(tables=("htrunk",))
    done = resync(files, tables=("htrunk",), policy=policy)

    assert drift_counts(before, "htrunk") == [found]
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")
    assert done.after is not None
    assert done.after.in_sync


def test_an_interval_that_a_clock_set_back_repeats_stays_two(tmp_path: Path) -> None:
    """Two rows with the same key and other figures are both copied; the last one wins nothing."""
    twice = [trunk(500, incalls=4), trunk(500, incalls=6)]
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [trunk(430), trunk(530)]},
        primary={"htrunk": twice},
        secondary={"htrunk": [trunk(500, incalls=6)]},
    )

    done = resync(files, tables=("htrunk",))

    assert files.run("secondary", "SELECT incalls FROM htrunk WHERE starttime = 500 ORDER BY ALL") == [(4,), (6,)]
    assert done.after is not None
    assert done.after.in_sync


def test_the_order_rows_are_stored_in_is_no_drift(tmp_path: Path) -> None:
    """Two servers never store rows alike: the same bag in another order is in sync."""
    rows = [trunk(500, incalls=4), trunk(500, incalls=6), trunk(500, 2), trunk(500, 2)]
    files = build_files(tmp_path, ["htrunk"], primary={"htrunk": rows}, secondary={"htrunk": list(reversed(rows))})

    assert files.open().verify(tables=("htrunk",)).in_sync


def test_rows_rewrites_only_the_key_groups_that_differ(tmp_path: Path) -> None:
    """With the policy rows a repeated key is one group: it is rewritten whole, its neighbours are not touched."""
    same = [trunk(500, 2, incalls=1), trunk(500, 2, incalls=1)]
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": [*same, *trunks(430, 500)]},
        primary={"htrunk": [trunk(500, incalls=4), trunk(500, incalls=6)]},
        secondary={"htrunk": [trunk(500, incalls=6)]},
    )

    done = resync(files, tables=("htrunk",), policy="rows")

    assert (done.outcome.deleted, done.outcome.inserted) == (1, 2)
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_key_groups_are_matched_null_safely(tmp_path: Path) -> None:
    """A key that is NULL names the same group on both servers: it is changed, not missing and extra."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": [trunk(500, tkgrp=None, incalls=4), trunk(500)]},
        secondary={"htrunk": [trunk(500, tkgrp=None, incalls=9), trunk(500)]},
    )

    before = files.open().verify(tables=("htrunk",))
    resync(files, tables=("htrunk",), policy="rows")

    assert drift_counts(before, "htrunk") == [(500, 0, 0, 1)]
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")
