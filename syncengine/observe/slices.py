"""Cuts what is compared of a table into slices, one fingerprint query each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from syncengine.model.bucket import Bucket, BucketColumns
from syncengine.model.drift import Scope
from syncengine.model.interval import at_label, label_at
from syncengine.model.selection import KeyGroups, Selection, select_window
from syncengine.model.spec import TableSpec
from syncengine.model.window import Window
from syncengine.observe.request import ALL_MONTHS, MonthRange

SLICE = timedelta(days=31)
"""How much of an interval or event table one fingerprint query covers.

Planning a query over 172 columns takes as long as running it over 30,000 rows, so slices are not small;
they bound the number of buckets in memory at once.
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a table that is compared at once."""

    selection: Selection
    run: Window | None = None
    """Of an interval table, the time around it that is compared without a gap."""

    def contains(self, bucket: Bucket) -> bool:
        """Say whether a nearby bucket of an interval table is in it."""
        window, place = self.selection.window, (bucket.row_date or date.min, bucket.slot or 0)
        return window is None or _place(window.start) <= place < _place(window.stop)


@dataclass(frozen=True, slots=True)
class SlicePlan:
    """Which rows of a table are compared, of which time, in slices. A table without time is one slice."""

    spec: TableSpec
    scopes: tuple[Scope, ...]
    zone: str
    parts: tuple[Window, ...] = ()
    """The parts of the time in which intervals and events are compared, none for all; they must not overlap."""
    untimed: bool = False
    """Whether the rows that no window can select are compared."""
    excluded: KeyGroups | None = None
    """Rows of a table without time that are each server's own."""

    def slices(self, months: MonthRange = ALL_MONTHS, skipped: frozenset[date] = frozenset()) -> Iterator[Slice]:
        """Yield the slices that are the table's scopes in some months, but for days skipped: no gap, no overlap.

        ACDs with the same window are read together.
        """
        spec, columns = self.spec, BucketColumns.of(self.spec)
        if spec.time is None:
            if months.open_start:
                yield Slice(Selection(spec.name, columns, excluded=self.excluded))
            return
        named = tuple(scope.acd for scope in self.scopes if scope.acd is not None)
        all_acds = any(scope.acd is None for scope in self.scopes)
        groups: list[tuple[Window | None, tuple[int, ...] | None, tuple[int, ...] | None]] = []
        windows = dict.fromkeys(scope.window for scope in self.scopes)
        if all_acds and len(windows) == 1:
            groups.append((self.scopes[0].window, None, None))
        else:
            for window in windows:
                of_window = tuple(one.acd for one in self.scopes if one.window == window and one.acd is not None)
                groups += [(window, of_window, None)] if of_window else []
            groups += [(scope.window, None, named) for scope in self.scopes if scope.acd is None]
        for window, acds, except_acds in groups:
            for run, time in self._cut(window, months, skipped):
                selection = select_window(spec, time, zone=self.zone, acds=acds, except_acds=except_acds)
                selection = selection and _beginning_in(selection, months)
                if selection is not None:
                    yield Slice(selection, run if spec.grain.tiles else None)
        if self.untimed and months.open_start:
            yield Slice(Selection(spec.name, columns, untimed=True, acds=None if all_acds else named))

    def _cut(
        self, window: Window | None, months: MonthRange, skipped: frozenset[date]
    ) -> Iterator[tuple[Window, Window]]:
        """Yield the times of the slices of a window, each after the time around it that is compared without a gap."""
        if window is None:
            return
        if not self.spec.grain.sliced:
            # Weeks and months must not be cut in two; their buckets are few.
            yield window, window
            return
        runs = tuple(_runs(window, skipped))
        if self.parts:
            runs = tuple(both for run in runs for part in self.parts if (both := run.clipped(part)))
        for run in runs:
            clipped = months.clipped(run)
            for time in clipped.cut(SLICE) if clipped is not None else ():
                yield run, time


def _place(moment: datetime) -> tuple[date, int]:
    return moment.date(), label_at(moment)


def _beginning_in(selection: Selection, months: MonthRange) -> Selection | None:
    """Return what of the days, weeks or months of a selection begins in some months; all of anything else."""
    if selection.dates is None:
        return selection
    first, past = selection.dates
    first, past = max(first, months.first or first), min(past, months.past or past)
    return replace(selection, dates=(first, past)) if first < past else None


def _runs(window: Window, skipped: frozenset[date]) -> Iterator[Window]:
    """Yield what remains of a window without some days, adjacent days as one."""
    if not skipped:
        yield window
        return
    start: datetime | None = None
    for day in window.days():
        midnight = at_label(day, 0)
        if day not in skipped:
            start = start or max(midnight, window.start)
        elif start is not None:
            yield Window(start, midnight)
            start = None
    if start is not None:
        yield Window(start, window.stop)
