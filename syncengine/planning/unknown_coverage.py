"""Finds the times in which the coverage of a server is unknown: there, no outage found is no all-clear. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from syncengine.model.facts import ArchiveState, ServerFacts
from syncengine.model.grain import Archive
from syncengine.model.interval import at_label, ceil_to, floor_to, over_before
from syncengine.model.outages import IntervalExtent, UnknownCoverage, UnknownCoverageReason
from syncengine.model.pair import Role
from syncengine.model.window import Window
from syncengine.planning.archives import AN_HOUR, clock_was_set

MOMENT = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class CheckedScope:
    """What was checked, and the facts of both servers.

    `facts` must have the coverage of every interval of `window`, which ends now.
    """

    facts: tuple[ServerFacts, ...]
    lengths: Mapping[int, int]
    """Minutes of an interval, by ACD: every ACD that was checked."""
    window: Window
    requested_acds: Collection[int] = ()
    """The ACDs that were requested by number."""
    start_requested: bool = False
    """The start of the window was requested; else it is the longest time that intervals may be stored."""

    @cached_property
    def firsts(self) -> Mapping[tuple[Role, int], datetime]:
        """The start of the first interval a server has rows of: in the window, or shortly before it."""
        found: dict[tuple[Role, int], datetime] = {}
        for one in self.facts:
            for interval in one.coverage:
                start = at_label(interval.row_date, interval.label)
                if start < self.window.stop:
                    found[one.role, interval.acd] = min(found.get((one.role, interval.acd), start), start)
        return found

    @property
    def without_rows(self) -> tuple[tuple[Role, int], ...]:
        """The servers and ACDs without a row in the window: for these, the extent of all rows has to be read."""
        return tuple(
            (one.role, acd)
            for one in self.facts
            if one.coverage_known
            for acd in self.lengths
            if (one.role, acd) not in self.firsts
        )

    @property
    def covered_acds(self) -> tuple[int, ...]:
        """The ACDs of which both servers cover some of the window."""
        return tuple(sorted(self._covered_by_acd))

    @property
    def covered(self) -> Window | None:
        """The time that both servers cover for every one of these ACDs, or None."""
        start = max((one.start for one in self._covered_by_acd.values()), default=self.window.start)
        stop = min((one.stop for one in self._covered_by_acd.values()), default=self.window.start)
        return Window(start, stop) if start < stop else None

    @cached_property
    def _covered_by_acd(self) -> Mapping[int, Window]:
        found: dict[int, Window] = {}
        for acd, length in self.lengths.items():
            firsts = [self.firsts.get((one.role, acd)) for one in self.facts]
            untils = [one.archived(acd, Archive.INTERVAL).before_this_run(length) for one in self.facts]
            bounds = [one for one in (*firsts, *untils) if one is not None]
            if len(bounds) < len(firsts) + len(untils):
                continue
            start = max(floor_to(self.window.start, length), *(ceil_to(one, length) for one in bounds[: len(firsts)]))
            stop = min(floor_to(min(one, self.window.stop), length) for one in bounds[len(firsts) :])
            if start < stop:
                found[acd] = Window(start, stop)
        return found

    def unknown(self, extents: Mapping[tuple[Role, int], IntervalExtent]) -> Iterator[UnknownCoverage]:
        """Yield unknown coverage by server and ACD; `extents` are those of the ACDs without rows in the window."""
        without_rows = set(self.without_rows)
        for one in self.facts:
            if not one.coverage_known:
                yield _no_coverage(one)
                continue
            for acd in sorted(self.lengths):
                if (one.role, acd) in without_rows:
                    used = (one.role.other, acd) not in without_rows or any((role, acd) in extents for role in Role)
                    yield self._no_rows(one.role, acd, extents.get((one.role, acd)), used=used)
                else:
                    yield from self._begins_later(one, acd)
                    yield from self._not_archived(one, acd)

    def _no_rows(self, role: Role, acd: int, extent: IntervalExtent | None, *, used: bool) -> UnknownCoverage:
        if extent is None:
            sentence = f"{role} has no rows of ACD {acd} at all"
        elif extent.first >= self.window.stop:
            sentence = (
                f"{role} has no rows of ACD {acd} of that time: its first is of {extent.first:{MOMENT}}, "
                "which is in the future"
            )
        elif extent.last < self.window.start:
            sentence = f"{role} has no rows of ACD {acd} of that time: its newest is of {extent.last:{MOMENT}}"
        else:
            sentence = (
                f"{role} has no rows of ACD {acd} of that time: its first is of {extent.first:{MOMENT}}, "
                f"its newest of {extent.last:{MOMENT}}"
            )
        return UnknownCoverage(
            role,
            acd,
            UnknownCoverageReason.NO_ROWS,
            sentence,
            open=used or acd in self.requested_acds or len(self.lengths) == 1,
        )

    def _begins_later(self, one: ServerFacts, acd: int) -> Iterator[UnknownCoverage]:
        first = self.firsts[one.role, acd]
        if first >= self.window.start + timedelta(minutes=self.lengths[acd]):
            sentence = f"{one.role} has rows of ACD {acd} only from {first:{MOMENT}} on; the time before is unknown"
            yield UnknownCoverage(
                one.role, acd, UnknownCoverageReason.BEGINS_LATER, sentence, open=self.start_requested
            )

    def _not_archived(self, one: ServerFacts, acd: int) -> Iterator[UnknownCoverage]:
        status = one.archived(acd, Archive.INTERVAL)
        # While it is running, as it does every few minutes, it is no further behind than after its last run.
        until = status.last if status.state is ArchiveState.RUNNING else status.until
        temporary = not one.archives_unread
        if until is None:
            sentence = f"on {one.role} the interval archive of ACD {acd} {status.problem}: missing rows are not found"
            yield UnknownCoverage(one.role, acd, UnknownCoverageReason.NOT_ARCHIVED, sentence, temporary=temporary)
        elif until < self._archived_by(one, acd, until):
            sentence = (
                f"{one.role} has archived ACD {acd} only up to {until:{MOMENT}}: missing rows after it are not found"
            )
            yield UnknownCoverage(one.role, acd, UnknownCoverageReason.NOT_ARCHIVED, sentence, temporary=temporary)

    def _archived_by(self, one: ServerFacts, acd: int, until: datetime) -> datetime:
        """Return up to when intervals must be archived; an hour that the clock has skipped since has none."""
        due = over_before(self.window.stop, self.lengths[acd])
        return due - AN_HOUR if clock_was_set(one, acd, until - AN_HOUR, self.window.stop) else due


def _no_coverage(one: ServerFacts) -> UnknownCoverage:
    if one.links_known:
        sentence = f"{one.role} has only its diary of links: no table that has rows in every interval can be read"
        return UnknownCoverage(one.role, None, UnknownCoverageReason.NO_WITNESS, sentence)
    return UnknownCoverage(
        one.role, None, UnknownCoverageReason.NO_DATA, f"{one.role} shows neither its links nor its intervals"
    )
