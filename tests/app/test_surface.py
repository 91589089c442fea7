"""What the package exports is all that a caller gets or gives, and what the commands can do."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import typer.main

import syncengine
from syncengine import Pair, SyncError
from syncengine.cli.hints import OPTIONS
from syncengine.cli.main import app
from tests.docs.pages import DOCS

PAGE = DOCS / "reference" / "python-api.md"
FUNCTIONS = [getattr(syncengine, name) for name in syncengine.__all__ if name.islower()]
METHODS = [call for name, call in inspect.getmembers(Pair, inspect.isfunction) if not name.startswith("_")]
OUR_WAY = {"json", "yes", "verbose", "pair", "dry_run", "internal", "outages", "ledger", "remove", "help"}
"""Options of how a command asks and tells, and those that are calls of their own in the Python API."""
CALLED = {
    "acd": "acds",
    "exclude_table": "exclude",
    "from_": "source",
    "full": "every_row",
    "order": "newest_first",
    "owner": "owners",
    "resync": "execute",
    "run": "run_id",
    "set_": "sets",
    "table": "tables",
}
"""Options that the Python API calls otherwise."""


def classes_in(hint: Any) -> Iterator[type]:
    """Yield the classes of ours in a type."""
    for one in (hint, get_origin(hint)):
        if isinstance(one, type) and one.__module__.startswith("syncengine"):
            yield one
    for one in get_args(hint):
        yield from classes_in(one)


def classes_of_members(kind: type) -> Iterator[type]:
    """Yield the classes of ours that the fields and properties of a value hold."""
    properties = (one.fget for name, one in vars(kind).items() if isinstance(one, property) and name[0] != "_")
    hints = [*get_type_hints(kind).items(), *(("", get_type_hints(one)["return"]) for one in properties)]
    for name, hint in hints:
        if not name.startswith("_"):
            yield from classes_in(hint)


def test_everything_a_call_takes_or_returns_is_exported() -> None:
    """Every class of ours that a caller gets or gives can be imported from the package, and is the very same.

    So can every class of the fields of what a caller gets.
    """
    hints = [get_type_hints(call) for call in (*FUNCTIONS, *METHODS)]
    found = {one for hint_map in hints for hint in hint_map.values() for one in classes_in(hint)}
    found |= {
        one
        for hint_map in hints
        for kind in classes_in(hint_map["return"])
        if kind is not Pair
        for one in classes_of_members(kind)
    }

    assert not [one.__name__ for one in found if getattr(syncengine, one.__name__, None) is not one]


def test_every_error_is_exported() -> None:
    """Whatever is raised on purpose can be caught by a name of the package's."""
    for module in pkgutil.walk_packages(syncengine.__path__, "syncengine."):
        if ".model" in module.name:
            importlib.import_module(module.name)
    left = [SyncError]
    while left:
        error = left.pop()
        left += error.__subclasses__()
        if error.__module__.startswith("syncengine") and not error.__name__.startswith("_"):
            assert getattr(syncengine, error.__name__) is error


def test_the_declared_types_are_there() -> None:
    """Each name is in the module from which type checkers import it."""
    tree = ast.parse(Path(syncengine.__file__).read_text(encoding="utf-8"))
    declared = {
        one.name: node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for one in node.names
    }

    for name in syncengine.__all__:
        assert getattr(importlib.import_module(str(declared[name])), name) is getattr(syncengine, name)


def test_every_name_stands_on_the_page() -> None:
    """The page of the Python API names all that is exported, and every call with all its parameters."""
    page = PAGE.read_text(encoding="utf-8")
    spans = " ".join(re.findall(r"`([^`\n]+)`", page) + re.findall(r"^## (.*)$", page, re.MULTILINE))

    assert not [name for name in syncengine.__all__ if not re.search(rf"\b{name}\b", spans)]
    joined = " ".join(page.split())
    for call in (*FUNCTIONS, *METHODS):
        name = call.__name__ if call in FUNCTIONS else f"Pair.{call.__name__}"
        documented = [re.findall(r"\w+|\.{3}", one) for one in re.findall(rf"{re.escape(name)}\(([^)]*)\)", joined)]
        parameters = [one for one in inspect.signature(call).parameters if one != "self"]
        assert any(words == parameters or words[-1:] == ["..."] for words in documented), name


def test_the_commands_can_do_nothing_more() -> None:
    """Every option of a command, but for how it asks and tells, is a parameter of some call."""
    known = {name for call in (*FUNCTIONS, *METHODS) for name in inspect.signature(call).parameters}
    commands = typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]  # a group has them
    for name, command in commands:
        options = {option.name for option in command.params} - OUR_WAY
        assert not {CALLED.get(option, option) for option in options} - known - {"execute"}, name


def test_arguments_in_messages_are_there() -> None:
    """What a message tells to add or to leave out is a parameter of a call, and an option where a command is typed."""
    known = {name for call in (*FUNCTIONS, *METHODS) for name in inspect.signature(call).parameters}
    typed = {option for command in _commands() for one in command.params for option in one.opts}
    files = [file.read_text(encoding="utf-8") for file in Path(syncengine.__file__).parent.rglob("*.py")]
    named = {
        name for text in files for name in re.findall(r"`([a-z_]+)=|\bargument\(\"([a-z_]+)\"", text) for name in name
    }
    for name in named - {""}:
        assert name in known
        assert OPTIONS[name] in typed, name


def _commands() -> list[Any]:
    return list(typer.main.get_command(app).commands.values())  # type: ignore[attr-defined]  # a group has them
