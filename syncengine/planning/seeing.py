"""Which server saw an interval whole, brokenly or not at all (rules 4 and 9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from syncengine.model.drift import Observation
from syncengine.model.facts import ServerFacts
from syncengine.model.interval import QUANTUM, label_at
from syncengine.model.window import Window


@dataclass(frozen=True, slots=True)
class Sight:
    """What one server saw of one ACD in one interval."""

    has_rows: bool
    """Any of the tables that have rows in every interval has some."""
    incomplete: int
    """The largest `incomplete` of their rows."""
    outage: bool
    """The server's own diary says its link was down."""

    @property
    def blind(self) -> bool:
        """No rows, or an outage."""
        return self.outage or not self.has_rows

    @property
    def broken(self) -> bool:
        """Something is missing from its rows."""
        return self.outage or self.incomplete > 0


@dataclass(slots=True)
class Seeing:
    """Looks up what a server saw; built once for a plan."""

    observation: Observation
    facts: ServerFacts
    _coverage: dict[tuple[int, date, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._coverage = {(c.acd, c.row_date, c.label): c.incomplete for c in self.facts.coverage}

    def at(self, acd: int | None, interval: Window) -> Sight:
        """Return what the server saw of an ACD in an interval.

        For rows of no ACD every ACD counts: the server must have seen one of them.
        """
        acds = (acd,) if acd is not None else self.facts.acds
        # An ACD that changed its interval length has shorter ones inside.
        starts = [piece.start for piece in interval.cut(timedelta(minutes=QUANTUM))]
        places = [(one, start.date(), label_at(start)) for one in acds for start in starts]
        figures = [self._coverage[place] for place in places if place in self._coverage]
        outage = any(o.acd in acds and o.span.clipped(interval) is not None for o in self.facts.outages)
        return Sight(bool(figures), max(figures, default=0), outage)
