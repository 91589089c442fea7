"""Which intervals a server recorded itself, and which it has only because runs copied them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from syncengine.model.bucket import Bucket
from syncengine.model.facts import IntervalCoverage, ServerFacts
from syncengine.model.file_checksum import FileChecksum
from syncengine.model.pair import Role
from syncengine.model.run import (
    BatchPlace,
    BatchRecord,
    BatchState,
    Image,
    PartRecord,
    RunHeader,
    RunKind,
    RunRecord,
    RunState,
)
from syncengine.planning.own_coverage import own_coverage

DAY, NOW = date(2000, 6, 5), datetime(2000, 6, 5, 7, 10)
FILE = FileChecksum(0, "")


def run(
    rows: tuple[int, int],
    kind: RunKind = RunKind.RESYNC,
    table: str = "htrunk",
    state: BatchState = BatchState.DONE,
    into: Role = Role.PRIMARY,
) -> RunRecord:
    """Return a run that has written 6:00 of a table, by how many rows were there before and after."""
    before, after = (Image(((Bucket(DAY, 600, 1), count, 7, ""),) if count else ()) for count in rows)
    part = PartRecord(table, before, after, rows[0], rows[1], FILE, FILE)
    batch = BatchRecord(BatchPlace(0, 1, 0, 1), state, NOW, into, "", (part,))
    return RunRecord(RunHeader("run", 1, kind, NOW, 1, ""), RunState.DONE, batches=(batch,))


COPY, BACK = run((0, 2)), run((2, 0), RunKind.UNDO)


@pytest.mark.parametrize(
    ("runs", "own"),
    [
        ([], True),
        ([COPY], False),
        # What was undone and is there again all the same is its own.
        ([COPY, BACK], True),
        ([COPY, BACK, run((0, 2), RunKind.UNDO)], False),
        ([COPY, run((2, 2))], False),
        # It had rows there before.
        ([run((1, 2))], True),
        ([run((2, 0)), run((0, 2), RunKind.UNDO)], True),
        ([run((0, 2), state=BatchState.ROLLED_BACK)], True),
        ([run((0, 2), into=Role.SECONDARY)], True),
        # Another table that has rows in every interval was its own, or is not recorded.
        ([run((0, 2), table="hagent")], True),
        ([run((0, 2), table="hsplit")], True),
    ],
)
def test_what_runs_have_copied_is_not_the_servers_own(runs: list[RunRecord], own: bool) -> None:
    """Only an interval of which runs have written every row is left out, and only until an undo."""
    coverage = tuple(IntervalCoverage(1, DAY, label, 0, 30, ("htrunk",)) for label in (530, 600))
    facts = ServerFacts(Role.PRIMARY, "primary", "", None, (1,), (), coverage=coverage)

    assert [one.label for one in own_coverage(facts, runs).coverage] == ([530, 600] if own else [530])


def test_an_interval_with_a_table_of_its_own_is_its_own() -> None:
    """Rows of one table copied into an interval do not matter if other tables have rows of their own there."""
    coverage = (IntervalCoverage(1, DAY, 600, 0, 30, ("hsplit", "htrunk")),)
    facts = ServerFacts(Role.PRIMARY, "primary", "", None, (1,), (), coverage=coverage)

    assert own_coverage(facts, [COPY]).coverage == coverage
    assert own_coverage(facts, [COPY, run((0, 1), table="hsplit")]).coverage == ()
