"""A backfill as a value: its plan is shown before anything is compared."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from syncengine import BackfillPlan, InputError, OtherServersError, Role
from tests.builders import build_files
from tests.scenes import trunks


def test_a_backfill_is_planned_shown_and_executed(tmp_path: Path) -> None:
    """Its portions tell what they would write; it is done as a run of its own name, and on no other pair."""
    files = build_files(tmp_path / "one", ["htrunk"], primary={"htrunk": trunks(400, 600)})
    pair = files.open()
    made = pair.plan_backfill(window="2000-06-05", tables="htrunk")
    plan = pickle.loads(pickle.dumps(made))  # noqa: S301  # our own
    other = build_files(tmp_path / "other", ["htrunk"], primary={"htrunk": trunks(400, 600)}).open()

    with pytest.raises(OtherServersError):
        other.execute(plan)
    with pytest.raises(OtherServersError):
        list(other.portion_plans(plan))
    foretold = list(pair.portion_plans(plan))
    result = pair.execute(plan, about="our night's work")

    assert isinstance(plan, BackfillPlan)
    assert plan == made
    assert set(plan.writes_to) == {Role.SECONDARY}
    assert [portion.rows for portion in plan.portions] == [8]
    assert [(portion.number, done is not None and len(done.steps)) for portion, done in foretold] == [(1, 1)]
    assert (result.outcome.done, pair.run().header.about) == (True, "our night's work")
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_a_time_within_an_interval_is_that_interval(tmp_path: Path) -> None:
    """What is counted is what would be copied: whole intervals, those of each ACD, and nothing beside them."""
    rows = [*trunks(400, 600), *trunks(400, 600, minutes=15, acd=2)]
    pair = build_files(tmp_path, ["htrunk"], primary={"htrunk": rows}, acds={1: 30, 2: 15}).open()

    made = pair.plan_backfill(window="2000-06-05 05:18..05:19", tables="htrunk")
    [(portion, plan)] = pair.portion_plans(made)

    assert plan is not None
    assert portion.rows == sum(step.rows for step in plan.steps) == 2 + 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sets": "dictionary"}, "dbitems, synonyms, agroups have no time, and backfill copies history by time."),
        ({"tables": "synonyms"}, "synonyms has no time"),
        ({"tables": ("htrunk", "linkex")}, "linkex: each server's own diary of its links"),
    ],
)
def test_what_a_backfill_does_not_copy_is_no_empty_plan(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    """Tables that are never copied in bulk are refused, not reported as empty."""
    pair = build_files(tmp_path, ["htrunk", "synonyms"]).open()

    with pytest.raises(InputError, match=message):
        pair.plan_backfill(window="2000-06-05", **arguments)
