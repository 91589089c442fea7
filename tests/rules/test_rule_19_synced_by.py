"""Rule 19: how each thing is synchronised; effects of administration by hand are linked to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from syncengine.cli.main import run_for_code
from syncengine.model.consequences import AdministrationState, consequences_of
from syncengine.model.plan import SkipReason
from tests.builders import Files, build_files, catalogue, row
from tests.examples import some_of
from tests.scenes import WINDOW, plan_of, skipped, storage, sync, sync_plan_of, trunks

BY_HAND: dict[str, dict[str, Any]] = {
    "ag_ex_adm": {"split": 1, "extype": 1, "threshold": 5},
    "sp_ex_adm": {"split": 1, "extype": 1, "threshold": 5},
    "tg_ex_adm": {"tkgrp": 1, "extype": 50, "threshold": 5},
    "vdn_x_adm": {"vdn": "5001", "extype": 1, "threshold": 5},
    "vec_x_adm": {"vector": 1, "extype": 1, "threshold": 5},
    "aar_agents": {"logid": "4001", "active": 1},
    "split_pro": {"split": 1, "servicelevel": 20},
    "vdn_pro": {"vdn": "5001", "servicelevel": 20},
}
"""Administration of exceptions, traces and profiles."""


@pytest.mark.sampled
@pytest.mark.parametrize("table", some_of(sorted(BY_HAND), 3))
def test_exceptions_traces_and_profiles_are_reported_and_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    """Administration by hand is verified; a sync that names it says how it is synchronised and writes none of it."""
    files = build_files(tmp_path, [table], primary={table: [row(table, **BY_HAND[table])]})

    verified = run_for_code(["verify", "--pair", str(files.pair_file), "--table", table])
    plan = sync_plan_of(files, tables=(table,))
    code = run_for_code(["sync", "--pair", str(files.pair_file), "--table", table, "--yes"])

    assert (verified, code) == (3, 3)
    assert skipped(plan)[table, 1][0] is SkipReason.NOT_COPIED
    assert "administered on each server" in capsys.readouterr().out
    assert files.bag("secondary", table) == []


def test_the_name_of_a_call_work_code_is_written(tmp_path: Path) -> None:
    """Call work codes are set up on each server, but their names are dictionary, which is copied."""
    name = row("synonyms", item_type="call work code", item_name="Sale", value="7")
    files = build_files(tmp_path, ["synonyms", "agroups"], primary={"synonyms": [name]})

    sync(files, sets=("dictionary",))

    assert files.bag("secondary", "synonyms") == files.bag("primary", "synonyms") != []


def threshold(limit: int, *, acd: int = 1) -> dict[str, Any]:
    """Return an ag_ex_adm row: when a split's agents cause an exception."""
    return row("ag_ex_adm", acd=acd, split=1, extype=1, threshold=limit)


def exceptions(folder: Path, *, primary: int, secondary: int, acd: int = 1) -> Files:
    """Build a pair on which one agent exception was recorded by the primary only, under thresholds of one ACD."""
    return build_files(
        folder,
        ["agex", "ag_ex_adm", "htrunk"],
        both={"dcalloc": [storage("exceptions")], "htrunk": trunks(400, 700)},
        primary={
            "agex": [row("agex", row_time=514, seqno=1, extype=1, logid="4001", split=1)],
            "ag_ex_adm": [threshold(primary, acd=acd)],
        },
        secondary={"ag_ex_adm": [threshold(secondary, acd=acd)]},
        acds={1: 30, 2: 30},
    )


@pytest.mark.parametrize(
    ("thresholds", "tables", "state", "says"),
    [
        ((3, 9), ("agex", "ag_ex_adm"), AdministrationState.DIFFERS, "agex follows from ag_ex_adm, which differs too"),
        (
            (3, 3),
            ("agex", "ag_ex_adm"),
            AdministrationState.ALIKE,
            "agex follows from ag_ex_adm, which is alike on both",
        ),
        (
            (3, 9),
            ("agex",),
            AdministrationState.NOT_COMPARED,
            "compare it with `syncengine verify --table ag_ex_adm --pair ",
        ),
    ],
)
def test_exceptions_that_differ_are_linked_to_their_administration(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    thresholds: tuple[int, int],
    tables: tuple[str, ...],
    state: AdministrationState,
    says: str,
) -> None:
    """Verdict and JSON name what differing exceptions follow from, and whether that differs as well."""
    files = exceptions(tmp_path, primary=thresholds[0], secondary=thresholds[1])
    options = [f"--table={name}" for name in tables]

    run_for_code(["verify", "--pair", str(files.pair_file), *options])
    text = " ".join(capsys.readouterr().out.split())
    run_for_code(["verify", "--pair", str(files.pair_file), *options, "--json"])
    document = json.loads(capsys.readouterr().out)

    assert says in text
    [link] = next(table["follows_from"] for table in document["tables"] if table["table"] == "agex")
    assert (link["administration"], link["state"]) == ("ag_ex_adm", state.value)


