"""What guards a write: a step is compared with the plan, and is done whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncengine.cli.main import run_for_code
from syncengine.cli.run_flow import exit_code
from syncengine.model.bucket import Bucket, BucketColumns
from syncengine.model.errors import ServerError
from syncengine.model.outcome import StepState
from syncengine.model.pair import Role
from syncengine.model.selection import ReadQuery, Selection
from syncengine.servers.duckdb.server import DuckDBSession
from syncengine.servers.protocol import Server
from syncengine.staging.remembered_days import Memory
from tests.builders import DAY, Files, build_files
from tests.interference import Interference, interfere
from tests.scenes import WINDOW, trunk, trunks

EVENING = "2000-06-05 05:00..06:29"


def three_steps(folder: Path) -> Files:
    """Build a pair that differs in three intervals, each of which is a step of its own."""
    return build_files(
        folder,
        ["htrunk"],
        primary={"htrunk": trunks(400, 700, incalls=9)},
        secondary={"htrunk": trunks(400, 700)},
        settings="limits = { step_rows = 1 }",
    )


def repaired(files: Files) -> set[int]:
    """Return the labels whose rows in the secondary are the primary's."""
    return {one[0] for one in files.run("secondary", "SELECT starttime FROM htrunk WHERE incalls = 9")}


@pytest.mark.parametrize("role", ["primary", "secondary"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE htrunk SET intime = intime + 1 WHERE starttime = 530 AND tkgrp = 2",
        "DELETE FROM htrunk WHERE starttime = 530 AND tkgrp = 2",
        "INSERT INTO htrunk SELECT * FROM htrunk WHERE starttime = 530 AND tkgrp = 2",
    ],
)
def test_a_row_that_changed_since_the_plan_stops_its_step_only(tmp_path: Path, role: str, change: str) -> None:
    """A row changed on either server after the plan stops its step, exit 5, and the others are done."""
    files = three_steps(tmp_path)
    pair = files.open()
    planned = pair.plan_resync(window=EVENING, tables=("htrunk",))
    files.run(role, change)
    changed = files.bag("secondary", "htrunk", "starttime = 530")

    done = pair.execute(planned)

    assert [step.state for step in done.outcome.steps] == [StepState.DONE, StepState.CHANGED, StepState.DONE]
    assert exit_code(done) == 5
    assert f"the rows of {role} have changed" in done.outcome.steps[1].why
    assert files.bag("secondary", "htrunk", "starttime = 530") == changed
    assert repaired(files) == {500, 600}


@pytest.mark.parametrize("left", [0, 7])
def test_a_row_that_changes_while_the_step_is_prepared_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], left: int
) -> None:
    """A row deleted, or changed, between journal and transaction rolls its step back; the command ends with 5."""
    files = three_steps(tmp_path)
    begins = []

    def change_meanwhile(server: Server) -> None:
        begins.append(server)
        if len(begins) == 2:
            bucket = Bucket(DAY, 530, 1)
            columns = BucketColumns(date="row_date", label="starttime", acd="acd")
            group = Selection("htrunk", columns, buckets=(bucket,), group_columns=("tkgrp",), groups=((2,),))
            named = tuple(column.name for column in server.tables(["htrunk"])["htrunk"].columns)
            row = server.read(ReadQuery(group, named)).read_all()
            with server.begin() as session:
                session.delete(group)
                if left:
                    calls = pa.array([left], row.schema.field("incalls").type)
                    changed = row.set_column(named.index("incalls"), row.schema.field("incalls"), calls)
                    session.insert("htrunk", changed.to_reader())
                session.commit()

    interfere(monkeypatch, Role.SECONDARY, Interference(before_begin=change_meanwhile))
    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", EVENING, "-t", "htrunk", "--yes"])

    assert code == 5
    assert "step 2 (htrunk) was not done" in capsys.readouterr().out
    assert repaired(files) == {500, 600}
    held = files.run("secondary", "SELECT tkgrp, incalls FROM htrunk WHERE starttime = 530 ORDER BY tkgrp")
    assert held == [(1, 5), (2, left)][: 2 if left else 1]


