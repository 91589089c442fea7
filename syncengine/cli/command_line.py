"""Gives a command its options as one value, and typer a parameter for each of them.

The options of a command are a frozen dataclass. A field of it is an option, annotated as typer reads it, or a group
of options: a dataclass, or a typed dictionary, which is passed to the Python API as it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Annotated, TypeVar, get_args, get_type_hints, is_typeddict

from typer.models import OptionInfo

Options = TypeVar("Options")
MANY = {
    tuple[str, ...]: list[str] | None,
    tuple[int, ...]: list[int] | None,
    tuple[Path, ...]: list[Path] | None,
}
"""The types typer has for an option that can be repeated."""


def options_of(command: Callable[[Options], int]) -> type[Options]:
    """Return the class of a command's options."""
    (options,) = (hint for name, hint in get_type_hints(command).items() if name != "return")
    found: type[Options] = options
    return found


def signature_of(options: type) -> inspect.Signature:
    """Return the parameters of a command for typer."""
    return inspect.Signature(list(_parameters(options)))


def option_names(signature: inspect.Signature) -> Iterator[tuple[str, str]]:
    """Yield each option of a command: its name in the Python API, and how it is typed."""
    for name, parameter in signature.parameters.items():
        _, option = get_args(parameter.annotation)
        if isinstance(option, OptionInfo):
            spellings = [one for one in (option.default, *(option.param_decls or ())) if str(one).startswith("--")]
            yield name, str(spellings[0]).partition("/")[0] if spellings else f"--{name.replace('_', '-')}"


def value_of(options: Callable[..., Options], parsed: Mapping[str, object]) -> Options:
    """Return the options of a command as one value, from the values that typer has parsed."""
    return options(
        **{
            name: value_of(hint, parsed) if _is_group(hint) else _as_field(hint, parsed[name])
            for name, hint in get_type_hints(options).items()
        }
    )


def _parameters(options: type) -> Iterator[inspect.Parameter]:
    defaults = {one.name: one.default for one in fields(options)} if is_dataclass(options) else {}
    for name, hint in get_type_hints(options, include_extras=True).items():
        if _is_group(hint):
            yield from _parameters(hint)
            continue
        kind, option = get_args(hint)
        default = None if kind in MANY else defaults[name]
        yield inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if default is MISSING else default,
            annotation=Annotated[MANY.get(kind, kind), option],
        )


def _is_group(hint: object) -> bool:
    return is_dataclass(hint) or is_typeddict(hint)


def _as_field(hint: object, parsed: object) -> object:
    """Return a value that typer has parsed, as the field has it."""
    if hint not in MANY:
        return parsed
    return tuple(parsed) if isinstance(parsed, list) else ()
