"""Servers whose tables are not as in the catalogue: the result is a sentence, never a traceback."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from syncengine.model.grain import Archive
from syncengine.model.pair import Role
from syncengine.model.refusals import NotArchivedError
from tests.builders import Files
from tests.cli.terminal import WINDOW, Typing
from tests.examples import some_of
from tests.jobs.test_outages import link
from tests.observe.misfits import NUMBER, ROLES, alter, facts_of, noted, pair_of
from tests.scenes import outage, plan_of, storage, table_of

OUTAGES = "so its outages are not known"


ARCHIVES = "so how far its archives have run is not known"


UNFIT_FACTS = [
    ("linkex", "DROP COLUMN duration", f"no column duration, {OUTAGES}"),
    ("linkex", "RENAME COLUMN row_time TO down_at", f"no column row_time, {OUTAGES}"),
    ("linkex", "ALTER duration TYPE VARCHAR", f"column duration of type VARCHAR {NUMBER}, {OUTAGES}"),
    ("linkex", "ALTER row_date TYPE TIMESTAMP", f"column row_date of type TIMESTAMP where a date is needed, {OUTAGES}"),
    ("linkex", "ALTER reason TYPE DOUBLE", f"column reason of type DOUBLE {NUMBER}, {OUTAGES}"),
    ("arch_stat", "DROP COLUMN status", f"no column status, {ARCHIVES}"),
    (
        "arch_stat",
        "ALTER last_time TYPE TIMESTAMP USING TIMESTAMP '2000-06-05 07:00:00'",
        f"column last_time of type TIMESTAMP where text is needed, {ARCHIVES}",
    ),
    ("dcalloc", "DROP COLUMN item", "no column item, so how long it stores rows is not known"),
    ("dcalloc", "DROP COLUMN days_intrahour", "no column days_intrahour, so how long it stores intervals is not known"),
    ("dcalloc", "RENAME days_daily TO days", "no column days_daily, so how long it stores days is not known"),
    (
        "dcalloc",
        "ALTER num_items TYPE VARCHAR",
        f"column num_items of type VARCHAR {NUMBER}, so the capacity of its circular tables is not known",
    ),
    ("acds", "DROP COLUMN acd", "no column acd, so the ACDs set up there are not known"),
    ("acds", "ALTER intrvl TYPE VARCHAR", f"column intrvl of type VARCHAR {NUMBER}, so the interval lengths set up"),
]


@pytest.mark.sampled
@ROLES
@pytest.mark.parametrize(("table", "change", "message"), some_of(UNFIT_FACTS, 2))
def test_a_fact_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, role: Role, table: str, change: str, message: str
) -> None:
    """A column lacking or of another type is named with what is not known without it; the tables are compared."""
    files = pair_of(tmp_path)
    alter(files, table, change, [role])

    observation = files.open().verify(tables=("htrunk",))

    (note,) = noted(observation, role)
    assert note.startswith(f"{role}: {table} has {message}")
    assert noted(observation, role.other) == ()
    assert table_of(observation, "htrunk").rows_compared
    assert observation.in_sync


def test_all_columns_that_do_not_fit_are_one_sentence(tmp_path: Path) -> None:
    """Two columns without which one fact is not known are named together."""
    files = pair_of(tmp_path)
    alter(files, "linkex", "DROP COLUMN duration", ["primary"])
    alter(files, "linkex", "ALTER row_time TYPE VARCHAR", ["primary"])

    assert facts_of(files, Role.PRIMARY).notes == (
        f"primary: linkex has column row_time of type VARCHAR {NUMBER} and no column duration, {OUTAGES}",
    )


def test_only_the_fact_of_the_lacking_column_is_left_out(tmp_path: Path) -> None:
    """Without days_daily it is not known how long days are stored, and the rest of the storage allocation counts."""
    files = pair_of(tmp_path)
    before = facts_of(files, Role.SECONDARY)
    alter(files, "dcalloc", "DROP COLUMN days_daily", ["secondary"])

    after = facts_of(files, Role.SECONDARY)

    assert after.storage_allocations == tuple(
        one for one in before.storage_allocations if one.archive is not Archive.DAILY
    )
    assert (after.archives, after.outages, after.acds) == (before.archives, before.outages, before.acds)


@ROLES
def test_names_in_upper_case_give_the_same_facts(tmp_path: Path, role: Role) -> None:
    """A server that spells its tables and columns in upper case is read like any other."""
    files = pair_of(tmp_path)
    before = facts_of(files, role)
    with duckdb.connect(str(files.database(role))) as connection:
        for table in ("linkex", "dcalloc", "arch_stat", "acds", "htrunk"):
            names = [column[0] for column in connection.execute(f"DESCRIBE {table}").fetchall()]
            upper = ", ".join(f'"{name}" AS "{name.upper()}"' for name in reversed(names))
            connection.execute(f"CREATE TABLE copied AS SELECT {upper} FROM {table}")
            connection.execute(f"DROP TABLE {table}")
            connection.execute(f'ALTER TABLE copied RENAME TO "{table.upper()}"')

    assert facts_of(files, role) == before
    assert before.storage_allocations
    assert before.archives
    assert before.coverage


@ROLES
def test_an_archive_status_that_cannot_be_read_refuses_the_resync(tmp_path: Path, role: Role) -> None:
    """Where it is not known what was archived, nothing is copied (rule 6)."""
    files = pair_of(tmp_path)
    alter(files, "arch_stat", "DROP COLUMN last_time", [role])

    with pytest.raises(
        NotArchivedError, match=f"It is not known how far {role} has archived: arch_stat has no column last_time"
    ) as refused:
        plan_of(files, tables=("htrunk",))

    assert not refused.value.temporary


def test_a_table_the_server_fails_to_read_is_a_note(tmp_path: Path) -> None:
    """A diary that exists and cannot be read leaves its outages unknown, and the note has the server's message."""
    files = pair_of(tmp_path)
    files.run("primary", "ALTER TABLE linkex RENAME TO diary")
    files.run("primary", "CREATE VIEW linkex AS SELECT acd, row_date, row_time, duration, reason FROM diary")
    files.run("primary", "ALTER TABLE diary DROP COLUMN duration")

    facts = facts_of(files, Role.PRIMARY)

    (note,) = facts.notes
    assert note.startswith(f"primary: linkex cannot be read, {OUTAGES} (Binder Error: ")
    assert facts.outages == ()


