"""The key groups that are shown of a difference: the first ones, from rows that were read once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncengine.servers.duckdb.server import DuckDBServer
from tests.builders import build_files
from tests.scenes import trunks

WINDOW = "2000-06-05 04:00..06:29"


def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the table of each query for rows."""
    tables: list[str] = []
    read = DuckDBServer.read

    def noted(server: DuckDBServer, query: Any) -> Any:
        tables.append(query.selection.table)
        return read(server, query)

    monkeypatch.setattr(DuckDBServer, "read", noted)
    return tables


@pytest.mark.parametrize(("past", "times"), [(700, 1), (600, 2)])
def test_rows_that_were_compared_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, past: int, times: int
) -> None:
    """Of each server they are read once; again only where a bucket of one server alone is among the first to show."""
    files = build_files(
        tmp_path,
        ["htrunk"],
        primary={"htrunk": trunks(400, 700, incalls=9)},
        secondary={"htrunk": trunks(400, 700)},
        settings="limits = { samples = 50 }",
    )
    files.run("secondary", f"DELETE FROM htrunk WHERE starttime >= {past}")
    tables = reads(monkeypatch)

    (table,) = files.open().verify(window=WINDOW, tables="htrunk").tables

    assert tables.count("htrunk") == 2 * times
    assert [(sample.bucket, sample.key) for sample in table.samples] == sorted(
        ((sample.bucket, sample.key) for sample in table.samples), key=lambda one: (one[0].order, str(one[1]))
    )
    assert {sample.bucket for sample in table.samples} == {drift.bucket for drift in table.differing}
