"""What every page of the documentation promises."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from syncengine.cli.main import app
from tests.docs.pages import DOCS, README, REPOSITORY, blocks, command_lines, headings, links, page_name, pages
from tests.docs.running import Reader
from tests.examples import SOAKING

LONGEST_LINE = 120
RUNNABLE = ("console", "python", "test")
EVERY_PAGE = (README, *pages())


SELDOM = (
    *("base-load-upgrade", "both-links-down", "call-profile-change", "collection-off-and-on", "one-link-down"),
    *("primary-was-down", "secondary-was-down", "tutorial", "copy-administration", "add-your-own-tables", "python-api"),
    *("check-a-pair", "backfill-history", "daily-check", "hooks", "repair-rollups", "repair-an-outage"),
    *("users-and-permissions", "follow-a-checklist", "takeover"),
)
"""Pages that take minutes to follow, or whose commands another page types too; a soak follows them."""


def followed() -> tuple[Path, ...]:
    """Return the pages that tell their readers to do something."""
    often = [page for page in pages() if SOAKING or page.stem not in SELDOM]
    return tuple(page for page in often if any(block.kind in RUNNABLE for block in blocks(page)))


@pytest.mark.sampled
@pytest.mark.parametrize("page", followed(), ids=page_name)
def test_a_reader_who_follows_a_page_sees_what_it_shows(
    page: Path, damaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command and piece of Python on a page, done in order, prints what the page shows below it."""
    monkeypatch.chdir(tmp_path)
    reader = Reader(damaged)
    for block in blocks(page):
        reader.follow(block)


def test_the_python_of_the_readme_runs(slim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's piece of Python works on a demo pair in build/demo."""
    monkeypatch.chdir(tmp_path)
    reader = Reader(slim)
    found = [block for block in blocks(README) if block.kind == "python"]
    assert found
    for block in found:
        reader.follow(block)


@pytest.mark.parametrize("page", EVERY_PAGE, ids=page_name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that is there."""
    lost = [to for to in links(page) if "://" not in to and not (page.parent / to.partition("#")[0]).resolve().exists()]
    assert not lost


def test_links_into_pages_lead_to_a_heading() -> None:
    """What follows the # of a link is a heading of the page it leads to."""
    lost = []
    for page in (*EVERY_PAGE, REPOSITORY / "CHANGELOG.md"):
        for to in links(page):
            path, _, heading = to.partition("#")
            target = (page.parent / path).resolve() if path else page
            if "://" not in to and heading and target.suffix == ".md" and heading not in headings(target):
                lost.append((page_name(page), to))
    assert not lost


@pytest.mark.parametrize("page", EVERY_PAGE, ids=page_name)
def test_commands_shown_can_be_typed(page: Path) -> None:
    """Every command a page shows exists, with every option it is given."""
    group = typer.main.get_command(app)
    for line in command_lines(page):
        words = shlex.split(line.partition(" #")[0])[1:]
        if words[:1] == ["--version"] or "--help" in words:
            continue
        command = getattr(group, "commands", {}).get(words[0])
        assert command is not None, line
        needed = [name for one in command.params if one.required for name in one.opts if name.startswith("--")]
        # A sentence may leave out what a command cannot do without.
        command.make_context(words[0], [*words[1:], *(f"{name}=FILE" for name in needed if name not in words)])


@pytest.mark.parametrize("page", pages(), ids=page_name)
def test_pages_show_no_place_of_ours(page: Path) -> None:
    """No page names a folder of the machine it was written on."""
    text = page.read_text(encoding="utf-8")
    assert not [place for place in ("/work", "/tmp", "/home", "/root") if place in text]  # noqa: S108  # not used


def test_every_page_is_in_the_index() -> None:
    """The index of the documentation links every page."""
    index = DOCS / "README.md"
    linked = {(DOCS / to.partition("#")[0]).resolve() for to in links(index) if "://" not in to}
    assert {page for page in pages() if page != index} <= linked


@pytest.mark.parametrize(("page", "most"), [("what-survives", 30), ("guide-procedures", 10)])
def test_every_promise_names_a_test_that_is_there(page: str, most: int) -> None:
    """Each promise of these pages names tests by file and name, and each of them exists."""
    text = (DOCS / "explanation" / f"{page}.md").read_text(encoding="utf-8").partition("## Where the guide")[0]
    promises = re.findall(r"^- .*(?:\n  .*)*", text, re.MULTILINE)
    assert len(promises) >= most
    for promise in promises:
        named = re.findall(r"`(tests/[^`:]+)::(test_[a-z0-9_]+)`", promise)
        assert named, promise
        for file, name in named:
            assert f"def {name}(" in (REPOSITORY / file).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("page", pages(), ids=page_name)
def test_lines_are_short(page: Path) -> None:
    """No line of a page is longer than the code's lines are."""
    lines = enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
    assert not [number for number, line in lines if len(line) > LONGEST_LINE]
