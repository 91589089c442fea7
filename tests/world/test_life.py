"""What the servers of a world do by themselves, and what the product sees of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from syncengine.app import open_pair
from syncengine.model.grain import Archive
from syncengine.servers.duckdb import server as duckdb_server
from syncengine.servers.duckdb.file_state import state_of
from tests.world.clock import DAY, HOUR, MINUTE
from tests.world.collection import recorded, views
from tests.world.databases import WorldDuckDB
from tests.world.diary import OFF
from tests.world.history import history
from tests.world.life import Site
from tests.world.rollups import true_rows
from tests.world.schedule import FEW_DAYS, SMALL_CAPACITY
from tests.world.tables import CUSTOM, HISTORY, world_catalogue
from tests.world.values import (
    RESTORE_SECONDS,
    SERVERS,
    Acd,
    Added,
    Edit,
    LengthSet,
    LinkDown,
    OwnObject,
    Restored,
    Scenario,
    ServerDown,
    ServerKind,
    Upgraded,
)

SMALL = Scenario(seed=4, acds=(Acd(agents=2, calls_an_hour=3),))
SUMMED = tuple(spec.name for spec in world_catalogue().tables if spec.rolled_from)


@contextmanager
def site_of(scenario: Scenario) -> Iterator[Site]:
    """Make the servers of a scenario as it begins."""
    switch, seen = history(scenario), views(scenario)
    with TemporaryDirectory() as folder:
        site = Site(scenario, Path(folder), {server: recorded(scenario, switch, seen[server]) for server in SERVERS})
        try:
            yield site
        finally:
            site.close()


def shown_in_arch_stat(site: Site, code: str) -> str:
    """Return up to when an archive of the primary has run."""
    rows = site.databases["primary"].run("SELECT last_time FROM arch_stat WHERE acd = 1 AND rtrim(arch_type) = ?", code)
    return str(rows[0][0]).strip()


def test_servers_hold_what_they_recorded() -> None:
    """Each server holds its own rows up to a second, however often the world is advanced."""
    with site_of(SMALL) as once, site_of(SMALL) as often:
        once.advance(SMALL.last)
        for at in range(0, SMALL.last + 1, 5 * HOUR + 7):
            often.advance(at)
        often.advance(SMALL.last)
        assert once.snapshot().bags == often.snapshot().bags
        for server in SERVERS:
            for table in (*HISTORY, CUSTOM):
                if table not in SUMMED:
                    assert once.untouched(server, table) == once.databases[server].bag(table)


def test_rows_come_when_their_archive_has_run() -> None:
    """An interval is not there before its archive, which `arch_stat` shows."""
    with site_of(SMALL) as site:
        site.advance(10 * HOUR)
        assert shown_in_arch_stat(site, "1") == "06/05/00 09:30"
        site.advance(10 * HOUR + 5 * MINUTE)
        assert shown_in_arch_stat(site, "1") == "06/05/00 10:00"
        ((latest,),) = site.databases["primary"].run("SELECT max(starttime) FROM hsplit")
        assert latest == 930


def test_days_are_summed_at_night_once() -> None:
    """A day is summed at 00:35 from the rows that are there then, and not again."""
    with site_of(SMALL) as site:
        site.advance(DAY + 34 * MINUTE)
        assert not site.databases["primary"].bag("dsplit")
        site.advance(DAY + 36 * MINUTE)
        before = site.databases["primary"].bag("dsplit")
        assert before
        assert shown_in_arch_stat(site, "2") == "06/06/00 00:35"
        site.databases["primary"].run("UPDATE hsplit SET acdcalls = acdcalls + 1 WHERE row_date = DATE '2000-06-05'")
        site.advance(SMALL.last)
        assert before <= site.databases["primary"].bag("dsplit")


def test_sums_of_whole_days_are_the_truth() -> None:
    """Where a link never failed, days, weeks and months are what the perfect server has."""
    scenario = replace(SMALL, start=SMALL.start.replace(month=4, day=29), days=3)
    switch, seen = history(scenario), views(scenario)
    perfect = recorded(scenario, switch, seen["primary"].perfect)
    with site_of(scenario) as site:
        site.advance(scenario.last)
        for table in SUMMED:
            spec = world_catalogue().table(table)
            names = [column.name for column in spec.columns]
            summed = site.databases["primary"].bag(table)
            for period, rows in true_rows(scenario, perfect, table).items():
                there = {one for one in summed if dict(zip(names, one, strict=True))["row_date"] == period.first}
                if period.summed <= scenario.clock.shown(scenario.last):
                    assert there == {tuple(row[name] for name in names) for row in rows}
                else:
                    assert not there
    assert {spec.archive for spec in map(world_catalogue().table, SUMMED)} == {
        Archive.DAILY, Archive.WEEKLY, Archive.MONTHLY,
    }  # fmt: skip


def test_server_that_is_down_sums_later() -> None:
    """A server that is shut down over its schedule archives and sums after it is back; nobody reaches it meanwhile."""
    scenario = replace(SMALL, happenings=(ServerDown("primary", DAY - HOUR, 3 * HOUR),))
    with site_of(scenario) as site:
        site.advance(DAY + HOUR)
        assert not site.is_up("primary")
        assert site.is_up("secondary")
        assert not site.databases["primary"].bag("dsplit")
        assert site.databases["secondary"].bag("dsplit")
        site.advance(DAY + 2 * HOUR + 15 * MINUTE)
        assert site.is_up("primary")
        assert site.databases["primary"].bag("dsplit")


def test_row_of_open_outage_is_replaced() -> None:
    """The diary has an outage without its length while it goes on, and one row of it afterwards."""
    scenario = replace(SMALL, happenings=(LinkDown("secondary", 10 * HOUR, HOUR),))
    with site_of(scenario) as site:
        site.advance(10 * HOUR + 10 * MINUTE)
        assert site.databases["secondary"].run("SELECT duration FROM linkex") == [(None,)]
        site.advance(12 * HOUR)
        assert site.databases["secondary"].run("SELECT duration FROM linkex") == [(HOUR,)]
        assert site.untouched("secondary", "linkex") == site.databases["secondary"].bag("linkex")


def test_each_server_gives_its_next_number() -> None:
    """A server numbers its rows by itself, past the highest that is there, and no number comes twice."""
    with site_of(SMALL) as site:
        site.advance(12 * HOUR)
        ((highest,),) = site.databases["primary"].run("SELECT max(seqnum) FROM haglog")
        site.databases["primary"].run("UPDATE haglog SET seqnum = seqnum + 100 WHERE seqnum = ?", (highest,))
        site.advance(SMALL.last)
        numbers = [number for (number,) in site.databases["primary"].run("SELECT seqnum FROM haglog")]
        assert len(numbers) == len(set(numbers))
        assert max(numbers) > highest + 100


def test_old_days_are_dropped() -> None:
    """Intervals are stored for some days."""
    scenario = replace(SMALL, seed=1, days=4)
    with site_of(scenario) as site:
        site.advance(scenario.last)
        ((oldest,),) = site.databases["primary"].run("SELECT min(row_date) FROM hsplit")
        assert (scenario.start.replace(day=8) - oldest).days == FEW_DAYS
        assert site.untouched("primary", "hsplit") == site.databases["primary"].bag("hsplit")


def test_circular_tables_lose_their_oldest_rows() -> None:
    """A full table has no more than its capacity and a tenth."""
    with site_of(replace(SMALL, seed=2)) as site:
        site.advance(SMALL.last)
        bag = site.databases["primary"].bag("ag_actv")
        assert SMALL_CAPACITY * 0.8 < bag.total() <= SMALL_CAPACITY * 1.1
        assert any(one.deleted for one in site.log if one.table == "ag_actv")


def test_restored_server_is_as_it_was() -> None:
    """History comes back from a tape, its diary too, and what was summed in between is gone; then its outage ends."""
    happenings = (Restored("primary", 40 * HOUR, 20 * HOUR), LinkDown("primary", 30 * HOUR, 10 * MINUTE))
    scenario = replace(SMALL, happenings=happenings)
    with site_of(scenario) as site:
        site.advance(20 * HOUR)
        before = {table: site.databases["primary"].bag(table) for table in HISTORY}
        site.advance(40 * HOUR + RESTORE_SECONDS)
        after = {table: site.databases["primary"].bag(table) for table in HISTORY}
        for table in HISTORY:
            assert before[table] <= after[table]
            # What was cut as it was shut down: at most the logins of two agents to two splits.
            assert after[table].total() - before[table].total() <= 4
        assert not after["dsplit"]
        diary = (after["linkex"] - before["linkex"]).total()
        assert diary == 2, "that it was shut down, and started again"


def test_a_restore_takes_half_an_hour() -> None:
    """A server that is being restored cannot be reached, collects nothing, and then says so in its diary."""
    happened = Restored("primary", 40 * HOUR, 20 * HOUR)
    with site_of(replace(SMALL, happenings=(happened,))) as site:
        site.advance(happened.at - 1)
        assert site.is_up("primary")
        before = site.snapshot().bags["primary"]
        site.advance(happened.at + RESTORE_SECONDS - 1)
        assert not site.is_up("primary")
        assert site.snapshot().bags["primary"] == before
        site.advance(happened.at + RESTORE_SECONDS)
        assert site.is_up("primary")
        ((reason, seconds),) = site.databases["primary"].run("SELECT reason, duration FROM linkex WHERE duration > 0")
        assert (reason, seconds) == (OFF, RESTORE_SECONDS)


def test_people_change_a_server() -> None:
    """Edits, another length, a new load and objects of their own are there from their second on."""
    scenario = replace(
        SMALL,
        happenings=(
            Edit("primary", HOUR, "add name", 1),
            LengthSet(HOUR, 1, 15, ("secondary",)),
            Upgraded("secondary", 2 * HOUR),
            Added("primary", HOUR, "hvdn", OwnObject.COLUMN),
            Added("primary", HOUR, "agroups", OwnObject.UNIQUE_INDEX),
            Added("secondary", 3 * HOUR, "hsplit", OwnObject.COLUMN),
        ),
    )
    with site_of(scenario) as site:
        assert site.databases["primary"].bag("synonyms") == site.databases["secondary"].bag("synonyms")
        site.advance(DAY)
        assert site.databases["primary"].bag("synonyms") != site.databases["secondary"].bag("synonyms")
        assert site.databases["secondary"].run("SELECT intrvl FROM acds") == [(15,)]
        assert site.databases["secondary"].columns("hsplit")[-2:] == ("tenant", "c_note")
        assert site.databases["primary"].columns("hvdn")[-1] == "c_note"
        assert site.untouched("primary", "hvdn") == site.databases["primary"].bag("hvdn")
        assert 'load = "r3v9aa.a"' in site.pair_file.read_text()
        assert site.notes == []


def test_product_sees_both_servers_while_the_world_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world goes on while a pair is open, which sees what is committed; closing it leaves the world open."""
    monkeypatch.setattr("syncengine.app.table_settings.load_catalogue", lambda *_: world_catalogue())
    scenario = replace(SMALL, happenings=(LinkDown("secondary", 10 * HOUR, HOUR),))
    with site_of(scenario) as site:
        monkeypatch.setattr(duckdb_server, "duckdb", WorldDuckDB(site.databases))
        site.pair_file.write_text(f"as_of = 2000-06-05T14:00:00\n{site.pair_file.read_text()}")
        site.advance(14 * HOUR)
        pair = open_pair(site.pair_file)
        assert not pair.verify(tables=["hsplit"], window="2000-06-05 10:00..10:29").in_sync
        site.advance(15 * HOUR)
        assert pair.verify(tables=["hsplit"], window="2000-06-05 08:00..08:29").in_sync
        site.advance(16 * HOUR)


