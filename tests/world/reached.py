"""Marks lines of a copy of the product, so that a world shows which of them it reaches.

A world in which the lines of a fault are never reached is the same with the fault: it need not be made.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.guards.guard import Guard

REACHED: set[str] = set()
"""Names of the marked lines that were reached in this process, until it is cleared."""
ALWAYS: set[str] = set()
"""Names of lines that are no statement inside a function: nothing shows whether they are reached."""
ALWAYS_FILE = "tests/world/reached.py"


def with_markers(folder: Path, marked: Iterable[Guard]) -> None:
    """Put a marker before the lines of each, into the copy of the project in a folder."""
    by_file: dict[Path, list[Guard]] = defaultdict(list)
    for one in marked:
        by_file[folder / one.path].append(one)
    always: list[str] = []
    for path, guards in sorted(by_file.items()):
        lines = path.read_text().splitlines(keepends=True)
        text = "".join(lines)
        before: dict[int, list[str]] = defaultdict(list)
        for one in guards:
            one.removed_from(text)
            at = text.count("\n", 0, text.index(one.lines.lstrip("\n ")))
            line = _statement(ast.parse(text), at + 1, lines)
            if line is None:
                always.append(one.name)
            else:
                before[line].append(one.name)
        for line, names in sorted(before.items(), reverse=True):
            indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
            lines.insert(line - 1, f"{indent}__import__('tests.world.reached').world.reached.REACHED.update({names})\n")
        path.write_text("".join(lines))
    file = folder / ALWAYS_FILE
    file.write_text(file.read_text().replace("ALWAYS: set[str] = set()", f"ALWAYS: set[str] = set({always})"))


def _statement(module: ast.Module, line: int, lines: list[str]) -> int | None:
    """Return the line of the innermost statement of a function that has a line, where one can be put before it."""
    found: int | None = None
    inside = False
    nodes: list[ast.AST] = [module]
    while nodes:
        node = nodes.pop()
        for child in ast.iter_child_nodes(node):
            first, last = getattr(child, "lineno", None), getattr(child, "end_lineno", None)
            if isinstance(child, ast.match_case | ast.ExceptHandler):
                nodes.append(child)
                continue
            if not isinstance(child, ast.stmt) or first is None or last is None or not first <= line <= last:
                continue
            nodes.append(child)
            if isinstance(child, ast.FunctionDef):
                inside, found = True, None
            elif inside and not lines[first - 1].lstrip().startswith("elif "):
                found = first
    return found
