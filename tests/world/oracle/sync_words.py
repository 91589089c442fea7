"""What a sync was typed with, read from its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.world.oracle.alike import administration_tables, shipped
from tests.world.values import Server, other


@dataclass(frozen=True, slots=True)
class SyncWords:
    """What a sync was typed with."""

    tables: tuple[str, ...]
    acds: tuple[int, ...] = ()
    source: Server = "primary"
    prefer: str = ""
    fill: bool = False
    manual: bool = False
    remove_users: bool = False
    dry: bool = False

    @property
    def target(self) -> Server:
        """The server that is written."""
        return other(self.source)


def values_of(words: Sequence[str], option: str) -> tuple[str, ...]:
    """Return the values of an option, in order, as `--option value` and `--option=value`."""
    after = [second for first, second in pairwise(words) if first == option]
    return (*after, *(word.partition("=")[2] for word in words if word.startswith(f"{option}=")))


def request_of(words: Sequence[str]) -> SyncWords:
    """Return what a sync was typed with; the tables with those they are never written without."""
    catalogue = shipped()
    named = [name for text in values_of(words, "--table") for name in text.split(",")]
    sets = [catalogue.set(name) for name in values_of(words, "--set")]
    # Tables of permissions count only where they have users, which those of the world do not.
    names = {*named, *(table for one in sets for table in one.tables if table not in dict(one.only_with))}
    names -= set(values_of(words, "--exclude"))
    acds = tuple(int(number) for text in values_of(words, "--acd") for number in text.split(","))
    return SyncWords(
        tables=tuple(sorted(names & set(administration_tables()))),
        acds=acds,
        source="secondary" if "secondary" in values_of(words, "--from") else "primary",
        prefer=next(iter(values_of(words, "--prefer")), ""),
        fill="fill" in values_of(words, "--policy"),
        manual="--include-manual" in words,
        remove_users="--remove-users" in words,
        dry="--dry-run" in words or "--yes" not in words,
    )


def closure(tables: Sequence[str]) -> frozenset[str]:
    """Return some tables with those that they are never written without."""
    found = set(tables)
    while more := {need.name for name in found for need in administration_tables()[name].needs} - found:
        found |= more
    return frozenset(found)
