"""Work by hand: plans and verdicts describe it, where commands are not enough."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.bucket import Bucket
from syncengine.model.drift import BucketDrift, Counts, Observation, TableObservation, TableState
from syncengine.model.facts import ServerFacts
from syncengine.model.grain import Archive
from syncengine.model.pair import Role
from syncengine.model.sides import Sides
from syncengine.model.spans import with_spans
from syncengine.model.spec import DataClass, SyncedBy, TableSpec
from syncengine.planning.by_hand import administration_lines
from syncengine.report.repair_commands import repair_commands
from tests.builders import AS_OF, DAY, Files, build_files, catalogue, row
from tests.cli.terminal import CommandResult, Typing, suggested
from tests.examples import some_of
from tests.scenes import code, outage, trunks

SATURDAY = date(2000, 6, 3)
MONDAY_AT_FIVE = 960_181_200
COMPARED = tuple(
    spec
    for spec in catalogue().of_class(DataClass.SYSTEM, DataClass.ACD, DataClass.HISTORICAL)
    if spec.synced_by is not SyncedBy.NEVER
)
SETS = tuple(one.name for one in catalogue().sets if one.tables)


def name(number: int, *, acd: int = 1) -> dict[str, Any]:
    """Return the name of a split in the dictionary of an ACD."""
    return row("synonyms", item_type="split", value=str(number), item_name=f"name {number}", acd_no=acd)


def dictionary(folder: Path) -> Files:
    """Build a pair of two ACDs whose primary has a name more in each, and a constant that is of no ACD."""
    return build_files(
        folder,
        ["synonyms", "agroups", "dbitems"],
        both={"synonyms": [name(1)]},
        primary={
            "synonyms": [name(2), name(3, acd=2)],
            "dbitems": [row("dbitems", item_type="constant", item_name="grade")],
        },
        acds={1: 30, 2: 30},
    )


def test_a_set_is_taken_for_one_acd_and_what_is_of_none_is_named(tmp_path: Path, typed: Typing) -> None:
    """The ACD's part is planned, written and in sync; a note says how calculations and constants are copied."""
    files = dictionary(tmp_path)
    one = ("--pair", files.pair_file, "--set", "dictionary", "--acd", "1")

    planned = typed("sync", *one, "--dry-run")
    written = typed("sync", *one, "--yes")
    verdict = typed("verify", *one, "--json")
    listed = typed("runs", "--pair", files.pair_file)
    report = typed("report", "--pair", files.pair_file)

    rest = "not compared, since their rows have no ACD: dbitems (calculations, constants, database and custom items); "
    rest += f"it goes with system administration: `syncengine sync --table dbitems --dry-run --pair {files.pair_file}`"
    assert (planned.code, written.code, verdict.code) == (3, 0, 0)
    for result in (planned, written):
        assert rest in result.text
    assert "1 table, 1 bucket" in planned.text
    assert "IN SYNC ACD 1 only: " in written.text
    for result in (listed, report):
        assert any(line.endswith("primary to secondary, synonyms, agroups") for line in result.out.splitlines())
    assert "Of no ACD, and not compared: dbitems." in written.text
    document = verdict.document
    assert (document["in_sync"], document["acds"]) == (True, [1])
    assert [one["table"] for one in document["excluded"]] == ["dbitems"]
    assert {one["table"]: one["in_sync"] for one in document["tables"]}["dbitems"] is None
    assert any("dbitems" in note for note in document["notes"])
    # The other ACD and the constant are unchanged, and the suggested command copies the constant.
    assert len(files.bag("secondary", "synonyms")) == 2
    assert typed("sync", "--pair", files.pair_file, "--table", "dbitems", "--yes").code == 0
    assert len(files.bag("secondary", "dbitems")) == 1


def test_a_table_of_no_acd_that_is_named_is_not_left_out_silently(tmp_path: Path, typed: Typing) -> None:
    """Such a table, named or requested alone with an ACD, is refused."""
    files = dictionary(tmp_path)
    for words in (("--table", "dbitems", "--table", "synonyms"), ("--set", "shortcuts")):
        result = typed("sync", "--pair", files.pair_file, *words, "--acd", "1", "--dry-run")

        assert result.code == 2
        assert "rows of no ACD are only copied with all ACDs" in result.err


