"""Finds which pieces belong to which whole: what an outage of one server's link has cut (rule 4).

A piece lies within the time of its whole, and each of its ends is the whole's own, to the second, or is marked as cut
and lies at an edge of an outage, to the minute. Anything else is not a piece and is left unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from syncengine.model.cuts import Cut, CutRow, CutState
from syncengine.model.pair import Role
from syncengine.model.window import Window

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NamedRows:
    """All rows of one name on both servers: of one login id at one extension, or of one segment of a call."""

    acd: int | None
    rows: Mapping[Role, tuple[CutRow, ...]]
    outages: Mapping[Role, tuple[Window, ...]]
    """Those of the ACD, by the diary of each server."""
    flagged: bool
    """The rows say themselves where they were cut; otherwise only the diary shows it."""
    longest: int
    """How many seconds a login or a call may last: rows that begin further apart are of different ones."""


def cuts_of(named: NamedRows) -> Iterator[Cut]:
    """Yield what outages have cut of one name, without rows that are alike on both servers or whole."""
    used: set[int] = set()
    for blind in Role:
        for whole in _wholes(named, blind.other):
            cut = _cut(named, blind, whole, used)
            if cut is not None:
                used |= {id(row) for row in (*cut.pieces, *cut.others)}
                yield cut
    yield from _without_whole(named, used)


def _wholes(named: NamedRows, role: Role) -> Iterator[CutRow]:
    """Yield the rows of a server that are whole: those that are not cut at either end."""
    edges = _Edges.of(named.outages.get(role, ()))
    rows = (row for row in named.rows.get(role, ()) if not edges.cut(row, flagged=named.flagged))
    yield from sorted(rows, key=lambda row: row.since)


def _cut(named: NamedRows, blind: Role, whole: CutRow, used: set[int]) -> Cut | None:
    """Return the pieces of a whole on the server that was blind, None where it has none that an outage may have cut."""
    inside = tuple(
        row
        for row in named.rows.get(blind, ())
        if not row.on_both and id(row) not in used and _may_be_of(whole, row, named) and not _is_whole(row, named)
    )
    if not inside:
        return None
    edges = _Edges.of(named.outages.get(blind, ()))
    if whole.end is None:
        return Cut(named.acd, blind, CutState.NOT_OVER, inside, (whole,), edges.cutting(inside))
    pieces = [edges.is_piece(row, whole, flagged=named.flagged) for row in inside]
    if not named.flagged and not all(pieces):
        # Without flags only the diary says that they were cut: otherwise the row has just changed.
        return None
    fits = all(pieces) and _apart(inside) and all(row.rows <= whole.rows for row in inside)
    state = CutState.WHOLE if fits else CutState.UNCLEAR
    return Cut(named.acd, blind, state, inside, (whole,), edges.cutting(inside))


def _may_be_of(one: CutRow, row: CutRow, named: NamedRows) -> bool:
    """Say whether two rows overlap in time, and may belong together."""
    return row.overlaps(one) and abs(row.since - one.since) <= named.longest


def _is_whole(row: CutRow, named: NamedRows) -> bool:
    """Say whether the flags of a row say that it is whole, and therefore no piece."""
    return named.flagged and not (row.begin_cut or row.end_cut)


def _apart(rows: Sequence[CutRow]) -> bool:
    """Say whether no two rows overlap in time."""
    ordered = sorted(rows, key=lambda row: row.since)
    return not any(one.overlaps(other) for one, other in pairwise(ordered))


def _without_whole(named: NamedRows, used: set[int]) -> Iterator[Cut]:
    """Yield the cut rows that have no whole, those of both servers that overlap as one.

    Without flags a row that ends as an outage began is only known to be cut where the other server has a cut row too.
    """
    edges = {role: _Edges.of(named.outages.get(role, ())) for role in Role}
    remaining = {
        role: [
            row
            for row in named.rows.get(role, ())
            if edges[role].cut(row, flagged=named.flagged) and not row.on_both and id(row) not in used
        ]
        for role in Role
    }
    for role in Role:
        for chain in _chains(remaining[role], edges[role], named):
            if any(id(row) in used for row in chain):
                continue
            login = replace(chain[0], end=chain[-1].end, until=chain[-1].until)
            others = tuple(
                row for row in remaining[role.other] if id(row) not in used and _may_be_of(login, row, named)
            )
            if not (others or named.flagged):
                continue
            used |= {id(row) for row in (*chain, *others)}
            state = CutState.ON_BOTH if others else CutState.NO_WHOLE
            outages = (*edges[role].cutting(chain), *edges[role.other].cutting(others))
            yield Cut(named.acd, role, state, tuple(chain), others, outages)


def _chains(rows: Sequence[CutRow], edges: _Edges, named: NamedRows) -> Iterator[list[CutRow]]:
    """Yield the pieces that follow one another over outages: an end that is cut, then a beginning that is."""
    chain: list[CutRow] = []
    for row in sorted(rows, key=lambda row: row.since):
        more = chain and row.since - chain[0].since <= named.longest
        if chain and not (more and edges.follows(chain[-1], row, flagged=named.flagged)):
            yield chain
            chain = []
        chain.append(row)
    if chain:
        yield chain


@dataclass(frozen=True, slots=True)
class _Edges:
    """The edges of one server's outages, to the minute."""

    outages: tuple[Window, ...]

    @classmethod
    def of(cls, outages: Sequence[Window]) -> _Edges:
        """Return the edges of one server's outages."""
        return cls(tuple(outages))

    def downs(self, moment: datetime) -> Iterator[Window]:
        """Yield the outages that began in the minute of a moment."""
        return (outage for outage in self.outages if _minute(outage.start) == _minute(moment))

    def ups(self, moment: datetime) -> Iterator[Window]:
        """Yield the outages that ended in the minute of a moment; a diary gives their beginning without seconds."""
        return (outage for outage in self.outages if _minute(outage.stop) <= moment < _minute(outage.stop) + 2 * MINUTE)

    def cut(self, row: CutRow, *, flagged: bool) -> bool:
        """Say whether a row is cut at an end: by its flags, or without flags by the diary."""
        if flagged:
            return row.begin_cut or row.end_cut
        return any(self.ups(row.begin)) or (row.end is not None and any(self.downs(row.end)))

    def is_piece(self, row: CutRow, whole: CutRow, *, flagged: bool) -> bool:
        """Say whether a row is what an outage leaves of a whole."""
        if not row.lies_in(whole) or row.end is None or row.until is None or row.until <= row.since:
            return False
        begins = row.since == whole.since and not row.begin_cut
        ends = row.until == whole.until and not row.end_cut
        begins_at_edge = (row.begin_cut or not flagged) and any(self.ups(row.begin))
        ends_at_edge = (row.end_cut or not flagged) and any(self.downs(row.end))
        return (begins or begins_at_edge) and (ends or ends_at_edge) and not (begins and ends)

    def cutting(self, rows: Sequence[CutRow]) -> tuple[Window, ...]:
        """Return the outages at which rows begin or end."""
        found: dict[Window, None] = {}
        for row in rows:
            found.update(dict.fromkeys(self.ups(row.begin)))
            if row.end is not None:
                found.update(dict.fromkeys(self.downs(row.end)))
        return tuple(sorted(found))

    def follows(self, one: CutRow, other: CutRow, *, flagged: bool) -> bool:
        """Say whether a row continues another after an outage that cut it."""
        if one.end is None or (flagged and not (one.end_cut and other.begin_cut)):
            return False
        return any(outage in self.ups(other.begin) for outage in self.downs(one.end))


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
