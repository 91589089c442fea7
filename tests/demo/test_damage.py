"""What differs between the two servers, and nothing else."""

from __future__ import annotations

import duckdb
import pytest

from syncengine.catalogue import load_catalogue
from syncengine.demo import DemoPair
from syncengine.model.grain import Archive
from syncengine.model.pair import Role
from syncengine.model.spec import TableSpec
from tests.demo.test_traffic import single
from tests.examples import some_of

SPECS = {spec.name: spec for spec in load_catalogue().tables}
INTERVALS = tuple(
    s.name for s in SPECS.values() if s.archive is Archive.INTERVAL and s.time is not None and s.time.incomplete
)
STATE_OF_ONE_SERVER = {"linkex", "arch_stat", "dbstatus", "f_status", "sys_info", "ttsched"}
LOCAL = {"dcadmin", "print_adm", "fullex", "H_hostname"}
AT_FIVE = "acd = 1 AND row_date = DATE '2000-06-05' AND starttime = 500"


def difference(spec: TableSpec, held: str, lacking: str, where: str = "TRUE") -> str:
    """Return SQL of the rows one server has more often than the other, without columns that are never drift."""
    columns = ", ".join(f'"{c.name}"' for c in spec.columns if c.name not in spec.ignored)
    select = f'SELECT {columns} FROM {{}}."{spec.name}" WHERE {where}'
    return f"SELECT count(*) FROM ({select.format(held)} EXCEPT ALL {select.format(lacking)})"


@pytest.mark.sampled
@pytest.mark.parametrize("name", some_of(sorted(SPECS.keys() - STATE_OF_ONE_SERVER - LOCAL), 3))
def test_outside_the_outage_both_servers_have_the_same_bag(
    both: duckdb.DuckDBPyConnection, small_pair: DemoPair, name: str
) -> None:
    """Drift is what the outage did, and the names added on the primary; all else is equal."""
    spec = SPECS[name]
    where = "TRUE"
    if spec.name in INTERVALS:
        where = f"NOT ({AT_FIVE}) AND row_date >= (SELECT min(row_date) FROM p.{name})"
    elif spec.archive is Archive.EVENT:
        time = "starttime" if name == "ag_actv" else "segstart" if name == "call_rec" else None
        edge = spec.time.epoch if spec.time and spec.time.epoch else time
        minute = f"({edge} - 21600) % 86400 // 60" if edge else "row_time // 100 * 60 + row_time % 100"
        # What was under way is cut at the edges of the outage.
        until = {"ag_actv": "starttime + duration", "call_rec": "segstop", "haglog": "logout"}.get(name)
        where = (
            f"NOT (acd = 1 AND row_date = DATE '2000-06-05' AND {minute} BETWEEN 313 AND 318) "
            f"AND NOT (row_date = DATE '2000-06-05' AND {minute} >= 360)"
        )
        if until:
            where += f" AND NOT (acd = 1 AND {edge} <= {UP} AND {until} >= {DOWN})"
        if time:
            where += (
                f" AND {time} > (SELECT max(o) FROM (SELECT acd, min({time}) AS o FROM s.{name} GROUP BY acd) "
                f"WHERE acd = {name}.acd)"
            )
    elif name in ("synonyms", "agroups"):
        added = (small_pair.damage.added_group, *(item for _, _, item in small_pair.damage.added_synonyms))
        where = "trim(item_name) NOT IN ({})".format(", ".join(f"'{item}'" for item in added))
    assert single(both, difference(spec, "p", "s", where)) == 0
    assert single(both, difference(spec, "s", "p", where)) == 0


@pytest.mark.parametrize("name", INTERVALS)
def test_every_interval_table_is_broken_on_the_secondary_only(both: duckdb.DuckDBPyConnection, name: str) -> None:
    """The whole interval of ACD 1 is marked incomplete there, nothing else is, and nothing on the primary."""
    assert single(both, f"SELECT count(*) FROM p.{name} WHERE incomplete <> 0") == 0
    assert single(both, f"SELECT count(*) FROM s.{name} WHERE incomplete <> 0 AND NOT ({AT_FIVE})") == 0
    assert single(both, f"SELECT count(*) FROM s.{name} WHERE incomplete = 0 AND {AT_FIVE}") == 0
    assert single(both, f"SELECT count(*) FROM s.{name} WHERE {AT_FIVE}") > 0
    calls = "incalls" if SPECS[name].column("incalls") else "acdcalls"
    whole, broken = (single(both, f"SELECT sum({calls}) FROM {server}.{name} WHERE {AT_FIVE}") for server in ("p", "s"))
    assert broken < whole


@pytest.mark.parametrize("name", ["hagent", "hvdn", "hcwc"])
def test_rows_that_had_traffic_only_then_are_missing(both: duckdb.DuckDBPyConnection, name: str) -> None:
    """An agent, a VDN with its other vector and a work code leave no row on the server that was blind."""
    count = "SELECT count(*) FROM {}." + name + f" WHERE {AT_FIVE}"
    assert single(both, count.format("s")) < single(both, count.format("p"))


