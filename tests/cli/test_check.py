"""`syncengine check`: who the servers are, whether they are set up alike, and what must be repaired."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.errors import ServerError
from syncengine.model.pair import Role
from tests.builders import row
from tests.cli.checking import SECRET, check, findings, pair, server
from tests.cli.terminal import Typing, contents, type_in_process
from tests.examples import some_of
from tests.interference import Interference, interfere
from tests.scenes import outage


def test_a_pair_that_is_set_up_alike(tmp_path: Path, typed: Typing) -> None:
    """Nothing to repair is exit 0 and says so, names both servers side by side, and writes nothing."""
    files = pair(tmp_path)
    before = contents(tmp_path)

    result = check(typed, files)

    assert result.code == 0, result.out
    assert "\nALIKE  nothing must be repaired" in result.out
    assert result.out.endswith(f"To compare the rows of both servers:\n  syncengine verify --pair {files.pair_file}\n")
    assert "CMS load r3v8ag.f r3v8ag.f" in result.text
    assert "ACDs 1 (30 minutes) 1 (30 minutes)" in result.text
    assert "interval 2000-06-05 07:00 (ACD 1) interval 2000-06-05 07:00 (ACD 1)" in result.text
    assert "transactions yes yes" in result.text
    assert contents(tmp_path) == before


def test_the_document_says_who_each_server_is(tmp_path: Path, typed: Typing) -> None:
    """The document names kind, version, place, load, transactions, folded types, and how the pair file names it."""
    result = check(typed, pair(tmp_path), "--json")

    primary = server(result, "primary")
    assert result.code == 0
    assert (result.document["format"], result.document["version"]) == ("syncengine.check", 2)
    assert result.document["as_of"] == "2000-06-05T07:10:00"
    assert (result.document["alike"], result.document["problems"]) == (True, [])
    assert (primary["url"], primary["load"]) == ("duckdb:///primary.duckdb", "r3v8ag.f")
    assert primary["profile"]["kind"] == "duckdb"
    assert primary["profile"]["version"]
    assert primary["profile"]["place"].startswith("file ")
    assert primary["profile"]["transactions"] is True
    assert "integer" in primary["profile"]["types_fingerprinted"]
    assert primary["profile"]["types_fetched"] == []
    assert primary["scratch"] is None


def test_the_document_says_what_a_server_reports_of_its_state(tmp_path: Path, typed: Typing) -> None:
    """ACDs, interval lengths, archives, retention and outages of links are there as each server reports them."""
    files = pair(tmp_path)
    files.add("secondary", "linkex", outage(513, 360), outage(600, 60))

    primary, secondary = (server(check(typed, files, "--json"), role) for role in ("primary", "secondary"))

    assert primary["acds"] == [1]
    assert primary["intervals"] == [{"acd": 1, "day": "2000-06-05", "shortest": 30, "longest": 30}]
    until = "2000-06-05T07:00:00"
    interval = {"acd": 1, "archive": "interval", "until": until, "problem": "", "state": "finished", "last": until}
    assert primary["archives"][0] == interval
    stored = {(one["item"], one["archive"]): one["periods"] for one in primary["storage_allocations"]}
    assert (stored["splits", "interval"], stored["trunks", "monthly"]) == (31, 120)
    assert primary["outages"] == []
    assert secondary["outages"][0]["count"] == 2
    assert secondary["outages"][0]["last"]["shown"] == "2000-06-05 06:00 to 06:01"


def test_a_link_that_was_down_is_described_alike_everywhere(tmp_path: Path, typed: Typing) -> None:
    """A check and the outages tell of a link from the moment it went down to the moment it was up, also over night."""
    files = pair(tmp_path)
    files.add("secondary", "linkex", row("linkex", row_date=date(2000, 6, 4), row_time=2350, duration=1500, reason=97))

    text = check(typed, files).out
    documents = (check(typed, files, "--json").document, typed("outages", "--pair", files.pair_file, "--json").document)

    shown = "2000-06-04 23:50 to 2000-06-05 00:15"
    assert f"the last {shown}" in text
    assert documents[0]["servers"][1]["outages"][0]["last"]["shown"] == shown
    assert documents[1]["outages"][0]["blind"][0]["links"][0]["span"]["shown"] == shown
    assert "link down 23:50 to 2000-06-05 00:15" in typed("outages", "-v", "--pair", files.pair_file).out


def test_tables_are_listed_with_their_columns(tmp_path: Path, typed: Typing) -> None:
    """Each table of the catalogue is listed with whether it has rows, and how its columns differ from the spec."""
    files = pair(tmp_path, whole=True)
    for role in Role:
        files.run(role, "ALTER TABLE htrunk ADD COLUMN colour INTEGER")
        files.run(role, "ALTER TABLE htrunk DROP COLUMN acdcalls_r1")
        files.run(role, "ALTER TABLE htrunk ALTER incalls TYPE VARCHAR")
        files.run(role, "DELETE FROM synonyms")

    result = check(typed, files, "--json")
    text = check(typed, files)

    tables = {table["table"]: table for table in server(result, "primary")["tables"]}
    faults = {(fault["column"], fault["kind"]): fault["native"] for fault in tables["htrunk"]["faults"]}
    assert result.code == 0
    assert tables["htrunk"]["presence"] == "rows"
    assert tables["synonyms"]["presence"] == "empty"
    assert tables["hsplit"]["presence"] == "missing"
    assert tables["htrunk"]["columns"]["tkgrp"] == "SMALLINT null"
    assert faults == {
        ("colour", "unknown"): "INTEGER",
        ("acdcalls_r1", "missing"): "",
        ("incalls", "type"): "VARCHAR",
    }
    assert "htrunk both 1 missing: acdcalls_r1" in text.text
    assert "htrunk both 1 unknown: colour INTEGER" in text.text
    assert "htrunk both 1 of another type: incalls VARCHAR (smallint in the spec)" in text.text
    assert "missing: " in text.text


@pytest.mark.parametrize("options", [(), ("--scratch",)])
@pytest.mark.sampled
@pytest.mark.parametrize("role", some_of(["secondary", "primary"], 2))
def test_a_server_that_cannot_be_opened_does_not_hide_the_other(
    tmp_path: Path, typed: Typing, role: str, options: tuple[str, ...]
) -> None:
    """Exit 1, with the sentence of the one and everything of the other in the report."""
    files = pair(tmp_path)
    files.database(role).unlink()

    result, text = check(typed, files, "--json", *options), check(typed, files, *options)

    lost, other = server(result, role), server(result, str(Role(role).other))
    assert (result.code, text.code) == (1, 1)
    assert f"{role}: there is no database" in lost["problem"]
    assert result.document["problems"] == [lost["problem"]]
    assert (lost["profile"], lost["scratch"], lost["tables"]) == (None, None, [])
    assert other["acds"] == [1]
    assert bool(other["scratch"]) is bool(options)
    assert f"\nFAILED  {role}: there is no database" in text.out
    assert "The two servers were not compared with each other." in text.text


def test_two_servers_that_cannot_be_opened_are_both_named(tmp_path: Path, typed: Typing) -> None:
    """Neither hides the other."""
    files = pair(tmp_path)
    for role in Role:
        files.database(role).unlink()

    result = check(typed, files, "--json")

    assert result.code == 1
    assert [problem.partition(":")[0] for problem in result.document["problems"]] == ["primary", "secondary"]


def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login that may not read a table must be allowed to, and everything else is checked all the same."""
    files = pair(tmp_path)
    interfere(monkeypatch, Role.PRIMARY, Interference())
    read = "tests.interference.InterferingServer.read"

    def refused(self: Any, query: Any) -> Any:
        if query.selection.table == "users":
            raise ServerError("primary: this login may not read a table.", hint="Grant it.")
        return self._inner.read(query)

    monkeypatch.setattr(read, refused)

    result = check(typed, files, "--json")

    (finding,) = findings(result)
    assert result.code == 3
    assert (finding["server"], finding["tables"]) == ("primary", ["users"])
    assert finding["details"] == ["users: primary: this login may not read a table."]
    assert finding["advice"] == "Grant it."


