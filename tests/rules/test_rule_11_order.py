"""Rule 11: administration before history, and agent groups never without the names they refer to."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.checklist import LineKind
from syncengine.model.errors import ServerError
from syncengine.model.outcome import StepState
from syncengine.model.pair import Role
from syncengine.model.plan import SkipReason
from tests.builders import Files, build_files, row
from tests.interference import Interference, interfere
from tests.scenes import plan_of, sync, sync_plan_of, trunk, trunks


def named(value: str) -> dict[str, Any]:
    """Return a synonyms row: the name of an agent group."""
    return row("synonyms", acd_no=1, item_type="agent_group", value=value, item_name=value)


def member(group: str, agent: str) -> dict[str, Any]:
    """Return an agroups row: one member of a group."""
    return row("agroups", acd_no=1, item_type="agent_group", item_name=group, value=agent)


def grouped(folder: Path) -> Files:
    """Build a pair whose primary has an agent group more, with its name, and an interval more."""
    return build_files(
        folder,
        ["synonyms", "agroups", "htrunk"],
        both={"synonyms": [named("Days")], "agroups": [member("Days", "4001")], "htrunk": trunks(430, 500)},
        primary={
            "synonyms": [named("Summer")],
            "agroups": [member("Summer", "4001"), member("Summer", "4002")],
            "htrunk": [trunk(500)],
        },
    )


def test_agent_groups_are_written_with_their_names_in_one_step(tmp_path: Path) -> None:
    """For agroups alone, one transaction writes both synonyms and agroups."""
    files = grouped(tmp_path)

    done = sync(files, tables=("agroups",))

    assert [{part.table for part in step.parts} for step in done.plan.steps] == [{"synonyms", "agroups"}]
    assert files.bag("secondary", "agroups") == files.bag("primary", "agroups")
    assert files.bag("secondary", "synonyms") == files.bag("primary", "synonyms")


def test_agent_groups_and_names_are_written_both_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure while the second of the two is written rolls back the first."""
    files = grouped(tmp_path)
    before = files.bag("secondary", "synonyms"), files.bag("secondary", "agroups")

    def fail(inserts: int, table: str) -> None:
        if inserts == 2:
            raise ServerError(f"secondary: no room in {table}.")

    interfere(monkeypatch, Role.SECONDARY, Interference(after_insert=fail))
    done = sync(files, tables=("agroups",))

    assert [step.state for step in done.outcome.steps] == [StepState.FAILED]
    assert (files.bag("secondary", "synonyms"), files.bag("secondary", "agroups")) == before


def test_names_that_stay_with_their_groups_are_shown_as_skipped(tmp_path: Path) -> None:
    """Where no group of the source has a member, its names are skipped with them, and the plan shows each name so."""
    files = build_files(
        tmp_path,
        ["synonyms", "agroups"],
        both={"synonyms": [named("Days")]},
        secondary={"synonyms": [named("Summer")], "agroups": [member("Summer", "4001")]},
    )

    plan = sync_plan_of(files, tables=("agroups",))

    assert plan.steps == ()
    assert {one.table: one.reason for one in plan.skipped} == dict.fromkeys(
        ("agroups", "synonyms"), SkipReason.SOURCE_EMPTY
    )
    assert {one.table: one.skip_reason for one in plan.changes} == dict.fromkeys(
        ("agroups", "synonyms"), SkipReason.SOURCE_EMPTY
    )


def test_administration_is_written_before_history(tmp_path: Path) -> None:
    """Of forecasting, administration comes first, whichever order the tables are named in."""
    files = build_files(
        tmp_path,
        ["f_chprof", "f_cday"],
        primary={"f_chprof": [row("f_chprof")], "f_cday": [row("f_cday", row_date=date(2000, 7, 4))]},
    )
    files.add("secondary", "f_chprof", row("f_chprof", acd=2))
    files.add("primary", "f_chprof", row("f_chprof", acd=2))

    planned = sync_plan_of(files, tables=("f_cday", "f_chprof"))

    assert [{part.table for part in step.parts} for step in planned.steps] == [{"f_chprof"}, {"f_cday"}]


def test_writing_acd_administration_warns_of_the_current_interval(tmp_path: Path) -> None:
    """A plan that writes ACD administration says what that may cost the target, and one of history does not."""
    files = grouped(tmp_path)

    plan = sync_plan_of(files, tables=("agroups",))

    assert any("may cost secondary its current interval" in note for note in plan.notes)
    (line,) = (line for line in plan.checklist.after if line.kind is LineKind.VERIFY_INTERVAL)
    assert "if all is written in that interval" in line.text
    assert "`syncengine verify --window '2000-06-05 07:00..07:29'` offers" in line.text
    assert not any("current interval" in note for note in plan_of(files, tables=("htrunk",)).notes)
