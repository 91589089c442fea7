"""Commands that a text tells to type, made ones that can be typed: those that need a pair get the one asked about.

What looks at a pair does not know its file. It says `syncengine verify`, and here, where the command line is known,
that becomes `syncengine verify --pair FILE`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

OF_A_PAIR = "backfill check checklist outages report resume resync runs status sync timetables undo verify"
"""The commands that need a pair."""
TOLD = re.compile(rf"`syncengine (?:{'|'.join(OF_A_PAIR.split())})\b(?P<more>[^`]*)`")
NO_PAIR = re.compile(r"(^|\s)(--pair|--help)\b")
PAIR = "--pair"
OF_ROWS = frozenset({"samples", "changes", "key", "values", "differences"})
"""What of a document holds values of rows, which are told as they are."""

_pair: ContextVar[str] = ContextVar("_pair", default="")


def remember_pair(arguments: Sequence[str]) -> None:
    """Remember the pair that a command line names, if it names one: the last, as the command takes it."""
    *_, named = ("", *_named(arguments))
    # What a backtick ends could not be told apart.
    _pair.set("" if "`" in named else named)


def _named(arguments: Sequence[str]) -> Iterator[str]:
    for place, word in enumerate(arguments):
        if word == PAIR and place + 1 < len(arguments):
            yield arguments[place + 1]
        elif word.startswith(f"{PAIR}="):
            yield word.removeprefix(f"{PAIR}=")


def additions(text: str) -> Iterator[tuple[int, str]]:
    """Yield what is lacking in the commands of a text, and before which sign it goes; the last first."""
    pair = _pair.get()
    for told in reversed(list(TOLD.finditer(text)) if pair else []):
        if NO_PAIR.search(told["more"]) is None:
            yield told.end("more"), f" {PAIR} {shlex.quote(pair)}"


def to_type(text: str) -> str:
    """Return a text whose commands can be typed."""
    for place, more in additions(text):
        text = f"{text[:place]}{more}{text[place:]}"
    return text


def all_to_type(value: Any) -> Any:  # noqa: ANN401  # a document is made of any plain values
    """Return a document whose texts hold commands that can be typed."""
    match value:
        case str():
            return to_type(value)
        case dict():
            return {name: one if name in OF_ROWS else all_to_type(one) for name, one in value.items()}
        case list():
            return [all_to_type(one) for one in value]
        case _:
            return value