def broken_view(files: Files, role: Role, table: str, column: str) -> None:
    """Put a view in the place of a table, over one that has lost a column."""
    names = ", ".join(name for (name,) in files.run(role, f"SELECT name FROM pragma_table_info('{table}')"))
    files.run(role, f"ALTER TABLE {table} RENAME TO below")
    files.run(role, f"CREATE VIEW {table} AS SELECT {names} FROM below")
    files.run(role, f"ALTER TABLE below DROP COLUMN {column}")


@pytest.mark.soak("missing")
@pytest.mark.parametrize("missing", [True, False], ids=["missing", "unreadable"])
def test_an_unreadable_archive_status_is_reported_everywhere(tmp_path: Path, typed: Typing, missing: bool) -> None:
    """Status, check, outages and a resync say why arch_stat is not known, and never advise to wait."""
    files = pair_of(tmp_path)
    files.add("primary", "linkex", link(500, 6 * 60))
    if missing:
        files.run("secondary", "DROP TABLE arch_stat")
    else:
        broken_view(files, Role.SECONDARY, "arch_stat", "last_time")
    why = "there is no table arch_stat" if missing else "arch_stat cannot be read (Binder Error: "
    pair = ("--pair", files.pair_file)

    status, check, outages = (typed(word, *pair) for word in ("status", "check", "outages"))
    refused = typed("resync", *pair, *WINDOW, "--table", "htrunk", "--wait", "--dry-run")
    all_at_once = typed("resync", *pair, "--outages", "--wait", "--dry-run")

    for result in (status, check, refused, all_at_once):
        assert why in result.text
        assert "has no row for" not in result.text
    assert "not known to be archived" in outages.text
    assert (refused.code, all_at_once.code) == (4, 4)
    assert "waiting does not help" in refused.text


def test_a_missing_diary_is_not_one_without_outages(tmp_path: Path, typed: Typing) -> None:
    """Status and check say that outages are not known, and status why."""
    files = pair_of(tmp_path)
    files.run("secondary", "DROP TABLE linkex")

    status, check = (typed(word, "--pair", files.pair_file) for word in ("status", "check"))

    for result in (status, check):
        (line,) = [line for line in result.out.splitlines() if line.startswith("outages of links")]
        assert line.endswith(" not known")
    assert "secondary: the outages of its links are not known: there is no table linkex." in status.text


