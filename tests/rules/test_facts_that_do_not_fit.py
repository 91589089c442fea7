"""Servers whose tables are not as the catalogue says: what follows is said in a sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from syncengine.model.drift import Observation, TableState
from syncengine.model.errors import RefusedError
from syncengine.model.facts import WITNESSES, ServerFacts
from syncengine.model.pair import Role
from syncengine.model.spec import Archive
from syncengine.model.window import Window
from syncengine.observe.columns import ColumnsVerdict, judge_columns
from syncengine.observe.facts import FactQuestions, gather_facts
from syncengine.servers.opening import open_server
from tests.builders import DAY, Files, build_files, catalogue, half_hours, row
from tests.rules.scenes import drifting, outage, plan_of, storage, table_of, trunks

GUIDE_DAY = Window(datetime(2000, 6, 5), datetime(2000, 6, 6))
ROLES = pytest.mark.parametrize("role", list(Role))
NUMBER = "where a whole number is needed"
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
    ("dcalloc", "DROP COLUMN item", "no column item, so how long it keeps rows is not known"),
    ("dcalloc", "DROP COLUMN days_intrahour", "no column days_intrahour, so how long it keeps intervals is not known"),
    ("dcalloc", "RENAME days_daily TO days", "no column days_daily, so how long it keeps days is not known"),
    (
        "dcalloc",
        "ALTER num_items TYPE VARCHAR",
        f"column num_items of type VARCHAR {NUMBER}, so how many rows its circular tables hold is not known",
    ),
    ("acds", "DROP COLUMN acd", "no column acd, so the ACDs set up there are not known"),
    ("acds", "ALTER intrvl TYPE VARCHAR", f"column intrvl of type VARCHAR {NUMBER}, so the interval lengths set up"),
]


def pair_of(folder: Path, **options: Any) -> Files:
    """Build a pair in sync that keeps 62 days, with the guide's outage in the primary's diary."""
    return build_files(
        folder,
        ["htrunk", "synonyms"],
        both={"htrunk": trunks(400, 700), "dcalloc": [storage("trunk"), storage("exceptions", rows=300)]},
        primary={"linkex": [outage(513, 360)]},
        **options,
    )


def alter(files: Files, table: str, change: str, roles: Iterable[Role | str] = tuple(Role)) -> None:
    """Change a table on one server or on both."""
    for role in roles:
        files.run(role, f"ALTER TABLE {table} {change}")


def facts_of(files: Files, role: Role, *, coverage: bool = True) -> ServerFacts:
    """Return what planning is told of one server."""
    pair = files.open()
    server = open_server(pair.settings.server(role), files.folder, writable=False, limits=pair.settings.limits)
    try:
        return gather_facts(server, role, FactQuestions(pair.settings, catalogue(), GUIDE_DAY, coverage=coverage))
    finally:
        server.close()


def noted(observation: Observation, role: Role) -> tuple[str, ...]:
    """Return the notes on one server."""
    return next(facts.notes for facts in observation.facts if facts.role is role)


# Finding 7: the small tables.


@ROLES
@pytest.mark.parametrize(("table", "change", "says"), UNFIT_FACTS)
def test_a_fact_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, role: Role, table: str, change: str, says: str
) -> None:
    """A column lacking or of another type is named with what is not known without it; the tables are compared."""
    files = pair_of(tmp_path)
    alter(files, table, change, [role])

    observation = files.open().verify(tables=("htrunk",))

    (note,) = noted(observation, role)
    assert note.startswith(f"{role}: {table} has {says}")
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
    """Without days_daily nobody knows how long days are kept, and the rest of the storage allocation still counts."""
    files = pair_of(tmp_path)
    before = facts_of(files, Role.SECONDARY)
    alter(files, "dcalloc", "DROP COLUMN days_daily", ["secondary"])

    after = facts_of(files, Role.SECONDARY)

    assert after.kept == tuple(kept for kept in before.kept if kept.archive is not Archive.DAILY)
    assert (after.archives, after.outages, after.acds) == (before.archives, before.outages, before.acds)


@ROLES
def test_names_in_upper_case_tell_the_same_facts(tmp_path: Path, role: Role) -> None:
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
    assert before.kept
    assert before.archives
    assert before.coverage


@ROLES
def test_an_archive_status_that_cannot_be_read_refuses_the_resync(tmp_path: Path, role: Role) -> None:
    """Where nobody knows what was archived, nothing is copied (rule 6)."""
    files = pair_of(tmp_path)
    alter(files, "arch_stat", "DROP COLUMN last_time", [role])

    with pytest.raises(RefusedError, match=f"On {role} the interval archive of ACD 1 has no row") as refused:
        plan_of(files, tables=("htrunk",))

    assert refused.value.rule == 6


def test_a_table_the_server_fails_to_read_is_a_note(tmp_path: Path) -> None:
    """A diary that exists and cannot be read leaves its outages unknown, and says so with the server's words."""
    files = pair_of(tmp_path)
    files.run("primary", "ALTER TABLE linkex RENAME TO diary")
    files.run("primary", "CREATE VIEW linkex AS SELECT acd, row_date, row_time, duration, reason FROM diary")
    files.run("primary", "ALTER TABLE diary DROP COLUMN duration")

    facts = facts_of(files, Role.PRIMARY)

    (note,) = facts.notes
    assert note.startswith(f"primary: linkex cannot be read, {OUTAGES} (primary: ")
    assert facts.outages == ()


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


