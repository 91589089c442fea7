"""Faults with administration."""

from __future__ import annotations

from tests.world.planted.planted_fault import ADMINISTRATION, PlantedFault, fault

PLANTED: tuple[PlantedFault, ...] = (
    fault(
        "conflicts-overwritten",
        "planning/administration.py",
        "        if group.changed_by in BY_THE_TARGET and self._writes(group) and self.request.prefer is not self.source:\n",
        "        if False:\n",
        "what the other server changed is overwritten without a word",
        ADMINISTRATION,
        shape="administered",
    ),
    fault(
        "users-removed",
        "planning/administration.py",
        "        if owner is not None and not group.source_rows and _value(group, owner) in self.protected_users:\n",
        "        if False:\n",
        "users that only the target has are removed",
        ADMINISTRATION,
        shape="administered",
    ),
    fault(
        "by-hand-tables-written",
        "planning/administration.py",
        "        if spec.synced_by is SyncedBy.NEVER or (spec.synced_by in MANUAL and not self.request.include_manual):\n",
        "        if spec.synced_by is SyncedBy.NEVER:\n",
        "tables that are administered by hand are written",
        ADMINISTRATION,
        shape="administered",
    ),
    fault(
        "empty-source-empties-the-target",
        "planning/administration.py",
        "        if drift.source.rows == 0:\n            return Decision(drift, skip_reason=SkipReason.SOURCE_EMPTY)\n",
        "",
        "administration is deleted because the source is empty",
        ADMINISTRATION,
        shape="administered",
    ),
    fault(
        "last-sync-not-forgotten",
        "jobs/runs/runs.py",
        "        if not plan.remembers:\n",
        "        if False:\n",
        "an undo leaves the rows of the sync as those both had",
        ADMINISTRATION,
        shape="administered",
    ),
)
