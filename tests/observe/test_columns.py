"""Witnesses and tables with wrong columns: their meaning is not guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncengine.app import open_pair
from syncengine.model.drift import TableState
from syncengine.model.pair import Role
from syncengine.observe.columns import ColumnsVerdict, judge_columns
from syncengine.servers.kinds import open_server
from syncengine.servers.protocol import LiveTable
from tests.builders import DAY, Files, build_files, catalogue, half_hours, row, settings_of
from tests.examples import some_of
from tests.observe.misfits import NUMBER, ROLES, alter, facts_of, noted, pair_of
from tests.scenes import drift_counts, table_of, trunks

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


@pytest.mark.sampled
@BOTH_OR_ONE
@pytest.mark.parametrize(("change", "message"), some_of([*UNFIT_WITNESS, *LACKING_WITNESS], 3))
def test_a_witness_that_does_not_fit_stops_no_other_table(
    tmp_path: Path, roles: tuple[Role, ...], change: str, message: str
) -> None:
    """A verify of synonyms succeeds with any htrunk, and reports once what htrunk no longer shows."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", change, roles)

    observation = files.open().verify(tables=("synonyms",))

    assert observation.in_sync
    for role in Role:
        notes = noted(observation, role)
        assert len(notes) == (role in roles)
        assert all(note.startswith(f"{role}: htrunk has {message}") for note in notes)


@pytest.mark.parametrize(("change", "message"), UNFIT_WITNESS)
def test_a_witness_that_does_not_fit_is_skipped(tmp_path: Path, change: str, message: str) -> None:
    """The other witnesses still show which intervals were recorded and how long they are."""
    files = build_files(
        tmp_path, ["hsplit", "htrunk"], both={"htrunk": trunks(400, 500), "hsplit": half_hours(530, 700)}
    )
    alter(files, "hsplit", change, ["primary"])

    facts = facts_of(files, Role.PRIMARY)

    assert facts.notes == (f"primary: hsplit has {message}, so it does not show which intervals were recorded",)
    assert [interval.label for interval in facts.coverage] == [400, 430]
    assert [(day.shortest, day.longest) for day in facts.lengths] == [(30, 30)]


@pytest.mark.parametrize("witness", [spec.name for spec in catalogue().witnesses])
def test_every_witness_is_judged(tmp_path: Path, witness: str) -> None:
    """Each table that shows which intervals were recorded may lack columns."""
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


@pytest.mark.sampled
@pytest.mark.parametrize("every_row", [False, True])
@pytest.mark.parametrize("window", [None, "2000-06-05 05:13..05:19"])
@pytest.mark.parametrize(("change", "message"), some_of(JUDGED, 2))
def test_a_table_without_usable_times_is_not_comparable(
    tmp_path: Path, change: str, message: str, window: str | None, every_row: bool
) -> None:
    """A column that gives no time or ACD is named with its type and what is needed, and other tables are compared."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", change)

    observation = files.open().verify(tables=("htrunk", "synonyms"), window=window, every_row=every_row)

    table = table_of(observation, "htrunk")
    assert (table.state, table.problem) == (TableState.NOT_COMPARABLE, message)
    assert not observation.in_sync
    assert table_of(observation, "synonyms").in_sync


@ROLES
def test_an_unusable_type_on_one_server_is_reported_once(tmp_path: Path, role: Role) -> None:
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

    assert drift_counts(observation, "htrunk") == [(500, 2, 0, 0)]
    assert table_of(observation, "htrunk").notes == (
        "starttime is INTEGER on both servers, smallint in the spec",
        "acd is BIGINT on both servers, smallint in the spec",
    )


@pytest.mark.parametrize("change", ["DROP COLUMN login", "ALTER login TYPE VARCHAR", "ALTER login TYPE DOUBLE"])
def test_epochs_must_be_whole_numbers(tmp_path: Path, change: str) -> None:
    """A table of epoch seconds whose epoch is missing or of another type is not compared, and the verdict says so."""
    files = build_files(tmp_path, ["haglog"], both={"haglog": [row("haglog", login=960_181_200)]})
    alter(files, "haglog", change)

    table = table_of(files.open().verify(tables=("haglog",)), "haglog")

    assert table.state is TableState.NOT_COMPARABLE
    assert table.problem.startswith("column login is ")


def test_administration_without_a_usable_acd_is_not_comparable(tmp_path: Path) -> None:
    """Administration is divided by ACD, so the type of that column counts there too."""
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
    settings = settings_of(files.pair_file)
    live = {}
    for role in Role:
        server = open_server(settings.server(role), files.folder, writable=False, limits=settings.limits)
        live[role] = server.tables([name]).get(name)
        server.close()
    return judge_columns(catalogue().table(name), live)


@pytest.mark.parametrize(("change", "message"), OPTIONAL)
def test_a_length_or_incomplete_lacking_on_both_is_a_note(tmp_path: Path, change: str, message: str) -> None:
    """Rows can be compared without either column: the verdict leaves it out of the time columns and says so once."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", change)

    verdict = verdict_of(files, "htrunk")

    assert (verdict.state, verdict.notes) == (TableState.COMPARED, (message,))
    assert verdict.time is not None
    assert (verdict.time.interval is None) == ("intrvl" in change)
    assert (verdict.time.incomplete is None) == ("incomplete" in change)


