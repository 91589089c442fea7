"""Backfills that are stopped, killed, refused or meet changed rows: the run is resumed, or undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from syncengine.jobs.backfill.portion_run import BackfillRun
from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from syncengine.model.portions import Portion
from syncengine.model.run import RunState
from syncengine.servers.protocol import Server
from syncengine.staging.run_folder import RunFolder
from tests.builders import Files, build_files, ledger_of
from tests.cli.terminal import Typing
from tests.interference import Interference, interfere
from tests.jobs.backfill.backfills import DAYS, TABLES, alike, backfill, finished, history, tables_of
from tests.scenes import code, trunks
from tests.servers.contract.kinds import as_arrow


@pytest.mark.soak
def test_a_backfill_stopped_in_a_portion_is_resumed_there(
    tmp_path: Path, before_batch: Callable[[int, BaseException], None], rows_read: Counter[tuple[str, date]]
) -> None:
    """After Ctrl-C in the second portion a resume does the rest; together they read what one run reads."""
    files, whole = history(tmp_path / "stopped"), history(tmp_path / "whole")
    before_batch(4, KeyboardInterrupt())

    ran = backfill(files)

    record = files.open().run()
    assert (ran.outcome.cancelled, record.state, record.portions_done) == (True, RunState.PARTLY, (1,))
    done = {(batch.place.portion, batch.place.step) for batch in record.done}
    assert len(done) == 4
    again = files.open().resume()

    assert finished(again), again.outcome.stopped
    assert alike(files, *TABLES)
    assert [batch.place for batch in files.open().run().done if (batch.place.portion, batch.place.step) in done] == [
        batch.place for batch in record.done
    ]
    reads = Counter(rows_read)
    rows_read.clear()
    backfill(whole)
    assert reads == rows_read


@pytest.mark.soak
def test_a_backfill_killed_between_portions_is_resumed(
    tmp_path: Path, before_batch: Callable[[int, BaseException], None]
) -> None:
    """A run whose process was killed is resumed to the same end as one that was not cut short."""
    files, whole = history(tmp_path / "killed"), history(tmp_path / "whole")
    before_batch(6, SystemExit(9))
    with pytest.raises(SystemExit):
        backfill(files)
    assert files.open().run().state is RunState.CUT_SHORT

    again = files.open().resume()
    backfill(whole)

    record = files.open().run()
    assert (finished(again), record.state) == (True, RunState.DONE)
    assert sorted(record.portions_done) == [1, 2, 3, 4]
    assert tables_of(files, *TABLES) == tables_of(whole, *TABLES)


@pytest.mark.soak
def test_a_resume_cuts_nothing_anew(tmp_path: Path, before_batch: Callable[[int, BaseException], None]) -> None:
    """Rows added to the source since the run was begun do not change its portions."""
    files = history(tmp_path)
    before_batch(4, KeyboardInterrupt())
    backfill(files)
    folder = ledger_of(files.pair_file).folder(files.open().run().id)
    portions = folder.portions()
    files.add("primary", "hcwc", *(code(530, str(name), row_date=DAYS[0]) for name in range(8)))

    again = files.open().resume()

    assert folder.portions() == portions
    assert finished(again), again.outcome.stopped
    assert alike(files, *TABLES)


@pytest.mark.soak
def test_an_undo_restores_the_empty_server(tmp_path: Path) -> None:
    """All rows a backfill wrote are removed again, through all its portions."""
    files = history(tmp_path)
    before = tables_of(files, *TABLES)
    backfill(files)
    assert alike(files, *TABLES)

    pair = files.open()
    undone = pair.execute(pair.plan_undo())

    assert (finished(undone), undone.unlike) == (True, ())
    assert tables_of(files, *TABLES) == before


@pytest.mark.soak
def test_an_undo_after_a_resume_restores_the_empty_server(
    tmp_path: Path, before_batch: Callable[[int, BaseException], None]
) -> None:
    """A backfill that was cut short and resumed is undone like any other."""
    files = history(tmp_path)
    before = tables_of(files, *TABLES)
    before_batch(5, KeyboardInterrupt())
    backfill(files)
    files.open().resume()

    pair = files.open()
    pair.execute(pair.plan_undo())

    assert tables_of(files, *TABLES) == before


@pytest.mark.soak
def test_a_backfill_killed_before_it_was_cut_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose portions are not saved yet cannot be resumed, and the refusal says so."""
    files = history(tmp_path)

    def dying(self: RunFolder, portions: object) -> None:
        del self, portions
        raise SystemExit(9)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "save_portions", dying)
        with pytest.raises(SystemExit):
            backfill(files)

    with pytest.raises(InputError, match=r"cut short before it had planned anything\. Run its command again"):
        files.open().resume()
    assert finished(backfill(files))