def test_outages_that_cannot_have_been_are_left_out(tmp_path: Path) -> None:
    """Rows with a time, date or duration that cannot be are counted in a note, and the others tell their outages."""
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
        f"primary: linkex tells no ACD, time or duration in {count} of its rows, so those are left out",
    )
    assert [str(one.span) for one in facts.outages] == ["2000-06-05 05:13-05:18"]


def test_outages_of_no_duration_and_clock_resets_are_ordinary(tmp_path: Path) -> None:
    """A link that was down for no second, and a clock being set back, are neither outages nor worth a note."""
    files = pair_of(tmp_path)
    files.add("secondary", "linkex", outage(513, 0), {**outage(513, -60), "reason": 96})

    facts = facts_of(files, Role.SECONDARY)

    assert (facts.notes, facts.outages) == ((), ())


def test_storage_that_cannot_be_is_left_out(tmp_path: Path) -> None:
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

    assert min(kept.periods for kept in facts.kept) == 0
    assert min(kept.capacity for kept in facts.kept) == 0
    assert files.open().verify(tables=("htrunk",)).in_sync


@pytest.mark.parametrize("text", ["", "13/45/99 99:99", "01/01/0001 00:00", "9999-12-31 23:59", None])
def test_an_archive_time_that_cannot_be_is_not_known(tmp_path: Path, text: str | None) -> None:
    """A last run in no year of a CMS, or at no time at all, is told as it stands."""
    files = pair_of(tmp_path)
    files.run("primary", "UPDATE arch_stat SET last_time = ? WHERE trim(arch_type) = '1'", [text])

    with pytest.raises(RefusedError, match="which is not a time known here"):
        plan_of(files, tables=("htrunk",))


def test_rows_of_nothing_but_null_are_skipped(tmp_path: Path) -> None:
    """A row of NULLs in each of the tables changes no fact."""
    files = pair_of(tmp_path)
    before = facts_of(files, Role.SECONDARY)
    for table in ("arch_stat", "dcalloc", "acds", "htrunk"):
        files.run("secondary", f"INSERT INTO {table} (acd) VALUES (NULL)")

    assert facts_of(files, Role.SECONDARY) == before


# Finding 8: the witnesses, and the tables compared.


