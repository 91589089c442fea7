"""Arguments as callers give them: one or many, text or values. The one place where an argument is refused."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NoReturn, SupportsIndex, TypeVar

from syncengine.model.errors import InputError
from syncengine.model.pair import Limits
from syncengine.model.progress import ContainedProgress, Progress, SilentProgress
from syncengine.model.window import Window
from syncengine.model.window_syntax import parse_moment, parse_window, refuse_far

Choice = TypeVar("Choice", bound=StrEnum)
Kind = TypeVar("Kind")
Names = str | Iterable[str]
"""A name, or several."""
Numbers = int | Iterable[int]
"""A number, or several."""
Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""A path, or several."""
When = str | Window
"""A time, as text or as a value."""
Moment = str | datetime | None
"""A day or minute, as text or as a value; None for the default."""
SHOWN = 60
WINDOW_HINT = "Give text like '2000-06-05 05:13..05:19', or a syncengine.Window(start, stop)."
MOMENT_HINT = "Give text like '2000-06-05 05:13', or a datetime without a time zone, as the switch's clock shows it."


def refuse(argument: str, value: object, hint: str) -> NoReturn:
    """Raise `InputError` that names an argument, its value, and what to give instead."""
    text = repr(str(value)) if isinstance(value, str) else repr(value)
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    raise InputError(f"`{argument}={shown}` is not valid.", hint=hint)


def names_of(names: object, argument: str) -> tuple[str, ...]:
    """Return names given as one or as many."""
    hint = "Give a name, or several; leave it out for none."
    if isinstance(names, str):
        return (names,)
    if isinstance(names, bytes | Mapping) or not isinstance(names, Iterable):
        refuse(argument, names, hint)
    values = tuple(names)
    for name in values:
        if not isinstance(name, str):
            refuse(argument, values, f"{hint} {name!r} is not a name.")
    return values


def numbers_of(numbers: object, argument: str) -> tuple[int, ...]:
    """Return numbers given as one or as many."""
    hint = "Give a whole number, or several; leave it out for none."
    if isinstance(numbers, str | bytes | Mapping):
        refuse(argument, numbers, hint)
    values = tuple(numbers) if isinstance(numbers, Iterable) else (numbers,)
    return tuple(_whole(number, argument, numbers, hint) for number in values)


def paths_of(paths: object, argument: str) -> tuple[Path, ...]:
    """Return paths given as one or as many."""
    if isinstance(paths, str | os.PathLike):
        return (path_of(paths, argument),)
    if isinstance(paths, bytes | Mapping) or not isinstance(paths, Iterable):
        refuse(argument, paths, "Give a path, or several, as text or as Path.")
    return tuple(path_of(path, argument) for path in paths)


def path_of(path: object, argument: str) -> Path:
    """Return a path given as text or as a value."""
    text = path if isinstance(path, str) else os.fspath(path) if isinstance(path, os.PathLike) else None
    if not isinstance(text, str) or not text or "\0" in text:
        refuse(argument, path, "Give a path, as text or as Path.")
    return Path(text)


def count_of(number: object, argument: str, *, least: int = 1) -> int:
    """Return a whole number that is large enough."""
    hint = f"Give a whole number, {least} or more."
    count = _whole(number, argument, number, hint)
    if count < least:
        refuse(argument, number, hint)
    return count


def text_of(text: object, argument: str) -> str:
    """Return text."""
    if not isinstance(text, str):
        refuse(argument, text, "Give text.")
    return text


def refuse_non_booleans(**flags: object) -> None:
    """Refuse values other than True and False: the text "no" would count as true."""
    for argument, flag in flags.items():
        if not isinstance(flag, bool):
            refuse(argument, flag, "Give True or False.")


def window_of(window: object) -> Window:
    """Return a time given as text or as a value; raises `WindowError` for invalid text."""
    if isinstance(window, Window):
        return window
    if not isinstance(window, str):
        refuse("window", window, WINDOW_HINT)
    return parse_window(window)


def moment_of(moment: object, argument: str) -> datetime | None:
    """Return a moment given as text or as a value; raises `WindowError` for one that no CMS has."""
    if moment is None:
        return None
    if isinstance(moment, str):
        return parse_moment(moment)
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        refuse(argument, moment, MOMENT_HINT)
    refuse_far(moment.date(), moment.isoformat(" ", "minutes"))
    return moment


def choice(choices: type[Choice], value: object, argument: str, *, only: Iterable[Choice] = ()) -> Choice:
    """Return one of the choices by its name; raises `InputError` that lists them."""
    allowed = tuple(only) or tuple(choices)
    if isinstance(value, str) and value in allowed:
        return choices(value)
    refuse(argument, value, f"Choose {' or '.join(allowed)}.")


def instance_of(value: object, kind: type[Kind], argument: str, hint: str) -> Kind:
    """Return a value of one of our classes."""
    if not isinstance(value, kind):
        refuse(argument, value, hint)
    return value


def progress_of(progress: Progress | None) -> Progress:
    """Return the receiver of progress, so that an error in it does not stop the work."""
    if progress is None:
        return SilentProgress()
    if not all(callable(getattr(progress, name, None)) for name in ("begin", "advance", "end")):
        refuse("progress", progress, "Give an object with begin, advance and end, as syncengine.Progress has them.")
    return ContainedProgress(progress)


def with_deletion_limit(limits: Limits, allow_deletions: int | None) -> Limits:
    """Return the limits of a pair, with another limit of deletions if one is given."""
    if allow_deletions is None:
        return limits
    return replace(limits, deletions=count_of(allow_deletions, "allow_deletions", least=0))


def _whole(number: object, argument: str, given: object, hint: str) -> int:
    if isinstance(number, bool):
        refuse(argument, given, hint)
    if not isinstance(number, SupportsIndex):
        refuse(argument, given, hint)
    return operator.index(number)
