"""The kinds of plan: each is saved and read back unchanged, and runs as its own command."""

from __future__ import annotations

import ast
from datetime import datetime
from pathlib import Path
from typing import get_args

import pytest

import syncengine
from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import BackfillPortion, Copy, PlanKind, Resync, RollupRepair, RunOnEdit, Sync, Undo
from syncengine.model.policy import Policy, Rollups, UnknownColumns
from syncengine.model.run import RunHeader, RunKind
from syncengine.model.surroundings import SideEffect, SideEffectKind, TableSideEffect
from syncengine.model.timetable_flag import FlagChange, FlagEdit
from syncengine.staging.run_folder import RunFolder

BEGUN = datetime(2000, 6, 5, 6, 12, 3)
EDIT = FlagEdit("runs_on", (FlagChange("jm", "Morning", None, "o", ("NULL", "only here")),), "an edit", 2)
EFFECT = TableSideEffect(
    Role.SECONDARY, "htrunk", SideEffect(SideEffectKind.TRIGGER, "the trigger c_adding runs", name="c_adding")
)
KINDS: dict[str, PlanKind] = {
    "resync": Resync(Policy.RECONCILE, Rollups.RECOMPUTE, UnknownColumns.NULL),
    "backfill": BackfillPortion(Policy.FILL),
    "sync": Sync(Policy.REPLACE),
    "sync with schedules": Sync(Policy.FILL, EDIT),
    "rollups": RollupRepair(copied=False, unknown_columns=UnknownColumns.NULL),
    "timetables": RunOnEdit(EDIT, EDIT),
    "undo": Undo("20000605-061203-3f1a", not_undone=(EFFECT,)),
    "undo of an edit": Undo("20000605-061203-3f1a", EDIT),
}


def plan_of(kind: PlanKind) -> Plan:
    """Return a plan of a kind that writes nothing."""
    return Plan(kind, 7, BEGUN, Role.SECONDARY, "UTC", (), ("htrunk",))


@pytest.mark.parametrize("name", KINDS)
def test_a_saved_plan_keeps_its_kind(tmp_path: Path, name: str) -> None:
    """A plan read from the folder of its run is the one that was saved, with all fields of its kind."""
    run = RunFolder(tmp_path / "20000605-061204-0001")
    run.create(RunHeader(run.id, 1, RunKind.RESYNC, BEGUN, 7, "a test"))
    run.save_plan(1, plan_of(KINDS[name]))

    assert run.plan(1) == plan_of(KINDS[name])


def test_every_kind_of_run_is_begun_by_a_kind_of_plan() -> None:
    """Each kind of plan runs as one kind of run, and every kind of run has a plan."""
    assert {type(kind) for kind in KINDS.values()} == set(get_args(PlanKind))
    assert {plan_of(kind).run_kind for kind in KINDS.values()} == set(RunKind)


def test_kinds_of_copy_are_always_distinguished_by_name() -> None:
    """A match on one kind of copy names all others, so that the type checker finds a new one."""
    copying = {kind.__name__ for kind in get_args(PlanKind) if issubclass(kind, Copy)}
    matches = 0
    for path in Path(syncengine.__file__).parent.rglob("*.py"):
        for match in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Match)):
            names = {ast.unparse(one.cls) for one in ast.walk(match) if isinstance(one, ast.MatchClass)}
            matched = names & copying
            matches += bool(matched)
            assert not matched or (copying <= names and "Copy" not in names), f"{path}: line {match.lineno}"
    assert matches >= 5