UNFIT_WITNESS = [
    ("DROP COLUMN starttime", "no column starttime"),
    ("RENAME COLUMN acd TO acd_no", "no column acd"),
    ("ALTER starttime TYPE VARCHAR", f"column starttime of type VARCHAR {NUMBER}"),
    ("ALTER row_date TYPE TIMESTAMP", "column row_date of type TIMESTAMP where a date is needed"),
    ("ALTER acd TYPE VARCHAR", f"column acd of type VARCHAR {NUMBER}"),
]
LACKING_WITNESS = [
    ("DROP COLUMN intrvl", "no column intrvl, so the lengths of its intervals are not known"),
    ("ALTER intrvl TYPE VARCHAR", f"column intrvl of type VARCHAR {NUMBER}, so the lengths of its intervals"),
    ("DROP COLUMN incomplete", "no column incomplete, so whether its rows are whole is not known"),
    ("ALTER incomplete TYPE DOUBLE", f"column incomplete of type DOUBLE {NUMBER}, so whether its rows are whole"),
]
BOTH_OR_ONE = pytest.mark.parametrize(
    "roles", [(Role.PRIMARY,), (Role.SECONDARY,), tuple(Role)], ids=["primary", "secondary", "both"]
)


@BOTH_OR_ONE
@pytest.mark.parametrize(("change", "says"), [*UNFIT_WITNESS, *LACKING_WITNESS])
def test_a_witness_that_does_not_fit_stops_no_other_table(
    tmp_path: Path, roles: tuple[Role, ...], change: str, says: str
) -> None:
    """A verify of synonyms ends well whatever htrunk looks like, and says once what htrunk no longer tells."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", change, roles)

    observation = files.open().verify(tables=("synonyms",))

    assert observation.in_sync
    for role in Role:
        notes = noted(observation, role)
        assert len(notes) == (role in roles)
        assert all(note.startswith(f"{role}: htrunk has {says}") for note in notes)


@pytest.mark.parametrize(("change", "says"), UNFIT_WITNESS)
def test_a_witness_that_does_not_fit_is_passed_over(tmp_path: Path, change: str, says: str) -> None:
    """The other witnesses still tell which intervals were seen and how long they are."""
    files = build_files(
        tmp_path, ["hsplit", "htrunk"], both={"htrunk": trunks(400, 500), "hsplit": half_hours(530, 700)}
    )
    alter(files, "hsplit", change, ["primary"])

    facts = facts_of(files, Role.PRIMARY)

    assert facts.notes == (f"primary: hsplit has {says}, so it does not tell which intervals were seen",)
    assert [seen.label for seen in facts.coverage] == [400, 430]
    assert [(day.shortest, day.longest) for day in facts.lengths] == [(30, 30)]


@pytest.mark.parametrize("witness", WITNESSES)
def test_every_witness_is_judged(tmp_path: Path, witness: str) -> None:
    """Each table that is asked which intervals were seen may lack columns."""
    files = build_files(tmp_path, [witness, "synonyms"])
    alter(files, witness, "DROP COLUMN starttime")

    assert files.open().verify(tables=("synonyms",)).in_sync


JUDGED = [
    ("DROP COLUMN starttime", "column starttime is on neither server"),
    ("DROP COLUMN acd", "column acd is on neither server"),
    ("ALTER starttime TYPE VARCHAR", "column starttime is VARCHAR on both servers, and a whole number is needed"),
    ("ALTER starttime TYPE DOUBLE", "column starttime is DOUBLE on both servers, and a whole number is needed"),
    ("ALTER row_date TYPE TIMESTAMP", "column row_date is TIMESTAMP on both servers, and a date is needed"),
    ("ALTER acd TYPE VARCHAR", "column acd is VARCHAR on both servers, and a whole number is needed"),
]


@pytest.mark.parametrize("every_row", [False, True])
@pytest.mark.parametrize("window", [None, "2000-06-05 05:13..05:19"])
@pytest.mark.parametrize(("change", "says"), JUDGED)
def test_a_table_without_usable_times_is_not_comparable(
    tmp_path: Path, change: str, says: str, window: str | None, every_row: bool
) -> None:
    """What rows cannot be told apart by is named with its type and what is needed, and other tables are compared."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", change)

    observation = files.open().verify(tables=("htrunk", "synonyms"), window=window, every_row=every_row)

    table = table_of(observation, "htrunk")
    assert (table.state, table.problem) == (TableState.NOT_COMPARABLE, says)
    assert not observation.in_sync
    assert table_of(observation, "synonyms").in_sync


