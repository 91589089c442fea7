"""Rows that an outage of one server's link has cut into pieces (rule 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from syncengine.model.bucket import Bucket
from syncengine.model.pair import Role
from syncengine.model.sentences import plural
from syncengine.model.window import Window


class CutState(StrEnum):
    """What both servers have of a login, a call or a state that an outage has cut."""

    WHOLE = "whole on the other server"
    NOT_OVER = "not over yet"
    """The other server recorded its beginning and not yet its end: a login waits for its log-off."""
    NO_WHOLE = "not whole on the other server"
    """That server has dropped it (rule 12), or writes it only once it is over."""
    ON_BOTH = "cut on both servers"
    """Pieces of two servers are never added up (rule 9)."""
    UNCLEAR = "not cut as an outage cuts"


@dataclass(frozen=True, slots=True)
class CutRow:
    """Rows of one server that are equal in every compared column."""

    bucket: Bucket
    group_key: tuple[str | None, ...]
    """The values of the table's key as text, which name the key group."""
    begin: datetime
    """On the wall clock, to the second."""
    end: datetime | None
    """None while it is not over."""
    since: int
    """Its beginning in epoch seconds, and below its end: in a repeated hour the wall clock is ambiguous."""
    until: int | None
    begin_cut: bool
    end_cut: bool
    rows: int
    on_both: bool = False
    """The other server has the same rows: they are neither written nor deleted."""

    def lies_in(self, other: CutRow) -> bool:
        """Say whether it lies within the time of another."""
        ends = other.until is None or (self.until is not None and self.until <= other.until)
        return other.since <= self.since and ends

    def overlaps(self, other: CutRow) -> bool:
        """Say whether both have a moment in common."""
        before = self.until is not None and self.until <= other.since
        after = other.until is not None and other.until <= self.since
        return not (before or after)


@dataclass(frozen=True, slots=True)
class Cut:
    """One login, call or state of an agent that an outage has cut, and what each server has of it."""

    acd: int | None
    cut_on: Role
    state: CutState
    pieces: tuple[CutRow, ...]
    """The rows of the blind server."""
    others: tuple[CutRow, ...]
    """The rows of the other server: the one whole row if it has that, else its own pieces, or none."""
    outages: tuple[Window, ...]
    """The outages that cut it: of the blind server, and of the other one if it is cut on both."""

    @property
    def begin(self) -> datetime:
        """Its first known beginning."""
        return min(row.begin for row in (*self.pieces, *self.others))

    @property
    def first(self) -> Bucket:
        """The first bucket with a row of it."""
        return min((row.bucket for row in (*self.pieces, *self.others)), key=lambda bucket: bucket.order)

    @property
    def span(self) -> Window | None:
        """From its first known beginning to its last known end."""
        begin = self.begin
        end = max((row.end for row in (*self.pieces, *self.others) if row.end is not None), default=begin)
        return Window(begin, end) if begin < end else None

    @property
    def differing(self) -> Iterator[tuple[Role, CutRow]]:
        """The rows of it that only one server has, each with that server."""
        for role, rows in ((self.cut_on, self.pieces), (self.cut_on.other, self.others)):
            yield from ((role, row) for row in rows if not row.on_both)

    @property
    def buckets(self) -> frozenset[Bucket]:
        """The buckets with rows of it that differ."""
        return frozenset(row.bucket for _, row in self.differing)


SHOWN = 2
"""How many logins, calls or states are shown with their times; the rest is counted."""


def cut_sentences(table: str, what: str, cuts: Sequence[Cut], *, times: bool) -> Iterator[str]:
    """Yield a sentence for each server and state: haglog: 1 login cut on secondary, 2 rows for 1; `times` adds when."""
    for server in Role:
        for state in CutState:
            found = [cut for cut in cuts if (cut.cut_on, cut.state) == (server, state)]
            if not found:
                continue
            rows = sum(row.rows for cut in found for row in cut.pieces)
            wholes = sum(row.rows for cut in found for row in cut.others)
            more = f"{plural(rows, 'row')} for {wholes:,}" if state is CutState.WHOLE else str(state)
            when = f": {_shown(found)}" if times else ""
            yield f"{table}: {plural(len(found), what)} cut on {server}, {more}{when}"


def _shown(cuts: Sequence[Cut]) -> str:
    """Return the times of the first few, equal times once."""
    in_order = sorted((cut.begin, _times(cut)) for cut in cuts)
    times = list(dict.fromkeys(text for _, text in in_order))
    more = f"; {plural(len(times) - SHOWN, 'more time')}" if len(times) > SHOWN else ""
    return "; ".join(times[:SHOWN]) + more


def _times(cut: Cut) -> str:
    """Return the times of a row that was cut and of its pieces: 04:03 to 05:58 is recorded as ..."""
    pieces = sorted(cut.pieces, key=lambda row: row.begin)
    if cut.state is CutState.ON_BOTH:
        lacks = ((cut.cut_on, cut.pieces, cut.others), (cut.cut_on.other, cut.others, cut.pieces))
        return ", ".join(f"{server} lacks {_minutes(_gaps(own, other))} minutes" for server, own, other in lacks)
    if cut.state is not CutState.WHOLE:
        return " and ".join(_from_to(pieces))
    whole, *parts = _from_to((cut.others[0], *pieces))
    return f"{whole} is recorded as {' and '.join(parts)}"


def _from_to(rows: Iterable[CutRow]) -> Iterator[str]:
    """Yield the beginning and end of each row, with the day if it differs from that of the time before."""
    day: date | None = None
    for row in rows:
        times = []
        for moment in (row.begin, row.end):
            if moment is None:
                times.append("still on")
                continue
            times.append(f"{moment:%H:%M:%S}" if moment.date() == day else f"{moment:%Y-%m-%d %H:%M:%S}")
            day = moment.date()
        yield " to ".join(times)


def _gaps(own: Sequence[CutRow], other: Sequence[CutRow]) -> Iterator[int]:
    """Yield the seconds that are missing from the pieces of one server, of the time that both together cover."""
    rows = sorted((*own, *other), key=lambda row: row.since)
    ends = [row.until for row in rows if row.until is not None]
    reached, last = rows[0].since, max(ends, default=rows[-1].since)
    for row in sorted(own, key=lambda row: row.since):
        if row.since > reached:
            yield row.since - reached
        reached = max(reached, row.until or last)
    if last > reached:
        yield last - reached


def _minutes(gaps: Iterator[int]) -> int:
    """Return seconds as minutes, rounded up."""
    return -(-sum(gaps) // 60)
