"""What an undo restores, and what it skips, on small pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.cli.main import run_for_code
from syncengine.model.errors import InputError, ServerError, StagingError
from syncengine.model.pair import Role
from syncengine.model.plan import SkipReason
from syncengine.model.refusals import NothingToUndoError
from syncengine.servers.protocol import Server
from tests.builders import DAY, Files, build_files, row
from tests.interference import Interference, interfere
from tests.rules.test_rule_08_expected_differences import exception, exceptions
from tests.rules.test_rule_12_old_end import ago
from tests.scenes import storage, trunk, trunks
from tests.servers.contract.kinds import as_arrow


def aged(folder: Path) -> Files:
    """Build a pair whose servers store ten days; of two days only the primary has an interval."""
    files = build_files(
        folder,
        ["htrunk"],
        both={"htrunk": trunks(400, 700), "dcalloc": [storage("trunks", days=10)]},
        primary={"htrunk": [one for days in (9, 1) for one in trunks(500, 530, row_date=ago(days))]},
    )
    pair = files.open()
    done = pair.execute(pair.plan_resync(window=f"{ago(20)}..{ago(1)}", tables=("htrunk",)))
    assert done.outcome.inserted == 4
    return files


def days_later(files: Files, days: int) -> None:
    """Set a later time in the pair file."""
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace(f"as_of = {DAY}", f"as_of = {ago(-days)}"))


def test_rows_beyond_retention_are_skipped(tmp_path: Path) -> None:
    """Rows that the target has dropped by their age since are skipped, the rest is restored (rule 12)."""
    files = aged(tmp_path)
    days_later(files, 3)
    pair = files.open()

    plan = pair.plan_undo()
    undone = pair.execute(plan)

    assert [one.reason for one in plan.skipped] == [SkipReason.PURGED]
    assert undone.outcome.done
    held = files.run("secondary", "SELECT DISTINCT row_date FROM htrunk ORDER BY ALL")
    assert held == [(ago(9),), (DAY,)]


def test_an_undo_of_rows_beyond_retention_alone_is_refused(tmp_path: Path) -> None:
    """Where nothing can be undone, the undo is refused and no run is begun."""
    files = aged(tmp_path)
    days_later(files, 30)
    pair = files.open()

    with pytest.raises(NothingToUndoError, match="no longer stores rows of that age"):
        pair.plan_undo()
    assert len(pair.runs()) == 1


def test_a_run_in_both_directions_is_undone_on_both(tmp_path: Path) -> None:
    """Rows a reconcile wrote on either server are restored there."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        both={"htrunk": trunks(400, 500)},
        primary={"htrunk": [trunk(500, 1, incalls=9), trunk(530, 1, incalls=1, incomplete=1)]},
        secondary={"htrunk": [trunk(500, 1, incalls=1, incomplete=1), trunk(530, 1, incalls=9)]},
    )
    before = [files.bag(role, "htrunk") for role in ("primary", "secondary")]
    pair = files.open()
    done = pair.execute(pair.plan_resync(window="2000-06-05 05:00..05:59", tables=("htrunk",), policy="reconcile"))
    assert done.outcome.done
    assert files.bag("primary", "htrunk") == files.bag("secondary", "htrunk")

    undone = pair.execute(pair.plan_undo())

    assert undone.outcome.done
    assert [files.bag(role, "htrunk") for role in ("primary", "secondary")] == before


