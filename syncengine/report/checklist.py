"""Checklists for people and as JSON: what no table can do, and which of it a hook does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from syncengine.model.checklist import ChecklistLine


def checklist_lines(when: str, lines: Sequence[ChecklistLine]) -> Iterator[Text]:
    """Yield what comes before or after a run, in order, if anything does."""
    if lines:
        how = "By hand or by hook" if any(line.hook for line in lines) else "By hand"
        yield Text()
        yield Text(f"{how} {when}", style="bold")
    for place, line in enumerate(lines, start=1):
        yield Text.assemble(f"  {place}. {line.text}", (" [hook]" if line.hook else "", "cyan"))


def left_lines(left: Sequence[tuple[ChecklistLine, str]]) -> Iterator[Text]:
    """Yield what is left to be done by hand, each with why its hook has not done it."""
    if left:
        yield Text()
        yield Text("Still to be done by hand", style="bold")
    for place, (line, why) in enumerate(left, start=1):
        yield Text(f"  {place}. {line.text}")
        if why:
            yield Text(f"     {why[0].upper()}{why[1:]}", style="yellow")


def line_document(line: ChecklistLine) -> dict[str, Any]:
    """Return a line as plain data."""
    return {
        "kind": line.kind.value,
        "server": line.server.value,
        "text": line.text,
        "file": line.file or None,
        "hook": line.hook,
        "details": list(line.details),
    }
