"""Any plan, executed and undone, leaves the target as it was; undone again, as it was after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from tests.examples import examples
from tests.properties.small_pairs import SIDE, TABLES, Side, bags, filled, planned


@pytest.mark.soak("fill", "replace")
@pytest.mark.parametrize("policy", ["replace", "rows", "fill"])
@examples(2)
@given(shared=SIDE, source=SIDE, target=SIDE)
def test_undone(empty_pair: Path, policy: str, shared: Side, source: Side, target: Side) -> None:
    """The target is as before, byte for byte, repeated rows included; the undo of the undo leaves it as after."""
    primary = {table: shared[table] + source[table] for table in TABLES}
    secondary = {table: target[table] + shared[table] for table in TABLES}
    with filled(empty_pair, primary, secondary) as files:
        pair = files.open()
        before, given_rows = bags(files, "secondary"), bags(files, "primary")
        plan = planned(pair, policy)
        if not plan.steps:
            return
        assert pair.execute(plan).outcome.done
        after = bags(files, "secondary")

        undone = pair.execute(pair.plan_undo())

        assert undone.outcome.done, undone.outcome
        assert not undone.unlike
        assert bags(files, "secondary") == before
        again = pair.execute(pair.plan_undo())
        assert again.outcome.done, again.outcome
        assert bags(files, "secondary") == after
        assert bags(files, "primary") == given_rows
