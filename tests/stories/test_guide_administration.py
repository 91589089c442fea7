"""What the guide says about administration (chapters 2 and 3), each on a pair: what is copied or only reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.app import VerifiedRun
from syncengine.model.drift import TableState
from syncengine.model.errors import InputError
from syncengine.model.plan import Plan, SkipReason
from syncengine.model.spec import DataClass
from tests.builders import Files, build_files, catalogue, row
from tests.cli.terminal import Typing
from tests.scenes import table_of

COMMAND = "sync"
BY_HAND = ("ag_ex_adm", "sp_ex_adm", "tg_ex_adm", "vdn_x_adm", "vec_x_adm", "aar_agents", "split_pro", "vdn_pro")
"""Exceptions administration, agent traces and call profiles: the guide has each server administered."""


def plan_of(files: Files, **options: Any) -> Plan:
    """Plan a copy of administration."""
    return files.open().plan_sync(**options)


def copy(files: Files, **options: Any) -> VerifiedRun:
    """Copy administration."""
    return files.open().execute(plan_of(files, **options))


def written(plan: Plan) -> list[list[str]]:
    """Return the tables of each step."""
    return sorted(sorted(part.table for part in step.parts) for step in plan.steps)


def after(plan: Plan) -> str:
    """Return what is to be done by hand after a plan, as one text."""
    return " ".join(line.text for line in plan.checklist.after)


def dictionary(folder: Path, *, acds: tuple[int, ...] = (1,), **more: list[dict[str, Any]]) -> Files:
    """Build a pair of which the primary's dictionary has some rows more."""
    tables = ["synonyms", "agroups", "dbitems"]
    return build_files(folder, tables, primary=more, acds=dict.fromkeys(acds, 30))


def name(value: str, kind: str = "split", *, acd: int = 1) -> dict[str, Any]:
    """Return a name in the dictionary."""
    return row("synonyms", acd_no=acd, item_type=kind, value=value, item_name=f"name {value}")


def test_a_synonym_needs_no_single_user_mode(tmp_path: Path) -> None:
    """A name is copied alone; before it nothing is to be done, after it Visual Vectors is restarted."""
    files = dictionary(tmp_path, synonyms=[name("7")])

    ran = copy(files, sets=("dictionary",))

    assert written(ran.plan) == [["synonyms"]]
    assert ran.plan.checklist.before == ()
    assert "single-user" not in after(ran.plan)
    assert "Visual Vectors" in after(ran.plan)
    assert ran.after is not None
    assert ran.after.in_sync


def test_an_agent_group_goes_with_its_name(tmp_path: Path) -> None:
    """Both tables are written in one step, whichever is requested (rule 11)."""
    group = row("agroups", item_type="agent group", item_name="night shift", value="4001")
    files = dictionary(tmp_path, synonyms=[name("night shift", "agent group")], agroups=[group])

    assert written(plan_of(files, tables=("agroups",))) == [["agroups", "synonyms"]]
    assert written(copy(files, sets=("agent-groups",)).plan) == [["agroups", "synonyms"]]
    assert files.bag("secondary", "agroups") == files.bag("primary", "agroups")


@pytest.mark.parametrize("kind", ["calc", "constant"])
def test_calculations_and_constants_lie_in_the_system_administration(tmp_path: Path, kind: str) -> None:
    """They are part of the dictionary, but not of its names: dbitems alone is written."""
    files = dictionary(tmp_path, dbitems=[row("dbitems", item_type=kind, item_name="GOAL")])

    plan = copy(files, sets=("dictionary",)).plan

    assert written(plan) == [["dbitems"]]
    assert (plan.checklist.before, plan.checklist.after) == ((), ())
    assert files.bag("secondary", "dbitems") == files.bag("primary", "dbitems")


def test_drift_in_another_acd_is_reported(tmp_path: Path, typed: Typing) -> None:
    """With --acd 1 a name that differs in ACD 2 is skipped and reported (rule 3)."""
    files = dictionary(tmp_path, acds=(1, 2), synonyms=[name("7", acd=1), name("8", acd=2)])

    result = typed(COMMAND, "--pair", files.pair_file, "--set", "synonyms", "--acd", "1", "--yes")

    assert "synonyms: differs for ACD 2 too" in result.text
    assert [one[0] for one in files.bag("secondary", "synonyms")] == [1]