def test_no_secret_is_shown(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a url takes from the environment stands in no report, also where a server's own sentence holds it."""
    files = pair(tmp_path)
    monkeypatch.setenv("CMS_PLACE", SECRET)
    files.pair_file.write_text(files.pair_file.read_text().replace("primary.duckdb", "${CMS_PLACE}.duckdb"))

    result = [check(typed, files, *options) for options in ((), ("-v",), ("--json",), ("--scratch", "--json"))]

    assert [one.code for one in result] == [1] * 4
    assert all(SECRET not in one.out + one.err for one in result)
    assert all("${CMS_PLACE}.duckdb" in one.out for one in result)


def test_cases_in_a_scratch_table(tmp_path: Path, typed: Typing) -> None:
    """With --scratch every case works on an embedded server, is listed for both, and no table is left."""
    files = pair(tmp_path)
    before = files.run("primary", "SELECT table_name FROM duckdb_tables() ORDER BY 1")

    result, text = check(typed, files, "--scratch", "--json"), check(typed, files, "--scratch")

    cases = server(result, "secondary")["scratch"]["cases"]
    assert (result.code, text.code) == (0, 0)
    assert {case["state"] for case in cases} == {"works"}
    assert next(case for case in cases if case["case"] == "rates")["figures"]["insert_rows_per_second"] > 0
    assert server(result, "primary")["scratch"]["leftover"] is None
    assert "fingerprints are those of the rows works works" in text.text
    assert "0 cases failed in a scratch table." in text.text
    assert files.run("primary", "SELECT table_name FROM duckdb_tables() ORDER BY 1") == before


@pytest.mark.soak
def test_a_case_that_fails_is_exit_3(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says it wrote rows and did not fails its cases, with a sentence of what came back."""
    files = pair(tmp_path)
    interfere(monkeypatch, Role.SECONDARY, Interference(loses_rows=True))

    result, text = check(typed, files, "--scratch", "--json"), check(typed, files, "--scratch")

    primary, secondary = (server(result, role)["scratch"]["cases"] for role in ("primary", "secondary"))
    assert (result.code, text.code) == (3, 3)
    assert {case["state"] for case in primary} == {"works"}
    failed = {case["case"]: case["message"] for case in secondary if case["state"] == "failed"}
    assert failed["dates"] == "5 rows were written and 0 came back"
    assert "secondary, dates, 1899-12-30 to 9999-12-31: 5 rows were written and 0 came back" in text.text
    assert "\nTO REPAIR  " in text.out


def test_a_server_set_to_read_only_is_not_tried(tmp_path: Path, typed: Typing) -> None:
    """read_only in the pair file holds for --scratch too: that case fails and says why, and nothing is written."""
    files = pair(tmp_path, server_settings='load = "r3v8ag.f"\nread_only = true')
    before = contents(tmp_path)

    result = check(typed, files, "--scratch")

    assert result.code == 3
    assert "primary: the database is open for reading only. Remove read_only" in result.text
    assert "write method never: read_only in the pair file" in result.text
    assert contents(tmp_path) == before


def test_verbose_lists_everything(tmp_path: Path, typed: Typing) -> None:
    """-v lists every item of the storage allocation, every table with its columns, and every differing row."""
    files = pair(tmp_path)
    files.run(
        "secondary",
        "INSERT INTO features SELECT user_id, 'f' || n, can_read, can_write FROM features, range(9) AS numbers(n)",
    )

    short, result = check(typed, files), check(typed, files, "-v")

    assert "and 6 more; -v shows them" in short.text
    assert "user_id 'ann' feature 'f8': only on secondary" in result.text
    assert "splits 1 31 days of intervals, 1825 days, 520 weeks, 120 months; 100,000" in result.text
    assert "htrunk rows, " in result.text
    assert "hsplit missing missing" in result.text


def test_bad_input_is_exit_2(tmp_path: Path, typed: Typing) -> None:
    """A pair file with faults, and one server named twice, are reported before anything is read."""
    files = pair(tmp_path)
    text = files.pair_file.read_text()
    files.pair_file.write_text(text.replace("secondary.duckdb", "./primary.duckdb"))

    twice = check(typed, files)
    files.pair_file.write_text("colour = 1\n" + text)
    faulty = check(typed, files)

    assert (twice.code, faulty.code) == (2, 2)
    assert "same server" in twice.err
    assert "colour" in faulty.err
    assert (twice.out, faulty.out) == ("", "")


def test_tables_of_ones_own_are_checked(tmp_path: Path, typed: Typing) -> None:
    """A folder of specs adds its tables to those the servers are asked for."""
    files = pair(tmp_path)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "c_survey.toml").write_text(
        'summary = "Surveys"\nclass = "custom"\nkey = ["survey"]\nsynced_by = "copying"\n[tables]\nc_survey = {}\n'
        '[columns]\nsurvey = { type = "char(10)" }\n'
    )
    files.run("primary", "CREATE TABLE c_survey (survey VARCHAR)")

    result = check(typed, files, "--json", "--specs", str(tmp_path / "specs"))

    (finding,) = findings(result)
    assert finding["tables"] == ["c_survey"]
    assert finding["message"] == "Secondary has no such table."


@pytest.mark.soak
def test_piped_text_has_no_colours(tmp_path: Path) -> None:
    """Where standard output is no terminal the report is plain text, a line each."""
    files = pair(tmp_path)

    result = type_in_process("check", "--pair", files.pair_file)

    assert result.code == 0, result.err
    assert "\x1b" not in result.out
    assert any(line.startswith("ALIKE") for line in result.out.splitlines())
