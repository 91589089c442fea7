"""Writes docs/reference/commands.md from the program: `python -m tests.docs.generate_commands`."""

from __future__ import annotations

import enum
import inspect
import textwrap
import typing
from collections.abc import Iterator
from typing import Any

import typer

from syncengine.cli.main import app
from tests.docs.pages import DOCS

PAGE = DOCS / "reference" / "commands.md"
WIDTH = 118
HEAD = """\
# Commands

<!-- Written by `python -m tests.docs.generate_commands`; do not edit. -->

Exit codes of all commands are in [exit-codes.md](exit-codes.md), JSON documents in [json.md](json.md). Reports go to
standard output, progress and errors to standard error. `-h` or `--help` after any command shows what is below.
"""


def commands_page() -> str:
    """Return the page as it should be."""
    group: Any = typer.main.get_command(app)
    parts = [HEAD]
    for name, command in group.commands.items():
        parts.append("\n".join(_command(name, command)) + "\n")
    return "\n".join(parts)


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"## syncengine {name}"
    yield ""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    for paragraph in paragraphs:
        yield textwrap.fill(" ".join(paragraph.split()), WIDTH)
        yield ""
    hints = inspect.signature(command.callback).parameters
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    words = "".join(f" {one.metavar or one.name.upper()}" for one in arguments)
    yield f"    syncengine {name} [OPTIONS]{words}"
    yield ""
    for one in arguments:
        yield from _item(f"`{(one.metavar or one.name).strip('[]')}`", one, text=getattr(one, "help", ""))
    for one in command.params:
        if one.param_type_name == "option" and not one.hidden:
            yield from _item(_names(one, hints[one.name].annotation), one, text=one.help or "")


def _item(names: str, one: Any, *, text: str) -> Iterator[str]:
    description = " ".join((text or "").split())
    if one.required:
        description += " Required."
    default = getattr(one, "default", None)
    if isinstance(default, bool) or default is None or callable(default) or default in ((), []):
        default = one.opts[0] if default is True and getattr(one, "secondary_opts", []) else None
    if default is not None and not getattr(one, "count", False) and "[default" not in description:
        description += f" Default: `{getattr(default, 'value', default)}`."
    yield textwrap.fill(f"- {names}: {description}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _names(one: Any, hint: Any) -> str:
    long = [name for name in (*one.opts, *one.secondary_opts) if name.startswith("--")]
    short = [name for name in one.opts if not name.startswith("--")]
    value = "" if one.is_flag or getattr(one, "count", False) else f" {_value(one, hint)}"
    return ", ".join([*(f"`{name}{value}`" for name in long), *(f"`{name}`" for name in short)])


def _value(one: Any, hint: Any) -> str:
    if (one.metavar or "").startswith("["):
        return str(one.metavar).strip("[]")
    annotation = typing.get_args(hint)[0]
    for kind in (annotation, *typing.get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return "|".join(str(member.value) for member in kind)
    return one.metavar or "N"


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(commands_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
