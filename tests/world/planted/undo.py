"""Faults of undo and resume, and of what is remembered."""

from __future__ import annotations

from tests.world.planted.planted_fault import PlantedFault, fault

PLANTED: tuple[PlantedFault, ...] = (
    fault(
        "undo-over-changes",
        "planning/undo.py",
        "        elif one.changed_between or not same_rows(present, one.after):\n",
        "        elif one.changed_between:\n",
        "an undo overwrites what was written since",
    ),
    fault(
        "undo-in-the-order-of-the-run",
        "planning/undo.py",
        "sorted(by_step.items(), key=lambda item: item[0][0], reverse=True)",
        "sorted(by_step.items(), key=lambda item: item[0][0])[:1]",
        "an undo restores the first step only",
    ),
    fault(
        "row-numbers-left-behind",
        "execute/preparation.py",
        "                highest = self.writer.highest(part.table, column.name)\n",
        "                highest = self.writer.highest(part.table, column.name) - 1\n",
        "a copied row gets a number that the server has given already",
    ),
    fault(
        "remembered-days-not-dropped",
        "jobs/runs/runs.py",
        "            memory.forget(writes)\n",
        "            memory.forget(())\n",
        "a day that a run has written is remembered as equal",
        also=(
            (
                "observe/remembered_days.py",
                "        return self.versions.of(place) != one.version or any(now < then for now, then in positions)\n",
                "        return False\n",
            ),
        ),
    ),
    fault(
        "unequal-days-remembered",
        "observe/remembered_days.py",
        "if day in tally.skipped or place in tally.unequal or scope.window.clipped(span) != span:",
        "if day in tally.skipped or scope.window.clipped(span) != span:",
        "a day that differs is remembered as equal",
    ),
    fault(
        "changed-days-recalled",
        "observe/remembered_days.py",
        "            if place not in self._invalid and self._versioned(place)\n",
        "            if True\n",
        "a day that has changed since is remembered as equal",
    ),
)
