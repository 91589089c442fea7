"""Versions of rows: whatever may change what a day holds, or how its numbers go, gives it another version."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from syncengine.model.pair import Role
from syncengine.model.remembered_days import DayPlace, DaysQuery, DayVersions, PairVersions
from syncengine.model.selection import Selection
from syncengine.model.window import Window
from syncengine.servers.protocol import Server
from tests.builders import DAY, hsplit
from tests.servers.postgresql.cluster import Cluster, Database
from tests.servers.postgresql.conftest import HSPLIT, Open, fill
from tests.servers.postgresql.loading import create_table

pytestmark = pytest.mark.postgresql
NEXT = date(2000, 6, 6)
TWO_DAYS = DaysQuery(
    Selection("hsplit", HSPLIT.columns, window=Window(datetime(2000, 6, 5), datetime(2000, 6, 7))), frozenset({1})
)


def versions(server: Server, query: DaysQuery = TWO_DAYS) -> DayVersions:
    """Return the versions of two days."""
    versions = server.day_versions(query)
    assert versions is not None
    return versions


def filled(database: Database) -> None:
    """Insert rows of two days."""
    fill(database, hsplit(500), hsplit(530), hsplit(500, row_date=NEXT))


WRITES = {
    "insert": "INSERT INTO hsplit SELECT * FROM hsplit WHERE starttime = 530",
    "update": "UPDATE hsplit SET split = split + 1 WHERE starttime = 530",
    "update to the same": "UPDATE hsplit SET split = split WHERE starttime = 530",
    "delete": "DELETE FROM hsplit WHERE starttime = 530",
    "deleted and inserted": "WITH gone AS (DELETE FROM hsplit WHERE starttime = 530 RETURNING *) "
    "INSERT INTO hsplit SELECT * FROM gone",
    "in part": "DO 'BEGIN UPDATE hsplit SET split = 7 WHERE starttime = 530; "
    "BEGIN UPDATE hsplit SET split = 8; RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END; END'",
}


def test_a_write_shows_on_its_day_with_its_commit(database: Database, opened: Open) -> None:
    """A write of any kind gives its day another version at once, before its commit none, and no other day any."""
    filled(database)
    with opened() as server, database.another() as other:
        for what, write in WRITES.items():
            fill(database, hsplit(530))
            before = versions(server)
            for end in ("ROLLBACK", "COMMIT"):
                other.run("BEGIN")
                other.run(write)
                assert versions(server).days == before.days, what
                other.run(end)
                after = versions(server)
                assert after.history == before.history, what
                assert after.days[1, NEXT] == before.days[1, NEXT], what
                assert (after.days[1, DAY] != before.days[1, DAY]) is (end == "COMMIT"), what
                assert after.position > before.position, what


def test_another_run_of_a_server_is_another_history(running: Cluster, database: Database, opened: Open) -> None:
    """Versions are those of one system, timeline and start, and of the counters that a crash begins anew."""
    filled(database)
    (made,) = running.admin.run(
        "SELECT CAST(s.system_identifier AS TEXT) || ' timeline ' || c.timeline_id || ' started ' || "
        "EXTRACT(EPOCH FROM pg_postmaster_start_time()) || ' recovered ' "
        "FROM pg_control_system() s, pg_control_checkpoint() c"
    )
    with opened() as server:
        before = versions(server)
        running.admin.run("SELECT pg_stat_reset_shared('bgwriter')")
        after = versions(server)

    assert before.history.startswith(made[0])
    assert after.days == before.days
    assert after.history != before.history


def test_a_row_in_the_place_of_another_is_another_version(database: Database, opened: Open) -> None:
    """A row that takes the very place of one that was deleted has another version, by who made it."""
    filled(database)
    where, place = "starttime = 530", "SELECT CAST(ctid AS TEXT) FROM hsplit WHERE starttime = 530"
    with opened() as server:
        before, was = versions(server), database.run(place)
        database.run(f"DELETE FROM hsplit WHERE {where}")
        database.run("VACUUM hsplit")
        fill(database, hsplit(530, acdcalls=9))
        after = versions(server)

    assert database.run(place) == was
    assert after.days[1, DAY] != before.days[1, DAY]


def test_what_only_tidies_up_shows_nowhere(running: Cluster, database: Database, opened: Open) -> None:
    """Dead rows removed, rows frozen, a table analysed, rows locked: the versions seen are the same."""
    filled(database)
    database.run("UPDATE hsplit SET split = split + 1")
    with opened() as server:
        before = versions(server)
        for tidying in ("VACUUM (FREEZE) hsplit", "ANALYZE hsplit", "CREATE INDEX days ON hsplit (row_date)"):
            database.run(tidying)
        database.run("SELECT * FROM hsplit FOR UPDATE")
        running.admin.run("CHECKPOINT")

        assert (versions(server).history, versions(server).days) == (before.history, before.days)


def test_versions_do_not_hang_on_how_rows_are_found(running: Cluster, database: Database, opened: Open) -> None:
    """Rows that were updated in their page have the same versions by way of an index as without one."""
    filled(database)
    database.run("CREATE INDEX days ON hsplit (row_date)")
    for _ in range(3):
        database.run("UPDATE hsplit SET split = split + 1")
    found = []
    for off in ("enable_seqscan", "enable_indexscan"):
        running.admin.run(f"ALTER DATABASE {database.name} SET enable_bitmapscan = off")
        running.admin.run(f"ALTER DATABASE {database.name} SET {off} = off")
        with opened() as server:
            found.append(versions(server).days)
        running.admin.run(f"ALTER DATABASE {database.name} RESET ALL")

    assert found[0] == found[1]


REMADE = {
    "made anew": ("DROP TABLE hsplit", "made"),
    "truncated": ("TRUNCATE hsplit", "filled"),
    "rewritten": ("VACUUM FULL hsplit", ""),
    "another table": ("ALTER TABLE hsplit RENAME TO stored", "made"),
}


@pytest.mark.parametrize("how", sorted(REMADE))
def test_a_table_that_was_made_anew_has_other_versions(database: Database, opened: Open, how: str) -> None:
    """The same rows in a table that was dropped, emptied, rewritten or renamed in between have other versions."""
    database.run("DROP TABLE hsplit")
    create_table(database, "hsplit")
    fill(database, hsplit(440))
    filled(database)
    database.run("DELETE FROM hsplit WHERE starttime = 440")
    with opened() as server:
        before = versions(server)
        statement, then = REMADE[how]
        database.run(statement)
        if then == "made":
            create_table(database, "hsplit")
        if then:
            filled(database)
    with opened() as server:
        after = versions(server)

    assert after.days.keys() == before.days.keys()
    assert not set(after.days.values()) & set(before.days.values())


ALTERED = {
    "another default": (
        "ALTER TABLE hsplit DROP COLUMN extra, ADD COLUMN extra integer DEFAULT 5",
        "SELECT MIN(extra), MAX(extra) FROM hsplit",
    ),
    "names changed over": (
        "DO 'BEGIN ALTER TABLE hsplit RENAME extra TO passing; ALTER TABLE hsplit RENAME other TO extra; "
        "ALTER TABLE hsplit RENAME passing TO other; END'",
        "SELECT MIN(extra), MAX(extra) FROM hsplit",
    ),
}


@pytest.mark.parametrize("how", sorted(ALTERED))
def test_other_values_without_a_version_are_another_history(database: Database, opened: Open, how: str) -> None:
    """Columns that give all rows other values, with the same names and types and no row written, show."""
    filled(database)
    database.run("ALTER TABLE hsplit ADD COLUMN extra integer DEFAULT 4, ADD COLUMN other integer DEFAULT 5")
    statement, values = ALTERED[how]
    with opened() as server:
        before, seen = versions(server), database.run(values)
        database.run(statement)
        after = versions(server)

    assert database.run(values) != seen
    assert after.days == before.days
    assert after.history != before.history


def test_the_same_values_of_columns_are_the_same_history(database: Database, opened: Open) -> None:
    """What is altered about a table and not about its rows changes no history."""
    filled(database)
    with opened() as server:
        before = versions(server)
        database.run("ALTER TABLE hsplit ALTER COLUMN split SET STATISTICS 7, ALTER COLUMN split SET DEFAULT 3")

        assert versions(server).history == before.history


def test_a_table_in_partitions_is_all_of_them(database: Database, opened: Open) -> None:
    """A row written into any partition shows on its day; so does one that changed to another partition."""
    database.run("ALTER TABLE hsplit RENAME TO plain")
    database.run("CREATE TABLE hsplit (LIKE plain) PARTITION BY LIST (acd)")
    for acd in (1, 2):
        database.run(f"CREATE TABLE hsplit_{acd} PARTITION OF hsplit FOR VALUES IN ({acd})")
    fill(database, hsplit(500), hsplit(500, acd=2))
    both = DaysQuery(TWO_DAYS.selection, frozenset({1, 2}))
    with opened() as server:
        before = versions(server, both)
        database.run("UPDATE hsplit SET split = 9 WHERE acd = 2")
        after = versions(server, both)
        database.run("ALTER TABLE hsplit DETACH PARTITION hsplit_1")
        database.run("CREATE TABLE hsplit_3 PARTITION OF hsplit FOR VALUES IN (1)")
        fill(database, hsplit(500))
        updated = versions(server, both)

    assert after.days[1, DAY] == before.days[1, DAY]
    assert after.days[2, DAY] != before.days[2, DAY]
    assert updated.days[1, DAY] != after.days[1, DAY]


def test_children_count_with_their_parent(database: Database, opened: Open) -> None:
    """A table that inherits is read with its parent, and so are its versions."""
    filled(database)
    database.run("CREATE TABLE child () INHERITS (hsplit)")
    with opened() as server:
        before = versions(server)
        database.run("INSERT INTO child SELECT * FROM ONLY hsplit WHERE starttime = 530")

        assert versions(server).days[1, DAY] != before.days[1, DAY]


def test_acds_are_distinguished_where_they_are_known(database: Database, opened: Open) -> None:
    """A row of an ACD that is not known, or of none, counts with the rest, and shows there alone."""
    filled(database)
    fill(database, hsplit(500, acd=2), hsplit(500, acd=None))

    def without_rows(place: DayPlace) -> bool:
        return place not in versions(server).days

    with opened() as server:
        before = versions(server)
        database.run("UPDATE hsplit SET acd = 3 WHERE acd = 2")
        after = versions(server)

        assert after.days[1, DAY] == before.days[1, DAY]
        assert after.days[None, DAY] != before.days[None, DAY]
        assert after.days[None, DAY].startswith("2 ")
        assert without_rows((None, NEXT))


OTHERS = {
    "a view": ("CREATE VIEW hsplit AS SELECT * FROM stored",),
    "a view that is stored": ("CREATE MATERIALIZED VIEW hsplit AS SELECT * FROM stored",),
    "a foreign table": (
        "CREATE EXTENSION file_fdw",
        "CREATE SERVER elsewhere FOREIGN DATA WRAPPER file_fdw",
        "CREATE FOREIGN TABLE hsplit (row_date date, starttime smallint, acd smallint) SERVER elsewhere "
        "OPTIONS (filename '/dev/null')",
    ),
    "another access method": (
        "CREATE ACCESS METHOD own TYPE TABLE HANDLER heap_tableam_handler",
        "CREATE TABLE hsplit (LIKE stored) USING own",
    ),
    "a partition of another access method": (
        "CREATE TABLE hsplit (LIKE stored) PARTITION BY LIST (acd)",
        "CREATE TABLE hsplit_1 PARTITION OF hsplit FOR VALUES IN (1) USING own",
    ),
    "a policy that hides rows": (
        "CREATE TABLE hsplit (LIKE stored)",
        "ALTER TABLE hsplit ENABLE ROW LEVEL SECURITY",
    ),
    "a plain table": ("CREATE TABLE hsplit (LIKE stored)",),
}


def test_only_a_plain_table_has_versions(running: Cluster, database: Database, opened: Open) -> None:
    """Where rows are not versions of a heap, or not all are seen by this login, there is nothing to rely on."""
    database.run("ALTER TABLE hsplit RENAME TO stored")
    shown = {}
    with running.as_superuser(database) as superuser:
        for what, statements in OTHERS.items():
            for statement in (*statements, "GRANT SELECT ON hsplit TO PUBLIC"):
                superuser.run(statement)
            with opened() as server:
                shown[what] = server.day_versions(TWO_DAYS) is not None
            superuser.run("ALTER TABLE hsplit RENAME TO " + what.replace(" ", "_"))

    assert shown == {what: what == "a plain table" for what in OTHERS}


def test_a_login_without_rights_gets_no_versions(running: Cluster, database: Database, opened: Open) -> None:
    """Without the right to know whose numbers they are, or to all of the table, nothing is shown and nothing fails."""
    filled(database)
    name = f"reader_{database.name}"
    running.create_login(name)
    columns = ", ".join(f'"{column}"' for column in ("row_date", "starttime", "acd", "split"))
    shown = []
    with running.as_superuser(database) as superuser:
        for right in (f"GRANT SELECT ({columns}) ON hsplit TO {name}", f"GRANT SELECT ON hsplit TO {name}"):
            superuser.run(right)
            with opened(database.url(user=name)) as server:
                shown.append(server.day_versions(TWO_DAYS) is not None)
        for function in ("pg_control_checkpoint()", "pg_control_system()"):
            superuser.run(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
            with opened(database.url(user=name)) as server:
                shown.append(server.day_versions(TWO_DAYS) is not None)
            superuser.run(f"GRANT EXECUTE ON FUNCTION {function} TO PUBLIC")
    running.drop_login(name, database)

    assert shown == [False, True, False, False]


def test_a_prepared_transaction_shows_when_it_is_committed(database: Database, opened: Open) -> None:
    """A transaction that was prepared before the versions were asked for, and is committed after, shows."""
    filled(database)
    with opened() as server, database.another() as other:
        other.run("BEGIN")
        other.run(WRITES["update"])
        other.run("PREPARE TRANSACTION 'stored'")
        before = versions(server)
        other.run("COMMIT PREPARED 'stored'")

        assert versions(server).days[1, DAY] != before.days[1, DAY]


def test_a_day_is_of_both_servers() -> None:
    """Another version, or history, on either server is another version of the pair; rows that are none count too."""
    place, other = (1, DAY), (1, NEXT)
    same = DayVersions("a", 1, {place: "2 7"})
    shown = {
        PairVersions({Role.PRIMARY: first, Role.SECONDARY: second}).of(requested)
        for first, second, requested in (
            (same, same, place),
            (same, same, other),
            (same, DayVersions("b", 1, same.days), place),
            (DayVersions("b", 1, same.days), same, place),
            (same, DayVersions("a", 1, {place: "2 8"}), place),
        )
    }

    assert len(shown) == 5