def test_a_plan_names_what_the_rows_it_writes_follow_from(tmp_path: Path) -> None:
    """Copied exceptions do not make their thresholds alike: the plan says where to look."""
    plan = plan_of(exceptions(tmp_path, primary=3, secondary=9), tables=("agex",))

    assert any("agex follows from ag_ex_adm, not compared here" in note for note in plan.notes)


def test_administration_of_another_acd_explains_nothing(tmp_path: Path) -> None:
    """An exception of one ACD does not follow from thresholds of another."""
    files = exceptions(tmp_path, primary=3, secondary=9, acd=2)

    observation = files.open().verify(tables=("agex", "ag_ex_adm"))

    assert [one.state for one in consequences_of(observation)] == [AdministrationState.ALIKE]


def test_what_does_not_differ_is_not_linked(tmp_path: Path) -> None:
    """Thresholds that differ are drift of their own; without a differing exception nothing follows from them."""
    files = exceptions(tmp_path, primary=3, secondary=9)
    files.run("primary", "DELETE FROM agex")

    assert not list(consequences_of(files.open().verify(tables=("agex", "ag_ex_adm"))))


@pytest.mark.parametrize(
    ("change", "linked"),
    [("acceptable = 3", True), ("acceptable = 3, acdcalls = 4", False)],
)
def test_a_call_profile_is_named_where_only_its_columns_differ(tmp_path: Path, change: str, linked: bool) -> None:
    """Calls counted by another service level hint at the profile; an outage changes more, and does not."""
    measured = row("hsplit", starttime=500, split=1, acceptable=5, acdcalls=5)
    files = build_files(tmp_path, ["hsplit"], both={"hsplit": [measured]})
    files.run("secondary", f"UPDATE hsplit SET {change}")

    found = list(consequences_of(files.open().verify(tables=("hsplit",))))

    assert [one.administration.name for one in found] == (["split_pro"] if linked else [])


def test_a_call_profile_that_differs_is_always_named(tmp_path: Path) -> None:
    """Where the profile itself differs, the measurements of that ACD are linked to it."""
    measured = row("hsplit", starttime=500, split=1, acceptable=5, acdcalls=5)
    files = build_files(
        tmp_path,
        ["hsplit", "split_pro"],
        both={"hsplit": [measured]},
        primary={"split_pro": [row("split_pro", split=1, servicelevel=20)]},
        secondary={"split_pro": [row("split_pro", split=1, servicelevel=30)]},
    )
    files.run("secondary", "UPDATE hsplit SET acceptable = 3, acdcalls = 4")

    found = list(consequences_of(files.open().verify(tables=("hsplit", "split_pro"))))

    assert [(one.table.name, one.state) for one in found] == [("hsplit", AdministrationState.DIFFERS)]


def test_what_no_table_holds_is_named_by_its_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No table is known to hold call work codes, so the line names where they are set up."""
    counted = row("hcwc", starttime=500, cwc="7", acdcalls=3)
    files = build_files(tmp_path, ["hcwc"], primary={"hcwc": [counted]})

    run_for_code(["verify", "--pair", str(files.pair_file), "--table", "hcwc", "--window", WINDOW])

    result = " ".join(capsys.readouterr().out.split())
    assert "hcwc follows from Call Center Administration: Call Work Codes, which is in no known table" in result


def test_every_shipped_link_leads_to_administration_that_is_not_copied() -> None:
    """Each table a shipped spec follows from is synchronised by hand, so that a copy would not make it equal."""
    links = [(spec, one) for spec in catalogue().tables for one in spec.follows if not one.screen]

    assert {spec.name for spec, _ in links} >= {"agex", "spex", "tgex", "vdnex", "vecex", "ag_actv", "hsplit", "hvdn"}
    assert {catalogue().table(one.name).synced_by.value for _, one in links} == {"by-hand"}
    assert all(one.source for _, one in links)
