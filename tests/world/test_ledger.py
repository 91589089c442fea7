"""The judge of the ledger is silent on what the product records, and names each record that is not what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from syncengine.model.run import BatchState, RunRecord, RunState
from syncengine.model.verified_run import VerifiedRun
from tests.builders import build_files, half_hours
from tests.examples import some_of
from tests.scenes import WINDOW, trunks
from tests.world.ending import Ending
from tests.world.oracle import ledger
from tests.world.oracle.ledger import judge_ledger
from tests.world.said import FileWorld

DAY = "2000-06-05 00:00..06:59"


def _world(folder: Path) -> FileWorld:
    """Return a pair whose secondary lacks intervals."""
    return FileWorld(
        build_files(
            folder,
            ("hsplit", "htrunk"),
            both={"hsplit": half_hours(0, 400), "htrunk": trunks(0, 700)},
            primary={"hsplit": half_hours(400, 700)},
            secondary={"hsplit": half_hours(500, 600, acdcalls=7)},
        )
    )


def _texts(world: FileWorld, ending: Ending) -> list[str]:
    return [one.text for one in judge_ledger(world, ending)]


def test_nothing_is_wrong_with_what_the_product_records(tmp_path: Path) -> None:
    """Runs, their undo, and commands that write nothing are recorded as they were."""
    world = _world(tmp_path)
    world.code = 3
    assert _texts(world, world.call("verify")) == []
    assert _texts(world, world.type("resync", "--window", DAY, "--dry-run")) == []
    world.code = 0
    assert _texts(world, world.call("resync", window=WINDOW)) == []
    assert _texts(world, world.type("resync", "--window", DAY, "--yes")) == []
    for words in (("runs", "--json"), ("status", "--json"), ("report",)):
        assert _texts(world, world.type(*words)) == []
    assert _texts(world, world.call("undo")) == []
    assert _texts(world, world.call("resync", window=DAY)) == []


@pytest.fixture
def world(tmp_path: Path) -> FileWorld:
    """Return a pair whose ledger was judged while it was empty."""
    found = _world(tmp_path)
    assert _texts(found, found.type("runs")) == []
    return found


def _judged(world: FileWorld, ending: Ending, change: Callable[[RunRecord], RunRecord]) -> list[str]:
    """Judge a ledger whose last run is another."""
    runs = world.files.open().runs()
    changed = (*runs[:-1], change(runs[-1]))
    return list(ledger.faults(world, ending, {}, changed))


WRONG: dict[str, tuple[Callable[[RunRecord], RunRecord], str]] = {
    "a batch that was done is not there": (lambda run: replace(run, batches=()), "the ledger says"),
    "a batch that was done is rolled back": (
        lambda run: replace(run, batches=tuple(replace(batch, state=BatchState.ROLLED_BACK) for batch in run.batches)),
        "the ledger says",
    ),
    "a row more": (
        lambda run: replace(
            run,
            batches=tuple(
                replace(batch, parts=tuple(replace(part, inserted=part.inserted + 1) for part in batch.parts))
                for batch in run.batches
            ),
        ),
        "inserted",
    ),
    "it runs": (lambda run: replace(run, state=RunState.RUNNING), "no process does"),
    "it was cut short": (lambda run: replace(run, state=RunState.CUT_SHORT), "no process has died"),
    "only a part is done": (lambda run: replace(run, state=RunState.PARTLY), "all steps"),
    "a step less": (lambda run: replace(run, steps_done=run.steps_done - 1), "is done, and only"),
    "a step more": (lambda run: replace(run, steps_done=run.steps_done + 1), "steps are done"),
    "it is damaged": (lambda run: replace(run, state=RunState.DAMAGED), "nothing has damaged"),
    "it has another id": (lambda run: replace(run, header=replace(run.header, id="another")), "is not in the ledger"),
}


@pytest.mark.sampled
@pytest.mark.parametrize("name", some_of(tuple(WRONG), 2))
def test_each_wrong_record_is_found(name: str, world: FileWorld) -> None:
    """A record that is not what happened is a violation."""
    change, text = WRONG[name]
    ending = world.call("resync", window=DAY)
    assert ending.run_id
    assert _judged(world, ending, lambda run: run) == []
    found = _judged(world, ending, change)
    assert any(text in one for one in found), found


def test_rows_that_changed_without_a_run_are_found(world: FileWorld) -> None:
    """A row that a command has changed is in the ledger, whichever command it was."""
    ending = world.call("verify")
    rows = Counter(ending.after.bags["primary"]["htrunk"])
    rows.popitem()
    bags = {**ending.after.bags, "primary": {**ending.after.bags["primary"], "htrunk": rows}}
    found = _texts(world, replace(ending, after=replace(ending.after, bags=bags)))
    assert found == ["htrunk of primary has lost 1 and gained 0 rows, and the ledger says 0 deleted and 0 inserted"]


def test_a_run_of_a_command_that_reads_is_found(world: FileWorld) -> None:
    """A verify begins no run, nor does a command that was refused write in one."""
    ending = world.call("resync", window=DAY)
    assert any("only reads" in one for one in _judged(world, replace(ending, words=("verify",)), lambda run: run))
    assert any("has written" in one for one in _judged(world, replace(ending, code=4), lambda run: run))


def test_an_undo_of_another_run_is_found(world: FileWorld) -> None:
    """The record of an undo names the run that was undone."""
    assert _texts(world, world.call("resync", window=DAY)) == []
    ending = world.call("undo")
    changed = _judged(world, ending, lambda run: replace(run, header=replace(run.header, undoes="another")))
    assert any("its record names another" in one for one in changed), changed
    forgotten = _judged(world, ending, lambda run: replace(run, header=replace(run.header, undoes="")))
    assert any("does not say of which run" in one for one in forgotten)


def test_an_outcome_of_other_rows_is_found(world: FileWorld) -> None:
    """What a command returns is what the ledger has."""
    ending = world.call("resync", window=DAY)
    assert isinstance(ending.result, VerifiedRun)
    outcome = ending.result.outcome
    wrong = replace(outcome, steps=(replace(outcome.steps[0], inserted=0), *outcome.steps[1:]))
    found = _judged(world, replace(ending, result=replace(ending.result, outcome=wrong)), lambda run: run)
    assert any("is said to have inserted" in one for one in found)


def test_a_document_of_other_runs_is_found(world: FileWorld) -> None:
    """The document of `runs --json` is what the ledger has."""
    assert _texts(world, world.call("resync", window=DAY)) == []
    ending = world.type("runs", "--json")
    assert _texts(world, ending) == []
    assert ending.document is not None
    ending.document["runs"][0]["rows_inserted"] += 1
    assert any("says rows_inserted" in one for one in _texts(world, ending))
    ending.document["runs"].clear()
    assert any("has not the runs" in one for one in _texts(world, ending))


def test_a_run_that_is_gone_is_found(world: FileWorld) -> None:
    """A run stays in the ledger until somebody removes it."""
    ending = world.call("resync", window=DAY)
    assert _texts(world, ending) == []
    world.files.open().remove_run(ending.run_id)
    assert any("is not any more" in one for one in _texts(world, world.call("verify")))
