"""What guards a write: a step is held against what was planned, and is done whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.cli.main import run_for_code
from syncengine.cli.run_flow import exit_code
from syncengine.model.bucket import Bucket, BucketColumns
from syncengine.model.errors import ServerError
from syncengine.model.outcome import StepState
from syncengine.model.pair import Role
from syncengine.model.selection import Selection
from syncengine.servers.protocol import Server
from tests.builders import DAY, Files, build_files
from tests.meddling import Meddling, meddle
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


def mended(files: Files) -> set[int]:
    """Return the labels whose rows in the secondary are the primary's."""
    return {one[0] for one in files.run("secondary", "SELECT starttime FROM htrunk WHERE incalls = 9")}


@pytest.mark.soak("primary")
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
    """A row changed on either server after the plan leaves its step undone, exit 5, and the others are done."""
    files = three_steps(tmp_path)
    pair = files.open()
    planned = pair.plan_resync(window=EVENING, tables=("htrunk",))
    files.run(role, change)
    moved = files.bag("secondary", "htrunk", "starttime = 530")

    done = pair.execute(planned)

    assert [step.state for step in done.outcome.steps] == [StepState.DONE, StepState.MOVED, StepState.DONE]
    assert exit_code(done) == 5
    assert f"the rows of {role} have changed" in done.outcome.steps[1].why
    assert files.bag("secondary", "htrunk", "starttime = 530") == moved
    assert mended(files) == {500, 600}


def test_a_row_that_changes_while_the_step_is_prepared_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row deleted between journal and transaction rolls the step back, and the command line ends with exit 5."""
    files = three_steps(tmp_path)
    begins = []

    def delete_meanwhile(server: Server) -> None:
        begins.append(server)
        if len(begins) == 2:
            bucket = Bucket(DAY, 530, 1)
            columns = BucketColumns(date="row_date", label="starttime", acd="acd")
            group = Selection("htrunk", columns, buckets=(bucket,), group_columns=("tkgrp",), groups=((2,),))
            with server.begin() as session:
                session.delete(group)
                session.commit()

    meddle(monkeypatch, Role.SECONDARY, Meddling(before_begin=delete_meanwhile))
    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", EVENING, "-t", "htrunk", "--yes"])

    assert code == 5
    assert "step 2 (htrunk) was not done" in capsys.readouterr().out
    assert mended(files) == {500, 600}
    assert files.run("secondary", "SELECT tkgrp, incalls FROM htrunk WHERE starttime = 530") == [(1, 5)]


def test_a_failing_insert_rolls_its_step_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the second insert fails its step is as before, the others are done, and the exit code is 5."""
    files = three_steps(tmp_path)
    before = files.bag("secondary", "htrunk", "starttime = 530")

    def fail(inserts: int, table: str) -> None:
        if inserts == 2:
            raise ServerError(f"secondary: no room for {table}.")

    meddle(monkeypatch, Role.SECONDARY, Meddling(after_insert=fail))
    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", EVENING, "-t", "htrunk", "--yes"])

    said = capsys.readouterr().out
    assert code == 5
    assert "2 of 3 steps done" in said
    assert "step 2 (htrunk) was not done: secondary: no room for htrunk" in said
    assert mended(files) == {500, 600}
    assert files.bag("secondary", "htrunk", "starttime = 530") == before


def test_a_first_insert_that_fails_leaves_the_target_untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing was done the exit code is that of an error and the target is as it was."""
    files = three_steps(tmp_path)
    before = files.bag("secondary", "htrunk")

    def fail(inserts: int, table: str) -> None:
        raise ServerError(f"secondary: no room for {table}, insert {inserts}.")

    meddle(monkeypatch, Role.SECONDARY, Meddling(after_insert=fail))
    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", EVENING, "-t", "htrunk", "--yes"])

    assert code == 1
    assert files.bag("secondary", "htrunk") == before


def test_rows_the_server_stores_otherwise_are_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A target that would end with other rows than were staged, as a trigger does it, takes none of them."""
    files = three_steps(tmp_path)
    before = files.bag("secondary", "htrunk")

    meddle(monkeypatch, Role.SECONDARY, Meddling(loses_rows=True))
    code = run_for_code(["resync", "--pair", str(files.pair_file), "-w", WINDOW, "-t", "htrunk", "--yes"])

    assert code == 1
    assert "rolled back" in capsys.readouterr().out
    assert files.bag("secondary", "htrunk") == before


def test_a_write_is_proven_by_a_fresh_look(tmp_path: Path) -> None:
    """After the run both servers are compared again, so that drift left in the window is exit 3 and not 0."""
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
    assert mended(files) == {500}