def test_a_failing_insert_rolls_its_step_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the second insert fails its step is as before, the others are done, and the exit code is 5."""
    files = three_steps(tmp_path)
    before = files.bag("secondary", "htrunk", "starttime = 530")

    def fail(inserts: int, table: str) -> None:
        if inserts == 2:
            raise ServerError(f"secondary: no room for {table}.")

    interfere(monkeypatch, Role.SECONDARY, Interference(after_insert=fail))
    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", EVENING, "-t", "htrunk", "--yes"])

    output = capsys.readouterr().out
    assert code == 5
    assert "2 of 3 steps done" in output
    assert "step 2 (htrunk) was not done: secondary: no room for htrunk" in output
    assert repaired(files) == {500, 600}
    assert files.bag("secondary", "htrunk", "starttime = 530") == before


def test_a_first_insert_that_fails_leaves_the_target_untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing was done the exit code is that of an error and the target is as it was."""
    files = three_steps(tmp_path)
    before = files.bag("secondary", "htrunk")

    def fail(inserts: int, table: str) -> None:
        raise ServerError(f"secondary: no room for {table}, insert {inserts}.")

    interfere(monkeypatch, Role.SECONDARY, Interference(after_insert=fail))
    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", EVENING, "-t", "htrunk", "--yes"])

    assert code == 1
    assert files.bag("secondary", "htrunk") == before


def test_rows_the_server_stores_otherwise_are_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A target that would end with other rows than were staged, as a trigger does it, takes none of them."""
    files = three_steps(tmp_path)
    before = files.bag("secondary", "htrunk")

    interfere(monkeypatch, Role.SECONDARY, Interference(loses_rows=True))
    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", WINDOW, "-t", "htrunk", "--yes"])

    assert code == 1
    assert "rolled back" in capsys.readouterr().out
    assert files.bag("secondary", "htrunk") == before


def test_a_step_whose_journal_is_gone_is_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A journal removed after the rows were written, and before they are committed, rolls them back."""
    files = three_steps(tmp_path)
    before = files.bag("secondary", "htrunk")

    def take_away(inserts: int, table: str) -> None:
        del inserts, table
        for journal in tmp_path.rglob("*-journal.parquet"):
            journal.unlink()

    interfere(monkeypatch, Role.SECONDARY, Interference(after_insert=take_away))
    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", WINDOW, "-t", "htrunk", "--yes"])

    assert code == 1
    assert "the step was rolled back" in " ".join(capsys.readouterr().out.split())
    assert files.bag("secondary", "htrunk") == before


def test_the_rows_of_a_step_are_locked_before_they_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows a transaction reads or writes, it has locked before: no other writer comes between."""
    files = three_steps(tmp_path)
    calls: list[str] = []
    for name in ("lock", "fingerprint", "read", "delete", "insert"):
        monkeypatch.setattr(DuckDBSession, name, noted(calls, name, getattr(DuckDBSession, name)))

    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", WINDOW, "-t", "htrunk", "--yes"])

    assert code == 0
    assert calls[0] == "lock"


def test_days_are_forgotten_before_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day remembered as alike is forgotten as soon as a run may write it, for any outcome of the run."""
    files = three_steps(tmp_path)
    calls: list[str] = []
    monkeypatch.setattr(Memory, "forget", noted(calls, "forget", Memory.forget))
    monkeypatch.setattr(DuckDBSession, "delete", noted(calls, "delete", DuckDBSession.delete))

    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", WINDOW, "-t", "htrunk", "--yes"])

    assert code == 0
    assert calls[:2] == ["forget", "delete"]


@pytest.mark.parametrize("write", ["delete", "insert"])
def test_rows_that_are_not_all_written_are_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], write: str
) -> None:
    """Where a server reports other counts than were journalled or staged, all rows are rolled back."""
    files = three_steps(tmp_path)
    before = files.bag("secondary", "htrunk")
    monkeypatch.setattr(DuckDBSession, write, one_less(getattr(DuckDBSession, write)))

    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", WINDOW, "-t", "htrunk", "--yes"])

    assert code == 1
    assert (
        "journalled; rolled back" in (output := " ".join(capsys.readouterr().out.split())) or "staged; rolled" in output
    )
    assert files.bag("secondary", "htrunk") == before


def noted(calls: list[str], name: str, does: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call that is noted each time."""

    def called(*given: Any, **named: Any) -> Any:
        calls.append(name)
        return does(*given, **named)

    return called


def one_less(does: Callable[..., int]) -> Callable[..., int]:
    """Return a call that does all its work, and reports one less."""

    def called(*given: Any, **named: Any) -> int:
        return does(*given, **named) - 1

    return called


def test_a_write_is_verified_by_a_new_comparison(tmp_path: Path) -> None:
    """After the run both servers are compared again, so that drift remaining in the window is exit 3 and not 0."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": trunks(430, 500)},
        primary={"htrunk": [trunk(500, incalls=9), trunk(530, incalls=9, incomplete=1)]},
        secondary={"htrunk": [trunk(500), trunk(530)]},
    )

    code = run_for_code(
        ["resync", "--pair", str(files.pair_file), "-w", "2000-06-05 05:00..05:59", "-t", "htrunk", "--yes"]
    )

    assert code == 3
    assert repaired(files) == {500}
