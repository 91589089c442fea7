"""What is asked about a pair: which tables, of which time, and what for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from syncengine.model.facts import ServerFacts
from syncengine.model.pair import Role
from syncengine.model.sides import Sides
from syncengine.model.spec import TableSpec
from syncengine.model.window import DAY, Window


@dataclass(frozen=True, slots=True)
class Request:
    """What to observe. `window` None means everything both servers hold."""

    specs: tuple[TableSpec, ...]
    source: Role
    as_of: datetime
    seed: int
    window: Window | None = None
    parts: tuple[Window, ...] = ()
    """The parts of the window in which intervals and events are compared; none means all of it."""
    acds: tuple[int, ...] = ()
    named: frozenset[str] = frozenset()
    """The tables that were asked for by name: one that is on neither server is then a mistake."""
    every_row: bool = False
    for_writing: bool = False
    """Gather what a plan needs beside the drift: guards, and which intervals the servers saw."""
    fresh: bool = False
    """Read all that is asked for, whatever is remembered, and remember nothing."""
    facts: Sides[ServerFacts] | None = None
    """What was learnt of source and target just before, of at least this window; otherwise it is asked for."""
    is_part: bool = False
    """One of several that are merged: whether there is anything to compare at all is judged of these together."""
    now: datetime | None = None
    """The clock of this machine, by which verdicts are remembered; without it none is."""

    @property
    def of_history(self) -> bool:
        """Say whether it is about what happened, and not only about administration and what is to come."""
        return any(spec.time is not None and not spec.future_dates for spec in self.specs)

    @property
    def facts_window(self) -> Window | None:
        """When the servers are asked which intervals they have: for administration a glance at the last day will do."""
        if self.window is not None or any(spec.time is not None for spec in self.specs):
            return self.window
        return Window(self.as_of - DAY, self.as_of)

    @property
    def may_recall(self) -> bool:
        """Say whether what is remembered may spare anything: never where every row is asked for, or a write follows."""
        return self.now is not None and not (self.fresh or self.every_row or self.for_writing)
