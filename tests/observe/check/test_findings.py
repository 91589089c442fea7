"""What `syncengine check` finds when it compares the two servers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.builders import archive_rows
from tests.cli.checking import check, findings, pair
from tests.cli.terminal import Typing


def test_different_storage_allocation_must_be_repaired(tmp_path: Path, typed: Typing) -> None:
    """Different retention is exit 3 and names item, column and both values."""
    files = pair(tmp_path)
    files.run("secondary", "UPDATE dcalloc SET days_intrahour = 36 WHERE trim(item) = 'splits'")

    result, text = check(typed, files, "--json"), check(typed, files)

    (finding,) = findings(result)
    assert (result.code, text.code) == (3, 3)
    assert result.document["alike"] is False
    assert (finding["subject"], finding["tables"], finding["rule"]) == ("set-up", ["dcalloc"], 1)
    assert finding["message"] == "1 row of the storage allocation differs."
    assert finding["details"] == ["ACD 1 item 'splits': days_intrahour 31 on primary, 36 on secondary"]
    assert "Data Storage Allocation" in finding["advice"]
    assert "days_intrahour 31 on primary, 36 on secondary" in text.text
    assert any(line.startswith("TO REPAIR  1 finding must be repaired") for line in text.out.splitlines())


@pytest.mark.parametrize(
    ("sql", "table", "detail"),
    [
        ("UPDATE dcadmin SET collection_on = 'n'", "dcadmin", "collection_on 'y' on primary, 'n' on secondary"),
        ("DELETE FROM features", "features", "user_id 'ann' feature 'reports': only on primary"),
        ("UPDATE acds SET acd_name = 'Boulder'", "acds", "ACD 1: acd_name '' on primary, 'Boulder' on secondary"),
        ("INSERT INTO users SELECT * FROM users WHERE trim(user_id) = 'bob'", "users", "user_id 'bob': 1 on secondary"),
    ],
)
def test_a_different_set_up_must_be_repaired(tmp_path: Path, typed: Typing, sql: str, table: str, detail: str) -> None:
    """Data collection, users, their features and the ACDs are to be alike row by row, repeated rows counted."""
    files = pair(tmp_path)
    files.run("secondary", sql)

    result = check(typed, files, "--json")

    (finding,) = findings(result)
    assert result.code == 3
    assert finding["tables"] == [table]
    assert detail.replace("1 on secondary", "only on secondary") in finding["details"][0]


def test_local_administration_that_may_differ_is_a_note(tmp_path: Path, typed: Typing) -> None:
    """Printers, free space and the addresses of the links are each server's own: notes at most, and exit 0."""
    files = pair(tmp_path)
    files.run("secondary", "UPDATE print_adm SET unix_name = 'hp7'")
    files.run("secondary", "UPDATE fullex SET value = '799'")
    files.run("secondary", "UPDATE dcadmin SET address = '192.0.2.12'")

    result = check(typed, files, "--json")

    notes = {finding["tables"][0]: finding for finding in findings(result, "note") if finding["subject"] == "set-up"}
    assert result.code == 0
    assert set(notes) == {"print_adm", "fullex"}
    assert "as they may" in notes["print_adm"]["message"]
    assert notes["print_adm"]["details"] == ["printer 'lp1': unix_name 'hp2' on primary, 'hp7' on secondary"]


def test_personal_data_of_users_is_not_shown(tmp_path: Path, typed: Typing) -> None:
    """Of users only the login and the differing columns are shown, since the report may be passed on."""
    files = pair(tmp_path)
    files.run("secondary", "UPDATE users SET phone = '4999' WHERE trim(user_id) = 'ann'")

    result, text = check(typed, files, "--json"), check(typed, files, "-v")

    assert findings(result)[0]["details"] == ["user_id 'ann': phone"]
    assert "4999" not in result.out + text.out
    assert "4410" not in result.out + text.out


def test_different_loads_must_be_repaired(tmp_path: Path, typed: Typing) -> None:
    """Two loads in the pair file are exit 3 by rule 14."""
    files = pair(tmp_path)
    files.pair_file.write_text(files.pair_file.read_text().replace("r3v8ag.f", "r3v8aj.a", 1))

    result = check(typed, files, "--json")

    (finding,) = findings(result)
    assert result.code == 3
    assert (finding["subject"], finding["rule"]) == ("load", 14)
    assert "primary r3v8aj.a, secondary r3v8ag.f" in finding["message"]


