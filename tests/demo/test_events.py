"""Event tables: times, numbers, NULLs, and tables that are full."""

from __future__ import annotations

import duckdb
import pytest

from tests.demo.test_traffic import single

EVENT_TABLES = ("agex", "spex", "tgex", "vdnex", "vecex", "mctex")


def test_epoch_seconds_are_the_wall_clock_six_hours_behind(both: duckdb.DuckDBPyConnection) -> None:
    """The date and label of a row are its epoch seconds read in Etc/GMT+6, whatever zone this runs in."""
    wall = "TIMESTAMP '1970-01-01' + to_seconds({} - 6 * 3600)"
    checks = {
        "call_rec": f"row_date <> ({wall.format('segstart')})::DATE OR row_time <> "
        f"hour({wall.format('segstart')}) * 100 + minute({wall.format('segstart')})",
        "haglog": f"row_date <> ({wall.format('login')})::DATE OR logout_date <> ({wall.format('logout')})::DATE",
        "ag_actv": f"row_date <> ({wall.format('starttime')})::DATE",
    }
    for table, wrong in checks.items():
        assert single(both, f"SELECT count(*) FROM p.{table}") > 0
        assert single(both, f"SELECT count(*) FROM p.{table} WHERE {wrong}") == 0, table


def test_a_call_that_was_not_queued_differs_from_one_in_an_unmeasured_split(both: duckdb.DuckDBPyConnection) -> None:
    """NULL, 0 and a split all occur, and so does a call on no measured trunk (rule 16)."""
    found = both.execute(
        "SELECT count_if(dispsplit IS NULL) > 0, count_if(dispsplit = 0) > 0, count_if(dispsplit > 0) > 0, "
        "count_if(tkgrp IS NULL) > 0, count_if(tkgrp > 0) > 0 FROM p.call_rec"
    ).fetchall()
    assert found == [(True,) * 5]


def test_some_agents_are_still_logged_in(both: duckdb.DuckDBPyConnection) -> None:
    """A login without logout has NULL there, not 0."""
    assert single(both, "SELECT count(*) FROM p.haglog WHERE logout IS NULL AND logout_date IS NULL") > 0
    assert single(both, "SELECT count(*) FROM p.haglog WHERE logout = 0") == 0


@pytest.mark.parametrize("table", ["call_rec", "ag_actv"])
def test_full_tables_have_wrapped_at_different_moments(both: duckdb.DuckDBPyConnection, table: str) -> None:
    """Each server has its capacity and less than a tenth more; the secondary's oldest row is later (rule 12)."""
    item = {"call_rec": "call records", "ag_actv": "agent trace"}[table]
    time = {"call_rec": "segstart", "ag_actv": "starttime"}[table]
    for acd, capacity in both.execute("SELECT acd, num_items FROM p.dcalloc WHERE trim(item) = ?", [item]).fetchall():
        oldest = {}
        for server in ("p", "s"):
            ((count, oldest[server]),) = both.execute(
                f"SELECT count(*), min({time}) FROM {server}.{table} WHERE acd = {acd}"
            ).fetchall()
            assert capacity <= count < capacity * 1.1
        assert oldest["p"] < oldest["s"]


@pytest.mark.parametrize("table", EVENT_TABLES)
def test_other_event_tables_are_below_capacity(both: duckdb.DuckDBPyConnection, table: str) -> None:
    """What is missing in them was never dropped."""
    over = (
        f"SELECT count(*) FROM (SELECT acd, count(*) AS n FROM p.{table} GROUP BY acd) JOIN p.dcalloc d USING (acd) "
        "WHERE trim(d.item) = 'exceptions' AND n >= num_items"
    )
    assert single(both, over) == 0


@pytest.mark.parametrize(
    ("table", "number"), [("call_rec", "seqnum"), ("haglog", "seqnum"), ("agex", "seqno"), ("spex", "seqno")]
)
def test_each_server_numbers_its_rows_by_itself(both: duckdb.DuckDBPyConnection, table: str, number: str) -> None:
    """Numbers are unique on a server and differ between servers (rule 8)."""
    for server in ("p", "s"):
        assert single(both, f"SELECT count(*) - count(DISTINCT {number}) FROM {server}.{table}") == 0
    assert single(both, f"SELECT count(*) FROM p.{table} WHERE {number} IN (SELECT {number} FROM s.{table})") == 0


def test_events_continue_after_six_until_the_snapshot_of_each_server(both: duckdb.DuckDBPyConnection) -> None:
    """The primary's last call began by 06:10, the secondary's by 06:08."""
    today = "row_date = DATE '2000-06-05' AND row_time >= 600"
    for server, last in (("p", 609), ("s", 607)):
        assert single(both, f"SELECT count(*) FROM {server}.call_rec WHERE {today}") > 0
        assert single(both, f"SELECT max(row_time) FROM {server}.call_rec WHERE {today}") <= last
