"""What a text tells to type, made what can be typed: a command gets the pair asked about, an argument is an option.

What looks at a pair knows neither its file nor who asks. It says `syncengine verify`, and here, where the command line
is known, that becomes `syncengine verify --pair FILE`; and of `acds=1`, as the Python API has it, comes --acd 1.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

OF_A_PAIR = "backfill check checklist outages report resume resync runs status sync timetables undo verify"
"""The commands that need a pair."""
SUGGESTED = re.compile(rf"`syncengine (?:{'|'.join(OF_A_PAIR.split())})\b(?P<more>[^`]*)`")
NO_PAIR = re.compile(r"(^|\s)(--pair|--help)\b")
PAIR = "--pair"
ARGUMENT = re.compile(r"`(?P<name>\w+)=(?P<value>[^`]*)`")
OPTIONS = {"pair_file": PAIR}
"""The option for each argument of the Python API, as the commands have told of theirs."""
OF_ROWS = frozenset({"samples", "changes", "key", "values", "differences"})
"""What of a document holds values of rows, which are told as they are."""

_pair: ContextVar[str] = ContextVar("_pair", default="")


def remember_options(options: Mapping[str, str]) -> None:
    """Remember which option of a command stands for which argument."""
    OPTIONS.update(options)


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


def completions(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield which part of a text gives way to what can be typed, from where to where; the last first."""
    pair = _pair.get()
    replacements = [
        (*told.span(), _option(OPTIONS[told["name"]], told["value"]))
        for told in ARGUMENT.finditer(text)
        if told["name"] in OPTIONS
    ]
    replacements += [
        (told.end("more"), told.end("more"), f" {PAIR} {shlex.quote(pair)}")
        for told in (SUGGESTED.finditer(text) if pair else ())
        if NO_PAIR.search(told["more"]) is None
    ]
    yield from sorted(replacements, reverse=True)


def _option(option: str, value: str) -> str:
    """Return an argument as it is typed on a command line, once for each of its values."""
    try:
        parsed = ast.literal_eval(value or "True")
    except (SyntaxError, ValueError):
        parsed = value
    if parsed is True:
        return option
    return " ".join(f"{option} {shlex.quote(str(one))}" for one in (parsed if isinstance(parsed, tuple) else (parsed,)))


def complete_commands(text: str) -> str:
    """Return a text in which all can be typed."""
    for start, stop, instead in completions(text):
        text = f"{text[:start]}{instead}{text[stop:]}"
    return text


def complete_document(value: Any) -> Any:  # noqa: ANN401  # a document is made of any plain values
    """Return a document whose texts hold commands that can be typed."""
    match value:
        case str():
            return complete_commands(value)
        case dict():
            return {name: one if name in OF_ROWS else complete_document(one) for name, one in value.items()}
        case list():
            return [complete_document(one) for one in value]
        case _:
            return value
