"""Runs that affect each other: undone and resumed, damaged, old, or of servers the pair no longer names."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from syncengine.app import Pair, VerifiedRun
from syncengine.execute.transaction import BatchWriter
from syncengine.model.errors import RefusedError, StagingError
from syncengine.model.pair import Role
from syncengine.model.plan import SkipReason
from syncengine.model.run import BatchState, RunState
from syncengine.servers.protocol import Server
from syncengine.servers.throttle import Throttle
from tests.builders import Files, build_files, ledger_of, row
from tests.cli.terminal import Typing
from tests.damaged_runs import change_header, killed_after
from tests.interference import Interference, interfere
from tests.jobs.backfill.backfills import backfill, finished, history
from tests.scenes import trunks
from tests.servers.contract.kinds import as_arrow

WINDOW = "2000-06-05 05:00..06:29"


def pair_of(folder: Path, settings: str = "limits.step_rows = 4") -> Files:
    """Build a pair of which three intervals differ, each a step of its own."""
    return build_files(
        folder,
        ["htrunk"],
        both={"htrunk": [*trunks(400, 500), *trunks(630, 700)]},
        primary={"htrunk": trunks(500, 630, incalls=9)},
        secondary={"htrunk": trunks(500, 630)},
        settings=settings,
    )


def resync(pair: Pair) -> VerifiedRun:
    """Resync the three intervals."""
    return pair.execute(pair.plan_resync(window=WINDOW, tables=("htrunk",)))


def dies(monkeypatch: pytest.MonkeyPatch, *, after: int, committed: bool = False) -> None:
    """Have this process lose a run after some batches, before the next is begun or right after its commit."""
    write, count = BatchWriter.write, [0]

    def dying(self: BatchWriter, *given: object, **named: object) -> None:
        count[0] += 1
        if count[0] == after + 1:
            if committed:
                with monkeypatch.context() as patched:
                    patched.setattr(BatchWriter, "_report", _die)
                    write(self, *given, **named)  # type: ignore[arg-type]
            raise SystemExit(9)
        write(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchWriter, "write", dying)


def _die(*_: object) -> None:
    raise SystemExit(9)


def marks_of(files: Files) -> Path:
    """Return the file of marks of the only run."""
    (marks,) = (files.folder / "pair.staging").rglob("steps.jsonl")
    return marks


@pytest.mark.soak
def test_an_old_run_is_there_for_its_undo(tmp_path: Path) -> None:
    """A run that is beyond its age is not removed by the undo that is about to need it."""
    files = pair_of(tmp_path)
    before = files.bag("secondary", "htrunk")
    first = resync(files.open()).outcome.run_id
    files.run("primary", "UPDATE htrunk SET incalls = 7 WHERE starttime = 430")
    pair = files.open()
    pair.execute(pair.plan_resync(window="2000-06-05 04:30..04:59", tables=("htrunk",)))
    for header in (files.folder / "pair.staging").rglob("run.json"):
        change_header(header, begun="1999-01-01T00:00:00")

    undone = pair.execute(pair.plan_undo(first))

    assert undone.outcome.done
    assert not undone.unlike
    assert files.bag("secondary", "htrunk", "starttime >= 500") == [one for one in before if int(one[1] or 0) >= 500]


@pytest.mark.soak
def test_every_damaged_mark_leaves_runs_to_be_listed(tmp_path: Path, typed: Typing) -> None:
    """The commands that list runs report any damaged mark, and a new resync can still work."""
    files = pair_of(tmp_path)
    resync(files.open())
    marks = marks_of(files)
    lines = marks.read_bytes().splitlines(keepends=True)
    for number in range(len(lines)):
        damaged = bytearray(lines[number])
        damaged[len(damaged) // 2] ^= 1
        marks.write_bytes(b"".join([*lines[:number], bytes(damaged), *lines[number + 1 :]]))

        (run,) = files.open().runs()

        assert run.state is RunState.DAMAGED
        assert f"line {number + 1}" in run.problem
        assert typed("runs", "--pair", files.pair_file).code == 0
        assert typed("status", "--ledger", "--pair", files.pair_file).code == 3
    assert resync(files.open()).outcome.done


def test_a_damaged_last_run_is_not_passed_over(tmp_path: Path) -> None:
    """Undo and resume without a name mean the last run, also where that is damaged, and not the one before it."""
    files = pair_of(tmp_path)
    resync(files.open())
    first = marks_of(files)
    files.run("primary", "UPDATE htrunk SET incalls = 8 WHERE starttime = 500")
    resync(files.open())
    (last,) = {*(files.folder / "pair.staging").rglob("steps.jsonl")} - {first}
    after = files.bag("secondary", "htrunk")
    last.write_bytes(last.read_bytes().replace(b'"planned"', b'"plammed"', 1))
    pair = files.open()

    with pytest.raises(StagingError, match="damaged"):
        pair.plan_undo()
    last.with_name("run.json").write_text("{")
    with pytest.raises(StagingError, match="whether it is the last one"):
        pair.plan_undo()
    assert files.bag("secondary", "htrunk") == after


def test_a_damaged_run_is_removed_on_request_only(tmp_path: Path, typed: Typing) -> None:
    """A damaged run of any age stays until the user removes it by its name and confirms that."""
    files = pair_of(tmp_path)
    run = resync(files.open()).outcome.run_id
    marks_of(files).with_name("run.json").write_text("{")
    pruned = list(ledger_of(files.pair_file).prune(keep_days=1, keep_mb=0, now=datetime(2100, 1, 1)))

    question = typed("runs", run, "--remove", "--pair", files.pair_file)
    unnamed = typed("runs", "--remove", "--yes", "--pair", files.pair_file)
    remaining = len(files.open().runs())
    removed = typed("runs", run, "--remove", "--yes", "--pair", files.pair_file)

    assert (pruned, remaining) == ([], 1)
    assert (question.code, unnamed.code, removed.code) == (2, 2, 0)
    assert "Add --yes to remove the run." in question.err
    assert "syncengine runs RUN --remove" in unnamed.err
    assert f"Run {run} was removed; it can no longer be undone." in removed.out
    assert files.open().runs() == ()
    assert [*(files.folder / "pair.staging" / "runs").iterdir()] == []


def test_a_run_with_an_open_step_is_not_removed(tmp_path: Path, typed: Typing) -> None:
    """What became of an open step is found out before its journal goes."""
    files = pair_of(tmp_path)
    run = resync(files.open()).outcome.run_id
    lines = marks_of(files).read_bytes().splitlines(keepends=True)
    opened = next(number for number, line in enumerate(lines) if b'"open"' in line)
    killed_after(marks_of(files), opened + 1)

    result = typed("runs", run, "--remove", "--yes", "--pair", files.pair_file)

    assert result.code == 2
    assert f"Run {run} cannot be removed: a step of it has an unknown outcome." in result.err
    assert len(files.open().runs()) == 1


@pytest.mark.soak("undo", "resume")
@pytest.mark.parametrize("command", ["resume", "undo", "resync"])
def test_an_open_step_is_not_searched_on_another_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Where the pair file names a copy of the server a run wrote to, nothing is concluded from the copy."""
    files = pair_of(tmp_path / "pair")
    before = files.bag("secondary", "htrunk")
    copy = files.folder / "copy.duckdb"
    with monkeypatch.context() as patched:
        dies(patched, after=1, committed=True)
        with pytest.raises(SystemExit):
            resync(files.open())
    marks = marks_of(files).read_bytes()
    shutil.copyfile(files.database(Role.SECONDARY), copy)
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace("secondary.duckdb", "copy.duckdb"))

    pair = files.open()
    if command == "resync":
        assert "on another server" in " ".join(resync(pair).notes)
    else:
        with pytest.raises(RefusedError, match="another secondary server"):
            pair.resume() if command == "resume" else pair.plan_undo()
    found = (files.folder / "pair.staging").rglob("steps.jsonl")
    (run,) = (one for one in found if one.read_bytes().startswith(marks))
    assert b'"mark": "batch"' not in run.read_bytes().removeprefix(marks)
    files.pair_file.write_text(text)
    pair = files.open()
    assert pair.execute(pair.plan_undo(run.parent.name)).outcome.done
    assert files.bag("secondary", "htrunk") == before


