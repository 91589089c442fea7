"""Expected differences: counted and reported, but no drift and never written (rules 8 and 12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from syncengine.model.sentences import listed

TABLES_NAMED = 3


class ExpectedKind(StrEnum):
    """Why a difference is expected."""

    COLUMN = "column"
    """Each server has its own values in a column; counts the buckets that differ only there."""
    PSEUDO_ACD = "pseudo-acd"
    """A pseudo-ACD, whose rows are on one server only."""
    ROWS = "rows"
    """The pair file says that each server has its own rows of this kind."""
    DROPPED = "dropped"
    """A server may have dropped older rows; they are not read, and so not counted."""


@dataclass(frozen=True, slots=True)
class ExpectedDifference:
    """One expected difference of one table.

    `buckets` counts what was read this time, None if nothing was. `source_rows` and `target_rows` count rows
    that only one server has, None if only buckets are counted.
    """

    kind: ExpectedKind
    what: str
    """A column, ACD, condition or time."""
    why: str
    buckets: int | None = None
    source_rows: int | None = None
    target_rows: int | None = None

    def __add__(self, other: ExpectedDifference) -> ExpectedDifference:
        """Return the sum of both; they may differ only in their counts."""
        return replace(
            self,
            buckets=_sum(self.buckets, other.buckets),
            source_rows=_sum(self.source_rows, other.source_rows),
            target_rows=_sum(self.target_rows, other.target_rows),
        )


def merged_by_reason(found: Iterable[ExpectedDifference]) -> tuple[ExpectedDifference, ...]:
    """Return one difference for each reason, in the order they were found."""
    sums: dict[tuple[str, str, str], ExpectedDifference] = {}
    for one in found:
        place = (one.kind, one.what, one.why)
        sums[place] = sums[place] + one if place in sums else one
    return tuple(sums.values())


def sorted_differences(
    found: Iterable[ExpectedDifference], columns: Sequence[tuple[str, str]]
) -> tuple[ExpectedDifference, ...]:
    """Return one difference for each reason, sorted by kind, and by the order of the columns."""
    places = {name: at for at, (name, _) in enumerate(columns)}
    kinds = {kind: at for at, kind in enumerate(ExpectedKind)}

    def place(one: ExpectedDifference) -> tuple[int, int, int, str, str]:
        last = len(places)
        # By length first, so that ACD 9 comes before ACD 10.
        return kinds[one.kind], places.get(one.what, last), len(one.what), one.what, one.why

    return tuple(sorted(merged_by_reason(found), key=place))


def own_rows_sentences(tables: Iterable[tuple[str, tuple[ExpectedDifference, ...]]]) -> Iterator[str]:
    """Yield sentences, without full stops, about rows that belong to each server and stay as they are.

    `tables` are names with the expected differences of each.
    """
    names: dict[tuple[str, str], list[str]] = {}
    for table, found in tables:
        for one in found:
            if one.kind in (ExpectedKind.PSEUDO_ACD, ExpectedKind.ROWS):
                names.setdefault((one.what, one.why), []).append(table)
    for (what, why), members in names.items():
        yield f"{what} of {listed(members, TABLES_NAMED)} stays as it is on both servers: {why}"


@dataclass(frozen=True, slots=True)
class ExpectedRows:
    """Rows of one table of which each server has its own, as listed in the pair file.

    A row belongs to them if each listed column has one of the values listed for it.
    """

    table: str
    where: tuple[tuple[str, tuple[int | str, ...]], ...]
    why: str

    @property
    def condition(self) -> str:
        """The condition of these rows, for people."""
        return ", ".join(f"{column} {' or '.join(map(str, values))}" for column, values in self.where)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