def test_a_verdict_of_an_acd_on_what_is_of_none_says_to_leave_the_acd_out(tmp_path: Path, typed: Typing) -> None:
    """Another window would not change the result for custom reports."""
    files = build_files(tmp_path, ["custobjects", "htrunk"], both={"custobjects": [row("custobjects")]})

    result = typed("verify", "--pair", files.pair_file, "--set", "custom-reports", "--acd", "1")

    assert result.code == 2
    assert "custobjects: its rows have no ACD" in result.err
    assert "Leave --acd out." in result.err
    assert "window" not in result.err


def cut_in_turn(folder: Path) -> Files:
    """Build a pair of which the primary missed an interval on Saturday, and the secondary one on Monday."""
    days = [*trunks(0, 2400, row_date=SATURDAY), *trunks(0, 2400, row_date=date(2000, 6, 4)), *trunks(0, 700)]

    def without(day: date, label: int) -> list[dict[str, Any]]:
        return [one for one in days if (one["row_date"], one["starttime"]) != (day, label)]

    return build_files(
        folder,
        ["htrunk", "hcwc", "dtrunk"],
        primary={"htrunk": without(SATURDAY, 500), "linkex": [{**outage(513, 360), "row_date": SATURDAY}]},
        secondary={
            "htrunk": without(DAY, 530),
            "hcwc": [code(500, row_date=SATURDAY)],
            "linkex": [outage(535, 420)],
        },
    )


def test_a_plan_in_both_directions_shows_the_pieces_it_writes(tmp_path: Path, typed: Typing) -> None:
    """The actual range is what is written, piece by piece; its undo names the same, and what is left by hand."""
    files = cut_in_turn(tmp_path)
    pair = ("--pair", files.pair_file)

    document = typed("resync", *pair, "--outages", "--dry-run", "--json").document
    repaired = typed("resync", *pair, "--outages", "--yes")
    undone = typed("undo", *pair, "--yes")

    assert "no rows" not in repaired.text
    assert re.search(r"2000-06-03 05:00-05:29 +hcwc", repaired.out)
    assert re.search(r"2000-06-03 05:00-05:29, 2000-06-05 05:30-05:59 +htrunk", repaired.out)
    # The requested range is that of the outages, without the days between them.
    assert repaired.text.count("2000-06-03 05:00-05:29, 2000-06-05 05:30-05:59") == 3
    assert "2000-06-03 05:00 to 2000-06-05 05:59" not in repaired.text.split("Run ")[0]
    assert {tuple(piece["shown"] for piece in one["requested_parts"]) for one in document["ranges"]} == {
        ("2000-06-03 05:00-05:29", "2000-06-05 05:30-05:59")
    }
    pieces = {one["table"]: [piece["shown"] for piece in one["pieces"]] for one in document["ranges"]}
    assert pieces["htrunk"] == ["2000-06-03 05:00-05:29", "2000-06-05 05:30-05:59"]
    assert pieces["hcwc"] == ["2000-06-03 05:00-05:29"]
    assert (repaired.code, undone.code) == (0, 0)
    assert re.search(r"range restored +tables", undone.out)
    assert re.search(r"2000-06-03 05:00-05:29, 2000-06-05 05:30-05:59 +htrunk", undone.out)
    # Point by point: what the run and its undo leave to Data Summarizing.
    for result in (repaired, undone):
        assert "Left to be done by hand: 1 task, listed below." in result.text
        assert "Rerun Data Summarizing on primary" in result.text


