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
    said = typed(*VERIFY, unlogged.files.pair_file, *TRUNKS)

    assert said.code == 3
    assert "DRIFT" in said.out


def test_it_is_not_written_without_consent(unlogged: LivePair, typed: Typing) -> None:
    """A resync into it is refused with what to set, and nothing is written."""
    before = unlogged.target

    said = typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)

    assert said.code == 4
    assert "keeps no transaction log" in said.err
    assert "secondary.without_transactions = true" in said.err
    assert unlogged.target == before


def test_it_is_mended_with_consent(unlogged: LivePair, typed: Typing) -> None:
    """With consent the same resync ends in sync."""
    unlogged.configure(unlogged.home.url, CONSENT)

    said = typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)

    assert said.code == 0, said.text
    assert unlogged.target == unlogged.source


@pytest.mark.soak("DELETE FROM 'root'", "SELECT b_date")
@pytest.mark.parametrize("statement", ["INSERT INTO 'root'", "DELETE FROM 'root'", "SELECT b_date"])
def test_a_step_cut_short_is_put_back(unlogged: LivePair, typed: Typing, statement: str) -> None:
    """Where a step fails in the middle, the rows it deleted are put back from the journal, and the error is told."""
    unlogged.configure(unlogged.home.url, CONSENT)
    before = unlogged.target
    nth = 6 if statement.startswith("SELECT") else 1
    unlogged.home.shim.faults.add(Fault(Error(-268), statement=statement, nth=nth))

    said = typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)

    assert said.code == 1, said.text
    assert "Traceback" not in said.text
    assert unlogged.target == before, said.text


@pytest.mark.soak
def test_what_cannot_be_put_back_is_not_called_untouched(
    unlogged: LivePair, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the put-back fails too, the step is told as one nobody knows of, with 5; a resume puts it right."""
    unlogged.configure(unlogged.home.url, CONSENT)
    unlogged.home.shim.faults.add(Fault(Error(-268), statement="INSERT INTO 'root'"))

    def failing(*_: object) -> None:
        raise ServerError("secondary: the link is down.")

    with monkeypatch.context() as patched:
        patched.setattr("syncengine.execute.transaction.put_all_back", failing)
        said = typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)

    assert said.code == 5, said.text
    assert "not known whether its rows are on the target" in said.out
    assert "could not be put back: secondary: the link is down." in said.text
    assert "untouched" not in said.out
    assert typed("resume", "--pair", unlogged.files.pair_file).code == 0
    assert unlogged.target == unlogged.source


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["journal", "insert"])
def test_nothing_is_put_back_from_a_damaged_piece(
    unlogged: LivePair, typed: Typing, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Where a piece of a step that was cut short is damaged, nothing of the step is touched, and the piece is named."""
    unlogged.configure(unlogged.home.url, CONSENT)
    unlogged.home.shim.faults.add(Fault(Error(-268), statement="INSERT INTO 'root'"))

    def failing(*_: object) -> None:
        raise ServerError("secondary: the link is down.")

    with monkeypatch.context() as patched:
        patched.setattr("syncengine.execute.transaction.put_all_back", failing)
        typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)
    half = unlogged.target
    (piece,) = (unlogged.files.folder / "pair.staging").rglob(f"*-{kind}.parquet")
    flip_bit(piece, 100)

    said = typed("resume", "--pair", unlogged.files.pair_file)

    assert said.code == 1
    assert f"{kind}.parquet is damaged" in said.text
    assert "Nothing was put back." in said.text
    assert unlogged.target == half


@pytest.mark.soak
def test_foreign_rows_keep_a_step_from_being_put_back(
    unlogged: LivePair, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are neither the step's nor were there before it are never deleted: it says where the journal lies."""
    unlogged.configure(unlogged.home.url, CONSENT)
    unlogged.home.shim.faults.add(Fault(Error(-268), statement="INSERT INTO 'root'"))
    foreign = "INSERT INTO root.htrunk (row_date, starttime, acd, tkgrp) VALUES ('2000-06-05', 500, 1, 99)"

    def meddled(*given: Any) -> None:
        unlogged.home.run(foreign)
        restore(*given)

    monkeypatch.setattr(unlogged_rollback, "put_back", meddled)
    said = typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)

    assert said.code in (1, 5)
    assert "somebody else has written 1 rows there" in said.text
    assert "journal" in said.text
    assert sum(row[3] == "99" or "99" in row for row in unlogged.target) >= 1


@pytest.mark.soak
def test_commit_and_rollback_are_not_asked_of_it(unlogged: LivePair, typed: Typing) -> None:
    """No session on it sends what it would refuse."""
    unlogged.configure(unlogged.home.url, CONSENT)
    typed(*RESYNC, unlogged.files.pair_file, *TRUNKS)
    unlogged.home.shim.forget()

    typed(*VERIFY, unlogged.files.pair_file, *TRUNKS)

    asked = [name for name, _ in unlogged.home.shim.requests]
    assert asked
