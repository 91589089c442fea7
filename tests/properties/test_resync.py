"""Properties of a resync of any small pair."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given

from syncengine.app import VerifiedRun
from syncengine.model.drift import Observation
from syncengine.model.plan import Plan
from tests.examples import examples
from tests.properties.small_pairs import OUTSIDE, SIDE, TABLES, WINDOW, Side, bags, filled, planned


def skipped_counts(plan: Plan) -> Counter[tuple[str, int | None]]:
    """Return how many differing rows a plan skips, by table and ACD."""
    found: Counter[tuple[str, int | None]] = Counter()
    for skipped in plan.skipped:
        found[skipped.table, skipped.acd] += skipped.counts.total
    return +found


def remaining_counts(after: Observation | None) -> Counter[tuple[str, int | None]]:
    """Return how many rows still differ, by table and ACD."""
    assert after is not None
    found: Counter[tuple[str, int | None]] = Counter()
    for table in after.tables:
        for drift in table.differing:
            found[table.spec.name, drift.bucket.acd] += drift.counts.total
    return +found


@pytest.mark.soak("replace")
@pytest.mark.parametrize("policy", ["replace", "rows"])
@examples(2)
@given(shared=SIDE, source=SIDE, target=SIDE)
def test_after_a_resync_only_skipped_buckets_still_differ(
    empty_pair: Path, policy: str, shared: Side, source: Side, target: Side
) -> None:
    """Every other difference is gone, a second resync has nothing to do, and the rest is byte for byte as it was."""
    primary = {table: shared[table] + source[table] for table in TABLES}
    secondary = {table: target[table] + shared[table] for table in TABLES}
    with filled(empty_pair, primary, secondary) as files:
        pair = files.open()
        source_before = bags(files, "primary")
        outside_before = bags(files, "secondary", OUTSIDE.__getitem__)
        plan = planned(pair, policy)

        done: VerifiedRun = pair.execute(plan)

        assert done.outcome.done, done.outcome
        assert remaining_counts(done.after) == skipped_counts(plan)
        assert planned(pair, policy).steps == ()
        assert bags(files, "primary") == source_before
        assert bags(files, "secondary", OUTSIDE.__getitem__) == outside_before
        assert plan.steps or remaining_counts(pair.verify(tables=TABLES, window=WINDOW)) == skipped_counts(plan)


@examples(2)
@given(shared=SIDE, source=SIDE, target=SIDE)
def test_fill_deletes_nothing_and_adds_only_what_the_source_has(
    empty_pair: Path, shared: Side, source: Side, target: Side
) -> None:
    """Every row the target had is still there, and every row added is one the source has."""
    primary = {table: shared[table] + source[table] for table in TABLES}
    secondary = {table: target[table] + shared[table] for table in TABLES}
    with filled(empty_pair, primary, secondary) as files:
        pair = files.open()
        before, given_rows = bags(files, "secondary"), bags(files, "primary")
        outside_before = bags(files, "secondary", OUTSIDE.__getitem__)

        done = pair.execute(planned(pair, "fill"))

        after = bags(files, "secondary")
        assert done.outcome.done, done.outcome
        assert done.outcome.deleted == 0
        for table in TABLES:
            assert before[table] <= after[table]
            if table != "call_rec":
                # call_rec gets new row numbers.
                assert after[table] - before[table] <= given_rows[table]
        assert sum(sum((after[table] - before[table]).values()) for table in TABLES) == done.outcome.inserted
        assert bags(files, "primary") == given_rows
        assert bags(files, "secondary", OUTSIDE.__getitem__) == outside_before