def test_many_pieces_are_counted(tmp_path: Path, typed: Typing) -> None:
    """Three pieces or more are counted, with their first and last time."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(0, 700)}, primary={"htrunk": [], "linkex": []})
    for label in (100, 300, 500):
        files.run("secondary", "DELETE FROM htrunk WHERE starttime = ?", [label])
        files.add("secondary", "linkex", outage(label + 5, 360, seqno=label))

    planned = typed("resync", "--pair", files.pair_file, "--outages", "--dry-run")

    assert "3 pieces between 2000-06-05 01:00 and 2000-06-05 05:29" in planned.text


def test_single_user_mode_is_listed_once(tmp_path: Path, typed: Typing) -> None:
    """One line names both classes that are written as a whole, their tables, and the alternative."""
    files = dictionary(tmp_path)

    planned = typed("sync", "--pair", files.pair_file, "--set", "administration", "--dry-run")

    assert planned.text.count("in single-user mode") == 1
    assert (
        "Put secondary in single-user mode: system administration and ACD administration are copied as a whole "
        "(tables: dbitems, synonyms); single tables can be copied without it."
    ) in planned.text


def test_a_renamed_acd_is_one_changed_row_with_a_next_action(tmp_path: Path, typed: Typing) -> None:
    """The row of an ACD is identified by its number; the line says where to rename it, and the command copies it."""
    files = dictionary(tmp_path)
    files.run("primary", "UPDATE acds SET acd_name = 'Boston' WHERE acd = 1")

    verdict = typed("verify", "--pair", files.pair_file, "--table", "acds")

    assert verdict.code == 3
    assert re.search(r"acds +ACD 1 +1 +· +· +1\n", verdict.out)
    assert "acds ACD 1 acd 1: acd_name 'Boston' ≠ " in verdict.text
    assert "On secondary, administer acds as on primary (Dictionary: ACDs for its name, " in verdict.text
    [copy] = manual_commands(verdict)
    assert typed(*copy).code == 3
    assert typed(*(word for word in copy if word != "--dry-run"), "--yes").code == 0
    assert files.bag("secondary", "acds") == files.bag("primary", "acds")


def manual_commands(result: CommandResult) -> list[list[str]]:
    """Return the words of the commands that copy tables synchronised by hand."""
    return suggested(result.out, "To copy tables that are synchronised by hand all the same")


def only_there(spec: TableSpec, *, hours: int = 0) -> dict[str, Any]:
    """Return a row of a table, of a period that is over and archived, so many hours older."""
    days = {Archive.DAILY: SATURDAY, Archive.WEEKLY: date(2000, 5, 28), Archive.MONTHLY: date(2000, 5, 1)}
    values: dict[str, Any] = {}
    if spec.time is not None:
        values[spec.time.date] = days.get(spec.archive or Archive.EVENT, DAY)
        values |= {spec.time.label: 500 - 100 * hours} if spec.time.label else {}
        values |= {spec.time.epoch: MONDAY_AT_FIVE - 3600 * hours} if spec.time.epoch else {}
    return row(spec.name, **values)


@pytest.fixture(scope="module")
def all_differing(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Build a pair whose primary has a row more in each table that is compared."""
    names = [spec.name for spec in COMPARED]
    rows = {spec.name: [only_there(spec)] for spec in COMPARED if spec.name != "acds"}
    older = {spec.name: [only_there(spec, hours=4)] for spec in COMPARED if spec.circular}
    files = build_files(tmp_path_factory.mktemp("all"), names, primary=rows, both=older)
    files.run("primary", "UPDATE acds SET acd_name = 'Boston'")
    return files


def tables_of(words: Sequence[str]) -> set[str]:
    """Return the tables that the options of a command take."""
    tables = {value for option, value in pairwise(words) if option == "--table"}
    sets = (value for option, value in pairwise(words) if option == "--set")
    return tables.union(*(catalogue().set(value).tables for value in sets))


@pytest.mark.parametrize("chosen", SETS)
@pytest.mark.parametrize("source", Role)
def test_every_table_that_differs_has_a_next_action(chosen: str, source: Role) -> None:
    """Of every set each table that differs is in a command to type, or in a line for people, from either server."""
    specs = [spec for spec in COMPARED if spec.name in catalogue().set(chosen).tables]
    monday = Bucket(DAY, 500, 1)
    facts = Sides.by_role(source, {role: ServerFacts(role, "", "duckdb", None, (1,)) for role in Role})
    tables = tuple(
        TableObservation(spec, TableState.COMPARED, differing=(BucketDrift(monday, counts=Counts(missing=1)),))
        for spec in specs
    )
    found = with_spans(Observation(AS_OF, 0, None, facts, tables, "UTC", (), interval_lengths=((1, 30),)))

    commands = repair_commands(found, catalogue(), (), (chosen,), "pair.toml")
    lines = list(administration_lines(found))

    typed_for = set[str]().union(*(tables_of(shlex.split(command)) for command in commands))
    people_for = {spec.name for spec in specs for line in lines if re.search(rf"\b{spec.name}\b", line.text)}
    by_hand = {spec.name for spec in specs if spec.synced_by is not SyncedBy.COPYING}
    assert people_for == by_hand
    assert typed_for >= {spec.name for spec in specs} - by_hand
    assert all(("--from secondary" in one) is (source is Role.SECONDARY) for one in commands)


