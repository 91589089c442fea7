"""Rows that an outage of one server's link has cut into pieces (rule 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncengine.model.bucket import Bucket
from syncengine.model.pair import Role
from syncengine.model.sentences import plural
from syncengine.model.window import Window


class CutState(StrEnum):
    """What both servers hold of a login, a call or a state that an outage has cut."""

    WHOLE = "the other server holds it whole"
    NOT_OVER = "it is not over yet"
    """The other server saw it begin and not yet end: a login waits for its log-off."""
    NO_WHOLE = "the other server does not hold it whole"
    """It has dropped it (rule 12), or will only write it once it is over."""
    ON_BOTH = "cut on both servers"
    """Pieces of two servers are never added up (rule 9)."""
    UNCLEAR = "its pieces are not what an outage leaves"


@dataclass(frozen=True, slots=True)
class CutRow:
    """Rows that are the same in every compared column, as one server holds them."""

    bucket: Bucket
    place: tuple[str | None, ...]
    """The values of the table's key as text, which name the key group."""
    begin: datetime
    """On the wall clock, to the second."""
    end: datetime | None
    """None while it is not over."""
    begin_cut: bool
    end_cut: bool
    rows: int
    on_both: bool = False
    """The other server holds the same rows: they are neither written nor deleted."""

    def lies_in(self, other: CutRow) -> bool:
        """Say whether it lies within the time of another."""
        return other.begin <= self.begin and (other.end is None or (self.end is not None and self.end <= other.end))

    def overlaps(self, other: CutRow) -> bool:
        """Say whether both have a moment in common."""
        before = self.end is not None and self.end <= other.begin
        after = other.end is not None and other.end <= self.begin
        return not (before or after)


@dataclass(frozen=True, slots=True)
class Cut:
    """One login, call or state of an agent that an outage has cut, and what each server holds of it."""

    acd: int | None
    cut_on: Role
    state: CutState
    pieces: tuple[CutRow, ...]
    """What the server that was blind holds."""
    others: tuple[CutRow, ...]
    """What the other server holds: where that is whole, the one whole row; else its own pieces, or none."""
    outages: tuple[Window, ...]
    """Those that cut it: of the blind server, and where it is cut on both, of the other as well."""

    @property
    def span(self) -> Window | None:
        """From its first beginning to its last end, as far as anybody knows."""
        rows = (*self.pieces, *self.others)
        begin = min(row.begin for row in rows)
        end = max((row.end for row in rows if row.end is not None), default=begin)
        return Window(begin, end) if begin < end else None

    @property
    def differing(self) -> Iterator[tuple[Role, CutRow]]:
        """The rows of it that only one server holds, and which."""
        for role, rows in ((self.cut_on, self.pieces), (self.cut_on.other, self.others)):
            yield from ((role, row) for row in rows if not row.on_both)

    @property
    def buckets(self) -> frozenset[Bucket]:
        """The buckets that hold a part of it that differs."""
        return frozenset(row.bucket for _, row in self.differing)


def cut_sentences(table: str, what: str, cuts: Sequence[Cut]) -> Iterator[str]:
    """Yield a sentence for each server and state: haglog: 1 login cut on secondary, 2 rows for 1."""
    for server in Role:
        for state in CutState:
            found = [cut for cut in cuts if (cut.cut_on, cut.state) == (server, state)]
            if not found:
                continue
            rows = sum(row.rows for cut in found for row in cut.pieces)
            wholes = sum(row.rows for cut in found for row in cut.others)
            more = f"{plural(rows, 'row')} for {wholes:,}" if state is CutState.WHOLE else str(state)
            yield f"{table}: {plural(len(found), what)} cut on {server}, {more}"
