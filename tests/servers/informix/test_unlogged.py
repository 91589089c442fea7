"""A database that keeps no transaction log: compared like any other, written only with consent, never left torn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncengine.execute import unlogged_rollback
from syncengine.execute.unlogged_rollback import restore
from syncengine.model.errors import ServerError
from tests.cli.terminal import TRUNKS, Typing, drifting_pair
from tests.damaged_runs import flip_bit
from tests.servers.derby.faults import Error, Fault
from tests.servers.derby.network_server import PASSWORD
from tests.servers.informix.test_commands import RESYNC, VERIFY, LivePair

pytestmark = pytest.mark.informix
CONSENT = "without_transactions = true"


@pytest.fixture
def unlogged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None) -> Iterator[LivePair]:
    """Give a drifting pair whose secondary is an Informix without a transaction log."""
    del quick
    monkeypatch.setenv("INFORMIX_PASSWORD", PASSWORD)
    pair = LivePair(drifting_pair(tmp_path))
    pair.home.shim.set("unlogged", True)
    yield pair
    pair.home.end()


def test_it_is_compared_like_any_other(unlogged: LivePair, typed: Typing) -> None:
    """Verify finds the drift, and asks nothing of a transaction."""
    result = typed(*VERIFY, unlogged.files.pair_file, *TRUNKS)

    assert result.code == 3
    assert "DRIFT" in result.out


def test_it_is_not_written_without_consent(unlogged: LivePair, typed: Typing) -> None:
    """A resync into it is refused with what to set, and nothing is written."""
    before = unlogged.target

    result = typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)

    assert result.code == 4
    assert "has no transaction log" in result.err
    assert "secondary.without_transactions = true" in result.err
    assert unlogged.target == before


def test_it_is_repaired_with_consent(unlogged: LivePair, typed: Typing) -> None:
    """With consent the same resync ends in sync."""
    unlogged.configure(unlogged.home.url, CONSENT)

    result = typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)

    assert result.code == 0, result.text
    assert unlogged.target == unlogged.source


@pytest.mark.soak("DELETE FROM 'root'", "SELECT b_date")
@pytest.mark.parametrize("statement", ["INSERT INTO 'root'", "DELETE FROM 'root'", "SELECT b_date"])
def test_an_interrupted_step_is_restored(unlogged: LivePair, typed: Typing, statement: str) -> None:
    """Where a step fails in the middle, the rows it deleted are restored from the journal, and the error is shown."""
    unlogged.configure(unlogged.home.url, CONSENT)
    before = unlogged.target
    nth = 6 if statement.startswith("SELECT") else 1
    unlogged.home.shim.faults.add(Fault(Error(-268), statement=statement, nth=nth))

    result = typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)

    assert result.code == 1, result.text
    assert "Traceback" not in result.text
    assert unlogged.target == before, result.text


@pytest.mark.soak
def test_a_step_that_cannot_be_restored_is_not_called_untouched(
    unlogged: LivePair, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where restoring fails too, the step's outcome is reported as unknown, with 5; a resume repairs it."""
    unlogged.configure(unlogged.home.url, CONSENT)
    unlogged.home.shim.faults.add(Fault(Error(-268), statement="INSERT INTO 'root'"))

    def failing(*_: object) -> None:
        raise ServerError("secondary: the link is down.")

    with monkeypatch.context() as patched:
        patched.setattr("syncengine.execute.transaction.restore_all", failing)
        result = typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)

    assert result.code == 5, result.text
    assert "not known whether its rows are on the target" in result.out
    assert "could not be restored: secondary: the link is down." in result.text
    assert "untouched" not in result.out
    assert typed("resume", "--pair", unlogged.files.pair_file).code == 0
    assert unlogged.target == unlogged.source


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["journal", "insert"])
def test_nothing_is_restored_from_a_damaged_piece(
    unlogged: LivePair, typed: Typing, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Where a piece of a step that was cut short is damaged, nothing of the step is touched, and the piece is named."""
    unlogged.configure(unlogged.home.url, CONSENT)
    unlogged.home.shim.faults.add(Fault(Error(-268), statement="INSERT INTO 'root'"))

    def failing(*_: object) -> None:
        raise ServerError("secondary: the link is down.")

    with monkeypatch.context() as patched:
        patched.setattr("syncengine.execute.transaction.restore_all", failing)
        typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)
    half = unlogged.target
    (piece,) = (unlogged.files.folder / "pair.staging").rglob(f"*-{kind}.parquet")
    flip_bit(piece, 100)

    result = typed("resume", "--pair", unlogged.files.pair_file)

    assert result.code == 1
    assert f"{kind}.parquet is damaged" in result.text
    assert "Nothing was restored." in result.text
    assert unlogged.target == half


@pytest.mark.soak
def test_foreign_rows_prevent_restoring_a_step(
    unlogged: LivePair, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are neither the step's nor were there before it are never deleted: it says where the journal lies."""
    unlogged.configure(unlogged.home.url, CONSENT)
    unlogged.home.shim.faults.add(Fault(Error(-268), statement="INSERT INTO 'root'"))
    foreign = "INSERT INTO root.htrunk (row_date, starttime, acd, tkgrp) VALUES ('2000-06-05', 500, 1, 99)"

    def meddled(*given: Any) -> None:
        unlogged.home.run(foreign)
        restore(*given)

    monkeypatch.setattr(unlogged_rollback, "restore", meddled)
    result = typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)

    assert result.code in (1, 5)
    assert "another writer has added 1 rows" in result.text
    assert "journal" in result.text
    assert sum(row[3] == "99" or "99" in row for row in unlogged.target) >= 1


@pytest.mark.soak
def test_commit_and_rollback_are_not_sent_to_it(unlogged: LivePair, typed: Typing) -> None:
    """No session on it sends what it would refuse."""
    unlogged.configure(unlogged.home.url, CONSENT)
    typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)
    unlogged.home.shim.forget()

    typed(*VERIFY, unlogged.files.pair_file, *TRUNKS)

    requested = [name for name, _ in unlogged.home.shim.requests]
    assert requested
