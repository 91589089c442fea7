"""When what differs is: worked out once, when it is observed, and stored with it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from syncengine.model.window import Window
from tests.builders import build_files, row
from tests.scenes import code, trunks


def test_a_difference_has_its_time_in_every_grain(tmp_path: Path) -> None:
    """Each bucket that differs has its interval, day, week or month; the plan and the undo have those they write."""
    sunday = date(2000, 6, 4)
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc", "dcwc", "wcwc", "mcwc", "synonyms"],
        both={"htrunk": trunks(0, 2400, row_date=sunday)},
        primary={
            "hcwc": [code(430, row_date=sunday)],
            "dcwc": [row("dcwc", row_date=sunday, cwc="7", acdcalls=3)],
            "wcwc": [row("wcwc", row_date=date(2000, 5, 28), cwc="7", acdcalls=3)],
            "mcwc": [row("mcwc", row_date=date(2000, 5, 1), cwc="7", acdcalls=3)],
            "synonyms": [row("synonyms", value="1")],
        },
    )
    pair = files.open()
    spans = {
        "hcwc": Window(datetime(2000, 6, 4, 4, 30), datetime(2000, 6, 4, 5)),
        "dcwc": Window(datetime(2000, 6, 4), datetime(2000, 6, 5)),
        "wcwc": Window(datetime(2000, 5, 28), datetime(2000, 6, 4)),
        "mcwc": Window(datetime(2000, 5, 1), datetime(2000, 6, 1)),
        "synonyms": None,
    }

    found = pair.verify(tables=tuple(spans))
    plan = pair.plan_resync(tables=("hcwc",), window="2000-06-04")
    ran = pair.execute(plan)
    undo = pair.plan_undo(ran.outcome.run_id)

    assert {one.spec.name: [drift.span for drift in one.differing] for one in found.tables} == {
        name: [span] for name, span in spans.items()
    }
    for steps in (plan.steps, undo.steps):
        assert [write.span for step in steps for part in step.parts for write in part.buckets] == [spans["hcwc"]]