def test_changes_are_all_that_differs() -> None:
    """What a server's life wrote and deleted makes the difference of two snapshots, and commits show in its file."""
    scenario = replace(SMALL, seed=2, happenings=(LinkDown("secondary", 20 * HOUR, HOUR),))
    with site_of(scenario) as site:
        site.advance(20 * HOUR + 60)
        files = {server: state_of(site.pair_file.with_name(f"{server}.duckdb")) for server in SERVERS}
        before = site.snapshot()
        site.advance(scenario.last)
        after = site.snapshot()
        for server in SERVERS:
            for table, rows in after.bags[server].items():
                inserted, deleted = site.changes(server, table, before.at, after.at)
                assert rows - before.bags[server][table] == inserted
                assert before.bags[server][table] - rows == deleted
            assert files[server] != state_of(site.pair_file.with_name(f"{server}.duckdb"))


def test_locked_rows_are_written_later() -> None:
    """What another session's lock forbids waits, and is done at the next advance."""
    with site_of(SMALL) as site:
        site.advance(DAY)
        other = site.databases["primary"].cursor()  # type: ignore[attr-defined]
        other.execute("BEGIN")
        other.execute("UPDATE arch_stat SET last_time = last_time || '.'")
        site.advance(DAY + HOUR)
        assert not site.databases["primary"].bag("dsplit")
        other.execute("ROLLBACK")
        site.advance(DAY + 2 * HOUR)
        assert site.databases["primary"].bag("dsplit")
        assert site.untouched("primary", "hsplit") == site.databases["primary"].bag("hsplit")


@pytest.mark.postgresql
def test_postgresql_holds_what_an_embedded_server_does() -> None:
    """A world on PostgreSQL has the rows of one on DuckDB, also after edits, sums and a restore."""
    happenings = (Edit("primary", HOUR, "add name", 1), Restored("primary", 30 * HOUR, 20 * HOUR))
    scenario = replace(SMALL, seed=2, happenings=(*happenings, LengthSet(HOUR, 1, 15)))
    with site_of(scenario) as embedded, site_of(replace(scenario, servers=ServerKind.POSTGRESQL)) as postgresql:
        for at in (26 * HOUR, scenario.last):
            embedded.advance(at)
            postgresql.advance(at)
            assert postgresql.snapshot().bags == embedded.snapshot().bags
