"""What an undo puts back, and what it leaves, on small pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.model.errors import RefusedError
from syncengine.model.pair import Role
from syncengine.model.plan import KeptWhy
from syncengine.servers.protocol import Server
from tests.builders import DAY, Files, build_files
from tests.meddling import Meddling, meddle
from tests.rules.test_rule_12_old_end import ago
from tests.scenes import storage, trunk, trunks
from tests.servers.contract.kinds import as_arrow


def aged(folder: Path) -> Files:
    """Build a pair whose servers keep ten days, of which only the primary holds one interval of two of them."""
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
    """Have it be later in the pair file."""
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace(f"as_of = {DAY}", f"as_of = {ago(-days)}"))


def test_rows_beyond_retention_are_left(tmp_path: Path) -> None:
    """What the target has dropped by its age since is no longer touched, the rest is put back (rule 12)."""
    files = aged(tmp_path)
    days_later(files, 3)
    pair = files.open()

    plan = pair.plan_undo()
    undone = pair.execute(plan)

    assert [kept.why for kept in plan.kept] == [KeptWhy.PURGED]
    assert undone.outcome.done
    held = files.run("secondary", "SELECT DISTINCT row_date FROM htrunk ORDER BY ALL")
    assert held == [(ago(9),), (DAY,)]


def test_an_undo_of_nothing_but_what_is_too_old_is_refused(tmp_path: Path) -> None:
    """Where nothing is left that can be put back, that is said and no run is begun."""
    files = aged(tmp_path)
    days_later(files, 30)
    pair = files.open()

    with pytest.raises(RefusedError, match="no longer keeps rows of that age"):
        pair.plan_undo()
    assert len(pair.runs()) == 1


def test_a_run_in_both_directions_is_taken_back_on_both(tmp_path: Path) -> None:
    """What a reconcile wrote on either server is put back there."""
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


def test_an_undo_that_does_not_come_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that somebody changes between the undo and its check are found by it, and their table is named."""
    files = aged(tmp_path)
    pair = files.open()
    plan = pair.plan_undo()

    def change(server: Server) -> None:
        with server.begin() as session:
            session.insert("htrunk", as_arrow("htrunk", [trunk(500, 7, row_date=ago(1))]).to_reader())
            session.commit()

    servers: list[Server] = []
    meddling = Meddling(before_begin=servers.append, after_commit=lambda *_: change(servers[0]))
    meddle(monkeypatch, Role.SECONDARY, meddling)

    undone = files.open().execute(plan)

    assert undone.unlike == ("htrunk",)
