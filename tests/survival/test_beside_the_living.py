"""A collector that inserts and a summariser that rewrites a day work while a run writes the same tables."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date

import pytest

from tests.stories.servers import MARKS
from tests.survival.children import begun, ended
from tests.survival.conftest import Made
from tests.survival.live import LiveStage
from tests.survival.outages import Outages

COLLECTED = (
    "INSERT INTO hsplit (row_date, starttime, intrvl, acd, split, acdcalls, incomplete) "
    "VALUES (DATE('2000-06-05'), 700, 30, 1, {}, 1, 0)"
)
REWRITTEN = "UPDATE hsplit SET acdcalls = acdcalls + 1 WHERE row_date = DATE('2000-06-04')"


class Living(threading.Thread):
    """Inserts into the live interval and rewrites yesterday, over and over, until it is stopped."""

    def __init__(self, stage: LiveStage) -> None:
        super().__init__()
        self.stage = stage
        self.enough = threading.Event()
        self.done = 0
        self.failed: BaseException | None = None

    def run(self) -> None:
        """Go on."""
        try:
            while not self.enough.is_set():
                self.stage.live.run(COLLECTED.format(self.done + 100))
                self.stage.live.run(REWRITTEN)
                self.done += 1
        except BaseException as error:  # noqa: BLE001  # the test reports any error
            self.failed = error


TABLES = ("hsplit", "hagent")
BACKFILL = {"window": "2000-06-05", "tables": TABLES, "policy": "replace", "portion_rows": 8}


@pytest.mark.soak
@pytest.mark.parametrize(
    ("kind", "work"),
    [
        pytest.param("informix", "resync", marks=MARKS["informix"]),
        pytest.param("postgresql", "backfill", marks=[MARKS["postgresql"], pytest.mark.soak]),
        pytest.param("informix", "backfill", marks=[MARKS["informix"], pytest.mark.soak]),
        pytest.param("postgresql", "resync", marks=[MARKS["postgresql"], pytest.mark.soak]),
    ],
)
def test_nothing_of_a_living_run_is_lost(staged: Made, kind: str, work: str) -> None:
    """Every row the collector inserted and every rewriting is there afterwards; neither it nor the run got stuck."""
    stage = staged(kind, tables=TABLES, window="2000-06-05 04:00..06:59")
    for table in TABLES:
        # As CMS tables have it: without one, each statement locks all rows it scans.
        stage.live.run(f"CREATE INDEX {table}_by_date ON {table} (row_date)")
    outages = Outages(stage, stage.expected("replace"))
    order = outages.order(None)
    if work == "backfill":
        order = replace(order, plan=None, backfill=BACKFILL)
    before = sorted(stage.rows("hsplit", "row_date = DATE('2000-06-04')"))
    living = Living(stage)
    living.start()
    try:
        assert not ended(begun(order))
    finally:
        living.enough.set()
        living.join()

    assert living.failed is None, living.failed
    assert living.done > 3
    collected = {row[4] for row in stage.rows("hsplit", "starttime = 700")}
    assert collected == {number + 100 for number in range(living.done)}
    at = 5  # acdcalls
    rewritten = [
        (*row[:at], row[at] - living.done, *row[at + 1 :])
        for row in stage.rows("hsplit", "row_date = DATE('2000-06-04')")
    ]
    assert sorted(rewritten) == before
    inside = "row_date = DATE('2000-06-05') AND starttime < 700"
    now = sorted(stage.rows("hsplit", inside))
    after = sorted(
        row
        for bucket, bag in outages.expected.after["hsplit"].items()
        if bucket.row_date == date(2000, 6, 5)
        for row in bag.elements()
    )
    assert now == after