def test_a_missing_load_should_be_added(tmp_path: Path, typed: Typing) -> None:
    """Without a load in the pair file different loads go unnoticed: that is reported, and nothing must be repaired."""
    result = check(typed, pair(tmp_path, server_settings=""), "--json")

    assert result.code == 0
    assert [finding["subject"] for finding in findings(result, "should")] == ["load"]


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_a_column_missing_on_one_side_must_be_repaired(tmp_path: Path, typed: Typing, role: str) -> None:
    """A table that is copied and differs in a column is exit 3 and names the column and the server."""
    files = pair(tmp_path)
    files.run(role, "ALTER TABLE htrunk DROP COLUMN intime")

    result = check(typed, files, "--json")

    (finding,) = findings(result)
    assert result.code == 3
    assert (finding["subject"], finding["tables"]) == ("columns", ["htrunk"])
    assert finding["message"] == f"Column intime is missing on {role}."


def test_tables_with_the_same_problem_are_one_finding(tmp_path: Path, typed: Typing) -> None:
    """A problem that several tables have is one finding."""
    files = pair(tmp_path)
    files.run("secondary", "DROP TABLE htrunk")
    files.run("secondary", "DROP TABLE synonyms")

    (finding,) = findings(check(typed, files, "--json"))

    assert sorted(finding["tables"]) == ["htrunk", "synonyms"]
    assert finding["message"] == "Secondary has no such table."


def test_acds_and_intervals_are_compared(tmp_path: Path, typed: Typing) -> None:
    """An ACD of one server only, and intervals of different lengths, must be repaired."""
    files = pair(tmp_path)
    files.run("secondary", "UPDATE htrunk SET intrvl = 15")
    files.add("secondary", "arch_stat", *archive_rows(3, datetime(2000, 6, 5, 7, 0)))

    result = check(typed, files, "--json")

    messages = {finding["subject"]: finding["message"] for finding in findings(result)}
    assert result.code == 3
    assert messages["acds"] == "ACD 3 is only on secondary."
    assert "intervals of ACD 1 are 30 minutes on primary and 15 minutes on secondary" in messages["intervals"]


@pytest.mark.parametrize(
    ("change", "severity", "message"),
    [
        ("SET status = '3' WHERE trim(arch_type) = '1'", "must", "ACD 1, interval archive: ended in failure."),
        ("SET status = '3' WHERE trim(arch_type) = '2'", "should", "ACD 1, daily archive: ended in failure."),
        ("SET status = '4' WHERE trim(arch_type) = '4'", "note", "ACD 1, monthly archive: is running now."),
        (
            "SET last_time = '06/05/00 02:00' WHERE trim(arch_type) = '1'",
            "should",
            "ACD 1, interval archive: has archived only up to 2000-06-05 02:00.",
        ),
    ],
)
def test_an_archive_that_has_stopped_is_reported(
    tmp_path: Path, typed: Typing, change: str, severity: str, message: str
) -> None:
    """The archives of both servers are checked: which failed, which runs, which is late (rule 6)."""
    files = pair(tmp_path)
    files.run("primary", f"UPDATE arch_stat {change}")

    result = check(typed, files, "--json")

    (finding,) = (one for one in findings(result, severity) if one["subject"] == "archives")
    assert result.code == (3 if severity == "must" else 0)
    assert (finding["server"], finding["message"], finding["rule"]) == ("primary", message, 6)


def test_a_table_filled_on_one_side_only_is_reported(tmp_path: Path, typed: Typing) -> None:
    """A server whose history is empty, as on a new one, is no difference in set-up; its empty tables are named."""
    files = pair(tmp_path)
    files.run("secondary", "DELETE FROM htrunk")

    result = check(typed, files, "--json")

    (finding,) = (one for one in findings(result, "should") if one["subject"] == "tables")
    assert result.code == 0
    assert (finding["tables"], finding["message"]) == (["htrunk"], "Rows on primary, none on secondary.")


def test_a_table_of_unknown_layout_is_not_guessed(tmp_path: Path, typed: Typing) -> None:
    """Local administration with unknown columns is to be compared by hand, and not reported as different."""
    files = pair(tmp_path)
    for role, value in (("primary", 1), ("secondary", 2)):
        files.run(role, "DROP TABLE dcadmin")
        files.run(role, f"CREATE TABLE dcadmin AS SELECT CAST(1 AS SMALLINT) AS acd, {value} AS speed")

    result = check(typed, files, "--json")

    (finding,) = (one for one in findings(result, "should") if one["subject"] == "set-up")
    assert result.code == 0
    assert "the spec describes none of its columns" in finding["message"]
