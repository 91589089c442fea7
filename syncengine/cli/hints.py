"""Completes commands in texts so that they can be typed: they get the pair, and arguments become options.

The code that reads a pair knows neither its file nor the command line. It writes `syncengine verify`, and here that
becomes `syncengine verify --pair FILE`; `acds=1`, as the Python API has it, becomes --acd 1.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from syncengine.model.names import command

OF_A_PAIR = "backfill check checklist outages report resume resync runs status sync timetables undo verify"
"""The commands that need a pair."""
SUGGESTED = re.compile(rf"`syncengine (?:{'|'.join(OF_A_PAIR.split())})\b(?P<more>[^`]*)`")
NO_PAIR = re.compile(r"(^|\s)(--pair|--help)\b")
PAIR = "--pair"
ARGUMENT = re.compile(r"`(?P<name>\w+)=(?P<value>[^`]*)`")
OPTIONS = {"pair_file": PAIR}
"""The option for each argument of the Python API, as the commands have registered them."""
OF_ROWS = frozenset({"samples", "changes", "key", "values", "differences"})
"""The fields of a document with values of rows, which stay as they are."""

_pair: ContextVar[str] = ContextVar("_pair", default="")
_words: ContextVar[tuple[str, ...]] = ContextVar("_words", default=())


def remember_options(options: Mapping[str, str]) -> None:
    """Remember the option for each argument."""
    OPTIONS.update(options)


def remember_pair(arguments: Sequence[str]) -> None:
    """Remember the pair that a command line names, if any: the last one, as the command takes it."""
    *_, named = ("", *_named(arguments))
    # A backtick in its name would end the command in the text.
    _pair.set("" if "`" in named else named)


def remember_command(arguments: Sequence[str]) -> None:
    """Remember a command line, so that it can be repeated."""
    _words.set(tuple(arguments))


def repeated(*, without: str) -> str:
    """Return the command line as it was typed, without an option."""
    return command(*(word for word in _words.get() if word != without))


def _named(arguments: Sequence[str]) -> Iterator[str]:
    for place, word in enumerate(arguments):
        if word == PAIR and place + 1 < len(arguments):
            yield arguments[place + 1]
        elif word.startswith(f"{PAIR}="):
            yield word.removeprefix(f"{PAIR}=")


def completions(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the parts of a text to replace, each with its replacement; the last first."""
    pair = _pair.get()
    replacements = [
        (*argument.span(), _option(OPTIONS[argument["name"]], argument["value"]))
        for argument in ARGUMENT.finditer(text)
        if argument["name"] in OPTIONS
    ]
    replacements += [
        (found.end("more"), found.end("more"), f" {PAIR} {shlex.quote(pair)}")
        for found in (SUGGESTED.finditer(text) if pair else ())
        if NO_PAIR.search(found["more"]) is None
    ]
    yield from sorted(replacements, reverse=True)


def _option(option: str, value: str) -> str:
    """Return an argument as an option, once for each of its values."""
    try:
        parsed = ast.literal_eval(value or "True")
    except (SyntaxError, ValueError):
        parsed = value
    if parsed is True:
        return option
    return " ".join(f"{option} {shlex.quote(str(one))}" for one in (parsed if isinstance(parsed, tuple) else (parsed,)))


def complete_commands(text: str) -> str:
    """Return a text whose commands can be typed."""
    for start, stop, instead in completions(text):
        text = f"{text[:start]}{instead}{text[stop:]}"
    return text


def complete_document(value: Any) -> Any:  # noqa: ANN401  # a document is made of any plain values
    """Return a document whose commands can be typed."""
    match value:
        case str():
            return complete_commands(value)
        case dict():
            return {name: one if name in OF_ROWS else complete_document(one) for name, one in value.items()}
        case list():
            return [complete_document(one) for one in value]
        case _:
            return value