@pytest.mark.soak
def test_a_backfill_is_not_resumed_on_other_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two portions nothing of a plan tells, but the plans before it do."""
    files = history(tmp_path / "pair")
    with monkeypatch.context() as patched:
        dies(patched, after=4)
        with pytest.raises(SystemExit):
            backfill(files)
    shutil.copyfile(files.database(Role.SECONDARY), files.folder / "copy.duckdb")
    files.pair_file.write_text(files.pair_file.read_text().replace("secondary.duckdb", "copy.duckdb"))

    with pytest.raises(RefusedError, match="another secondary server"):
        files.open().resume()


def test_many_synonyms_are_copied_with_their_groups(tmp_path: Path) -> None:
    """However many rows the names of several ACDs are, they and their agent groups are one step, a part a table."""
    names = [row("synonyms", acd_no=acd, item_name=f"{n}", value=f"{n}") for acd in (1, 2, 3) for n in range(9)]
    groups = [row("agroups", acd_no=acd, item_name="x", value=f"{acd}") for acd in (1, 2, 3)]
    files = build_files(
        tmp_path,
        ["synonyms", "agroups"],
        primary={"synonyms": names, "agroups": groups},
        acds={1: 30, 2: 30, 3: 30},
        settings="limits.step_rows = 10",
    )
    pair = files.open()

    done = pair.execute(pair.plan_sync(tables=("synonyms", "agroups")))

    assert done.outcome.done, done.outcome
    assert [len(step.parts) for step in done.plan.steps] == [2]
    assert files.bag("secondary", "synonyms") == files.bag("primary", "synonyms")


def test_an_undone_run_is_not_resumed(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the undo of a run that was cut short nothing is left to do, and a resume says which run took it back."""
    files = pair_of(tmp_path)
    before = files.bag("secondary", "htrunk")
    with monkeypatch.context() as patched:
        dies(patched, after=2)
        with pytest.raises(SystemExit):
            resync(files.open())
    (cut,) = files.open().runs()
    assert typed("status", "--ledger", "--pair", files.pair_file).code == 5

    assert typed("undo", "--yes", "--pair", files.pair_file).code == 0

    assert files.bag("secondary", "htrunk") == before
    assert typed("status", "--ledger", "--pair", files.pair_file).code == 0
    result = typed("resume", cut.id, "--pair", files.pair_file)
    assert (result.code, "was undone by run" in result.err) == (2, True)
    assert files.bag("secondary", "htrunk") == before


