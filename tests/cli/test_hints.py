"""What a message tells to type can be typed."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest
from rich.text import Text

from syncengine.cli import streams
from syncengine.cli.hints import complete_commands, remember_pair
from syncengine.cli.terminal import ReportConsole, complete_text
from syncengine.report.text import unbroken
from tests.cli.terminal import Typing, drifting_pair

HINTS = re.compile(r"`syncengine ([^`]*)`")


def test_a_hint_names_the_pair(tmp_path: Path, typed: Typing) -> None:
    """A command named where no pair file is known can be typed as it stands, from text and from JSON."""
    files = drifting_pair(tmp_path / "a pair")
    wanted = ("verify", "--pair", files.pair_file, "--table", "htrunk", "--window", "2000-06-05 01:00..02:00")

    result, document = typed(*wanted), typed(*wanted, "--json").document

    for text in (result.text, document["hint"]):
        (words,) = [shlex.split(hint) for hint in HINTS.findall(text)]
        assert typed(*words).code == 3


def test_a_report_names_the_pair(tmp_path: Path, typed: Typing) -> None:
    """So it is where a report tells of something to look at: in a line, and in a table."""
    files = drifting_pair(tmp_path)
    files.run("secondary", "DELETE FROM htrunk")

    result = typed("check", "--pair", files.pair_file)

    assert f"`syncengine verify --pair {files.pair_file}` shows what is missing." in result.text


@pytest.mark.parametrize(
    ("text", "typable"),
    [
        ("See `syncengine verify --table t`.", "See `syncengine verify --table t --pair 'a b'`."),
        (
            "`syncengine runs` and `syncengine undo`",
            "`syncengine runs --pair 'a b'` and `syncengine undo --pair 'a b'`",
        ),
        ("`syncengine tables`, `syncengine verify --help`", "`syncengine tables`, `syncengine verify --help`"),
        ("`syncengine verify --pair c`", "`syncengine verify --pair c`"),
    ],
)
def test_commands_of_a_pair_get_it_once(text: str, typable: str) -> None:
    """The pair goes to each command that needs one and has none, and keeps the styles of a text."""
    remember_pair(["verify", "--pair", "a b"])
    styled = Text.assemble(("red ", "red"), text, (" bold", "bold"))

    assert complete_commands(text) == typable
    assert complete_text(styled).plain == f"red {typable} bold"
    assert [str(span.style) for span in complete_text(styled).spans] == ["red", "bold"]


def test_refusals_are_broken_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a screen no word and no command of an error is broken, however narrow it is."""

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    remember_pair([])
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("COLUMNS", "20")
    text = "Something is amiss here, so look at it. `syncengine verify --table htrunk` shows it."

    streams.warn(text)

    lines = screen.getvalue().splitlines()
    assert " ".join(lines) == text
    assert "`syncengine verify --table htrunk`" in lines
    assert all(len(line) <= 20 for line in lines if "`" not in line)


def test_a_command_longer_than_the_screen_is_one_line() -> None:
    """What can be copied from a terminal is not broken by us: the terminal does that, and copies one line."""
    written = io.StringIO()
    console = ReportConsole(file=written, width=40)

    console.print(unbroken("To repair it: syncengine resync --pair 'a folder/pair.toml' --window '2000-06-05'"))

    assert written.getvalue().count("\n") == 1
