"""Labels that are no time of day: every command says so, in one bucket, and no window contains them."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.model.bucket import Bucket
from tests.builders import DAY, Files
from tests.cli.terminal import Typing
from tests.own_tables import CALLS, call, with_own_tables

ODD = (9999, -5, 875, 2400)
MORNING = ("--window", "2000-06-05 00:00..06:29")


def odd_pair(folder: Path) -> Files:
    """Build a pair that is alike but for rows with odd labels, two of which only the secondary has."""
    alike = [call(label, 1) for label in (400, 430, 600)]
    return with_own_tables(
        folder,
        primary={CALLS: [*alike, call(ODD[0], 5), call(ODD[1], 6)]},
        secondary={CALLS: [*alike, call(ODD[0], 5), *(call(label, 7) for label in ODD[1:])]},
    )


@pytest.mark.soak("True")
@pytest.mark.parametrize("every_row", [False, True])
def test_they_are_one_bucket(tmp_path: Path, every_row: bool) -> None:
    """Whatever their labels, such rows of a day are compared as one bucket, by fingerprint and by rows."""
    pair = odd_pair(tmp_path).open()

    (table,) = pair.verify(tables=CALLS, every_row=every_row).tables

    assert [drift.bucket for drift in table.differing] == [Bucket(DAY, None, 1)]
    assert (table.counts.changed, table.counts.extra) == (1, 2)


@pytest.mark.soak("True")
@pytest.mark.parametrize("every_row", [False, True])
def test_one_label_is_distinguished_from_another(tmp_path: Path, every_row: bool) -> None:
    """Rows that differ only in such a label are different, though no bucket has it."""
    pair = with_own_tables(tmp_path, primary={CALLS: [call(9999, 1)]}, secondary={CALLS: [call(9998, 1)]}).open()

    assert not pair.verify(tables=CALLS, every_row=every_row).in_sync


def test_no_command_is_suggested_for_them(tmp_path: Path, typed: Typing) -> None:
    """A verdict says that they are at no time of day, suggests no command, and any window is in sync without them."""
    files = odd_pair(tmp_path)
    before = files.bag("secondary", CALLS)
    pair = ("--pair", files.pair_file)

    verified = typed("verify", *pair, "--table", CALLS)
    window = typed("verify", *pair, "--table", CALLS, *MORNING)
    resync = typed("resync", *pair, "--table", CALLS, *MORNING, "--yes")

    assert "ACD 1 at no time of day" in verified.text
    assert f"{CALLS} ACD 1 {DAY} at no time of day" in verified.text
    assert f"No copy repairs {CALLS}: the rows that differ have no time" in verified.text
    assert "To repair it" not in verified.text
    assert "interval lengths" not in verified.text
    assert (verified.code, window.code, resync.code) == (3, 0, 0)
    assert files.bag("secondary", CALLS) == before
