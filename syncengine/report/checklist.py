"""Work by hand for people and as JSON: what no table can do, and which of it a hook does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from syncengine.model.checklist import ChecklistLine
from syncengine.model.sentences import plural
from syncengine.report.grid import Grid
from syncengine.report.text import grid, section

NOTHING_TO_DO = "Nothing is left to be done by hand."
NOTHING_IN_TABLES = "No table shows work left to be done by hand. Files, logins and passwords are not checked."
NOTHING_NEW = "Nothing new is left to be done by hand; `syncengine report RUN` shows what an earlier run left."
"""Nothing shows how much of the work of earlier runs was done since."""


def checklist_lines(when: str, lines: Sequence[ChecklistLine]) -> Iterator[RenderableType]:
    """Yield the work before or after a run, in order, if there is any."""
    if lines:
        how = "By hand or by hook" if any(line.hook for line in lines) else "By hand"
        yield from section(f"{how} {when}")
        yield numbered_lines((line.text, line.hook, ()) for line in lines)


def numbered_lines(lines: Iterable[tuple[str, bool, Sequence[str]]], style: str = "dim") -> Grid:
    """Return numbered lines, each marked if a hook does it, with its details below it in a style.

    On a screen of any width no line continues below its number.
    """
    table = grid(" ", "  ", wraps=("  ",))
    for place, (text, hook, details) in enumerate(lines, start=1):
        table.add_row(f"  {place}.", Text.assemble(text, (" [hook]" if hook else "", "cyan")))
        for detail in details:
            table.add_row("", Text(detail, style=style))
    return table


def remaining_in_short(remaining: Sequence[object], nothing: str = NOTHING_TO_DO) -> str:
    """Return how much work a verdict leaves to be done by hand; where that is none, `nothing`."""
    return f"Left to be done by hand: {plural(len(remaining), 'task')}, listed below." if remaining else nothing


def remaining_lines(remaining: Sequence[tuple[ChecklistLine, str]]) -> Iterator[RenderableType]:
    """Yield the work left to be done by hand, each task with why its hook has not done it."""
    if remaining:
        yield from section("Still to be done by hand")
        whys = [(why[0].upper() + why[1:],) if why else () for _, why in remaining]
        yield numbered_lines(
            [(line.text, False, why) for (line, _), why in zip(remaining, whys, strict=True)], "yellow"
        )


def line_document(line: ChecklistLine) -> dict[str, Any]:
    """Return a line as plain data."""
    return {
        "kind": line.kind.value,
        "server": line.server.value,
        "text": line.text,
        "file": line.file or None,
        "source": line.source.value if line.source else None,
        "hook": line.hook,
        "details": list(line.details),
    }
