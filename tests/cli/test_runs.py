"""The commands that show runs, resume them and undo them."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from syncengine.execute.transaction import BatchWriter
from syncengine.report.run_text import print_runs
from tests.builders import Files, build_files, half_hours
from tests.cli.terminal import CommandResult, Typing

WINDOW = ("--window", "2000-06-05 00:00..05:59", "--table", "hsplit")


def pair_of(folder: Path, settings: str = "") -> Files:
    """Return a pair whose secondary lacks some intervals and has others wrong."""
    return build_files(
        folder,
        both={"hsplit": half_hours(0, 300)},
        primary={"hsplit": half_hours(300, 600)},
        secondary={"hsplit": half_hours(500, 600, acdcalls=9)},
        settings=settings,
    )


def resync(files: Files, typed: Typing) -> str:
    """Resync everything, and return the id of the run."""
    result = typed("resync", "--pair", files.pair_file, *WINDOW, "--yes", "--json")
    assert result.code == 0, result.err
    return str(result.document["outcome"]["run"])


def cut_short(files: Files, typed: Typing, monkeypatch: pytest.MonkeyPatch, *, after: int) -> CommandResult:
    """Resync, with a process that dies after some batches were begun."""
    write, count = BatchWriter.write, [0]

    def dying(self: BatchWriter, *given: object, **named: object) -> None:
        count[0] += 1
        if count[0] > after:
            raise SystemExit(9)
        write(self, *given, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(BatchWriter, "write", dying)
        with pytest.raises(SystemExit):
            typed("resync", "--pair", files.pair_file, *WINDOW, "--yes")
    return typed("status", "--ledger", "--pair", files.pair_file)


def test_a_run_is_listed_and_shown(tmp_path: Path, typed: Typing) -> None:
    """`runs` lists it, `runs RUN` shows its tables with rows and time, `report` its plan too, by a part of its id."""
    files = pair_of(tmp_path)
    run = resync(files, typed)

    listed = typed("runs", "--pair", files.pair_file)
    shown = typed("runs", run[:12], "--pair", files.pair_file)
    report = typed("report", "--pair", files.pair_file)

    assert (listed.code, shown.code, report.code) == (0, 0, 0)
    assert run in listed.out
    assert "2 of 2" in listed.out
    assert "12 rows written in place of 4 rows" in shown.out
    assert f"To undo it:\n  syncengine undo {run}" in shown.out
    assert "Plan: replace from primary to secondary" in report.out
    assert "checked afterwards: in sync" in report.out


def test_documents_of_runs(tmp_path: Path, typed: Typing) -> None:
    """The list, one run and its report are JSON documents too."""
    files = pair_of(tmp_path)
    run = resync(files, typed)

    listed = typed("runs", "--pair", files.pair_file, "--json").document
    shown = typed("runs", run, "--pair", files.pair_file, "--json").document
    report = typed("report", run, "--pair", files.pair_file, "--json").document

    assert (listed["format"], listed["writing_now"]) == ("syncengine.runs", None)
    assert [one["run"] for one in listed["runs"]] == [run]
    assert (shown["state"], shown["rows_inserted"], shown["in_sync_after"]) == ("done", 12, True)
    assert [batch["state"] for batch in shown["batches"]] == ["done", "done"]
    assert report["plans"][0]["format"] == "syncengine.plan-summary"


def test_nothing_was_ever_run(tmp_path: Path, typed: Typing) -> None:
    """Without any run the lists are empty, and what needs one says in a sentence that there is none."""
    files = pair_of(tmp_path)

    assert "No run is saved" in typed("runs", "--pair", files.pair_file).out
    assert typed("status", "--ledger", "--pair", files.pair_file).code == 0
    for command in ("report", "resume", "undo"):
        result = typed(command, "--pair", files.pair_file)
        assert (result.code, result.err.count("\n")) == (2, 1)
        assert "No run of this pair is recorded" in result.err
        assert "`syncengine runs --pair" in result.err
    assert not (tmp_path / "pair.staging").exists()


def test_a_run_is_undone_and_done_again(tmp_path: Path, typed: Typing) -> None:
    """An undo gives back every row as it was, and the undo of that the rows of the run."""
    files = pair_of(tmp_path)
    before = files.bag("secondary", "hsplit")
    run = resync(files, typed)
    after = files.bag("secondary", "hsplit")

    dry_run = typed("undo", "--pair", files.pair_file, "--dry-run")
    assert (dry_run.code, files.bag("secondary", "hsplit")) == (3, after)
    assert f"Plan: undo of run {run}" in dry_run.out
    undone = typed("undo", "--pair", files.pair_file, "--yes")
    assert (undone.code, files.bag("secondary", "hsplit")) == (0, before)
    assert f"the rows of run {run} are as they were before" in undone.out
    assert "undone by" in typed("runs", "--pair", files.pair_file).out
    assert typed("undo", "--pair", files.pair_file, "--yes").code == 0
    assert files.bag("secondary", "hsplit") == after


def test_an_undo_skips_what_somebody_else_has_changed(tmp_path: Path, typed: Typing) -> None:
    """A bucket that was changed since is named and skipped, the rest is undone, and the exit code is 5."""
    files = pair_of(tmp_path)
    resync(files, typed)
    files.run("secondary", "UPDATE hsplit SET acdcalls = 77 WHERE starttime = 300 AND split = 1")

    result = typed("undo", "--pair", files.pair_file, "--yes")

    assert result.code == 5
    assert "hsplit  ACD 1 2000-06-05 03:00-03:29: changed since by another program or user" in result.out
    assert files.run("secondary", "SELECT acdcalls FROM hsplit WHERE starttime = 300 AND split = 1") == [(77,)]
    assert files.run("secondary", "SELECT COUNT(*) FROM hsplit WHERE starttime IN (330, 400, 430)") == [(0,)]


def test_the_runs_of_a_copied_folder_are_not_its_own(tmp_path: Path, typed: Typing) -> None:
    """A copied pair can be worked on; an undo of what ran before it was copied says where that can be undone."""
    files = pair_of(tmp_path / "first")
    resync(files, typed)
    shutil.copytree(files.folder, tmp_path / "copy")

    result = typed("undo", "--pair", tmp_path / "copy" / "pair.toml", "--yes")

    assert result.code in (2, 4)
    assert "A copied folder is another pair" in result.err
    assert typed("undo", "--pair", files.pair_file, "--yes").code == 0


def test_a_file_in_place_of_the_runs_is_an_error(tmp_path: Path, typed: Typing) -> None:
    """Where there is no folder of runs but a file, the commands do not say that there are no runs."""
    files = pair_of(tmp_path)
    (tmp_path / "pair.staging").mkdir(exist_ok=True)
    (tmp_path / "pair.staging" / "runs").write_text("")

    result = typed("runs", "--pair", files.pair_file)

    assert result.code == 1
    assert "is not a folder, so the runs of this pair cannot be read" in result.err


def test_an_undo_of_nothing_that_can_be_is_refused(tmp_path: Path, typed: Typing) -> None:
    """Where a later run has written all of it, the undo is refused, and that run is named."""
    files = pair_of(tmp_path)
    first = resync(files, typed)
    files.run("primary", "UPDATE hsplit SET acdcalls = 78 WHERE starttime >= 300")
    second = resync(files, typed)
    now = files.bag("secondary", "hsplit")

    result = typed("undo", first, "--pair", files.pair_file, "--yes")

    assert result.code == 4
    assert f"a later run has written it since (run {second})" in result.err
    assert files.bag("secondary", "hsplit") == now


def test_a_run_that_was_cut_short_is_resumed(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """`status` ends with 5 and names it, `resume` does what is left, and then nothing is left."""
    files = pair_of(tmp_path)

    status = cut_short(files, typed, monkeypatch, after=1)
    assert status.code == 5
    assert "cut short" in status.out
    assert "To resume it:\n  syncengine resume" in status.out
    resumed = typed("resume", "--pair", files.pair_file)

    assert resumed.code == 0
    assert "2 of 2 steps done" in resumed.out
    assert files.bag("secondary", "hsplit") == files.bag("primary", "hsplit")
    assert typed("status", "--ledger", "--pair", files.pair_file).code == 0
    again = typed("resume", "--pair", files.pair_file)
    assert (again.code, "there is nothing to resume" in again.err) == (2, True)


def test_what_was_staged_is_not_read_again(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crash between staging and writing the source may lose its rows: the staged ones are written."""
    files = pair_of(tmp_path)
    wanted = files.bag("primary", "hsplit")
    cut_short(files, typed, monkeypatch, after=0)
    files.run("primary", "DELETE FROM hsplit WHERE starttime BETWEEN 300 AND 430")

    result = typed("resume", "--pair", files.pair_file)

    assert result.code == 3, result.out + result.err
    assert files.bag("secondary", "hsplit") == wanted


