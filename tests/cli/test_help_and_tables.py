"""Help that a person can learn from, and the list of what syncengine knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from syncengine.app import open_pair
from syncengine.cli.main import app
from tests.builders import Files, build_files
from tests.cli.terminal import Typing, type_in_process

COMMANDS = tuple(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group has them


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_has_help(command: str) -> None:
    """No command and no option of it is without a sentence of help."""
    found = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]  # a group has them

    assert len(found.help or "") > 20
    for option in found.params:
        assert len(option.help or "") > 5, option.name


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_command(typed: Typing, option: str) -> None:
    """The help of the program lists its commands and says where to begin."""
    result = typed(option)

    assert result.code == 0
    assert all(re.search(rf"^\s+{command}\b", result.out, re.MULTILINE) for command in COMMANDS)
    assert "syncengine demo --into" in result.text
    assert "..." not in result.out.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        ("check", ("0", "1", "2", "3")),
        ("verify", ("0", "1", "2", "3")),
        ("resync", ("0", "1", "2", "3", "4", "5", "130")),
    ],
)
def test_help_lists_the_exit_codes(typed: Typing, command: str, codes: tuple[str, ...]) -> None:
    """The help of verify and of resync says what each exit code means."""
    result = typed(command, "--help")

    listed = result.text.partition("Exit codes: ")[2]
    assert result.code == 0
    for code in codes:
        assert re.search(rf"\b{code} [a-z]", listed), code


def test_help_shows_how_windows_are_written(typed: Typing) -> None:
    """The help of the window shows both ways of writing dates."""
    text = typed("verify", "--help").text

    assert "2000-06-05 05:13..05:19" in text
    assert "06/05/00 05:13..05:19" in text


def test_without_a_command_there_is_help() -> None:
    """The bare program shows its help instead of nothing."""
    result = type_in_process()

    assert "resync" in result.text
    assert "Traceback" not in result.err


def test_the_version_is_shown(typed: Typing) -> None:
    """--version says name and number."""
    assert re.fullmatch(r"syncengine \d+\.\d+\.\d+\S*\n", typed("--version").out)


def test_tables_lists_every_table_by_class(typed: Typing) -> None:
    """The list holds every table of the catalogue under the class that decides what may be copied."""
    result = typed("tables")

    lines = result.out.splitlines()
    assert result.code == 0
    assert next(line for line in lines if line.startswith("Local administration: never copied"))
    for name in ("hsplit", "synonyms", "users", "dcalloc", "linkex"):
        assert any(line.split()[:1] == [name] for line in lines), name


def test_one_table_is_shown_with_its_columns(typed: Typing) -> None:
    """`tables hsplit` shows key, archive and every column with its type and source."""
    result = typed("tables", "hsplit")

    assert result.code == 0
    assert re.search(r"key group\s+intrvl, split", result.out)
    assert re.search(r"^acdcalls\s+smallint\s+sum\s+found\s+\[\d+\]$", result.out, re.MULTILINE)
    assert re.search(r"^\[1\] \S+", result.out, re.MULTILINE)


def test_a_column_of_no_source_cites_none(surveys: Files, typed: Typing) -> None:
    """A table of one's own need not say where its columns are described; no empty source stands below it."""
    result = typed("tables", "c_survey", "--specs", surveys.folder / "specs")

    assert re.search(r"^answers\s+integer\s+found$", result.out, re.MULTILINE)
    assert "[1]" not in result.out


def test_an_unknown_table_is_answered_with_the_nearest(typed: Typing) -> None:
    """`tables hsplt` names hsplit."""
    result = typed("tables", "hsplt")

    assert result.code == 2
    assert "hsplit" in result.err


def test_sets_are_listed_with_the_files_beside_them(typed: Typing) -> None:
    """`tables --sets` lists what the guide synchronises together, and files that are not copied with tables."""
    result = typed("tables", "--sets")

    assert result.code == 0
    for name in ("dictionary", "agent-groups", "users", "history", "designer-reports"):
        assert re.search(rf"^{name}\s", result.out, re.MULTILINE), name


