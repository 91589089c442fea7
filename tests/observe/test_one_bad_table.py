"""An error of one table is that table's verdict: the others are compared and repaired."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.drift import TableState
from syncengine.model.errors import InputError, ServerError, ServerUnreachableError, UnknownTableError
from syncengine.model.outages import Outlook
from syncengine.model.outcome import StepState
from syncengine.model.pair import Role
from syncengine.model.plan import SkipReason
from syncengine.model.run import RunState
from syncengine.model.spec import TableSpec
from syncengine.observe.rollups.recomputed_rows import RecomputedRows
from tests.builders import Files, build_files, row
from tests.cli.terminal import WINDOW, Typing
from tests.interference import Interference, interfere
from tests.jobs.test_outages import broken, link
from tests.rules.summarised import pair
from tests.scenes import code, trunks

TABLES = ("htrunk", "hcwc", "synonyms")
MAY_NOT = "secondary: this login may not do that: permission denied for table hcwc"
MORNING = "2000-06-05 00:00..06:29"
GRANT = "Have the owner grant it."


def drifting(folder: Path, **more: Any) -> Files:
    """Build a pair in which all three tables differ in the half hour of the guide's outage, or at all."""
    both = {"htrunk": [*trunks(400, 500), *trunks(530, 700)], "hcwc": [code(430)]}
    alone = {"htrunk": trunks(500, 530), "hcwc": [code(500)], "synonyms": [row("synonyms", value="1", item_name="a")]}
    return build_files(folder, [*TABLES, "dcwc"], both=both, primary=alone, **more)


def failing(table: str, error: ServerError) -> Callable[[str], None]:
    """Return what makes a server fail at one table."""

    def fail(name: str) -> None:
        if name == table:
            raise error

    return fail


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the secondary refuse to read hcwc."""
    interfere(monkeypatch, Role.SECONDARY, Interference(before_query=failing("hcwc", ServerError(MAY_NOT, hint=GRANT))))


@pytest.mark.usefixtures("unreadable")
def test_the_others_are_compared(tmp_path: Path, typed: Typing) -> None:
    """A table that cannot be read is named with its reason beside what was found in the others, and exit is 1."""
    files = drifting(tmp_path)

    found = files.open().verify(tables=TABLES)
    result = typed("verify", "--pair", files.pair_file, *(word for name in TABLES for word in ("--table", name)))
    document = typed("verify", "--pair", files.pair_file, "--table", "hcwc", "--table", "htrunk", "--json").document

    assert [(table.spec.name, table.state, table.differs) for table in found.tables] == [
        ("synonyms", TableState.COMPARED, True),
        ("htrunk", TableState.COMPARED, True),
        ("hcwc", TableState.NOT_READ, False),
    ]
    assert not found.in_sync
    assert result.code == 1
    assert f"hcwc: {MAY_NOT}. {GRANT}" in result.text
    assert "DRIFT 2 tables and 2 buckets differ, of 2 tables" in result.text
    assert "NOT COMPARED 1 table: whether it differs is not known." in result.text
    assert document["not_compared"] == [{"table": "hcwc", "problem": MAY_NOT, "hint": GRANT}]
    assert document["counts"] == {"in_sync": 0, "differing": 1, "not_compared": 1, "empty": 0}
    assert [table["in_sync"] for table in document["tables"]] == [None, False]


@pytest.mark.usefixtures("unreadable")
def test_a_report_distinguishes_tables_not_compared_from_drift(tmp_path: Path, typed: Typing) -> None:
    """Where nothing differs afterwards but one table could not be compared, the report names that and no drift."""
    files = drifting(tmp_path)
    named = ("--table", "hcwc", "--table", "htrunk")
    typed("resync", "--pair", files.pair_file, *WINDOW, *named, "--yes")

    result = typed("report", "--pair", files.pair_file)

    assert "checked afterwards: not compared: hcwc; nothing differs in the others" in result.text
    assert "drift remained" not in result.text
    assert typed("runs", "--pair", files.pair_file, "--json").document["runs"][0]["not_compared_after"] == ["hcwc"]


@pytest.mark.usefixtures("unreadable")
def test_nothing_is_called_in_sync_beside_it(tmp_path: Path, typed: Typing) -> None:
    """Where all others are alike the verdict is not IN SYNC, but that one was not compared."""
    files = build_files(tmp_path, ["htrunk", "hcwc"], both={"htrunk": trunks(), "hcwc": [code(500)]})

    result = typed("verify", "--pair", files.pair_file, "--table", "htrunk", "--table", "hcwc")

    assert result.code == 1
    assert "IN SYNC" not in result.text
    assert "whether it differs is not known. Nothing differs in the others: 1 table" in result.text


def test_a_view_over_a_deleted_file_stops_no_other_table(tmp_path: Path) -> None:
    """The error names the one view, and not a database that cannot be opened."""
    files = build_files(tmp_path, ["htrunk", "hcwc"], both={"htrunk": trunks(), "hcwc": [code(500)]})
    rows = tmp_path / "hcwc.parquet"
    files.run("secondary", "ALTER TABLE hcwc RENAME TO hcwc_rows")
    files.run("secondary", f"COPY hcwc_rows TO '{rows}'")
    files.run("secondary", f"CREATE VIEW hcwc AS SELECT * FROM read_parquet('{rows}')")
    rows.unlink()

    found = files.open().verify(tables=("htrunk", "hcwc"))

    assert {table.spec.name: table.state for table in found.tables} == {
        "htrunk": TableState.COMPARED,
        "hcwc": TableState.NOT_READ,
    }
    assert "a file that a view reads is missing" in found.not_compared[0].problem


def test_a_server_that_fails_as_a_whole_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost connection is not an error of one table."""
    files = drifting(tmp_path)
    interfere(monkeypatch, Role.SECONDARY, Interference(before_query=failing("hcwc", ServerUnreachableError("gone"))))

    with pytest.raises(ServerUnreachableError):
        files.open().verify(tables=TABLES)