def test_absent_tables_are_noted(tmp_path: Path) -> None:
    """A server without a diary, storage allocation or archive status is compared, and each is named."""
    files = pair_of(tmp_path)
    for table in ("linkex", "dcalloc", "arch_stat"):
        files.run("secondary", f"DROP TABLE {table}")

    observation = files.open().verify(tables=("htrunk",))

    assert noted(observation, Role.SECONDARY) == tuple(
        f"secondary: has no {table} table" for table in ("arch_stat", "dcalloc", "linkex")
    )


ABSURD_OUTAGES: list[dict[str, Any]] = [
    {"row_time": 9999},
    {"row_time": -5},
    {"row_time": 575},
    {"row_time": None},
    {"duration": -360},
    {"duration": 2**62},
    {"duration": None},
    {"row_date": None},
    {"row_date": date(1, 1, 1)},
    {"row_date": date(9999, 12, 31)},
    {"acd": None},
]


def test_impossible_outages_are_left_out(tmp_path: Path) -> None:
    """Rows with an impossible time, date or duration are counted in a note, and the others give their outages."""
    files = pair_of(tmp_path)
    alter(files, "linkex", "ALTER duration TYPE BIGINT", ["primary"])
    files.add("primary", "linkex", *({**outage(513, 360), **absurd} for absurd in ABSURD_OUTAGES))
    for day in ("20000-01-01", "infinity", "-infinity", "0044-03-15 (BC)"):
        files.run(
            "primary", f"INSERT INTO linkex BY NAME (SELECT * REPLACE (DATE '{day}' AS row_date) FROM linkex LIMIT 1)"
        )

    facts = facts_of(files, Role.PRIMARY)

    count = len(ABSURD_OUTAGES) + 4
    assert facts.notes == (
        f"primary: linkex has no ACD, time or duration in {count} of its rows, so these are left out",
    )
    assert [str(one.span) for one in facts.outages] == ["2000-06-05 05:13-05:18"]


def test_outages_of_no_duration_and_clock_resets_are_ordinary(tmp_path: Path) -> None:
    """A link that was down for no second, and a clock being set back, are neither outages nor worth a note."""
    files = pair_of(tmp_path)
    files.add("secondary", "linkex", outage(513, 0), {**outage(513, -60), "reason": 96})

    facts = facts_of(files, Role.SECONDARY)

    assert (facts.notes, facts.outages) == ((), ())


def test_impossible_storage_is_left_out(tmp_path: Path) -> None:
    """NULL, negative and enormous storage allocations do not stop a verify."""
    files = pair_of(tmp_path)
    low, high = -(2**15), 2**15 - 1
    files.run("secondary", "UPDATE dcalloc SET num_items = -1, days_intrahour = -1, days_daily = NULL")
    files.add(
        "secondary",
        "dcalloc",
        {**storage("trunk", days=low), "weeks_weekly": low, "months_monthly": low, "num_items": None},
        {**storage("trunk", days=high), "weeks_weekly": high, "months_monthly": high},
        {**storage("trunk"), "item": None},
        {**storage("trunk"), "acd": None},
    )

    facts = facts_of(files, Role.SECONDARY)

    assert min(one.periods for one in facts.storage_allocations) == 0
    assert min(one.capacity for one in facts.storage_allocations) == 0
    assert files.open().verify(tables=("htrunk",)).in_sync


@pytest.mark.parametrize("text", ["", "13/45/99 99:99", "01/01/0001 00:00", "9999-12-31 23:59", None])
def test_an_impossible_archive_time_is_not_known(tmp_path: Path, text: str | None) -> None:
    """A last run in no year of a CMS, or at no time at all, is shown as it is stored."""
    files = pair_of(tmp_path)
    files.run("primary", "UPDATE arch_stat SET last_time = ? WHERE trim(arch_type) = '1'", [text])

    with pytest.raises(NotArchivedError, match="which is not a valid time"):
        plan_of(files, tables=("htrunk",))


def test_rows_of_nothing_but_null_are_skipped(tmp_path: Path) -> None:
    """A row of NULLs in each of the tables changes no fact."""
    files = pair_of(tmp_path)
    before = facts_of(files, Role.SECONDARY)
    for table in ("arch_stat", "dcalloc", "acds", "htrunk"):
        files.run("secondary", f"INSERT INTO {table} (acd) VALUES (NULL)")

    assert facts_of(files, Role.SECONDARY) == before
