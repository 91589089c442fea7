"""Every bad input is answered with one sentence that says what is wrong and what to type, and writes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.builders import build_files
from tests.cli.terminal import TRUNKS, WINDOW, Typing, contents, drifting_pair, is_one_sentence

RESYNC = ("resync", "--yes")
VERIFY = ("verify",)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ((*WINDOW, "-t", "htrnk"), "There is no table 'htrnk'", "htrunk"),
        ((*WINDOW, "-t", "nothinglikeit"), "There is no table 'nothinglikeit'", "syncengine tables"),
        (
            (*WINDOW, "-t", "c_foo"),
            "There is no table 'c_foo' in any spec",
            "name its folder with --specs, or in the pair file",
        ),
        ((*WINDOW, "-s", "dictionry"), "There is no set 'dictionry'", "dictionary"),
        ((*WINDOW, "-s", "nothinglikeit"), "There is no set 'nothinglikeit'", "syncengine tables --sets"),
        ((*TRUNKS, "--acd", "7"), "Neither server has ACD 7", "1"),
        (("-t", "htrunk", "-w", "2000-06-05 05:19..05:13"), "runs backwards", "earlier time first"),
        (("-t", "htrunk", "-w", "2000-06-06..2000-06-05"), "runs backwards", "earlier time first"),
        (("-t", "htrunk", "-w", "2000-06-06"), "lies in the future: it is 2000-06-05 07:10 now", "has passed"),
        (("-t", "htrunk", "-w", "2000-13-05"), "'2000-13-05' in the window", "2000-06-05"),
        (("-t", "htrunk", "-w", "2000-02-30"), "is not a date", "2000-06-05"),
        (("-t", "htrunk", "-w", "2000-06-05 25:00..26:00"), "is not a time of day", "2000-06-05"),
        (("-t", "htrunk", "-w", "yesterday"), "is not a time", "2000-06-05"),
        (("-t", "htrunk", "-w", "05:13..05:19"), "has no day to start on", "2000-06-05"),
        (("-t", "htrunk", "-w", "2000-06-05 05:13"), "has no time to stop at", "2000-06-05"),
        (("-t", "htrunk", "-w", "1999-06-05"), "nothing to compare. htrunk", "stores 62 days"),
    ],
)
@pytest.mark.parametrize("command", [RESYNC, VERIFY])
def test_bad_input_is_one_sentence(
    tmp_path: Path, typed: Typing, command: tuple[str, ...], words: tuple[str, ...], message: str, hint: str
) -> None:
    """Names nobody knows and times that cannot be end with exit 2 and a sentence, and leave the pair as it was."""
    files = drifting_pair(tmp_path)
    before = contents(tmp_path)

    result = typed(*command, "--pair", files.pair_file, *words)

    assert result.code == 2
    assert is_one_sentence(result.err)
    assert message in result.err
    assert hint in result.err
    assert result.out == ""
    assert contents(tmp_path) == before


def test_a_resync_of_history_needs_a_window(tmp_path: Path, typed: Typing) -> None:
    """Without a window a resync says that it needs one and how to write it."""
    files = drifting_pair(tmp_path)

    result = typed("resync", "--yes", "--pair", files.pair_file, "-t", "htrunk")

    assert result.code == 2
    assert "needs a window" in result.err
    assert "--window '2000-06-05 05:13..05:19'" in result.err


def test_reconcile_takes_no_direction(tmp_path: Path, typed: Typing) -> None:
    """A resync in both directions refuses --from, whichever server it names."""
    files = drifting_pair(tmp_path)

    result = typed("resync", "--yes", "--pair", files.pair_file, *TRUNKS, "--policy", "reconcile", "--from", "primary")

    assert result.code == 2
    assert "Leave --from out" in result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("verify",), "--pair"),
        (("verify", "--pair", "pair.toml", "--colour", "red"), "--colour"),
        (("resync", "--pair", "pair.toml", "--policy", "guess"), "guess"),
        (("resync", "--pair", "pair.toml", "--from", "third"), "third"),
        (("resync", "--pair", "pair.toml", "--acd", "one"), "--acd"),
        (("resync", "--pair", "pair.toml", "--allow-deletions", "-1"), "--allow-deletions"),
        (("fix",), "fix"),
    ],
)
def test_unknown_options_are_usage_errors(typed: Typing, words: tuple[str, ...], message: str) -> None:
    """A command line that cannot be read ends with exit 2 and names what could not be."""
    result = typed(*words)

    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err


PAIR = """
[primary]
url = "duckdb:///primary.duckdb"
[secondary]
url = "duckdb:///secondary.duckdb"
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[primary\n", "not TOML"),
        (PAIR + "colour = 'red'\n", "secondary.colour"),
        ("as_off = 2000-06-05T06:10:00\n" + PAIR, "as_off"),
        ("[primary]\nurl = 'duckdb:///primary.duckdb'\n", "secondary"),
        (PAIR.replace("secondary.duckdb", "primary.duckdb"), "a pair is two servers"),
        (PAIR.replace("primary.duckdb", "${CMS_FOLDER}/primary.duckdb"), "${CMS_FOLDER}, which is not set"),
        (PAIR.replace("duckdb:///primary.duckdb", "informix://cms:hunter2@host/db"), "has a password"),
        (PAIR.replace("duckdb:///primary.duckdb", "primary.duckdb"), "duckdb:///FILE"),
        ("timezone = 'Mars/Olympus'\n" + PAIR, "not a time zone"),
        (PAIR + "[intervals]\n1 = 20\n", "15, 30 or 60"),
        (PAIR + "[retention]\ninterval = 63\n", "retention.interval"),
        (PAIR + "[limits]\ndeletions = -1\n", "limits.deletions"),
    ],
)
def test_a_faulty_pair_file_is_named_with_its_key(tmp_path: Path, typed: Typing, text: str, message: str) -> None:
    """A fault in the pair file ends with exit 2 and names file and key; a password is never repeated."""
    file = tmp_path / "pair.toml"
    file.write_text(text)

    result = typed("verify", "--pair", file)

    assert result.code == 2
    assert str(file) in result.err
    assert message in result.err
    assert "hunter2" not in result.err
    assert "Traceback" not in result.err