@pytest.mark.sampled
@pytest.mark.parametrize("chosen", some_of(["call-profiles", *SETS, ""], 20))
def test_every_drift_ends_with_a_next_action(all_differing: Files, typed: Typing, chosen: str) -> None:
    """Of every set and class each table that differs is in a command to type, or in a line for people."""
    verdict = typed("verify", "--pair", all_differing.pair_file, *(("--set", chosen) if chosen else ()))

    observation = all_differing.open().verify(sets=chosen or ())
    names = {table.spec.name for table in observation.tables if table.differing}
    of_set = set(catalogue().set(chosen).tables) if chosen else set(map(_name, COMPARED))
    assert verdict.code == 3
    assert names == of_set & set(map(_name, COMPARED))
    covered = set[str]()
    for words in suggested(verdict.out, "To repair it"):
        covered |= tables_of(words)
    for line in observation.by_hand:
        covered |= {one for one in names if re.search(rf"\b{one}\b", line.text)}
    assert names <= covered
    assert "DRIFT" in verdict.out
    assert all(typed(*words).code == 3 for words in manual_commands(verdict))
    last = verdict.out[verdict.out.index("DRIFT") :]
    assert "To repair it, " in last or "Still to be done by hand" in last


def _name(spec: TableSpec) -> str:
    return spec.name


def test_a_server_is_named_once(tmp_path: Path, typed: Typing) -> None:
    """An error of a server begins with its name, and no command adds the name again."""
    for gone in ("primary", "secondary"):
        files = build_files(tmp_path / gone, ["htrunk", "ttsched", "ttsctasks", "ttsc"])
        files.database(gone).unlink()
        for words in (("status",), ("check",), ("timetables",), ("verify", "--internal"), ("outages",)):
            result = typed(*words, "--pair", files.pair_file)

            assert f"{gone}: there is no database" in result.text or words == ("check",)
            assert not re.search(rf"{gone}:? +{gone}:", result.text)


def test_stale_periods_are_listed_in_order(tmp_path: Path, typed: Typing) -> None:
    """By server, table, period and ACD in JSON, by period for people, whatever order the steps have."""
    days = [date(2000, 6, day) for day in (4, 2, 3)]
    on_both = [one for day in days for acd in (2, 1) for one in trunks(400, 500, row_date=day, acd=acd)]
    lost = [one for day in days for acd in (2, 1) for one in trunks(500, 530, row_date=day, acd=acd)]
    codes = [code(500, row_date=day) for day in days]
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc"],
        both={"htrunk": on_both},
        primary={"htrunk": lost, "hcwc": codes},
        acds={1: 30, 2: 30},
    )
    options = ("--pair", files.pair_file, "--window", "2000-06-02..2000-06-04", "--dry-run")

    document = typed("resync", *options, "--json").document
    shown = re.findall(r"^  (\w+ of \S+, ACD \d): (.*)$", typed("resync", *options).out, re.M)

    stale = [(one["into"], one["table"], one["row_date"], one["acd"]) for one in document["stale_rollups"]]
    assert stale == sorted(stale)
    assert len(stale) >= 9
    assert [place for place, _ in shown][:4] == [
        "daily of 2000-06-02, ACD 1",
        "daily of 2000-06-02, ACD 2",
        "daily of 2000-06-03, ACD 1",
        "daily of 2000-06-03, ACD 2",
    ]
    assert shown[0][1] == "dcwc, dtrunk"


def test_a_verdict_in_sync_lists_the_work_by_hand(tmp_path: Path, typed: Typing) -> None:
    """Verify, sync, undo and backfill say how much work is left, or that none is; JSON names it."""
    saturday = trunks(400, 500, row_date=SATURDAY)
    names = (*catalogue().set("users").tables, *catalogue().set("custom-reports").tables, "synonyms", "htrunk")
    files = build_files(
        tmp_path,
        dict.fromkeys([*names, "dtrunk"]),
        both={
            "htrunk": saturday,
            "dtrunk": [row("dtrunk", row_date=SATURDAY)],
            "r_custom": [row("r_custom")],
            "synonyms": [name(1)],
        },
        primary={"users": [row("users", user_id="anna")], "htrunk": trunks(500, 530, row_date=SATURDAY)},
    )
    pair = ("--pair", files.pair_file)
    backfill = ("backfill", *pair, "--window", "2000-06-03", "--table", "htrunk")

    filled = typed(*backfill, "--yes")
    again = typed(*backfill, "--yes")
    users = typed("sync", *pair, "--set", "users", "--yes")
    undone = typed("undo", *pair, "--yes")
    reports = typed("verify", *pair, "--set", "custom-reports")
    verified = typed("verify", *pair, "--set", "custom-reports", "--json").document
    nothing = typed("verify", *pair, "--table", "synonyms")

    assert "rows inserted. Left to be done by hand: 1 task, listed below." in filled.text
    assert "Nothing new is left to be done by hand; `syncengine report RUN " in again.text
    assert "Left to be done by hand: 1 task, listed below." in users.text
    assert "as they were before. Left to be done by hand: 1 task, listed below." in undone.text
    assert "On secondary, remove the logins of the users that the undo removed (1)" in undone.text
    assert "IN SYNC" in reports.text
    # No table shows whether files must be copied: they are named once, and not counted as work.
    assert reports.text.count("/cms/db/gem/r_custom") == 1
    assert "Files beside them, not compared: /cms/db/gem/c_custom" in reports.text
    assert verified["files_not_compared"][0]["file"] == "/cms/db/gem/c_custom"
    assert "No table shows work left to be done by hand." in reports.text
    assert verified["by_hand"] == []
    assert len(verified["files_not_compared"]) == 3
    assert "No table shows work left to be done by hand." in nothing.text