def test_an_undo_does_not_claim_what_it_skipped(tmp_path: Path, typed: Typing) -> None:
    """Where somebody else's bucket was left, neither the undo nor the list of runs says that all is as before."""
    files = pair_of(tmp_path)
    run = resync(files.open()).outcome.run_id
    files.run("secondary", "UPDATE htrunk SET incalls = 77 WHERE starttime = 500 AND tkgrp = 1")

    result = typed("undo", "--yes", "--pair", files.pair_file)

    assert result.code == 5
    assert "the restored rows are as they were before" in result.out
    assert f"not all of run {run}" in result.out
    assert "not all as before" in typed("report", "--pair", files.pair_file).out


def test_rows_that_changed_are_for_a_new_run(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step skipped because its rows had changed is for a new run of the same command, not for a resume."""
    files = pair_of(tmp_path)
    begun = [0]

    def moving(server: Server) -> None:
        begun[0] += 1
        if begun[0] == 2:
            with server.begin() as session:
                session.insert("htrunk", as_arrow("htrunk", trunks(530, 600, tkgrp=8)[:1]).to_reader())
                session.commit()

    with monkeypatch.context() as patched:
        interfere(patched, Role.SECONDARY, Interference(before_begin=moving))
        result = typed("resync", "--yes", "--pair", files.pair_file, "--window", WINDOW, "--table", "htrunk")

    assert result.code == 5
    assert "syncengine resume" not in result.out
    assert "again as this run was begun: it plans the rest anew" in result.text
    assert typed("status", "--ledger", "--pair", files.pair_file).code == 0
    resumed = typed("resume", "--pair", files.pair_file)
    assert (resumed.code, "Run its command again" in resumed.err) == (2, True)
    again = typed("resync", "--yes", "--pair", files.pair_file, "--window", WINDOW, "--table", "htrunk")
    assert again.code == 0
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_steps_of_unknown_outcome_are_named_by_an_undo(tmp_path: Path) -> None:
    """What nobody could find out about is not passed over in silence by the undo of the rest."""
    files = pair_of(tmp_path)
    resync(files.open())
    marks = marks_of(files)
    run = ledger_of(files.pair_file).folder(marks.parent.name)
    last = files.open().runs()[-1].done[-1]
    run.mark_batch(last.place, BatchState.UNKNOWN, into=last.into, why="its commit was lost")

    plan = files.open().plan_undo()

    assert [(one.table, one.reason) for one in plan.skipped] == [("htrunk", SkipReason.UNKNOWN)]
    assert len(plan.steps) == 2


@pytest.mark.soak
def test_a_backfill_whose_oldest_portion_is_gone_is_undone(tmp_path: Path) -> None:
    """Where the first portion could not be compared any more there is no plan of it, and the undo needs none."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": trunks(400, 600)},
        settings="retention = { interval = 5 }",
    )
    files.run("primary", "INSERT INTO htrunk SELECT * REPLACE (DATE '2000-05-01' AS row_date) FROM htrunk")
    files.run("primary", "INSERT INTO htrunk SELECT * REPLACE (DATE '2000-06-03' AS row_date) FROM htrunk LIMIT 4")
    done = backfill(files, window="2000-05..2000-06-04", tables=("htrunk",), newest_first=False)
    assert finished(done)
    (run,) = files.open().runs()
    assert 1 not in run.portions_saved
    assert files.bag("secondary", "htrunk")

    pair = files.open()
    assert pair.execute(pair.plan_undo()).outcome.done
    assert files.bag("secondary", "htrunk") == []


