"""As many columns as a server takes, and values as large."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from syncengine.app import open_pair
from tests.builders import build_files, row

COLUMNS = 1600
"""As many as PostgreSQL takes."""
LARGE = 50_000_000

PAIR = """
specs = ["specs"]
[primary]
url = "duckdb:///primary.duckdb"
[secondary]
url = "duckdb:///secondary.duckdb"
"""
SPEC = """
summary = "As many columns as there can be"
class = "custom"
synced_by = "copying"
key = ["k"]
[tables]
c_wide = {}
[columns]
k = { type = "integer" }
"""


@pytest.mark.soak
@pytest.mark.parametrize(
    ("native", "spec_type", "memory"), [("INTEGER", "integer", 256), ("VARCHAR", "char(20)", 2048)]
)
def test_a_table_of_1600_columns(tmp_path: Path, native: str, spec_type: str, memory: int) -> None:
    """It is compared, copied and restored: no statement is too deep or too long for a server."""
    names = [f"c{number:04d}" for number in range(COLUMNS)]
    columns = ", ".join(f"{name} {native}" for name in names)
    values = ", ".join(f"(k * {number}) % 97" for number in range(COLUMNS))
    for role in ("primary", "secondary"):
        with duckdb.connect(str(tmp_path / f"{role}.duckdb")) as server:
            server.execute(f"CREATE TABLE c_wide (k INTEGER, {columns})")
            server.execute(f"INSERT INTO c_wide SELECT k, {values} FROM range(20) AS numbers(k)")
            if role == "primary":
                server.execute(f"UPDATE c_wide SET {names[-1]} = '5' WHERE k = 7")
                server.execute("DELETE FROM c_wide WHERE k = 9")
    (tmp_path / "specs").mkdir()
    described = "".join(f'{name} = {{ type = "{spec_type}" }}\n' for name in names)
    (tmp_path / "specs" / "c_wide.toml").write_text(SPEC + described)
    (tmp_path / "pair.toml").write_text(f"{PAIR}[limits]\nmemory_mb = {memory}\n")
    pair = open_pair(tmp_path / "pair.toml")

    found = pair.verify(tables="c_wide")
    done = pair.execute(pair.plan_sync(tables="c_wide", allow_deletions=1))
    undone = pair.execute(pair.plan_undo())

    (table,) = found.tables
    assert (table.counts.extra, table.counts.changed) == (1, 1)
    assert done.after is not None
    assert done.after.in_sync
    assert (undone.outcome.done, undone.unlike) == (True, ())


@pytest.mark.soak
def test_a_value_of_50_mb(tmp_path: Path) -> None:
    """If the pair file allows the memory, it is compared, copied and restored; if not, the message says so."""
    files = build_files(
        tmp_path,
        ["users"],
        primary={"users": [row("users", user_id="ann", full_name="y" * LARGE)]},
        secondary={"users": [row("users", user_id="bob", full_name="b")]},
    )
    (refused,) = files.open().verify(tables="users").not_compared
    assert "ran out of the memory it may use" in refused.problem
    assert "limits.memory_mb" in refused.hint

    files.pair_file.write_text(files.pair_file.read_text() + "\n[limits]\nmemory_mb = 2048\n")
    pair = files.open()
    done = pair.execute(pair.plan_sync(tables="users", allow_deletions=1, remove_users=True))
    undone = pair.execute(pair.plan_undo())

    assert done.after is not None
    assert done.after.in_sync
    assert (undone.outcome.done, undone.unlike) == (True, ())
