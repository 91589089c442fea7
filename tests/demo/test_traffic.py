"""What one switch would have sent both servers: figures that are consistent, and all difficult cases."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from syncengine.catalogue import load_catalogue
from syncengine.demo import DemoPair
from syncengine.model.grain import Archive
from syncengine.model.spec import Rollup, TableSpec

SPECS = {spec.name: spec for spec in load_catalogue().tables}
STEMS = ("split", "agent", "vdn", "vector", "trunk", "tkgrp", "cwc")


def single(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Return the one number a query gives."""
    return int(connection.execute(query).fetchall()[0][0] or 0)


def rolled_up(shorter: TableSpec, longer: TableSpec, period: str) -> str:
    """Return SQL of what a longer archive should contain but for the busy hour, independent of the builder."""
    key = [longer.acd or "acd", *longer.key]
    functions = {
        Rollup.SUM: 'sum("{}")',
        Rollup.MAX: 'max("{}")',
        Rollup.LATEST: 'last("{}" ORDER BY ' + ("starttime)" if shorter.archive is Archive.INTERVAL else "row_date)"),
        Rollup.BROKEN: 'count_if("{}" <> 0)' if shorter.archive is Archive.INTERVAL else 'sum("{}")',
    }
    columns = [f"{period} AS row_date", *key]
    columns += [functions[c.rollup].format(c.name) for c in longer.columns if c.rollup in functions]
    return f"SELECT {', '.join(columns)} FROM p.{shorter.name} GROUP BY {period}, {', '.join(key)}"


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize(
    ("longer", "shorter", "period", "covered"),
    [
        ("d", "h", "row_date", "row_date < DATE '2000-06-05'"),
        ("w", "d", "row_date - dayofweek(row_date)::INTEGER", "row_date = DATE '2000-05-28'"),
    ],
)
def test_longer_archives_are_the_shorter_ones_summed(
    both: duckdb.DuckDBPyConnection, stem: str, longer: str, shorter: str, period: str, covered: str
) -> None:
    """Every daily and weekly row follows from its intervals or days, column by column (rule 10)."""
    long, short = SPECS[longer + stem], SPECS[shorter + stem]
    stored = ["row_date", long.acd or "acd", *long.key]
    stored += [f'"{c.name}"' for c in long.columns if c.rollup and c.rollup is not Rollup.BUSY_HOUR]
    expected = f"SELECT * FROM ({rolled_up(short, long, period)}) WHERE {covered}"
    found = f"SELECT {', '.join(stored)} FROM p.{long.name}"
    assert single(both, f"SELECT count(*) FROM ({found})") > 0
    assert single(both, f"SELECT count(*) FROM ({expected} EXCEPT ALL {found})") == 0
    assert single(both, f"SELECT count(*) FROM ({found} EXCEPT ALL {expected})") == 0


def test_the_busy_hour_is_the_clock_hour_with_the_most_calls(both: duckdb.DuckDBPyConnection) -> None:
    """A daily row of a VDN names the busiest hour and repeats its figures."""
    hours = (
        "SELECT row_date, acd, vdn, vector, starttime // 100 AS hour, sum(incalls) AS calls FROM p.hvdn GROUP BY ALL"
    )
    wrong = (
        f"SELECT count(*) FROM p.dvdn d WHERE bh_vdncalls <> (SELECT max(calls) FROM ({hours}) h "
        "WHERE h.row_date = d.row_date "
        "AND h.acd = d.acd AND h.vdn = d.vdn AND h.vector = d.vector) OR bh_interval NOT IN (15, 30)"
    )
    assert single(both, wrong) == 0


def test_intervals_end_at_six_and_have_the_length_of_their_acd(
    both: duckdb.DuckDBPyConnection, small_pair: DemoPair
) -> None:
    """The last archived interval ends at 06:00; nothing later is stored, and nothing before the oldest day."""
    today = "row_date = DATE '2000-06-05'"
    for server in ("p", "s"):
        latest = both.execute(
            f"SELECT acd, intrvl, max(starttime) FROM {server}.hsplit WHERE {today} GROUP BY ALL ORDER BY acd"
        ).fetchall()
        assert latest == [(1, 30, 530), (2, 15, 545)]
    oldest = date(2000, 6, 5) - timedelta(days=small_pair.shape.days)
    assert both.execute("SELECT min(row_date) FROM p.htrunk").fetchall() == [(oldest,)]
    assert both.execute("SELECT min(row_date) FROM s.htrunk").fetchall() == [(oldest - timedelta(days=1),)]


def test_figures_of_a_split_fit_together(both: duckdb.DuckDBPyConnection) -> None:
    """Buckets add up to calls, times to staffed time, and nothing is negative."""
    answered = " + ".join(f"acdcalls{n}" for n in range(1, 11))
    abandoned = " + ".join(f"abncalls{n}" for n in range(1, 11))
    for server in ("p", "s"):
        for wrong in (
            f"acdcalls <> {answered}",
            f"abncalls <> {abandoned}",
            "callsoffered <> acdcalls + abncalls + outflowcalls",
            "i_stafftime <> i_availtime + i_acdtime + i_acwtime + i_auxtime + i_othertime + i_ringtime",
            "least(i_availtime, i_acdtime, i_auxtime0, acdcalls10, abncalls10, acdtime) < 0",
        ):
            assert single(both, f"SELECT count(*) FROM {server}.hsplit WHERE {wrong}") == 0, (server, wrong)


