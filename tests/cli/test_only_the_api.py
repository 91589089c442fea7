"""The commands are thin: they use what the package exports, and of a pair what the page of the API names."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

import pytest
from typer.models import CommandInfo

import syncengine
from syncengine import cli
from syncengine.cli.command_line import options_of
from syncengine.cli.main import app
from tests.docs.pages import DOCS

FILES = sorted(Path(cli.__file__).parent.glob("*.py"))
OF_THE_API = (["syncengine"], ["syncengine", "app"])
A_PAIR = "opened"
"""What every command calls the pair it has opened."""


def test_a_command_imports_of_the_package_what_it_exports() -> None:
    """Of the API it takes what `syncengine` exports; that it reaches past that nowhere, a contract of imports says."""
    imported = [
        (node.module, one.name)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[:2] in OF_THE_API
        for one in node.names
    ]

    assert ("syncengine", "open_pair") in imported
    assert {name for home, name in imported if home == "syncengine"} <= set(syncengine.__all__)
    assert {home for home, _ in imported} == {"syncengine", "syncengine.app.own_process"}


def test_a_command_uses_of_a_pair_what_the_page_names() -> None:
    """Each method and property of a pair that any command uses is on the page, so that a script can do the same."""
    page = (DOCS / "reference" / "python-api.md").read_text()
    documented = set(re.findall(r"\b[Pp]air\.(\w+)", page))
    used = {name for path in FILES for name in _used(ast.parse(path.read_text()))}

    assert {"verify", "execute", "plan_backfill", "status"} <= used
    assert used <= documented


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda command: command.callback.__name__)
def test_a_command_takes_one_value(command: CommandInfo) -> None:
    """What was typed after a command is one value, which never changes."""
    assert command.callback is not None
    options = options_of(inspect.unwrap(command.callback))

    assert is_dataclass(options)
    assert options.__dataclass_params__.frozen  # type: ignore[attr-defined]  # dataclasses have them


def _used(tree: ast.AST) -> Iterator[str]:
    """Yield the attributes used of a pair: of a name for one, or of one just opened."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            match node.value:
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Call(func=ast.Name(id=name)):
                    if name in (A_PAIR, "open_pair", "open_for_writing"):
                        yield node.attr
                case _:
                    pass