@pytest.mark.soak
def test_a_refusal_in_the_middle_leaves_a_run_that_can_be_resumed(tmp_path: Path) -> None:
    """Deletions above the ceiling stop at their portion with the sentence; those before it stay done (rule 13)."""
    alone = [code(label, "9", row_date=DAYS[1]) for label in (400, 430, 500)]
    files = history(tmp_path, secondary={"hcwc": alone}, settings="[limits]\ndeletions = 2\n")

    ran = backfill(files, policy="replace")

    assert "3 rows that only secondary has" in ran.outcome.stopped
    assert len(ran.portions) == 2
    assert files.open().run().state is RunState.PARTLY
    files.run("secondary", "DELETE FROM hcwc WHERE trim(cwc) = '9'")
    assert finished(files.open().resume())
    assert alike(files, *TABLES)


@pytest.mark.soak
def test_rows_that_changed_leave_drift_and_nothing_to_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step whose rows changed is skipped, later portions are done, and a new run does the rest."""
    files, begun = history(tmp_path), [0]

    def changing(server: Server) -> None:
        begun[0] += 1
        if begun[0] == 1:
            with server.begin() as session:
                session.insert("htrunk", as_arrow("htrunk", trunks(400, 430, row_date=DAYS[-1], tkgrp=8)).to_reader())
                session.commit()

    with monkeypatch.context() as patched:
        interfere(patched, Role.SECONDARY, Interference(before_begin=changing))
        ran = backfill(files, tables=("htrunk",), policy="replace")

    record = files.open().run()
    assert (ran.outcome.done, ran.outcome.stopped) == (False, "")
    assert [(found.number, found.in_sync) for found in record.portion_records] == [
        (1, False),
        (2, True),
        (3, True),
        (4, True),
    ]
    with pytest.raises(InputError, match="skipped rows that changed since planning"):
        files.open().resume()
    assert finished(backfill(files, tables=("htrunk",), policy="replace"))
    assert alike(files, "htrunk")


def _a_view(files: Files, patched: pytest.MonkeyPatch) -> None:
    del patched
    files.run("secondary", "ALTER TABLE hcwc RENAME TO hcwc_base")
    files.run("secondary", "CREATE VIEW hcwc AS SELECT * FROM hcwc_base")


def _unlike_columns(files: Files, patched: pytest.MonkeyPatch) -> None:
    del patched
    files.run("secondary", "ALTER TABLE hcwc DROP COLUMN cwc")


def _changing(files: Files, patched: pytest.MonkeyPatch) -> None:
    del files
    begun = [0]

    def changing(server: Server) -> None:
        begun[0] += 1
        if begun[0] == 1:
            with server.begin() as session:
                session.insert("hcwc", as_arrow("hcwc", [code(400, "9", row_date=DAYS[1])]).to_reader())
                session.commit()

    interfere(patched, Role.SECONDARY, Interference(before_begin=changing))


@pytest.mark.soak("changed")
@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (_a_view, "cannot be written: hcwc, in portions done before: 1"),
        (_unlike_columns, "not compared: hcwc, in portions done before: 1"),
        (_changing, "drift remained, in portions done before: 1"),
    ],
    ids=["unwritable", "not-compared", "changed"],
)
def test_a_resumed_backfill_ends_like_one_without_a_stop(
    tmp_path: Path,
    typed: Typing,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[Files, pytest.MonkeyPatch], None],
    says: str,
) -> None:
    """Skipped tables of a portion are recorded: stopped after it and resumed, the run ends with the same code."""
    options = ("--window", "2000-06-01..2000-06-02", "--table", "htrunk", "--table", "hcwc", "--portion-days", "1")

    def begun(name: str) -> Files:
        files = build_files(
            tmp_path / name,
            ["htrunk", "hcwc"],
            primary={
                "hcwc": [code(400, row_date=DAYS[1])],
                "htrunk": [one for day in DAYS[:2] for one in trunks(400, 500, row_date=day)],
            },
        )
        trouble(files, monkeypatch)
        return files

    whole = begun("whole")
    in_one_go = typed("backfill", "--pair", whole.pair_file, *options, "--yes")
    files = begun("stopped")
    portion, seen = BackfillRun.copy_portion, [0]

    def stopping(self: BackfillRun, one: Portion) -> None:
        seen[0] += 1
        if seen[0] == 2:
            raise KeyboardInterrupt
        portion(self, one)

    with monkeypatch.context() as patched:
        patched.setattr(BackfillRun, "copy_portion", stopping)
        assert typed("backfill", "--pair", files.pair_file, *options, "--yes").code == 130
    resumed = typed("resume", "--pair", files.pair_file)

    assert (in_one_go.code, resumed.code) == (5, 5), resumed.text
    assert says in resumed.text
    assert files.open().run().portions_done == (1, 2)
