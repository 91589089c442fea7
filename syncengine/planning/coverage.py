"""Which server recorded an interval fully, partly or not at all (rules 4 and 9)."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncengine.model.facts import ServerFacts
from syncengine.model.interval import QUANTUM, at_label
from syncengine.model.spans import joined
from syncengine.model.window import Window

NOT_OVER = datetime(9999, 1, 1)
"""When an outage ends that is under way."""


@dataclass(frozen=True, slots=True)
class AcdCoverage:
    """What one server recorded of one ACD in some time."""

    has_rows: bool
    """Every interval of it has rows in some of the witness tables, which have rows in every interval."""
    incomplete: int
    """The largest `incomplete` of their rows."""
    outage: bool
    """The server's own diary shows its link as down."""
    known: bool = True
    """Some of these tables could be read: only then does it mean anything that there are no rows."""

    @property
    def blind(self) -> bool:
        """Known to have no rows, or an outage."""
        return self.outage or (self.known and not self.has_rows)

    @property
    def broken(self) -> bool:
        """Something is missing from its rows."""
        return self.outage or self.incomplete > 0


@dataclass(slots=True)
class CoverageLookup:
    """An index of what a server recorded; built once for a plan."""

    facts: ServerFacts
    _quarters: dict[tuple[int, datetime], int] = field(default_factory=dict)
    """The `incomplete` of each quarter of an hour that an interval with rows covers."""
    _outages: dict[int, tuple[Window, ...]] = field(default_factory=dict)
    """The outages of each ACD, those that touch joined, in order."""

    def __post_init__(self) -> None:
        spans: dict[int, list[Window]] = defaultdict(list)
        for outage in (*self.facts.outages, *self.facts.outages_under_way(NOT_OVER)):
            spans[outage.acd].append(outage.span)
        self._outages.update({acd: joined(found) for acd, found in spans.items()})
        for interval in self.facts.coverage:
            start = at_label(interval.row_date, interval.label)
            for quarter in range(0, max(interval.length, QUANTUM), QUANTUM):
                place = (interval.acd, start + timedelta(minutes=quarter))
                self._quarters[place] = max(self._quarters.get(place, 0), interval.incomplete)

    def at(self, acd: int | None, span: Window) -> AcdCoverage:
        """Return what the server recorded of an ACD in a time.

        For rows without an ACD the server must have recorded one of its ACDs.
        """
        acds = (acd,) if acd is not None else self.facts.acds
        quarters = [piece.start for piece in span.aligned(QUANTUM).cut(timedelta(minutes=QUANTUM))]
        figures = {one: [self._quarters.get((one, quarter)) for quarter in quarters] for one in acds}
        known = [figure for one in acds for figure in figures[one] if figure is not None]
        outage = any(self._was_down(one, span) for one in acds)
        has_rows = any(None not in figures[one] for one in acds)
        return AcdCoverage(has_rows, max(known, default=0), outage, self.facts.coverage_known)

    def outages_in(self, acd: int | None, span: Window) -> tuple[Window, ...]:
        """Return the parts of a time in which the server's own diary shows the link of an ACD as down, in order."""
        found = (outage.clipped(span) for outage in self._outages.get(-1 if acd is None else acd, ()))
        return tuple(one for one in found if one is not None)

    def _was_down(self, acd: int, span: Window) -> bool:
        """Say whether an outage of an ACD reaches into a time."""
        outages = self._outages.get(acd, ())
        # None overlaps another, so the last to begin before the time ends is the last to end as well.
        before = bisect_left(outages, span.stop, key=lambda outage: outage.start)
        return before > 0 and outages[before - 1].stop > span.start