def test_an_undo_needs_confirmation(tmp_path: Path, typed: Typing) -> None:
    """In a pipe, without --yes or --dry-run, nothing is written and the sentence says what to add."""
    files = pair_of(tmp_path)
    resync(files, typed)

    result = typed("undo", "--pair", files.pair_file)

    assert (result.code, result.err) == (
        2,
        "Cannot ask for confirmation: no terminal. Add --yes to write, or --dry-run to see the plan.\n",
    )


@pytest.mark.soak
def test_runs_beyond_their_retention_are_reported_as_removed(tmp_path: Path, typed: Typing) -> None:
    """A run that is removed for its age is named by the run that removes it."""
    files = pair_of(tmp_path, settings="")
    first = resync(files, typed)
    text = files.pair_file.read_text()
    files.pair_file.write_text(f"{text}\n[limits]\nkeep_mb = 0\n")
    files.run("primary", "UPDATE hsplit SET acdcalls = 78 WHERE starttime = 0")
    second = resync(files, typed)
    files.run("primary", "UPDATE hsplit SET acdcalls = 79 WHERE starttime = 0")

    result = typed("resync", "--pair", files.pair_file, *WINDOW, "--yes")

    assert f"Note: run {first} (" in result.out
    assert [one["run"] for one in typed("runs", "--pair", files.pair_file, "--json").document["runs"]][1:] == [second]


def test_ids_are_whole_on_a_narrow_screen(tmp_path: Path, typed: Typing) -> None:
    """The list of runs can be typed from, be the terminal as narrow as it was in 2000."""
    files = pair_of(tmp_path)
    run = resync(files, typed)
    paper = StringIO()

    print_runs(Console(file=paper, width=80), files.open().runs(), "pair.toml")

    listed = paper.getvalue()
    assert run in listed
    assert "2 of 2" in listed
    assert all(len(line) <= 80 for line in listed.splitlines())
