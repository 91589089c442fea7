"""What an operator requested, from the words of a command: read without the product's own parsers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from syncengine.catalogue import Catalogue
from syncengine.model.spec import DataClass, SyncedBy, TableSpec
from tests.world.oracle.compared import Judged
from tests.world.values import Server

SHORT = {"-t": "--table", "-s": "--set", "-w": "--window"}
ALONE = frozenset(
    (
        *("--json", "--yes", "-y", "--dry-run", "--full", "--internal", "--outages", "--wait", "--take-broken"),
        *("--include-manual", "--remove-users", "--ledger", "--verbose", "-v", "-vv", "--scratch"),
    )
)
"""Options without a value."""
TYPED = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?: (?P<at>\d\d:\d\d))?(?:\.\.(?:(?P<last>\d{4}-\d\d-\d\d))? ?(?P<end>\d\d:\d\d)?)?"
)
DAY = timedelta(days=1)
Times = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Requested:
    """What a command was to compare. `times` None is everything; `known` is false for a window not read here."""

    verb: str
    tables: tuple[TableSpec, ...]
    acds: tuple[int, ...]
    times: Times | None
    known: bool
    source: Server
    flags: frozenset[str]


def catalogue_of(world: Judged) -> Catalogue:
    """Return the catalogue of a world."""
    found = getattr(world.site, "catalogue", None)
    if found is None:
        found = import_module("tests.world.tables").world_catalogue(world.scenario.whole)
    assert isinstance(found, Catalogue)
    return found


def options_of(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each option of a command with its value, or nothing."""
    rest = iter(words)
    for word in rest:
        name, joined, value = word.partition("=")
        name = SHORT.get(name, name)
        if name.startswith("-"):
            yield name, value if joined else "" if name in ALONE else next(rest, "")


def requested(world: Judged, words: Sequence[str]) -> Requested:
    """Return what the words of a command request."""
    verb, options = words[0], list(options_of(words[1:]))
    catalogue = catalogue_of(world)
    values: dict[str, list[str]] = {}
    for name, value in options:
        values.setdefault(name, []).append(value)
    tables, sets = values.get("--table", []), values.get("--set", [])
    named = [*tables, *(table for one in sets for table in _of_set(catalogue, one))]
    excluded = set(values.get("--exclude-table", []))
    chosen = [one for one in catalogue.tables if (one.name in named if tables or sets else _by_default(verb, one))]
    typed = values.get("--window", [""])[-1]
    times = times_of(typed)
    return Requested(
        verb,
        tuple(one for one in chosen if one.name not in excluded),
        tuple(int(one) for one in values.get("--acd", []) if one.isdigit()),
        times,
        times is not None or not typed,
        "secondary" if values.get("--from", [""])[-1] == "secondary" else "primary",
        frozenset(values),
    )


def _of_set(catalogue: Catalogue, name: str) -> tuple[str, ...]:
    """Return the tables of a set, without those that belong to it only where they have users: the world's have none."""
    found = next((one for one in catalogue.sets if one.name == name), None)
    return tuple(table for table in found.tables if table not in dict(found.only_with)) if found is not None else ()


def _by_default(verb: str, spec: TableSpec) -> bool:
    if verb == "verify":
        return spec.data_class is not DataClass.LOCAL
    return spec.time is not None and spec.synced_by is not SyncedBy.NEVER


def times_of(typed: str) -> Times | None:
    """Return the times of a window typed in a plain form, the last minute included; None for any other."""
    match = TYPED.fullmatch(typed.strip())
    if match is None:
        return None
    day, at, last, end = match.group("day", "at", "last", "end")
    if (".." in typed) is (last is None and end is None) or (at is not None and ".." not in typed):
        return None
    try:
        start, stop = _start_and_stop(day, at, last, end)
    except ValueError:
        return None
    return (start, stop) if start < stop else None


def _start_and_stop(day: str, at: str | None, last: str | None, end: str | None) -> Times:
    start = _moment(day, at or "00:00")
    if end is not None:
        stop = _moment(last or day, end) + timedelta(minutes=1)
        if last is None and stop <= start:
            stop += DAY
    else:
        stop = _moment(last or day, "00:00") + DAY
    return start, stop


def _moment(day: str, at: str) -> datetime:
    return datetime.fromisoformat(f"{day} {at}")


def aligned(times: Times, minutes: int) -> Times:
    """Return times widened to whole intervals of a length."""
    start, stop = times
    start = start.replace(second=0) - timedelta(minutes=(start.hour * 60 + start.minute) % minutes)
    over = (stop.hour * 60 + stop.minute) % minutes
    return start, stop + timedelta(minutes=minutes - over if over else 0)


def text_of(value: Any) -> str:
    """Return a value as conditions of pair files have it."""
    return str(value).rstrip(" ")
