"""What to observe of a pair: which tables, of which time, and what for."""

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
    """Whole months, from the first of one up to the first of another. None is open, so that ranges can tile all time.

    A bucket, and what an outage has cut, belongs to the months in which it begins. Rows without time, as in an
    administration table, belong to the range that is open at its start.
    """

    first: date | None = None
    past: date | None = None

    @property
    def open_start(self) -> bool:
        """Say whether rows without time belong to them."""
        return self.first is None

    def contains(self, day: date | None) -> bool:
        """Say whether a row that begins on a day belongs to them; None stands for rows without time."""
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
    """What to observe. `window` None means everything both servers have."""

    specs: tuple[TableSpec, ...]
    source: Role
    as_of: datetime
    seed: int
    window: Window | None = None
    parts: tuple[Window, ...] = ()
    """The parts of the window in which intervals and events are compared; none means all of it."""
    acds: tuple[int, ...] = ()
    named: frozenset[str] = frozenset()
    """The tables that were requested by name: one that is on neither server is then a mistake."""
    every_row: bool = False
    for_writing: bool = False
    """Gather what a plan needs besides the drift: guards, and which intervals the servers recorded."""
    fresh: bool = False
    """Read everything, use nothing that is remembered, and remember nothing."""
    facts: Sides[ServerFacts] | None = None
    """The facts of source and target, read just before, of at least this window; without them they are read."""
    live: Mapping[Role, Mapping[str, LiveTable]] = field(default_factory=dict)
    """Its tables as each server has them, read just before; those of a server that is not in it are read."""
    months: MonthRange | None = None
    """Of a part of a request the months that are compared, all else as in the whole; None for the whole.

    The results of parts are merged (`model.merging`); only then is it judged whether there is anything to compare.
    """
    now: datetime | None = None
    """The clock of this machine, by which verdicts are remembered; without it none is."""

    @property
    def of_history(self) -> bool:
        """Say whether it is about the past, and not only about administration and the future."""
        return any(spec.time is not None and not spec.future_dates for spec in self.specs)

    @property
    def facts_window(self) -> Window | None:
        """The time of which interval lengths are read: for administration the last day is enough."""
        if self.window is not None or any(spec.time is not None for spec in self.specs):
            return self.window
        return Window(self.as_of - DAY, self.as_of)

    @property
    def may_recall(self) -> bool:
        """Say whether remembered days may be skipped: never where every row is requested, or a write follows.

        Nor in some months only: what is remembered of a table is relied on in all of it, or not at all.
        """
        partly = self.months not in (None, ALL_MONTHS)
        return self.now is not None and not (self.fresh or self.every_row or self.for_writing or partly)
