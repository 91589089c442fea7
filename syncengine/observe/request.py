"""What is asked about a pair: which tables, of which time, and what for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from syncengine.model.facts import ServerFacts
from syncengine.model.interval import at_label
from syncengine.model.pair import Role
from syncengine.model.sides import Sides
from syncengine.model.spec import TableSpec
from syncengine.model.window import DAY, Window
from syncengine.servers.protocol import LiveTable


@dataclass(frozen=True, slots=True)
class MonthRange:
    """Whole months, from the first of one up to the first of another. None is open, so that some tile all of time.

    A bucket, and what an outage has cut, belongs to the months in which it begins. What has no time, as all of an
    administration table, belongs to those that are open at their old end.
    """

    first: date | None = None
    past: date | None = None

    @property
    def open_start(self) -> bool:
        """Say whether what has no time belongs to them."""
        return self.first is None

    def contains(self, day: date | None) -> bool:
        """Say whether what begins on a day belongs to them, or with None what has no time."""
        if day is None:
            return self.open_start
        return (self.first is None or self.first <= day) and (self.past is None or day < self.past)

    def outside(self, window: Window) -> Iterator[Window]:
        """Yield what of a window lies before and after them."""
        before = window.before(at_label(self.first, 0)) if self.first is not None else None
        after = window.since(at_label(self.past, 0)) if self.past is not None else None
        yield from (one for one in (before, after) if one is not None)

    def widened(self, far: timedelta) -> MonthRange:
        """Return the days that are in them or no further from them than that."""
        first = self.first - far if self.first is not None else None
        return MonthRange(first, self.past + far if self.past is not None else None)

    def clipped(self, window: Window) -> Window | None:
        """Return what of a window lies in them, or None."""
        since = window if self.first is None else window.since(at_label(self.first, 0))
        return since if since is None or self.past is None else since.before(at_label(self.past, 0))


ALL_MONTHS = MonthRange()


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
    live: Mapping[Role, Mapping[str, LiveTable]] = field(default_factory=dict)
    """Its tables as each server has them, seen just before; of a server that is not in it they are asked for."""
    months: MonthRange | None = None
    """Of a part of a request the months that are compared, all else being that of the whole; None for the whole.

    What parts show is merged (`model.merging`): whether there is anything to compare is judged of these together.
    """
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
        """Say whether what is remembered may spare anything: never where every row is asked for, or a write follows.

        Nor in some months: what is remembered of a table holds in all of it, or is relied on nowhere.
        """
        partly = self.months not in (None, ALL_MONTHS)
        return self.now is not None and not (self.fresh or self.every_row or self.for_writing or partly)