@pytest.mark.usefixtures("unreadable")
def test_the_others_are_repaired(tmp_path: Path, typed: Typing) -> None:
    """A resync names the table as skipped, repairs the others and ends with 5; its roll-ups are not written either."""
    files = drifting(tmp_path)
    tables = [word for name in ("htrunk", "hcwc", "dcwc") for word in ("--table", name)]

    plan = files.open().plan_resync(window=MORNING, tables=("htrunk", "hcwc"))
    result = typed("resync", "--pair", files.pair_file, "--yes", *WINDOW, *tables)

    assert [(one.table, one.reason, one.detail) for one in plan.skipped] == [("hcwc", SkipReason.NOT_COMPARED, MAY_NOT)]
    assert result.code == 5
    assert f"hcwc: not compared ({MAY_NOT})" in result.text
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")
    assert "syncengine resume" not in result.text


@pytest.mark.usefixtures("unreadable")
def test_alone_it_is_an_error(tmp_path: Path) -> None:
    """Where no other table was requested, planning fails with the server's message."""
    files = drifting(tmp_path)

    with pytest.raises(ServerError, match="permission denied for table hcwc"):
        files.open().plan_resync(window=MORNING, tables=("hcwc",))


@pytest.mark.usefixtures("unreadable")
@pytest.mark.parametrize("settings", ["", "elsewhere"], ids=["", "where nothing may be written"])
def test_outages_do_not_say_that_nothing_differs(tmp_path: Path, typed: Typing, settings: str) -> None:
    """An outage of which the other tables are alike is not known, shown without -v, and the exit is 1."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        both={"htrunk": trunks(), "hcwc": [code(430)]},
        secondary={"linkex": [link(513, 360)]},
    )
    if settings:
        pair_file = files.pair_file.read_text()
        files.pair_file.write_text(pair_file.replace('load = "r3v8ag.f"', 'load = "r3v8ag.g"', 1))

    report = files.open().outages()
    result = typed("outages", "--pair", files.pair_file)
    document = typed("outages", "--pair", files.pair_file, "--json").document

    assert report.not_compared == (("hcwc", MAY_NOT),)
    assert [finding.outlook for finding in report.findings] == [Outlook.UNKNOWN]
    assert result.code == 1
    assert "ACD 1 2000-06-05 05:00-05:29 not known" in result.text
    assert "not compared: hcwc" in result.text
    assert f"hcwc is not compared: {MAY_NOT}." in result.text
    assert "1 outage: 1 not known." in result.text
    assert "nothing differs" not in result.text
    assert document["open"]
    (outage,) = document["outages"]
    assert outage["outlook"] == "not known"
    assert [(one["table"], one["reason"]) for one in outage["skipped"]] == [("hcwc", "not-compared")]


@pytest.mark.usefixtures("unreadable")
def test_an_outage_that_can_be_repaired_names_what_was_not_compared(tmp_path: Path) -> None:
    """Other differences are still repaired; an outage that is not archived yet waits, whatever was compared."""
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        both={"htrunk": [*trunks(400, 500), *trunks(530, 700)], "hcwc": [code(430)]},
        primary={"htrunk": trunks(500, 530)},
        secondary={"htrunk": broken(500, 530), "linkex": [link(513, 360), link(640, 360)]},
        archived=datetime(2000, 6, 5, 6, 30),
    )

    early, late = files.open().outages().findings

    assert (early.outlook, late.outlook) == (Outlook.REPAIR, Outlook.WAITING)
    assert [(one.table, one.reason) for one in early.skipped] == [("hcwc", SkipReason.NOT_COMPARED)]
    assert late.skipped == ()


@pytest.mark.usefixtures("unreadable")
def test_a_backfill_of_the_others_is_partly_done(tmp_path: Path, typed: Typing) -> None:
    """Each portion names the table, copies the others, and the end is 5."""
    files = drifting(tmp_path)
    words = ("--table", "htrunk", "--table", "hcwc", "--window", "2000-06-05 00:00..06:29")

    result = typed("backfill", "--pair", files.pair_file, "--yes", *words)

    assert result.code == 5
    assert "not compared: hcwc" in result.text
    assert files.bag("secondary", "htrunk") == files.bag("primary", "htrunk")


def test_agent_groups_are_not_written_without_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where synonyms cannot be read, agroups are not changed (High Availability guide, chapter 3)."""
    files = build_files(
        tmp_path,
        ["synonyms", "agroups"],
        primary={"agroups": [row("agroups", value="4001")], "synonyms": [row("synonyms", value="1", item_name="a")]},
    )
    interfere(monkeypatch, Role.SECONDARY, Interference(before_query=failing("synonyms", ServerError("locked"))))

    plan = files.open().plan_sync(tables=("synonyms", "agroups"))

    assert plan.steps == ()
    assert {(one.table, one.reason) for one in plan.skipped} == {
        ("synonyms", SkipReason.NOT_COMPARED),
        ("agroups", SkipReason.NOT_COMPARED),
    }


