"""Rule 6 for tables of one's own that no archive of a CMS writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.model.errors import SpecError
from tests.builders import Files
from tests.cli.terminal import Typing
from tests.own_tables import CALLS, TIMED, call, with_own_tables

AT_ONCE = TIMED.replace('synced_by = "copying"', 'synced_by = "copying"\nat_once = true')
UNTIMELY = (
    AT_ONCE[: AT_ONCE.index("[time]")].replace('{ archive = "interval" }', "{}") + AT_ONCE[AT_ONCE.index("[columns]") :]
)
WRITTEN = ("--window", "2000-06-05 04:00..06:59", "--table", CALLS)
CLOSED = [call(500, 3), call(600, 3)]
OPEN = [call(630, 3), call(700, 3)]
"""It is 7:10: the last half hour that is over may lack rows, and the next is not over."""


def archiveless(folder: Path, timed: str) -> Files:
    """Build a pair that keeps nothing but a table of somebody's own, whose secondary lacks its rows."""
    files = with_own_tables(folder, primary={CALLS: [*CLOSED, *OPEN]}, secondary={}, timed=timed)
    for role in ("primary", "secondary"):
        for table in ("arch_stat", "dcalloc", "acds", "linkex"):
            files.run(role, f"DROP TABLE {table}")
    return files


def test_what_is_written_at_once_is_copied(tmp_path: Path, typed: Typing) -> None:
    """Without any archive intervals that are over are copied, and none that may still get rows."""
    files = archiveless(tmp_path, AT_ONCE)

    assert typed("resync", "--pair", files.pair_file, *WRITTEN, "--yes").code == 0

    assert [row[2] for row in files.bag("secondary", CALLS)] == [500, 600]
    assert typed("verify", "--pair", files.pair_file).code == 0


def test_a_table_of_ones_own_waits_for_the_archive_else(tmp_path: Path, typed: Typing) -> None:
    """Where the spec does not say so nothing is copied, and the plan says what to write into the spec."""
    files = archiveless(tmp_path, TIMED)

    result = typed("resync", "--pair", files.pair_file, *WRITTEN, "--yes")

    assert result.code == 3
    assert "set `at_once = true` in its spec" in result.text
    assert not files.bag("secondary", CALLS)


def test_the_refusal_names_the_key_of_the_spec(tmp_path: Path, typed: Typing) -> None:
    """Where the ACD is known and its archive is not, the refusal says what to write into the spec."""
    files = with_own_tables(tmp_path, primary={CALLS: CLOSED}, secondary={})
    files.run("secondary", "DELETE FROM arch_stat")

    result = typed("resync", "--pair", files.pair_file, *WRITTEN, "--yes")

    assert result.code == 4
    assert "set `at_once = true` in its spec" in result.text


@pytest.mark.parametrize(
    "spec",
    [AT_ONCE.replace('"custom"', '"historical"'), UNTIMELY],
    ids=["of the CMS", "without times"],
)
def test_only_a_custom_table_with_times_may_set_at_once(tmp_path: Path, spec: str) -> None:
    """The rule is lifted for custom tables with times only: `at_once` anywhere else is a fault."""
    files = archiveless(tmp_path, spec)

    with pytest.raises(SpecError) as refused:
        files.open()

    assert any("at_once: is only for custom tables with a [time]" in fault for fault in refused.value.faults)
