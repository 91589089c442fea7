"""The ledger: the records of runs, their order, and which are removed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from syncengine import machine
from syncengine.model.errors import InputError, OccupiedError, StagingError
from syncengine.model.run import RunKind, RunState
from syncengine.staging import run_folder
from syncengine.staging.ledger import Ledger, NewRun
from syncengine.staging.marks import append_mark, create_marks, read_marks, repair_end


def run_once(ledger: Ledger, *, ended: bool = True, undoes: str = "", mb: int = 0) -> str:
    """Begin a run, end it unless `ended` is false, and return its id."""
    with ledger.locked() as lock:
        run = ledger.begin(lock, NewRun(RunKind.RESYNC, 1, "a test", undoes=undoes), needs_bytes=0)
        (run.pieces / "some.parquet").write_bytes(b"x" * (mb * 2**20))
        if ended:
            run.mark("ended", stopped="", done=True, steps=0)
    return run.id


def prune(ledger: Ledger, *, days: int = 1000, mb: int = 1000, later: int = 0) -> list[str]:
    """Prune as if some days had passed, and return what is said."""
    return list(ledger.prune(keep_days=days, keep_mb=mb, now=datetime.now() + timedelta(days=later)))


def test_runs_are_in_the_order_they_were_begun_with_any_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is set back does not make a later run an earlier one."""
    ledger = Ledger(tmp_path)
    first = run_once(ledger)

    monkeypatch.setattr(machine, "now", lambda: datetime(1999, 1, 1))
    second = run_once(ledger)

    assert second < first
    assert [run.id for run in ledger.runs()] == [first, second]
    assert ledger.find(None).id == second


def test_a_run_of_another_version_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose plan has another format is reported in one sentence, and is neither resumed nor undone."""
    ledger = Ledger(tmp_path)
    with monkeypatch.context() as earlier:
        earlier.setattr(run_folder, "VERSION", run_folder.VERSION - 1)
        run = run_once(ledger)

    found = ledger.find(run)

    assert found.state is RunState.DAMAGED
    assert found.problem.endswith("run.json was written by another version of syncengine and cannot be read.")


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    """The beginning of an id is enough where it is of one run alone; otherwise the known ones are named."""
    ledger = Ledger(tmp_path)
    first, second = run_once(ledger), run_once(ledger)

    assert ledger.find(first).id == first
    with pytest.raises(InputError, match=f"More than one run begins with '{first[:4]}'.*{second}"):
        ledger.find(first[:4])
    with pytest.raises(InputError, match="There is no run 'nonsense'"):
        ledger.find("nonsense")


def test_a_second_run_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    """While one run holds the pair, another is refused with its id, and the ledger shows it running."""
    ledger = Ledger(tmp_path)
    with ledger.locked() as lock:
        run = ledger.begin(lock, NewRun(RunKind.RESYNC, 1, "a test"), needs_bytes=0)
        assert ledger.find(run.id).state is RunState.RUNNING
        with pytest.raises(OccupiedError, match=f"Another run is writing to this pair: run {run.id}, process"):
            ledger.locked().__enter__()

    assert ledger.holder() == ""
    assert ledger.find(run.id).state is RunState.CUT_SHORT


def test_old_runs_are_removed_by_age(tmp_path: Path) -> None:
    """A run past its retention is removed, and the message names it; the last one stays."""
    ledger = Ledger(tmp_path)
    first, second = run_once(ledger), run_once(ledger)

    (result,) = prune(ledger, days=90, later=91)

    assert result.startswith(f"run {first} (")
    assert "more than 90 days old; it can no longer be undone" in result
    assert [run.id for run in ledger.runs()] == [second]


def test_the_oldest_runs_are_removed_by_size(tmp_path: Path) -> None:
    """The oldest go until the rest takes no more disk than allowed, and no longer."""
    ledger = Ledger(tmp_path)
    first, second, third = (run_once(ledger, mb=2) for _ in range(3))

    (result,) = prune(ledger, mb=5)

    assert first in result
    assert [run.id for run in ledger.runs()] == [second, third]


def test_what_is_unfinished_is_never_removed(tmp_path: Path) -> None:
    """Neither a run that was cut short nor one that an unfinished undo needs is removed, however old."""
    ledger = Ledger(tmp_path)
    undone = run_once(ledger)
    remaining = [undone, run_once(ledger, ended=False), run_once(ledger, ended=False, undoes=undone), run_once(ledger)]

    assert prune(ledger, days=1, mb=0, later=400) == []
    assert [run.id for run in ledger.runs()] == remaining


def test_no_room_is_reported_before_anything_is_begun(tmp_path: Path) -> None:
    """A run that would need more disk than is free is not begun."""
    ledger = Ledger(tmp_path)
    with ledger.locked() as lock, pytest.raises(StagingError, match=r"no disk space left for staging.*MB are needed"):
        ledger.begin(lock, NewRun(RunKind.RESYNC, 1, "a test"), needs_bytes=2**62)

    assert ledger.runs() == ()


def test_half_a_last_line_is_left_out_and_repaired(tmp_path: Path) -> None:
    """A mark that was cut off by a crash was never relied on; the next one does not stick to it."""
    file = tmp_path / "steps.jsonl"
    create_marks(file)
    append_mark(file, {"mark": "one"})
    with file.open("ab") as marks:
        marks.write(b'{"at": "2000-06-05T05:00:00", "mark": "tw')

    assert [mark["mark"] for mark in read_marks(file)] == ["one"]
    repair_end(file)
    append_mark(file, {"mark": "three"})
    assert [mark["mark"] for mark in read_marks(file)] == ["one", "three"]


@pytest.mark.parametrize("place", [3, 20, 40])
def test_a_damaged_line_is_reported(tmp_path: Path, place: int) -> None:
    """A mark in which a byte has changed is not believed: the file and the line are named."""
    file = tmp_path / "steps.jsonl"
    create_marks(file)
    append_mark(file, {"mark": "one", "step": 1})
    append_mark(file, {"mark": "two", "step": 2})
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)

    with pytest.raises(StagingError, match=r"steps\.jsonl is damaged in line 1"):
        list(read_marks(file))


def test_a_damaged_run_is_listed_as_such(tmp_path: Path) -> None:
    """One run whose folder cannot be read does not hide the others."""
    ledger = Ledger(tmp_path)
    first, second = run_once(ledger), run_once(ledger)
    (tmp_path / "runs" / first / "run.json").write_text("{")

    records = {run.id: run for run in ledger.runs()}

    assert records[first].state is RunState.DAMAGED
    assert "run.json is damaged" in records[first].problem
    assert records[second].state is RunState.DONE