def test_a_table_that_cannot_be_written_does_not_end_the_others(tmp_path: Path, typed: Typing) -> None:
    """A unique index that the source's rows violate fails its own step; the others are done, and exit is 5."""
    files = drifting(tmp_path)
    files.run("primary", "INSERT INTO htrunk SELECT * FROM htrunk WHERE starttime = 500 AND tkgrp = 1")
    files.run("secondary", "CREATE UNIQUE INDEX once ON htrunk (row_date, starttime, tkgrp)")
    opened = files.open()
    plan = opened.plan_resync(window=MORNING, tables=("htrunk", "hcwc"))

    ran = opened.execute(plan)
    again = typed("resync", "--pair", files.pair_file, "--yes", *WINDOW, "--table", "htrunk", "--table", "hcwc")
    alone = typed("resync", "--pair", files.pair_file, "--yes", *WINDOW, "--table", "htrunk")

    states = {part.table: step.state for step, part in zip(ran.outcome.steps, _parts(plan), strict=True)}
    assert states == {"htrunk": StepState.FAILED, "hcwc": StepState.DONE}
    assert not ran.outcome.stopped
    assert files.bag("secondary", "hcwc") == files.bag("primary", "hcwc")
    record = files.open().runs()[0]
    assert record.state is RunState.PARTLY
    assert not record.resumable
    for result in (again, alone):
        assert result.code == 1
        assert "step 1 (htrunk) was not done: " in result.text
        assert "again as this run was begun: it plans the rest anew" in result.text
        assert "syncengine resume" not in result.text


def _parts(plan: Any) -> list[Any]:
    return [step.parts[0] for step in plan.steps]


@pytest.mark.parametrize(
    "words",
    [
        ("verify",),
        ("resync", "--dry-run", *WINDOW),
        ("sync", "--dry-run"),
        ("backfill", "--dry-run", "--window", "2000-06-05 00:00..06:29"),
    ],
    ids=lambda words: words[0],
)
def test_a_table_that_was_named_and_is_nowhere_is_a_mistake(
    tmp_path: Path, typed: Typing, words: tuple[str, ...]
) -> None:
    """Also beside tables that are there, and before anything is compared."""
    files = drifting(tmp_path)
    named = ("synonyms", "vectors") if words[0] == "sync" else ("htrunk", "hsplit")
    for role in ("primary", "secondary"):
        files.run(role, f"DROP TABLE IF EXISTS {named[1]}")

    result = typed(*words, "--pair", files.pair_file, "--table", named[0], "--table", named[1])

    assert result.code == 2
    assert f"{named[1]} is on neither server." in result.err