@ROLES
def test_an_unusable_type_on_one_server_is_said_once(tmp_path: Path, role: Role) -> None:
    """One server's label as text is named with what is needed, not once more as a difference."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", "ALTER starttime TYPE VARCHAR", [role])

    table = table_of(files.open().verify(tables=("htrunk",)), "htrunk")

    assert table.state is TableState.NOT_COMPARABLE
    assert table.problem == f"column starttime is VARCHAR on {role}, and a whole number is needed"


def test_two_usable_types_that_differ_are_still_a_difference(tmp_path: Path) -> None:
    """A label of INTEGER on one server and SMALLINT on the other is not alike (rule 14)."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", "ALTER starttime TYPE INTEGER", ["secondary"])

    table = table_of(files.open().verify(tables=("htrunk",)), "htrunk")

    assert table.problem == "column starttime is SMALLINT on primary and INTEGER on secondary"


def test_wider_labels_on_both_servers_are_compared(tmp_path: Path) -> None:
    """Whole numbers of any size serve as labels and ACDs, and a note says that the spec has others."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", "ALTER starttime TYPE INTEGER")
    alter(files, "htrunk", "ALTER acd TYPE BIGINT")
    files.run("secondary", "DELETE FROM htrunk WHERE starttime = 500")

    observation = files.open().verify(tables=("htrunk",))

    assert drifting(observation, "htrunk") == [(500, 2, 0, 0)]
    assert table_of(observation, "htrunk").notes == (
        "starttime is INTEGER on both servers, smallint in the spec",
        "acd is BIGINT on both servers, smallint in the spec",
    )


@pytest.mark.parametrize("change", ["DROP COLUMN login", "ALTER login TYPE VARCHAR", "ALTER login TYPE DOUBLE"])
def test_epochs_must_be_whole_numbers(tmp_path: Path, change: str) -> None:
    """A table of epoch seconds whose epoch is lacking or something else cannot be compared, and says so."""
    files = build_files(tmp_path, ["haglog"], both={"haglog": [row("haglog", login=960_181_200)]})
    alter(files, "haglog", change)

    table = table_of(files.open().verify(tables=("haglog",)), "haglog")

    assert table.state is TableState.NOT_COMPARABLE
    assert table.problem.startswith("column login is ")


def test_administration_without_a_usable_acd_is_not_comparable(tmp_path: Path) -> None:
    """Administration is told apart by ACD, so its type counts there too."""
    files = pair_of(tmp_path)
    alter(files, "synonyms", "ALTER acd_no TYPE VARCHAR")

    table = table_of(files.open().verify(tables=("synonyms",)), "synonyms")

    assert table.problem == "column acd_no is VARCHAR on both servers, and a whole number is needed"


OPTIONAL = [
    ("DROP COLUMN intrvl", "intrvl is on neither server, so the lengths of its intervals are not known"),
    ("DROP COLUMN incomplete", "incomplete is on neither server, so whether its rows are whole is not known"),
    (
        "ALTER intrvl TYPE VARCHAR",
        "intrvl is VARCHAR on both servers, so the lengths of its intervals are not known",
    ),
]


def verdict_of(files: Files, name: str) -> ColumnsVerdict:
    """Judge a table of both servers."""
    pair = files.open()
    live = {}
    for role in Role:
        server = open_server(pair.settings.server(role), files.folder, writable=False, limits=pair.settings.limits)
        live[role] = server.tables([name]).get(name)
        server.close()
    return judge_columns(catalogue().table(name), live)


@pytest.mark.parametrize(("change", "says"), OPTIONAL)
def test_a_length_or_incomplete_lacking_on_both_is_a_note(tmp_path: Path, change: str, says: str) -> None:
    """Rows can be compared without either column: the verdict leaves it out of the time columns and says so once."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", change)

    verdict = verdict_of(files, "htrunk")

    assert (verdict.state, verdict.notes) == (TableState.COMPARED, (says,))
    assert verdict.time is not None
    assert (verdict.time.interval is None) == ("intrvl" in change)
    assert (verdict.time.incomplete is None) == ("incomplete" in change)