def test_all_faults_of_a_pair_file_are_listed_at_once(tmp_path: Path, typed: Typing) -> None:
    """Two faults in a pair file are both in the first answer."""
    file = tmp_path / "pair.toml"
    file.write_text("timezone = 'Mars/Olympus'\n" + PAIR + "colour = 'red'\n")

    result = typed("verify", "--pair", file)

    assert "2 faults" in result.err
    assert "timezone" in result.err
    assert "secondary.colour" in result.err


def test_a_pair_file_that_is_not_there(tmp_path: Path, typed: Typing) -> None:
    """A pair file that is missing is named, with how to come by one."""
    result = typed("verify", "--pair", tmp_path / "pair.toml")

    assert result.code == 2
    assert f"There is no pair file {tmp_path / 'pair.toml'}" in result.err
    assert "syncengine demo --into DIR" in result.err


def test_the_same_server_by_another_name_is_recognised(tmp_path: Path, typed: Typing) -> None:
    """Two urls that lead to one file are one server, and a pair is two."""
    files = drifting_pair(tmp_path)
    (tmp_path / "other.duckdb").symlink_to(files.database("primary"))
    files.pair_file.write_text(files.pair_file.read_text().replace("secondary.duckdb", "other.duckdb"))
    before = contents(tmp_path)

    result = typed("resync", "--yes", "--pair", files.pair_file, *TRUNKS)

    assert result.code == 2
    assert is_one_sentence(result.err)
    assert "Primary and secondary are the same server" in result.err
    assert contents(tmp_path) == before