def users(folder: Path, **more: list[dict[str, Any]]) -> Files:
    """Build a pair of two ACDs with all tables of users, of which the primary's or secondary's users are given."""
    sides = {role: {"users": rows} for role, rows in more.items()}
    return build_files(folder, list(catalogue().set("users").tables), acds={1: 30, 2: 30}, **sides)  # type: ignore[arg-type]  # sides are keyword arguments of mappings


def test_added_users_need_both_classes_and_all_acds(tmp_path: Path) -> None:
    """Their permissions are in both classes, and are those of every ACD: a single ACD cannot be requested."""
    files = users(tmp_path, primary=[row("users", user_id="anna")])
    for role in ("primary", "secondary"):
        files.run(role, "ALTER TABLE splits ADD COLUMN user_id VARCHAR")

    with pytest.raises(InputError, match="always of all ACDs"):
        plan_of(files, sets=("users",), acds=1)
    plan = copy(files, sets=("users",)).plan

    classes = {catalogue().table(table).data_class for table in plan.tables}
    assert classes == {DataClass.SYSTEM, DataClass.ACD}
    assert plan.acds == ()
    assert "On secondary, create the login and home directory of each added user (1)" in after(plan)
    assert "the same password as on primary" in after(plan)
    assert files.bag("secondary", "users") == files.bag("primary", "users")


def test_the_verdict_of_users_is_about_users(tmp_path: Path, typed: Typing) -> None:
    """Differing tables without users are excluded by name, and a copy of users ends in sync; named, they count."""
    files = users(tmp_path, primary=[row("users", user_id="anna")], secondary=[row("users", user_id="carl")])
    files.add("secondary", "vdns", row("vdns"))
    files.run("primary", "UPDATE acds SET acd_name = 'Boston'")
    pair = ("--pair", files.pair_file)

    done = typed(COMMAND, *pair, "--set", "users", "--remove-users", "--yes")
    document = typed("verify", *pair, "--set", "users", "--json").document
    both = typed("verify", *pair, "--set", "users", "--table", "vdns", "--json").document

    note = "acds, splits, tgroups, vdns, vectors: not compared: no column user_id on either server"
    assert done.code == 0
    assert note in done.text
    assert document["in_sync"]
    assert {one["table"] for one in document["excluded"]} == {"acds", "splits", "tgroups", "vdns", "vectors"}
    assert any(note in one for one in document["notes"])
    assert {one["table"]: one["in_sync"] for one in both["tables"]}["vdns"] is False


@pytest.mark.soak
def test_removed_users_are_reported(tmp_path: Path) -> None:
    """Users that only the secondary has stay and are named; with --remove-users they count, and logins are a line."""
    anna, carl = (row("users", user_id=user) for user in ("anna", "carl"))
    files = users(tmp_path, primary=[anna], secondary=[anna, carl])

    assert [one.reason for one in plan_of(files, sets=("users",)).skipped] == [SkipReason.REMOVAL]
    plan = plan_of(files, sets=("users",), remove_users=True)

    assert plan.deletions == 1
    assert "On secondary, remove the logins of the deleted users (1)." in after(plan)
    assert plan_of(files, sets=("users",), policy="fill").steps == ()


@pytest.mark.parametrize("table", BY_HAND)
def test_what_is_administered_on_each_server_is_reported_and_unwritten(tmp_path: Path, table: str) -> None:
    """Exceptions, traces and call profiles that differ are drift, and a copy skips them and says why (rule 19)."""
    files = build_files(tmp_path, [table], primary={table: [row(table)]})

    observation = files.open().verify(tables=(table,))
    plan = copy(files, tables=(table,)).plan

    assert table_of(observation, table).state is TableState.COMPARED
    assert not observation.in_sync
    assert [(one.table, one.reason) for one in plan.skipped] == [(table, SkipReason.NOT_COPIED)]
    assert files.bag("secondary", table) == []


def test_the_name_of_a_call_work_code_is_written(tmp_path: Path) -> None:
    """The codes are each server's own, their names are dictionary and are copied."""
    files = dictionary(tmp_path, synonyms=[name("42", "cwc")])

    assert written(copy(files, sets=("dictionary",)).plan) == [["synonyms"]]
    assert files.bag("secondary", "synonyms") == files.bag("primary", "synonyms")