@pytest.mark.parametrize(("change", "says"), OPTIONAL[:2])
def test_a_table_without_length_or_incomplete_is_compared(tmp_path: Path, change: str, says: str) -> None:
    """The table itself is compared without that column, and the note stands in the report."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", change)
    files.run("secondary", "DELETE FROM htrunk WHERE starttime = 500")

    observation = files.open().verify(tables=("htrunk",))

    assert drifting(observation, "htrunk") == [(500, 2, 0, 0)]
    assert table_of(observation, "htrunk").notes == (says,)


# The coverage of intervals.


def test_coverage_tells_how_long_each_interval_is(tmp_path: Path) -> None:
    """The longest length any witness tells of an interval counts."""
    quarters = trunks(400, 500, minutes=15)
    files = build_files(
        tmp_path, ["hsplit", "htrunk"], both={"htrunk": quarters, "hsplit": half_hours(430, 500), "linkex": []}
    )

    seen = facts_of(files, Role.PRIMARY).coverage

    assert [(one.label, one.length) for one in seen] == [(400, 15), (415, 15), (430, 30), (445, 15)]


@pytest.mark.parametrize(
    ("settings", "length"), [("", 30), ("intervals = { default = 60 }", 60), ('intervals = { "1" = 15 }', 15)]
)
@pytest.mark.parametrize("change", ["ALTER intrvl TYPE SMALLINT USING NULL", "DROP COLUMN intrvl"])
def test_an_interval_that_tells_no_length_has_the_pair_files(
    tmp_path: Path, settings: str, length: int, change: str
) -> None:
    """Where no row says how long an interval is, the pair file does, else it is half an hour."""
    files = pair_of(tmp_path, settings=settings)
    alter(files, "htrunk", change, ["primary"])

    assert {one.length for one in facts_of(files, Role.PRIMARY).coverage} == {length}


def test_a_length_told_by_one_witness_is_not_widened_by_another(tmp_path: Path) -> None:
    """A witness without lengths does not make a quarter of an hour that another tells of longer."""
    files = build_files(
        tmp_path,
        ["hsplit", "htrunk"],
        both={"htrunk": trunks(400, 430, minutes=15), "hsplit": half_hours(400, 430, intrvl=None)},
    )

    assert [(one.label, one.length) for one in facts_of(files, Role.PRIMARY).coverage] == [(400, 15), (415, 15)]


@pytest.mark.parametrize("absurd", [0, -30, 45, 32_000])
def test_a_length_that_cannot_be_is_as_good_as_none(tmp_path: Path, absurd: int) -> None:
    """No CMS has such intervals: verify and coverage go by the half hour instead."""
    files = pair_of(tmp_path)
    for role in Role:
        files.run(role, "UPDATE htrunk SET intrvl = ? WHERE tkgrp = 1 OR starttime = 500", [absurd])

    facts = facts_of(files, Role.PRIMARY)

    assert {one.length for one in facts.coverage} == {30}
    assert [(day.shortest, day.longest) for day in facts.lengths] == [(30, 30)]
    assert files.open().verify(tables=("htrunk",)).in_sync


def test_intervals_that_cannot_have_been_cover_nothing(tmp_path: Path) -> None:
    """Rows at no time of day, or in no year of a CMS, vouch for no interval."""
    files = pair_of(tmp_path)
    before = facts_of(files, Role.PRIMARY)
    files.add(
        "primary",
        "htrunk",
        *trunks(400, 430, starttime=9999),
        *trunks(400, 430, starttime=-100),
        *trunks(400, 430, starttime=475),
    )

    assert facts_of(files, Role.PRIMARY).coverage == before.coverage
    assert {one.row_date for one in before.coverage} == {DAY}


@pytest.mark.parametrize("day", ["20000-01-01", "infinity", "1699-01-01"])
def test_days_that_cannot_have_been_stop_no_verify(tmp_path: Path, day: str) -> None:
    """A witness with a row in no year of a CMS tells of its other rows all the same."""
    files = pair_of(tmp_path)
    files.run("primary", f"UPDATE htrunk SET row_date = DATE '{day}' WHERE starttime = 500")

    assert files.open().verify(tables=("synonyms",)).in_sync