def test_a_secret_comes_from_the_environment(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference in the pair file is read from the environment, and what it stands for is not shown."""
    files = drifting_pair(tmp_path)
    (tmp_path / "hidden").mkdir()
    shutil.move(files.database("primary"), tmp_path / "hidden" / "primary.duckdb")
    files.pair_file.write_text(
        files.pair_file.read_text().replace("duckdb:///primary", "duckdb:///${CMS_WHERE}/primary")
    )
    monkeypatch.setenv("CMS_WHERE", "hidden")

    result = typed("verify", "--pair", files.pair_file, "-t", "htrunk", "-v")

    assert result.code == 3
    assert "hidden" not in result.text


def test_a_database_that_is_not_there(tmp_path: Path, typed: Typing) -> None:
    """A url that leads nowhere is a failure of the server, named with its file and where to correct it."""
    files = drifting_pair(tmp_path)
    files.database("secondary").unlink()

    result = typed("resync", "--yes", "--pair", files.pair_file, *TRUNKS)

    assert result.code == 1
    assert is_one_sentence(result.err)
    assert f"secondary: there is no database at {files.database('secondary')}" in result.err
    assert "url in the pair file" in result.err
    assert not files.database("secondary").exists()


def test_a_file_that_is_no_database(tmp_path: Path, typed: Typing) -> None:
    """A file of something else is a failure of the server in a sentence, and stays as it was."""
    files = drifting_pair(tmp_path)
    files.database("secondary").write_text("these are not the rows you are looking for\n" * 1000)
    before = contents(tmp_path)

    result = typed("resync", "--yes", "--pair", files.pair_file, *TRUNKS)

    assert result.code == 1
    assert is_one_sentence(result.err)
    assert "secondary" in result.err
    assert contents(tmp_path) == before


def test_a_url_of_an_unknown_server(tmp_path: Path, typed: Typing) -> None:
    """A kind of server that is not known is said with the kind that is."""
    files = drifting_pair(tmp_path)
    files.pair_file.write_text(files.pair_file.read_text().replace("duckdb:///primary.duckdb", "oracle://host/cms"))

    result = typed("verify", "--pair", files.pair_file, "-t", "htrunk")

    assert result.code == 2
    assert "'oracle'" in result.err
    assert "duckdb:///FILE" in result.err


def test_an_empty_source_is_reported_and_deletes_nothing(tmp_path: Path, typed: Typing) -> None:
    """With nothing at the source the resync writes nothing, says that it leaves the rows, and reports the drift."""
    files = drifting_pair(tmp_path)
    files.run("primary", "DELETE FROM htrunk")
    before = files.bag("secondary", "htrunk")

    result = typed("resync", "--yes", "--pair", files.pair_file, *TRUNKS)

    assert result.code == 3
    assert "Nothing to write" in result.out
    assert "outside the time for which the source has rows" in result.out
    assert files.bag("secondary", "htrunk") == before


def test_own_specs_that_are_not_there(tmp_path: Path, typed: Typing) -> None:
    """A folder of specs that is missing is named."""
    files = build_files(tmp_path, [])

    result = typed("verify", "--pair", files.pair_file, "--specs", tmp_path / "nowhere")

    assert result.code == 2
    assert f"{tmp_path / 'nowhere'}: no such folder" in result.err


@pytest.mark.parametrize(("words", "traced"), [((), False), (("-v",), False), (("-vv",), True), (("-v", "-v"), True)])
def test_a_trace_is_shown_with_vv(tmp_path: Path, typed: Typing, words: tuple[str, ...], traced: bool) -> None:
    """Only -vv shows the trace behind an error; the sentence is there all the same."""
    files = drifting_pair(tmp_path)

    result = typed("verify", "--pair", files.pair_file, "-t", "nothinglikeit", *words)

    assert ("Traceback" in result.err) is traced
    assert "There is no table" in result.err


@pytest.mark.parametrize("command", [("verify",), ("resync", "--dry-run"), ("resync", "--yes")])
def test_a_window_without_rows_on_either_server(tmp_path: Path, typed: Typing, command: tuple[str, ...]) -> None:
    """A mistyped year is an error: nothing was compared, which is not the same as in sync."""
    files = drifting_pair(tmp_path)

    result = typed(*command, "--pair", files.pair_file, "--window", "2000-05-20", "--table", "htrunk")

    assert result.code == 2
    assert "nothing was compared" in result.err
    assert "IN SYNC" not in result.out


@pytest.mark.parametrize(
    "command",
    [
        ("resync", "--outages", "--policy", "replace"),
        ("resync", "--table", "htrnk", "--window", "2000-06-05"),
        ("undo", "nonsense"),
    ],
)
def test_slips_are_reported_before_the_question(tmp_path: Path, typed: Typing, command: tuple[str, ...]) -> None:
    """In a pipe a mistake is named, not --yes, which would not correct it."""
    files = drifting_pair(tmp_path)

    result = typed(*command, "--pair", files.pair_file)

    assert result.code == 2
    assert "no terminal" not in result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("verify", "--acd", "x"), "not a whole number."),
        (("resync", "--allow-deletions", "x"), "not a whole number."),
        (("resync", "--allow-deletions", "-1"), "less than 0."),
        (("resync", "--rollups", "all"), "Invalid value for '--rollups': 'all' is not one of 'list'"),
    ],
)
def test_an_invalid_value_is_explained_in_plain_words(
    tmp_path: Path, typed: Typing, words: tuple[str, ...], message: str
) -> None:
    """What is typed where a number or a choice goes is said to be none, in plain words, whichever release reads it."""
    result = typed(*words, "--pair", drifting_pair(tmp_path).pair_file)

    assert result.code == 2
    assert message in result.err
    assert "nput" not in result.err
