"""Differences that are as they should be: counted and told, but no drift and never written (rules 8 and 12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from syncengine.model.sentences import listed

TABLES_NAMED = 3


class ExpectedKind(StrEnum):
    """Why a difference is expected."""

    COLUMN = "column"
    """Each server has its own values in a column; counted are the buckets that differ in nothing else."""
    PSEUDO_ACD = "pseudo-acd"
    """The ACD is made up on one server, and its rows are there alone."""
    ROWS = "rows"
    """The pair file says that each server has rows like these of its own."""
    DROPPED = "dropped"
    """A server may have dropped what is older; it is not read, and so not counted."""


@dataclass(frozen=True, slots=True)
class ExpectedDifference:
    """One expected difference of one table.

    `buckets` counts what was read this time, None where nothing was. `source_rows` and `target_rows` count rows
    that only one server has, None where only buckets are counted.
    """

    kind: ExpectedKind
    what: str
    """A column, ACD, condition or time."""
    why: str
    buckets: int | None = None
    source_rows: int | None = None
    target_rows: int | None = None

    def __add__(self, other: ExpectedDifference) -> ExpectedDifference:
        """Return both as one; they must be the same but for the counts."""
        return replace(
            self,
            buckets=_sum(self.buckets, other.buckets),
            source_rows=_sum(self.source_rows, other.source_rows),
            target_rows=_sum(self.target_rows, other.target_rows),
        )


def merged_by_reason(found: Iterable[ExpectedDifference]) -> tuple[ExpectedDifference, ...]:
    """Return what is expected for the same reason as one, in the order it was found."""
    sums: dict[tuple[str, str, str], ExpectedDifference] = {}
    for one in found:
        place = (one.kind, one.what, one.why)
        sums[place] = sums[place] + one if place in sums else one
    return tuple(sums.values())


def sorted_differences(
    found: Iterable[ExpectedDifference], columns: Sequence[tuple[str, str]]
) -> tuple[ExpectedDifference, ...]:
    """Return what is expected of one table, that of the same reason as one: by kind, and columns in the order given."""
    places = {name: at for at, (name, _) in enumerate(columns)}
    kinds = {kind: at for at, kind in enumerate(ExpectedKind)}

    def place(one: ExpectedDifference) -> tuple[int, int, int, str, str]:
        last = len(places)
        # By length first, so that ACD 9 comes before ACD 10.
        return kinds[one.kind], places.get(one.what, last), len(one.what), one.what, one.why

    return tuple(sorted(merged_by_reason(found), key=place))


def own_rows_sentences(tables: Iterable[tuple[str, tuple[ExpectedDifference, ...]]]) -> Iterator[str]:
    """Yield, as sentences without their full stops, which rows are left alone as each server's own.

    `tables` are names with what was found of each.
    """
    names: dict[tuple[str, str], list[str]] = {}
    for table, found in tables:
        for one in found:
            if one.kind in (ExpectedKind.PSEUDO_ACD, ExpectedKind.ROWS):
                names.setdefault((one.what, one.why), []).append(table)
    for (what, why), members in names.items():
        yield f"{what} of {listed(members, TABLES_NAMED)} is left as it is on both servers: {why}"


@dataclass(frozen=True, slots=True)
class ExpectedRows:
    """Rows of one table of which each server has its own, as the pair file names them.

    A row is meant if each column named holds one of the values named for it.
    """

    table: str
    where: tuple[tuple[str, tuple[int | str, ...]], ...]
    why: str

    @property
    def condition(self) -> str:
        """The rows meant, for people."""
        return ", ".join(f"{column} {' or '.join(map(str, values))}" for column, values in self.where)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
