"""The pages of the documentation, taken apart: code blocks, hidden instructions, links, tables."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
README = REPOSITORY / "README.md"

FENCED = r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$"
HIDDEN = r"^<!-- test: (?P<hidden>.*?) -->$"
BLOCK = re.compile(f"{FENCED}|{HIDDEN}", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<to>[^)\s]+)\)")
CODE_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, or a hidden instruction to the tests, with the line it begins on."""

    kind: str
    name: str
    text: str
    line: int


def pages() -> tuple[Path, ...]:
    """Return every page of the documentation, without the README."""
    return tuple(sorted(DOCS.rglob("*.md")))


def page_name(page: Path) -> str:
    """Return a page's name as people know it."""
    return str(page.relative_to(REPOSITORY))


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in order; the word after the language names a file."""
    text = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match["hidden"] is not None:
            yield Block("test", "", match["hidden"], line)
        else:
            kind, _, name = match["info"].strip().partition(" ")
            yield Block(kind, name.strip(), match["text"], line)


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    """Yield the targets of a page's links."""
    for match in LINK.finditer(prose(page)):
        yield match["to"]


def command_lines(page: Path) -> Iterator[str]:
    """Yield every `syncengine ...` a page shows, in code blocks and inside sentences."""
    for block in blocks(page):
        if block.kind in ("console", "sh", "shell", "bash", ""):
            for line in block.text.replace("\\\n", " ").splitlines():
                command = line.strip().removeprefix("$ ")
                if command.startswith("syncengine "):
                    yield command
    for match in CODE_SPAN.finditer(prose(page)):
        if match[1].startswith("syncengine "):
            yield match[1]


def section(page: Path, heading: str) -> str:
    """Return the text below a heading, up to the next one of any level."""
    parts = re.split(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        if title.strip() == heading:
            return text
    raise AssertionError(f"{page_name(page)} has no heading {heading!r}")


@functools.cache
def headings(page: Path) -> frozenset[str]:
    """Return the headings of a page as links name them; of two that are alike the second is not among them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower() for title in titles)
    return frozenset(re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain)


def table_rows(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each row of the tables in a text whose first cell is code, without the backticks there."""
    for line in text.splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if cells and re.fullmatch(r"`[^`]+`", cells[0]):
            yield (cells[0].strip("`"), *cells[1:])