def test_the_outage_is_in_the_diary_of_the_secondary_only(
    both: duckdb.DuckDBPyConnection, small_pair: DemoPair
) -> None:
    """The diary has the moment the link went down and the seconds until it was up again."""
    damage = small_pair.damage
    assert damage.side is Role.SECONDARY
    entry = "SELECT acd, row_time, duration FROM {}.linkex WHERE reason = 97"
    assert both.execute(entry.format("s")).fetchall() == [(damage.acd, 513, damage.seconds)]
    assert both.execute(entry.format("p")).fetchall() == []


@pytest.mark.parametrize("name", ["call_rec", "ag_actv", "agex", "spex", "vdnex", "vecex", "haglog"])
def test_events_of_the_outage_are_missing_on_the_secondary(both: duckdb.DuckDBPyConnection, name: str) -> None:
    """What happened between 05:13 and 05:19 was never recorded there."""
    edge = {"call_rec": "segstart", "ag_actv": "starttime", "haglog": "login"}.get(name)
    minute = f"({edge} - 21600) % 86400 // 60" if edge else "row_time // 100 * 60 + row_time % 100"
    then = f"acd = 1 AND row_date = DATE '2000-06-05' AND {minute} BETWEEN 313 AND 318"
    assert single(both, f"SELECT count(*) FROM p.{name} WHERE {then}") > 0
    assert single(both, f"SELECT count(*) FROM s.{name} WHERE {then}") == 0


DOWN, UP = 960203580, 960203940
"""05:13 and 05:19, in epoch seconds."""


def test_logins_across_the_outage_are_cut_in_two_on_the_secondary(both: duckdb.DuckDBPyConnection) -> None:
    """One row ends when the link went down, another begins when it was up, each marked there; the primary has one."""
    marked = "SELECT count(*) FROM {}.haglog WHERE inflag IS NOT NULL OR outflag IS NOT NULL"
    across = f"SELECT logid, split, login, logout FROM p.haglog WHERE acd = 1 AND login < {DOWN} AND logout > {UP}"
    ending = f"SELECT logid, split, login FROM s.haglog WHERE outflag = '>' AND inflag IS NULL AND logout = {DOWN}"
    beginning = f"SELECT logid, split, logout FROM s.haglog WHERE inflag = '<' AND outflag IS NULL AND login = {UP}"
    whole = sorted(both.execute(across).fetchall())

    assert single(both, marked.format("p")) == 0
    assert single(both, marked.format("s")) == 2 * len(whole) > 0
    assert sorted(both.execute(ending).fetchall()) == [(logid, split, on) for logid, split, on, _ in whole]
    assert sorted(both.execute(beginning).fetchall()) == sorted((logid, split, off) for logid, split, _, off in whole)


@pytest.mark.parametrize(
    ("table", "name", "begin", "end"),
    [
        ("call_rec", "callid, segment", "segstart", "segstop"),
        ("ag_actv", "logid, split, workmode", "starttime", "starttime + duration"),
    ],
)
def test_calls_and_states_end_and_begin_at_the_edges_of_the_outage(
    both: duckdb.DuckDBPyConnection, table: str, name: str, begin: str, end: str
) -> None:
    """The secondary has calls and states as far as it saw them, without any mark."""
    found = []
    for edge, has in ((DOWN, f"{end} = {DOWN}"), (UP, f"{begin} = {UP}")):
        cut = both.execute(
            f"SELECT {name} FROM p.{table} WHERE acd = 1 AND {begin} < {edge} AND {end} > {edge} ORDER BY ALL"
        ).fetchall()
        assert both.execute(f"SELECT {name} FROM s.{table} WHERE acd = 1 AND {has} ORDER BY ALL").fetchall() == cut
        found += cut
    assert found


def test_names_were_added_on_the_primary_only(both: duckdb.DuckDBPyConnection, small_pair: DemoPair) -> None:
    """Three synonyms, and an agent group with its members and its own name."""
    damage = small_pair.damage
    assert single(both, difference(SPECS["synonyms"], "p", "s")) == 4
    assert single(both, difference(SPECS["agroups"], "p", "s")) == len(damage.group_members) > 0
    members = both.execute(
        "SELECT trim(value) FROM p.agroups WHERE trim(item_name) = ? ORDER BY 1", [damage.added_group]
    ).fetchall()
    assert tuple(login for (login,) in members) == damage.group_members


def test_rows_lie_in_another_order_on_the_secondary(both: duckdb.DuckDBPyConnection) -> None:
    """Two servers that know nothing of each other never store rows alike."""
    for table in ("hsplit", "synonyms", "haglog"):
        first, second = (both.execute(f"SELECT * FROM {server}.{table} LIMIT 20").fetchall() for server in ("p", "s"))
        assert first != second


def test_tables_that_may_differ_do(both: duckdb.DuckDBPyConnection) -> None:
    """Host, printers and timetables are each server's own; storage allocation is alike."""
    for name in ("sys_info", "print_adm", "H_hostname", "ttsched", "f_status", "dbstatus"):
        assert single(both, difference(SPECS[name], "p", "s")) > 0, name
    assert single(both, difference(SPECS["dcalloc"], "p", "s")) == 0