def test_tables_as_documents(typed: Typing) -> None:
    """With --json the same are documents: all tables, one table, the sets."""
    whole = typed("tables", "--json").document
    every = whole["tables"]
    one = typed("tables", "hsplit", "--json").document
    sets = typed("tables", "--sets", "--json").document

    assert all(
        (d["format"], d["version"]) == ("syncengine.tables", 2) for d in (one, sets, typed("tables", "--json").document)
    )
    assert len(every) >= 97
    assert (one["name"], one["archive"], one["key"]) == ("hsplit", "interval", ["intrvl", "split"])
    assert {"dictionary", "users"} <= {entry["name"] for entry in sets["sets"]}


SPEC = """
summary = "Surveys of our own"
class = "custom"
acd = "acd"
key = ["survey"]
synced_by = "copying"

[tables]
c_survey = { archive = "interval" }

[time]
date = "row_date"
label = "starttime"
interval = "intrvl"

[columns]
row_date = { type = "date" }
starttime = { type = "smallint" }
intrvl = { type = "smallint" }
acd = { type = "smallint" }
survey = { type = "char(10)" }
answers = { type = "integer" }
"""


@pytest.fixture
def surveys(tmp_path: Path) -> Files:
    """Build a pair with a table of its own, of which the secondary lacks a row, and the spec of it."""
    files = build_files(tmp_path, [])
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "c_survey.toml").write_text(SPEC)
    for role, rows in (("primary", "(500, 7), (530, 8)"), ("secondary", "(530, 8)")):
        files.run(
            role,
            "CREATE TABLE c_survey AS SELECT DATE '2000-06-05' AS row_date, CAST(label AS SMALLINT) AS starttime, "
            "CAST(30 AS SMALLINT) AS intrvl, CAST(1 AS SMALLINT) AS acd, 'calm      ' AS survey, answers "
            f"FROM (VALUES {rows}) AS given(label, answers)",
        )
    return files


def test_a_table_of_ones_own_is_verified_and_copied(surveys: Files, typed: Typing) -> None:
    """A folder of specs adds a table, which tables lists, verify compares and resync copies."""
    specs = ("--specs", surveys.folder / "specs")
    window = ("--window", "2000-06-05 05:13..05:19", "-t", "c_survey")

    listed = typed("tables", *specs)
    found = typed("verify", "--pair", surveys.pair_file, *window, *specs)
    repaired = typed("resync", "--pair", surveys.pair_file, *window, *specs, "--yes")

    assert re.search(r"^c_survey\s+interval", listed.out, re.MULTILINE)
    assert (found.code, repaired.code) == (3, 0)
    assert surveys.bag("secondary", "c_survey") == surveys.bag("primary", "c_survey")


def test_specs_may_stand_in_the_pair_file(surveys: Files, typed: Typing) -> None:
    """A folder named in the pair file, relative to it, needs no option."""
    surveys.pair_file.write_text('specs = ["specs"]\n' + surveys.pair_file.read_text())

    result = typed("verify", "--pair", surveys.pair_file, "-t", "c_survey", "--json")

    assert result.document["tables"][0]["rows_missing"] == 1
    assert open_pair(surveys.pair_file).catalogue.table("c_survey").summary == "Surveys of our own"


def test_every_fault_of_a_spec_is_said_at_once(surveys: Files, typed: Typing) -> None:
    """Two faults in a spec of one's own are both named with file and key, and exit 2."""
    text = SPEC.replace('"integer"', '"number"').replace('"copying"', '"somehow"')
    (surveys.folder / "specs" / "c_survey.toml").write_text(text)

    result = typed("tables", "--specs", surveys.folder / "specs")

    assert result.code == 2
    assert result.err.count("c_survey.toml") >= 2
    assert "answers" in result.err
    assert "synced_by" in result.err
    assert "Traceback" not in result.err


def test_a_shipped_table_cannot_be_described_again(surveys: Files, typed: Typing) -> None:
    """A spec of one's own that describes hsplit is refused, and says which file did so already."""
    (surveys.folder / "specs" / "c_survey.toml").write_text(SPEC.replace("c_survey =", "hsplit ="))

    result = typed("tables", "--specs", surveys.folder / "specs")

    assert result.code == 2
    assert "split.toml" in result.err
