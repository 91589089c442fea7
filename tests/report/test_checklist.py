"""What is to be done by hand, on a screen that is narrower than its lines."""

from __future__ import annotations

import io

from syncengine.cli.terminal import ReportConsole
from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.pair import Role
from syncengine.report.checklist import checklist_lines, remaining_lines

LONG = ChecklistLine(LineKind.TIMETABLES, Role.PRIMARY, "Restore it in its place, and check what is there. " * 3)


def test_lines_of_a_plan_and_of_a_verdict_continue_beside_their_numbers() -> None:
    """On a screen of 80 columns no line of a checklist, and no reason below it, begins where a number could stand."""
    console = ReportConsole(file=io.StringIO(), width=80)
    for line in (
        *checklist_lines("before", [LONG, LONG]),
        *remaining_lines([(LONG, "no answer came " * 8), (LONG, "")]),
    ):
        console.print(line)

    assert isinstance(console.file, io.StringIO)
    shown = [line for line in console.file.getvalue().splitlines() if line]
    numbered = [line for line in shown if line.startswith(("  1. ", "  2. "))]
    others = [line for line in shown if line not in numbered]
    assert len(numbered) == 4
    assert [line for line in others if not line.startswith("      ")] == ["By hand before", "Still to be done by hand"]
    assert max(map(len, shown)) <= 80
    assert sum("No answer came" in line for line in others) == 1