def test_the_calls_of_agents_vdns_and_trunks_add_up_to_those_of_the_splits(both: duckdb.DuckDBPyConnection) -> None:
    """One switch saw each call once, in whichever table it is counted."""
    per_split = (
        "SELECT acd, row_date, starttime, split, sum(acdcalls), sum(acdtime), sum(acwtime) FROM p.{} GROUP BY ALL"
    )
    assert single(
        both, f"SELECT count(*) FROM ({per_split.format('hagent')} EXCEPT {per_split.format('hsplit')})"
    ) == 0  # fmt: skip
    per_interval = "SELECT acd, row_date, starttime, sum({1}) FROM p.{0} GROUP BY ALL"
    for table, column in (("hvector", "incalls"), ("htkgrp", "incalls"), ("htrunk", "incalls")):
        vdns, others = per_interval.format("hvdn", "incalls"), per_interval.format(table, column)
        assert single(both, f"SELECT count(*) FROM ({vdns} EXCEPT {others})") == 0, table


def test_some_agents_have_repeated_rows_and_some_of_those_are_identical(both: duckdb.DuckDBPyConnection) -> None:
    """Logging off and on within an interval gives a second row of the same key (rule 7)."""
    key = "row_date, starttime, acd, logid, split, extension, loc_id"
    rows = single(both, "SELECT count(*) FROM p.hagent")
    repeated = single(both, f"SELECT sum(n - 1) FROM (SELECT count(*) AS n FROM p.hagent GROUP BY {key})")
    assert 0.005 < repeated / rows < 0.03
    assert single(both, "SELECT count(*) FROM (SELECT * FROM p.hagent GROUP BY ALL HAVING count(*) > 1)") > 0


def test_a_changed_vector_gives_a_vdn_two_rows_in_an_interval(both: duckdb.DuckDBPyConnection) -> None:
    """A VDN has a row for each vector it ended in."""
    assert single(
        both,
        "SELECT count(*) FROM (SELECT 1 FROM p.hvdn WHERE row_date < DATE '2000-06-01' "
        "GROUP BY row_date, starttime, acd, vdn HAVING count(DISTINCT vector) = 2)",
    ) > 0  # fmt: skip


def test_a_clock_set_back_gives_an_interval_twice(both: duckdb.DuckDBPyConnection) -> None:
    """Both sets of rows carry the label 09:00, differ, and a diary entry explains them."""
    for server in ("p", "s"):
        rows = both.execute(
            f"SELECT split, count(*), count(DISTINCT i_stafftime + callsoffered) FROM {server}.hsplit WHERE acd = 1 "
            "AND row_date = DATE '2000-06-01' AND starttime = 900 GROUP BY split"
        ).fetchall()
        assert {count for _, count, _ in rows} == {2}
        assert any(different == 2 for _, _, different in rows)
        entries = (
            f"SELECT count(*) FROM {server}.linkex WHERE reason = 96 AND row_date = DATE '2000-06-01' AND duration = 0"
        )
        assert single(both, entries) == 1


def test_one_switch_repeats_an_hour_and_the_other_skips_one(both: duckdb.DuckDBPyConnection) -> None:
    """On 2000-06-04 the labels of 01:00 stand twice on ACD 1, and those of 02:00 are missing on ACD 2 (rule 17)."""
    counts = dict(
        both.execute(
            "SELECT acd * 10000 + starttime, count(*) FROM p.htkgrp "
            "WHERE row_date = DATE '2000-06-04' AND tkgrp = 1 GROUP BY 1"
        ).fetchall()
    )
    assert counts[10100] == counts[10130] == 2
    assert counts[10030] == counts[10200] == counts[20145] == counts[20300] == 1
    assert not {20200, 20215, 20230, 20245} & counts.keys()
    seconds = both.execute(
        "SELECT acd, secsperday FROM p.d_secs WHERE row_date = DATE '2000-06-04' ORDER BY acd"
    ).fetchall()
    assert seconds == [(1, 90_000), (2, 82_800)]


def test_agents_work_at_five_in_the_morning(both: duckdb.DuckDBPyConnection) -> None:
    """The interval of the outage has agents, calls and busy VDNs, or there would be nothing to miss."""
    at_five = "acd = 1 AND row_date = DATE '2000-06-05' AND starttime = 500"
    assert single(both, f"SELECT count(DISTINCT logid) FROM p.hagent WHERE {at_five}") >= 2
    assert single(both, f"SELECT sum(acdcalls) FROM p.hsplit WHERE {at_five}") >= 5
    assert single(both, f"SELECT count(*) FROM p.hvdn WHERE incalls > 0 AND {at_five}") >= 3
