"""`syncengine backfill`: what it prints, what it asks, and how it ends."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from syncengine.cli import terminal
from syncengine.execute.transaction import BatchWriter
from tests.builders import Files, build_files
from tests.cli.terminal import CommandResult, Typing, answering, is_one_sentence
from tests.scenes import code, trunks

DAYS = tuple(date(2000, 6, day) for day in (1, 2, 3))
WINDOW = ("--window", "2000-06-01..2000-06-03")
TABLES = ("--table", "htrunk", "--table", "hcwc")


def history(folder: Path, **options: Any) -> Files:
    """Build a pair whose primary holds three days and whose secondary is newly installed."""
    return build_files(
        folder,
        ["htrunk", "hcwc"],
        primary={
            "htrunk": [one for day in DAYS for one in trunks(400, 600, row_date=day)],
            "hcwc": [code(label, row_date=day) for day in DAYS for label in (400, 430)],
        },
        **options,
    )


def backfill(files: Files, typed: Typing, *words: str) -> CommandResult:
    """Type a backfill of three days, a day a portion."""
    return typed("backfill", "--pair", files.pair_file, *WINDOW, *TABLES, "--portion-days", "1", *words)


def stopped_before(monkeypatch: pytest.MonkeyPatch, batch: int, error: BaseException) -> None:
    """Hit the next run with an exception before its batch of a number."""
    write, count = BatchWriter.write, [0]

    def write_or_fail(self: BatchWriter, *given: Any, **named: Any) -> None:
        count[0] += 1
        if count[0] == batch:
            raise error
        write(self, *given, **named)

    monkeypatch.setattr(BatchWriter, "write", write_or_fail)


def rows(files: Files) -> int:
    """Return how many trunk rows the secondary holds."""
    return int(files.run("secondary", "SELECT count(*) FROM htrunk")[0][0])


def test_a_dry_run_shows_every_portion_and_writes_nothing(tmp_path: Path, typed: Typing) -> None:
    """One line a portion says what would be written, the sum stands beside, no run is begun, and the exit code is 3."""
    files = history(tmp_path)

    result = backfill(files, typed, "--dry-run")

    assert (result.code, rows(files)) == (3, 0)
    lines = [line for line in result.out.splitlines() if line.startswith("portion ") and "step" in line]
    assert [line.split()[2] for line in lines] == ["2000-06-03", "2000-06-02", "2000-06-01"]
    assert all("2 steps, add 10, change 0, delete 0 rows" in line for line in lines)
    assert "3 portions, 30 rows on primary" in result.out
    assert typed("runs", "--pair", files.pair_file, "--json").document["runs"] == []


def test_a_backfill_says_what_became_of_each_portion(tmp_path: Path, typed: Typing) -> None:
    """It ends with a line a portion, the run, and exit code 0 where all of it is in sync."""
    files = history(tmp_path)

    result = backfill(files, typed, "--yes", "--order", "oldest")

    assert result.code == 0, result.text
    assert result.out.count("  in sync\n") == 3
    assert "3 portions done this time. In all, 0 rows deleted and 30 rows inserted." in result.text
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")
    assert "in sync" in typed("runs", files.open().run().id, "--pair", files.pair_file).out


@pytest.mark.soak
def test_documents_of_a_backfill(tmp_path: Path, typed: Typing) -> None:
    """With --json the portions, their plans and what became of them are one document."""
    files = history(tmp_path)

    planned = backfill(files, typed, "--dry-run", "--json").document
    done = backfill(files, typed, "--yes", "--json").document

    assert (planned["dry_run"], len(planned["portions"]), len(planned["plans"])) == (True, 3, 3)
    assert planned["portions"][0]["rows_at_source"] == 10
    assert (done["outcome"]["done"], done["outcome"]["rows_inserted"]) == (True, 30)
    assert [portion["in_sync"] for portion in done["portions"]] == [True, True, True]


def test_it_confirms_before_it_writes(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal nothing is done; after "no" nothing is written."""
    files = history(tmp_path)

    alone = backfill(files, typed)
    assert (alone.code, is_one_sentence(alone.err)) == (2, True)
    assert "no terminal" in alone.err

    answering(monkeypatch, "n")
    refused = backfill(files, typed)
    assert (refused.code, rows(files)) == (130, 0)
    assert "Nothing was written." in refused.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--hours", "night"), "Not valid hours: night. Type them as 22:00-05:00."),
        (("--policy", "reconcile", "--from", "secondary"), "Leave --from out."),
        (("--table", "nonsense"), "nonsense"),
        (("--table", "synonyms"), "synonyms has no time, and backfill copies history by time."),
        (("--acd", "77"), "Neither server has ACD 77."),
        (("--window", "yesterday-ish"), "yesterday-ish"),
        (("--rows-per-second", "0"), "rows-per-second"),
        (("--policy", "rows"), "'--policy': 'rows' is not one of 'replace', 'fill', 'reconcile'"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, typed: Typing, words: tuple[str, ...], sentence: str) -> None:
    """A slip ends with exit code 2 and a sentence that names it; no run is begun."""
    files = history(tmp_path)

    result = backfill(files, typed, "--yes", *words)

    assert result.code == 2, result.text
    assert sentence in result.text
    assert "Traceback" not in result.err
    assert files.open().runs() == ()