@pytest.mark.parametrize(("change", "message"), OPTIONAL[:2])
def test_a_table_without_length_or_incomplete_is_compared(tmp_path: Path, change: str, message: str) -> None:
    """The table itself is compared without that column, and the note stands in the report."""
    files = pair_of(tmp_path)
    alter(files, "htrunk", change)
    files.run("secondary", "DELETE FROM htrunk WHERE starttime = 500")

    observation = files.open().verify(tables=("htrunk",))

    assert drift_counts(observation, "htrunk") == [(500, 2, 0, 0)]
    assert table_of(observation, "htrunk").notes == (message,)


def test_coverage_has_the_length_of_each_interval(tmp_path: Path) -> None:
    """The longest length any witness has of an interval counts."""
    quarters = trunks(400, 500, minutes=15)
    files = build_files(
        tmp_path, ["hsplit", "htrunk"], both={"htrunk": quarters, "hsplit": half_hours(430, 500), "linkex": []}
    )

    coverage = facts_of(files, Role.PRIMARY).coverage

    assert [(one.label, one.length) for one in coverage] == [(400, 15), (415, 15), (430, 30), (445, 15)]


@pytest.mark.parametrize(
    ("settings", "length"), [("", 30), ("intervals = { default = 60 }", 60), ('intervals = { "1" = 15 }', 15)]
)
@pytest.mark.parametrize("change", ["ALTER intrvl TYPE SMALLINT USING NULL", "DROP COLUMN intrvl"])
def test_an_interval_without_a_length_has_the_pair_files(
    tmp_path: Path, settings: str, length: int, change: str
) -> None:
    """Where no row has the length of an interval, it is that of the pair file, else half an hour."""
    files = pair_of(tmp_path, settings=settings)
    alter(files, "htrunk", change, ["primary"])

    assert {one.length for one in facts_of(files, Role.PRIMARY).coverage} == {length}


def test_a_length_from_one_witness_is_not_widened_by_another(tmp_path: Path) -> None:
    """A witness without lengths does not lengthen a quarter of an hour of another."""
    files = build_files(
        tmp_path,
        ["hsplit", "htrunk"],
        both={"htrunk": trunks(400, 430, minutes=15), "hsplit": half_hours(400, 430, intrvl=None)},
    )

    assert [(one.label, one.length) for one in facts_of(files, Role.PRIMARY).coverage] == [(400, 15), (415, 15)]


@pytest.mark.parametrize("absurd", [0, -30, 45, 32_000])
def test_an_impossible_length_is_ignored(tmp_path: Path, absurd: int) -> None:
    """No CMS has such intervals: verify and coverage use the half hour instead."""
    files = pair_of(tmp_path)
    for role in Role:
        files.run(role, "UPDATE htrunk SET intrvl = ? WHERE tkgrp = 1 OR starttime = 500", [absurd])

    facts = facts_of(files, Role.PRIMARY)

    assert {one.length for one in facts.coverage} == {30}
    assert [(day.shortest, day.longest) for day in facts.lengths] == [(30, 30)]
    assert files.open().verify(tables=("htrunk",)).in_sync


def test_impossible_intervals_cover_nothing(tmp_path: Path) -> None:
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
def test_impossible_days_stop_no_verify(tmp_path: Path, day: str) -> None:
    """A witness with a row in no year of a CMS still counts with its other rows."""
    files = pair_of(tmp_path)
    files.run("primary", f"UPDATE htrunk SET row_date = DATE '{day}' WHERE starttime = 500")

    assert files.open().verify(tables=("synonyms",)).in_sync


NAMED = """
summary = "Names of our own"
class = "custom"
key = ["Id", "Lost"]
synced_by = "copying"

[tables]
c_named = {}

[columns]
Id = { type = "integer" }
Lost = { type = "integer" }
"""


def test_names_are_matched_without_regard_to_case(tmp_path: Path) -> None:
    """A key column in another case is the key; one that both servers lack is reported."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "c_named.toml").write_text(NAMED)
    files = build_files(tmp_path, [])
    for role, text in ((Role.PRIMARY, "one"), (Role.SECONDARY, "other")):
        files.run(role, 'CREATE TABLE "C_Named" ("ID" INTEGER, "Name" VARCHAR)')
        files.run(role, 'INSERT INTO "C_Named" VALUES (1, ?)', [text])

    (found,) = open_pair(files.pair_file, specs=(tmp_path / "specs",)).verify(tables=("c_named",)).tables

    assert found.notes == ("lost is on neither server, so rows that differ are distinguished without it",)
    assert [(sample.key, sample.changes[0].column) for sample in found.samples] == [((("id", 1),), "name")]


def test_a_table_that_cannot_be_read_is_not_compared() -> None:
    """The problem its server reports is the reason of the verdict, with the server's name."""
    spec = catalogue().table("users")
    fine = LiveTable("users", ())
    odd = replace(fine, problem='has the columns "Id" and "id", whose names differ only in case')

    verdict = judge_columns(spec, {Role.PRIMARY: fine, Role.SECONDARY: odd})

    assert (verdict.state, verdict.problem) == (TableState.NOT_COMPARABLE, f"secondary {odd.problem}")
