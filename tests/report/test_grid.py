"""A table on any screen: names, times and numbers are whole, and words are broken between words."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from syncengine.cli.terminal import ReportConsole
from syncengine.report.text import grid
from tests.cli.terminal import Typing, drifting_pair

LONG = "c_" + "a_long_name_" * 5
WHEN = "2000-06-05 05:00-05:29"
WORDS = f"ACD 1  2 times, 2000-06-04 21:30 to {WHEN}"


def shown(width: int, name: str) -> list[str]:
    """Return the lines of a table as a screen of so many columns shows it."""
    console = ReportConsole(file=io.StringIO(), width=width)
    table = grid("table", "differs at", "buckets", "rows", right=("buckets", "rows"), wraps=("differs at",))
    table.add_row(name, WORDS, "4", "7,345,678")
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("name", ["hagent", LONG])
@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_nothing_is_cut(width: int, name: str) -> None:
    """A name, a time and a number stand whole in some line, and no line has blanks at its end."""
    lines = shown(width, name)

    for whole in (name, "2000-06-04 21:30", WHEN, "4", "7,345,678", "times,"):
        assert any(whole in line for line in lines), whole
    assert all(line == line.rstrip() for line in lines)
    widest = max(len(name), len(WHEN) + 4) if width < 80 else 0
    assert max(map(len, lines)) <= max(width, widest)


def test_words_are_broken_where_that_is_enough() -> None:
    """A column of words is broken between words before anything else gives way."""
    assert shown(60, "hagent") == [
        "table   differs at                        buckets       rows",
        "hagent  ACD 1  2 times, 2000-06-04 21:30        4  7,345,678",
        "        to 2000-06-05 05:00-05:29",
    ]


def test_a_long_name_has_its_own_line() -> None:
    """Where a name leaves no room for the numbers, they stand below it, and the words below them."""
    assert shown(70, LONG)[3:] == [LONG, "          4  7,345,678", f"    {WORDS}"]


@pytest.mark.soak
def test_a_verdict_fits_a_screen(tmp_path: Path, typed: Typing, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a screen of 80 columns a verdict names table, times and counts whole."""
    files = drifting_pair(tmp_path)
    monkeypatch.setattr("syncengine.cli.terminal.out", lambda: ReportConsole(width=40, markup=False, highlight=False))

    result = typed("verify", "--pair", files.pair_file, "--table", "htrunk")

    assert "htrunk" in result.out
    assert WHEN in result.out
    assert "…" not in result.out


def test_a_plain_console_shows_it_too() -> None:
    """A table is as wide as what is in it where there is room for all of it."""
    console = Console(file=io.StringIO(), width=1000)
    table = grid("a", "b", right=("b",))
    table.add_row("one", "1")
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "a    b\none  1\n"