def test_a_stopped_backfill_names_the_command_that_resumes_it(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends with exit code 130 and names `resume`, which does the rest and ends with 0."""
    files = history(tmp_path)
    stopped_before(monkeypatch, 4, KeyboardInterrupt())

    result = backfill(files, typed, "--yes")

    run = files.open().run().id
    assert result.code == 130
    assert f"To resume it:\n  syncengine resume {run} " in result.out
    assert f"syncengine resume {run}" in typed("status", "--ledger", "--pair", files.pair_file).text
    again = typed("resume", "--pair", files.pair_file)
    assert again.code == 0, again.text
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


@pytest.mark.soak
def test_drift_that_remains_is_reported(tmp_path: Path, typed: Typing) -> None:
    """What fill leaves as it is makes the exit code 3, and the portion says that drift remains."""
    files = history(tmp_path, secondary={"htrunk": trunks(400, 430, row_date=DAYS[0], incalls=99)})

    result = backfill(files, typed, "--yes")

    assert result.code == 3
    assert result.out.count("drift remains") == 1


def test_a_refusal_of_everything_is_a_refusal(tmp_path: Path, typed: Typing) -> None:
    """Where the first portion is refused the exit code is 4 and the sentence is that of the rule."""
    files = history(tmp_path)
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace("r3v8ag.f", "r3v9aa.a", 1))

    result = backfill(files, typed, "--yes")

    assert (result.code, rows(files)) == (4, 0)
    assert "The servers run different CMS loads" in result.err


@pytest.mark.soak
def test_a_refusal_in_the_middle_is_partly_done(tmp_path: Path, typed: Typing) -> None:
    """A portion that a rule refuses ends the run with exit code 5, its sentence, and how to go on."""
    alone = [code(label, "9", row_date=DAYS[0]) for label in (400, 430)]
    files = history(tmp_path, secondary={"hcwc": alone}, settings="[limits]\ndeletions = 1\n")

    result = backfill(files, typed, "--yes", "--policy", "replace")

    assert "2 rows that only secondary has" in result.out
    assert f"syncengine resume {files.open().run().id}" in result.out
    assert result.code == 5


@pytest.mark.soak
def test_a_resume_remembers_the_drift_of_earlier_portions(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portion in which drift remained before the run was stopped still counts when the resume ends."""
    files = history(tmp_path, secondary={"htrunk": trunks(400, 430, row_date=DAYS[-1], incalls=99)})
    stopped_before(monkeypatch, 4, KeyboardInterrupt())
    assert backfill(files, typed, "--yes").code == 130

    assert typed("resume", "--pair", files.pair_file).code == 3


@pytest.mark.soak
def test_plain_lines_show_the_progress(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from a terminal a line now and then tells rows done of rows, rate, megabytes and time left."""
    monkeypatch.setattr(terminal, "PLAIN_LINE_SECONDS", 0.0)
    files = history(tmp_path)

    result = backfill(files, typed, "--yes")

    lines = [line for line in result.err.splitlines() if line.startswith("Copying: ")]
    assert any(" of 30, " in line and "rows/s" in line and " MB" in line and " s left" in line for line in lines)
    done = [int(line.split()[1]) for line in lines]
    assert done == sorted(done)
    assert done[-1] == 30


@pytest.mark.soak
def test_progress_continues_where_it_was(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart what was copied before counts as done."""
    files = history(tmp_path)
    stopped_before(monkeypatch, 4, KeyboardInterrupt())
    backfill(files, typed, "--yes")
    monkeypatch.setattr(terminal, "PLAIN_LINE_SECONDS", 0.0)

    result = typed("resume", "--pair", files.pair_file)

    done = [int(line.split()[1]) for line in result.err.splitlines() if line.startswith("Copying: ")]
    assert min(done) >= 10
    assert done[-1] == 30


@pytest.mark.soak
def test_steps_of_portions_that_are_not_planned_are_not_counted(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backfill that is half planned does not look done: the list says how many portions its steps are of."""
    files = history(tmp_path)
    stopped_before(monkeypatch, 3, KeyboardInterrupt())
    backfill(files, typed, "--yes")

    listed = typed("runs", "--pair", files.pair_file)
    [run] = files.open().runs()
    shown = typed("runs", run.id, "--pair", files.pair_file)
    typed("resume", "--pair", files.pair_file)

    assert f"{run.steps_done} of {run.steps} in 2 of 3 portions" in listed.out
    assert f"{run.steps_done} of 4 steps in 2 of 3 portions done" in shown.out
    assert "6 of 6 " in typed("runs", "--pair", files.pair_file).out
    assert "of 3 portions" not in typed("runs", "--pair", files.pair_file).out


def test_what_was_stopped_before_its_first_write_is_offered(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backfill that is cut into portions and has written nothing is left to do, as one that has."""
    files = history(tmp_path)
    with monkeypatch.context() as patch:
        stopped_before(patch, 1, KeyboardInterrupt())
        assert backfill(files, typed, "--yes").code == 130

    result = typed("status", "--ledger", "--pair", files.pair_file)

    assert result.code == 5
    assert f"syncengine resume {files.open().run().id}" in result.text