@pytest.mark.soak
def test_an_undo_that_brings_users_back_says_so(tmp_path: Path, typed: Typing) -> None:
    """A restored user may have lost the login meanwhile; no line asks for one like on the other server."""
    names = catalogue().set("users").tables
    ben, carl = (row("users", user_id=one) for one in ("ben", "carl"))
    files = build_files(tmp_path, names, both={"users": [ben]}, secondary={"users": [carl]})
    pair = ("--pair", files.pair_file)
    assert typed("sync", *pair, "--set", "users", "--remove-users", "--yes").code == 0

    undone = typed("undo", *pair, "--yes", "--json").document

    [line] = undone["outcome"]["by_hand"]
    assert (line["kind"], line["server"]) == ("logins", "secondary")
    assert "each restored user (1)" in line["text"]
    assert "primary" not in line["text"]


def test_a_run_without_work_by_hand_says_so(tmp_path: Path, typed: Typing) -> None:
    """A resync of today's intervals leaves no work by hand; this says nothing of earlier runs."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 500)}, primary={"htrunk": trunks(500, 530)})

    done = typed("resync", "--pair", files.pair_file, "--window", "2000-06-05 05:13..05:19", "--yes")

    assert done.code == 0
    assert re.search(r"IN SYNC .* Nothing is left to be done by hand\.", done.text)


def test_what_a_run_skips_has_a_next_action(tmp_path: Path, typed: Typing) -> None:
    """After a run that skipped tables, by hand or by a rule, the verdict says what to do."""
    files = dictionary(tmp_path)
    files.run("primary", "UPDATE acds SET acd_name = 'Boston' WHERE acd = 1")
    files.run("primary", "DELETE FROM dbitems")
    files.add("secondary", "dbitems", row("dbitems", item_type="constant", item_name="grade"))

    done = typed("sync", "--pair", files.pair_file, "--set", "dictionary", "--table", "acds", "--yes")

    assert done.code == 3
    assert "To see why dbitems was skipped: syncengine report " in done.text
    assert "On secondary, administer acds as on primary" in done.text[done.text.index("DRIFT") :]


def test_a_note_on_many_tables_and_acds_is_printed_once(tmp_path: Path, typed: Typing) -> None:
    """How far was compared, what a restore would overwrite, and what no fingerprint covers: one line each."""
    profiles = ("split_pro", "vdn_pro", "aar_agents")
    files = build_files(
        tmp_path,
        ["htrunk", "hcwc", "f_cstprof", "f_chprof", *profiles],
        both={"htrunk": [*trunks(400, 700), *trunks(400, 700, acd=2)]},
        primary={name: [row(name)] for name in profiles},
        acds={1: 30, 2: 30},
    )
    options = ("--table", "f_cstprof", "--table", "f_chprof", *(word for one in profiles for word in ("--table", one)))

    verdict = typed("verify", "--pair", files.pair_file, "--window", "2000-06-05", "--table", "htrunk")
    planned = typed("sync", "--pair", files.pair_file, *options, "--dry-run")

    assert re.findall("compared up to.*", verdict.out) == [
        "compared up to 2000-06-05 07:00: primary has archived ACD 1, 2 no further"
    ]
    assert planned.text.count("though a restore by the vendor's procedure would overwrite them") == 1
    assert planned.text.count("compared row by row") == 1
    assert "f_chprof.agocc" in planned.text