def test_an_undo_that_fails_its_check_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that somebody changes between the undo and its check are found by it, and their table is named."""
    files = aged(tmp_path)
    pair = files.open()
    plan = pair.plan_undo()

    def change(server: Server) -> None:
        with server.begin() as session:
            session.insert("htrunk", as_arrow("htrunk", [trunk(500, 7, row_date=ago(1))]).to_reader())
            session.commit()

    servers: list[Server] = []
    meddling = Interference(before_begin=servers.append, after_commit=lambda *_: change(servers[0]))
    interfere(monkeypatch, Role.SECONDARY, meddling)

    undone = files.open().execute(plan)

    assert undone.unlike == ("htrunk",)


def five_names(folder: Path) -> Files:
    """Build a pair with five names, of which the secondary has one otherwise and lacks another."""
    return build_files(
        folder,
        ["users"],
        primary={"users": [row("users", user_id=f"u{n}", full_name=f"User {n}") for n in range(6)]},
        secondary={
            "users": [row("users", user_id=f"u{n}", full_name="Old" if n == 1 else f"User {n}") for n in range(5)]
        },
    )


def test_an_undo_writes_what_its_run_wrote_and_no_more(tmp_path: Path) -> None:
    """Of five names one was changed and one added: the undo restores one and deletes one, and its plan shows both."""
    files = five_names(tmp_path)
    before = files.bag("secondary", "users")
    pair = files.open()
    done = pair.execute(pair.plan_sync(tables="users"))
    assert (done.outcome.deleted, done.outcome.inserted) == (1, 2)

    plan = pair.plan_undo()
    undone = pair.execute(plan)

    counts = plan.steps[0].parts[0].counts
    assert (counts.missing, counts.extra, counts.changed) == (0, 1, 1)
    assert (undone.outcome.deleted, undone.outcome.inserted) == (2, 1)
    assert undone.unlike == ()
    assert files.bag("secondary", "users") == before


def test_an_undo_of_an_undo_writes_no_more_either(tmp_path: Path) -> None:
    """An undo that is undone writes the same rows again, and all is as after the run."""
    files = five_names(tmp_path)
    pair = files.open()
    pair.execute(pair.plan_sync(tables="users"))
    after = files.bag("secondary", "users")
    pair.execute(pair.plan_undo())

    redone = pair.execute(pair.plan_undo())

    assert (redone.outcome.deleted, redone.outcome.inserted) == (1, 2)
    assert files.bag("secondary", "users") == after


@pytest.mark.parametrize("blind", [False, True])
def test_row_numbers_of_a_server_are_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blind: bool) -> None:
    """Rows are restored with the numbers they had, even where the comparison ignores these."""
    held = [exception(500, 7), exception(515, 8), exception(530, 9)]
    files = exceptions(tmp_path, [exception(500, 1, threshold=5), exception(515, 2), exception(530, 3)], held)
    before = files.bag("secondary", "agex")
    pair = files.open()
    pair.execute(pair.plan_resync(window="2000-06-05 05:00..05:59", tables="agex", policy="rows"))
    if blind:
        keys_only = lambda part: tuple(one for one in part.compared if one.name in part.key)  # noqa: E731
        monkeypatch.setattr("syncengine.execute.preparation._compared", keys_only)

    pair.execute(pair.plan_undo())

    assert files.bag("secondary", "agex") == before


def test_an_undo_without_a_run_takes_the_last_that_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An undo that failed has written nothing: the next one undoes the same run, and not that undo."""
    files = five_names(tmp_path)
    before = files.bag("secondary", "users")
    pair = files.open()
    run = pair.execute(pair.plan_sync(tables="users")).outcome.run_id

    def fail(*_: object) -> None:
        raise StagingError("The disk is full.")

    with monkeypatch.context() as patch:
        interfere(patch, Role.SECONDARY, Interference(after_insert=fail))
        failed = files.open()
        assert not failed.execute(failed.plan_undo()).outcome.done
    again = files.open().plan_undo()
    files.open().execute(again)

    assert again.undoes == run
    assert files.bag("secondary", "users") == before


def test_a_run_that_wrote_nothing_cannot_be_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no run wrote, the refusal names the last one."""
    files = five_names(tmp_path)

    def fail(*_: object) -> None:
        raise StagingError("The disk is full.")

    with monkeypatch.context() as patch:
        interfere(patch, Role.SECONDARY, Interference(after_insert=fail))
        failed = files.open()
        failed.execute(failed.plan_sync(tables="users"))

    with pytest.raises(InputError, match="has written nothing: there is nothing to undo"):
        files.open().plan_undo()


def test_no_later_run_is_named_where_there_is_none(tmp_path: Path) -> None:
    """Rows that another writer has changed since are not undone, and no later run is named to undo first."""
    files = five_names(tmp_path)
    pair = files.open()
    pair.execute(pair.plan_sync(tables="users"))
    files.run("secondary", "INSERT INTO users (user_id, full_name) VALUES ('new', 'Somebody')")

    with pytest.raises(NothingToUndoError, match="changed since by another program or user") as error:
        files.open().plan_undo()

    assert "later run" not in error.value.hint


def test_an_undo_that_was_cut_short_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One table of two is restored, the other is not: `undo` again undoes the rest of the run, and a hint says so."""
    files = build_files(
        tmp_path,
        ["users", "dbitems"],
        primary={
            "users": [row("users", user_id="a", full_name="New")],
            "dbitems": [row("dbitems", item_type="constant", item_name="new")],
        },
        secondary={"users": [row("users", user_id="a", full_name="Old")]},
    )
    before = {table: files.bag("secondary", table) for table in ("users", "dbitems")}
    pair = files.open()
    run = pair.execute(pair.plan_sync(tables=("users", "dbitems"))).outcome.run_id

    def fail(_: int, table: str) -> None:
        if table == "users":
            raise ServerError("It does not say why.")

    with monkeypatch.context() as patch:
        interfere(patch, Role.SECONDARY, Interference(after_insert=fail))
        code = run_for_code(["undo", "--yes", "--pair", str(files.pair_file)])
    output = capsys.readouterr().out
    again = files.open().plan_undo()
    files.open().execute(again)

    assert code == 5
    assert f"syncengine undo {run}" in output
    assert again.undoes == run
    assert {table: files.bag("secondary", table) for table in before} == before
