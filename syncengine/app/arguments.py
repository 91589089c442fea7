"""What people ask for, as they give it: one or many, text or values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from syncengine.model.errors import InputError
from syncengine.model.pair import Limits
from syncengine.model.window_syntax import parse_moment

Choice = TypeVar("Choice", bound=StrEnum)
Names = str | Iterable[str]
"""A name, or several."""


def names_of(names: Names) -> tuple[str, ...]:
    """Return names given as one or as many."""
    return (names,) if isinstance(names, str) else tuple(names)


def numbers_of(numbers: int | Iterable[int]) -> tuple[int, ...]:
    """Return numbers given as one or as many."""
    return (numbers,) if isinstance(numbers, int) else tuple(numbers)


def moment_of(moment: str | datetime | None) -> datetime | None:
    """Return a time given as text or as it is; raises `WindowError` for text that is none."""
    return parse_moment(moment) if isinstance(moment, str) else moment


def choice(choices: type[Choice], value: str, what: str) -> Choice:
    """Return one of the choices by its name; raises `InputError` that lists them."""
    try:
        return choices(value)
    except ValueError:
        raise InputError(f"{value!r} is no {what}.", hint=f"Choose {' or '.join(choices)}.") from None


def limited(limits: Limits, allow_deletions: int | None) -> Limits:
    """Return the limits of a pair, with another ceiling of deletions where one was given."""
    return limits if allow_deletions is None else replace(limits, deletions=allow_deletions)
