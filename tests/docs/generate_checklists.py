"""Writes the checklists into the pages that follow them: `python -m tests.docs.generate_checklists`."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from syncengine.catalogue.procedure_file import read_procedure
from syncengine.model.names import command
from syncengine.model.procedure import Procedure, ProcedureLine
from tests.docs.pages import pages

WIDTH = 118
BEGIN = "<!-- checklist: {} -->"
END = "<!-- end of checklist -->"
DO_NOT = "<!-- Written by `python -m tests.docs.generate_checklists` from syncengine/checklists; do not edit. -->"
PLACE = re.compile(rf"^{BEGIN.format('(?P<name>[a-z0-9-]+)')}\n.*?^{END}$", re.MULTILINE | re.DOTALL)


def with_checklists(text: str) -> str:
    """Return a page with its checklists as they should be."""
    return PLACE.sub(lambda found: _block(found["name"]), text)


def checklists_of(text: str) -> list[str]:
    """Return the names of the checklists that a page holds."""
    return [found["name"] for found in PLACE.finditer(text)]


def _block(name: str) -> str:
    procedure = read_procedure(name)
    lines = [BEGIN.format(name), DO_NOT, "", *_ways(procedure)]
    for number, line in procedure.numbered():
        if line.part:
            lines += [*([""] if lines[-1] else []), f"**{line.part}**", ""]
        lines += _line(number, line, procedure)
    return "\n".join([*lines, "", END])


def _ways(procedure: Procedure) -> Iterator[str]:
    for place, way in enumerate(procedure.ways):
        first = ", which is gone where none is named" if place == 0 else ""
        yield _filled(f"- **Way {way.name}**{first}: {way.title}. {way.costs}", "  ")
    if procedure.ways:
        yield ""


def _line(number: int, line: ProcedureLine, procedure: Procedure) -> Iterator[str]:
    lead = f"{number}. "
    marks = [f"guide {line.guide}"] if line.guide else []
    marks += [f"only way {way.name}" for way in procedure.ways if way.name in line.ways]
    mark = f"({'; '.join(marks)})" if marks else ""
    yield _filled(" ".join(one for one in (f"{number}. {line.text}", mark, line.why) if one), " " * len(lead))
    if line.command:
        yield f"{' ' * len(lead)}`{command(*line.command)}`"


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def main() -> None:
    """Write every page that holds a checklist."""
    for page in pages():
        _write(page)


def _write(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    fresh = with_checklists(text)
    if fresh != text:
        page.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    main()