def test_a_rate_applies_after_a_portion_that_was_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portion that cannot be compared interrupts the servers; those after it are held back all the same."""
    files = build_files(
        tmp_path, ["htrunk"], primary={"htrunk": trunks(400, 600)}, settings="retention = { interval = 5 }"
    )
    files.run("primary", "INSERT INTO htrunk SELECT * REPLACE (DATE '2000-05-01' AS row_date) FROM htrunk")
    files.run("primary", "INSERT INTO htrunk SELECT * REPLACE (DATE '2000-06-03' AS row_date) FROM htrunk LIMIT 8")
    held: list[bool] = []
    take = Throttle.take

    def watched(self: Throttle, rows: int) -> None:
        held.append(not self._released.is_set())
        take(self, rows)

    monkeypatch.setattr(Throttle, "take", watched)

    assert finished(
        backfill(files, window="2000-05..2000-06-04", tables=("htrunk",), newest_first=False, rows_per_second=1000)
    )
    assert held
    assert all(held)


@pytest.mark.soak
def test_slow_rates_give_queries_their_time(tmp_path: Path) -> None:
    """A backfill that is held back on purpose is not stopped because its queries take long."""
    files = history(tmp_path, settings="limits.query_seconds = 1")

    assert finished(backfill(files, tables=("htrunk",), rows_per_second=6, window="2000-06-01"))