def test_tables_can_be_left_out(tmp_path: Path) -> None:
    """What is left out is neither compared nor written, by a set and by everything."""
    pair = drifting(tmp_path).open()

    verified = pair.verify(exclude=("HTRUNK", "hcwc"))
    planned = pair.plan_resync(window=MORNING, exclude="hcwc")

    assert {"htrunk", "hcwc"}.isdisjoint(table.spec.name for table in verified.tables)
    assert {part.table for step in planned.steps for part in step.parts} == {"htrunk"}
    assert "hcwc" not in planned.tables


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--table", "htrunk", "--set", "history"),
        ("outages",),
        ("resync", "--dry-run", *WINDOW),
        ("resync", "--dry-run", "--outages"),
        ("backfill", "--dry-run", "--table", "htrunk", "--set", "history", "--window", MORNING),
        ("verify", "--internal"),
        ("sync", "--dry-run", "--table", "synonyms"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_every_command_that_compares_leaves_tables_out(tmp_path: Path, typed: Typing, words: tuple[str, ...]) -> None:
    """An unknown name is refused, so that none is ignored silently; a known table is not compared."""
    files = drifting(tmp_path, secondary={"linkex": [link(513, 360)]})
    command: list[str | Path] = [*words, "--pair", files.pair_file]
    shows_all_tables = words[0] != "sync" and "--internal" not in words

    whole = typed(*command)
    unknown = typed(*command, "--exclude-table", "hcwd")
    without_hcwc = typed(*command, "--exclude-table", "hcwc")

    assert unknown.code == 2
    assert "There is no table 'hcwd' in any spec." in unknown.err
    assert ("hcwc" in whole.out) is shows_all_tables
    # A command that is suggested leaves out the same tables.
    assert "hcwc" not in without_hcwc.out.replace("--exclude-table hcwc", "")


@pytest.mark.usefixtures("unreadable")
def test_days_are_not_copied_over_intervals_that_cannot_be_read(tmp_path: Path) -> None:
    """A day may be copied only where its intervals agree, and here that is not known."""
    day = row("dcwc", row_date=date(2000, 6, 4), cwc="7", acdcalls=40)
    files = build_files(tmp_path, ["htrunk", "hcwc", "dcwc"], both={"htrunk": trunks()}, primary={"dcwc": [day]})

    plan = files.open().plan_resync(window="2000-06-04", tables=("hcwc", "dcwc"))

    assert plan.steps == ()
    assert {(one.table, one.reason, one.detail) for one in plan.skipped} == {
        ("hcwc", SkipReason.NOT_COMPARED, MAY_NOT),
        ("dcwc", SkipReason.INTERVALS_DISAGREE, "hcwc could not be compared"),
    }


@pytest.mark.usefixtures("unreadable")
def test_the_daily_check_names_it(tmp_path: Path, typed: Typing) -> None:
    """It is not called in sync, and the table is not among those that differ."""
    files = build_files(tmp_path, ["htrunk", "hcwc"], both={"htrunk": trunks(), "hcwc": [code(500)]})

    result = typed("status", "--pair", files.pair_file)
    document = typed("status", "--pair", files.pair_file, "--json").document["daily"]

    assert result.code == 3
    assert f"hcwc is not compared: {MAY_NOT}." in result.text
    assert (document["differing"], document["not_compared"]) == ([], ["hcwc"])


@pytest.mark.parametrize(
    ("tables", "exclude", "error"),
    [
        (("htrunk",), ("htrunk",), InputError),
        (("htrunk",), ("hcwd",), UnknownTableError),
    ],
)
def test_tables_that_cannot_be_left_out(
    tmp_path: Path, tables: tuple[str, ...], exclude: tuple[str, ...], error: type[InputError]
) -> None:
    """A table that was also named, or is unknown, is a mistake."""
    with pytest.raises(error):
        drifting(tmp_path).open().verify(tables=tables, exclude=exclude)


def test_names_cannot_be_left_out_beside_agent_groups(tmp_path: Path) -> None:
    """Agent groups are never written without their names."""
    with pytest.raises(InputError, match="synonyms cannot be left out: agroups"):
        drifting(tmp_path).open().plan_sync(tables=("agroups",), exclude=("synonyms",))


def test_an_empty_table_is_not_in_sync(tmp_path: Path, typed: Typing) -> None:
    """Empty on both is reported and counted separately; where all are, the verdict is not IN SYNC."""
    files = build_files(tmp_path, ["htrunk", "hcwc"], both={"htrunk": trunks()})

    both = typed("verify", "--pair", files.pair_file, "--table", "htrunk", "--table", "hcwc")
    alone = typed("verify", "--pair", files.pair_file, "--table", "hcwc")
    document = typed("verify", "--pair", files.pair_file, "--table", "hcwc", "--json").document

    assert (both.code, alone.code) == (0, 0)
    assert "IN SYNC 1 table," in both.text
    assert "Without a row to compare: hcwc." in both.text
    assert "EMPTY there was no row to compare. Without a row to compare: hcwc." in alone.text
    assert "IN SYNC" not in alone.text
    # Text, JSON and exit code say the same: nothing differs, and there is nothing to call in sync.
    assert document["in_sync"] is None
    assert typed("verify", "--pair", files.pair_file, "--table", "htrunk", "--json").document["in_sync"] is True
    assert document["counts"] == {"in_sync": 0, "differing": 0, "not_compared": 0, "empty": 1}
    assert (document["tables"][0]["empty"], document["tables"][0]["in_sync"]) == (True, None)


@pytest.mark.soak("backfill")
@pytest.mark.usefixtures("unreadable")
@pytest.mark.parametrize("words", [("resync", *WINDOW), ("backfill", "--window", MORNING)], ids=lambda words: words[0])
@pytest.mark.parametrize("alike", [False, True])
def test_a_dry_run_ends_with_1_as_verify_does(
    tmp_path: Path, typed: Typing, words: tuple[str, ...], alike: bool
) -> None:
    """A table that was not compared outweighs differences; a run that writes nothing else ends with 1 as well."""
    files = drifting(tmp_path)
    if alike:
        files.add("secondary", "htrunk", *trunks(500, 530))
    command: list[str | Path] = [*words, "--pair", files.pair_file, "--table", "htrunk", "--table", "hcwc"]

    planned = typed(*command, "--dry-run")
    done = typed(*command, "--yes")

    assert (planned.code, done.code) == (1, 1 if alike else 5)


@pytest.mark.usefixtures("unreadable")
def test_a_dry_run_without_it_ends_with_3(tmp_path: Path, typed: Typing) -> None:
    """Where all was compared, steps are 3."""
    files = drifting(tmp_path)

    assert typed("resync", "--pair", files.pair_file, *WINDOW, "--table", "htrunk", "--dry-run").code == 3
    assert typed("sync", "--pair", files.pair_file, "--table", "synonyms", "--dry-run").code == 3


def a_view_over_nothing(files: Files, table: str, role: str = "secondary") -> None:
    """Make a table one that no server can read: a view over a deleted file."""
    rows = files.folder / f"{table}.parquet"
    files.run(role, f"ALTER TABLE {table} RENAME TO {table}_held")
    files.run(role, f"COPY {table}_held TO '{rows}'")
    files.run(role, f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{rows}')")
    rows.unlink()


IN_MAY = date(2000, 5, 27)


@pytest.mark.soak("copy")
@pytest.mark.parametrize("rollups", ["recompute", "copy"])
def test_days_that_cannot_be_read_do_not_end_their_intervals(tmp_path: Path, typed: Typing, rollups: str) -> None:
    """Intervals and weeks are repaired; the days are named with why, and the end is 5 (rule 10).

    A roll-up of months is checked by days, so that they are recomputed only where these can be read.
    """
    files = pair(tmp_path, blind={IN_MAY: 1030})
    a_view_over_nothing(files, "dcwc")
    words = ("--window", f"{IN_MAY} 10:30..10:59", "--table", "hcwc", "--rollups", rollups)

    plan = files.open().plan_resync(window=f"{IN_MAY} 10:30..10:59", tables="hcwc", rollups=rollups)
    planned = typed("resync", "--pair", files.pair_file, *words, "--dry-run")
    result = typed("resync", "--pair", files.pair_file, *words, "--yes")

    fates = {one.table: (one.then.value, "dcwc" in one.why) for one in plan.stale}
    months = ("list", True) if rollups == "recompute" else ("copy", False)
    assert fates == {"dcwc": ("list", True), "wcwc": (rollups, False), "mcwc": months}
    assert [(one.table, one.reason) for one in plan.skipped] == [("dcwc", SkipReason.NOT_COMPARED)]
    assert (planned.code, result.code) == (1, 5)
    assert "dcwc: not compared (secondary: a file that a view reads is missing" in planned.text
    for table in ("hcwc", "wcwc", *(("mcwc",) if rollups == "copy" else ())):
        assert files.bag("secondary", table) == files.bag("primary", table)


@pytest.mark.soak
def test_days_that_fail_only_once_their_intervals_are_repaired(
    tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that cannot be read for its recomputation is skipped and named; the other longer tables are done."""
    files = pair(tmp_path, blind={IN_MAY: 1030})
    make = RecomputedRows.recompute

    def failing_at_days(self: RecomputedRows, spec: TableSpec, *given: Any) -> Any:
        if spec.name == "dcwc":
            raise ServerError("secondary: somebody has locked it")
        return make(self, spec, *given)

    monkeypatch.setattr(RecomputedRows, "recompute", failing_at_days)
    words = ("--window", f"{IN_MAY} 10:30..10:59", "--table", "hcwc", "--rollups", "recompute", "--yes")

    result = typed("resync", "--pair", files.pair_file, *words)

    assert result.code == 5
    assert "dcwc could not be read (secondary: somebody has locked it)" in result.text
    assert files.bag("secondary", "wcwc") == files.bag("primary", "wcwc")


def test_an_internal_verify_names_the_table_that_cannot_be_read(tmp_path: Path, typed: Typing) -> None:
    """Of days, weeks and months over one table only the weeks are broken: only they are not compared."""
    files = pair(tmp_path)
    a_view_over_nothing(files, "wcwc")

    verdict = files.open().verify_internal(tables=("dcwc", "wcwc", "mcwc"), on="secondary")
    result = typed("verify", "--internal", "--pair", files.pair_file, "--table", "hcwc")

    assert [one.table for one in verdict.tables if not one.problem and one.periods] == ["dcwc", "mcwc"]
    assert [one.table for one in verdict.not_compared] == ["wcwc"]
    assert result.code == 1
    assert "dcwc: not compared" not in result.text


def test_an_undo_restores_tables_that_can_be_read(tmp_path: Path, typed: Typing) -> None:
    """A table that cannot be read now is skipped and named; the others are restored, and the end is 5."""
    files = drifting(tmp_path)
    before = files.bag("secondary", "htrunk")
    files.open().execute(files.open().plan_resync(window=MORNING, tables=("htrunk", "hcwc")))
    a_view_over_nothing(files, "hcwc")

    plan = files.open().plan_undo()
    planned = typed("undo", "--pair", files.pair_file, "--dry-run")
    result = typed("undo", "--pair", files.pair_file, "--yes")

    assert {part.table for step in plan.steps for part in step.parts} == {"htrunk"}
    assert [(one.table, one.reason, one.counts.extra) for one in plan.skipped] == [("hcwc", SkipReason.NOT_COMPARED, 1)]
    assert (planned.code, result.code) == (1, 5)
    assert "hcwc: not compared (secondary: a file that a view reads is missing" in result.text
    assert files.bag("secondary", "htrunk") == before


@pytest.mark.soak
def test_an_undo_of_which_nothing_can_be_read_names_the_table(tmp_path: Path, typed: Typing) -> None:
    """It is an error of the server, and nothing is undone."""
    files = drifting(tmp_path)
    files.open().execute(files.open().plan_resync(window=MORNING, tables="hcwc"))
    a_view_over_nothing(files, "hcwc")

    result = typed("undo", "--pair", files.pair_file, "--yes")

    assert result.code == 1
    assert "can be compared with the present rows. hcwc: secondary: a file that a view reads is missing" in result.err


def test_an_undo_restores_no_agent_groups_without_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written in one step is undone in one, or not at all (High Availability guide, chapter 3)."""
    files = build_files(
        tmp_path,
        ["synonyms", "agroups", "vectors"],
        primary={
            "agroups": [row("agroups", value="4001")],
            "synonyms": [row("synonyms", value="1", item_name="a")],
            "vectors": [row("vectors", vector=1)],
        },
    )
    pair_of = files.open()
    pair_of.execute(pair_of.plan_sync(tables=("synonyms", "agroups", "vectors"), include_manual=True))
    interfere(monkeypatch, Role.SECONDARY, Interference(before_query=failing("synonyms", ServerError("locked"))))

    plan = files.open().plan_undo()

    assert {part.table for step in plan.steps for part in step.parts} == {"vectors"}
    assert {(one.table, one.detail) for one in plan.skipped} == {
        ("synonyms", "locked"),
        ("agroups", "it is written with synonyms, which could not be compared"),
    }
