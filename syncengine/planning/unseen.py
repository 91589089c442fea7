"""Says of which time nothing shows what a server saw: without that, no outage found is no all-clear. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from syncengine.model.facts import ArchiveState, ServerFacts
from syncengine.model.grain import Archive
from syncengine.model.interval import at_label, ceil_to, floor_to, over_before
from syncengine.model.outages import Held, Unseen, UnseenWhy
from syncengine.model.pair import Role
from syncengine.model.window import Window
from syncengine.planning.archives import AN_HOUR, clock_was_set

MOMENT = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class Looking:
    """What was looked at, and what both servers told of it.

    `facts` must hold the coverage of every interval of `looked`, which ends now.
    """

    facts: tuple[ServerFacts, ...]
    lengths: Mapping[int, int]
    """Minutes of an interval, by ACD: every ACD that was looked at."""
    looked: Window
    named: Collection[int] = ()
    """The ACDs that were asked for by number."""
    since_told: bool = False
    """The beginning of the time was asked for; else it is as far back as intervals may be kept."""

    @cached_property
    def firsts(self) -> Mapping[tuple[Role, int], datetime]:
        """When the first interval begins that a server has rows of: in the time, or shortly before it."""
        found: dict[tuple[Role, int], datetime] = {}
        for one in self.facts:
            for seen in one.coverage:
                start = at_label(seen.row_date, seen.label)
                if start < self.looked.stop:
                    found[one.role, seen.acd] = min(found.get((one.role, seen.acd), start), start)
        return found

    @property
    def blank(self) -> tuple[tuple[Role, int], ...]:
        """The servers and ACDs without a row in the time: of these must be asked what they hold at all."""
        return tuple(
            (one.role, acd)
            for one in self.facts
            if one.tells_coverage
            for acd in self.lengths
            if (one.role, acd) not in self.firsts
        )

    @property
    def seen_acds(self) -> tuple[int, ...]:
        """The ACDs of which both servers can tell of some time."""
        return tuple(sorted(self._seen))

    @property
    def seen(self) -> Window | None:
        """The time of which both servers can tell for every one of these ACDs, or None."""
        start = max((one.start for one in self._seen.values()), default=self.looked.start)
        stop = min((one.stop for one in self._seen.values()), default=self.looked.start)
        return Window(start, stop) if start < stop else None

    @cached_property
    def _seen(self) -> Mapping[int, Window]:
        found: dict[int, Window] = {}
        for acd, length in self.lengths.items():
            firsts = [self.firsts.get((one.role, acd)) for one in self.facts]
            untils = [one.archived(acd, Archive.INTERVAL).before_this_run(length) for one in self.facts]
            told = [one for one in (*firsts, *untils) if one is not None]
            if len(told) < len(firsts) + len(untils):
                continue
            start = max(floor_to(self.looked.start, length), *(ceil_to(one, length) for one in told[: len(firsts)]))
            stop = min(floor_to(min(one, self.looked.stop), length) for one in told[len(firsts) :])
            if start < stop:
                found[acd] = Window(start, stop)
        return found

    def unseen(self, held: Mapping[tuple[Role, int], Held]) -> Iterator[Unseen]:
        """Yield what nobody can tell of, by server and ACD; `held` is what the blank ones hold at other times."""
        blank = set(self.blank)
        for one in self.facts:
            if not one.tells_coverage:
                yield _untold(one)
                continue
            for acd in sorted(self.lengths):
                if (one.role, acd) in blank:
                    used = (one.role.other, acd) not in blank or any((role, acd) in held for role in Role)
                    yield self._no_rows(one.role, acd, held.get((one.role, acd)), used=used)
                else:
                    yield from self._begins_later(one, acd)
                    yield from self._not_archived(one, acd)

    def _no_rows(self, role: Role, acd: int, held: Held | None, *, used: bool) -> Unseen:
        if held is None:
            says = f"{role} holds no row of ACD {acd} at all"
        elif held.first >= self.looked.stop:
            says = (
                f"{role} holds no row of ACD {acd} of that time: its first is of {held.first:{MOMENT}}, "
                "which has not come yet"
            )
        elif held.last < self.looked.start:
            says = f"{role} holds no row of ACD {acd} of that time: its newest is of {held.last:{MOMENT}}"
        else:
            says = (
                f"{role} holds no row of ACD {acd} of that time: its first is of {held.first:{MOMENT}}, "
                f"its newest of {held.last:{MOMENT}}"
            )
        return Unseen(role, acd, UnseenWhy.NO_ROWS, says, open=used or acd in self.named or len(self.lengths) == 1)

    def _begins_later(self, one: ServerFacts, acd: int) -> Iterator[Unseen]:
        first = self.firsts[one.role, acd]
        if first >= self.looked.start + timedelta(minutes=self.lengths[acd]):
            says = f"{one.role} holds rows of ACD {acd} from {first:{MOMENT}} on; of the time before it nobody can tell"
            yield Unseen(one.role, acd, UnseenWhy.BEGINS_LATER, says, open=self.since_told)

    def _not_archived(self, one: ServerFacts, acd: int) -> Iterator[Unseen]:
        status = one.archived(acd, Archive.INTERVAL)
        # While it runs, as every few minutes, it is no further behind than when it ran last.
        until = status.last if status.state is ArchiveState.RUNNING else status.until
        passes = not one.archives_unread
        if until is None:
            says = f"on {one.role} the interval archive of ACD {acd} {status.problem}: rows that are missing go unseen"
            yield Unseen(one.role, acd, UnseenWhy.NOT_ARCHIVED, says, passes=passes)
        elif until < self._archived_by(one, acd, until):
            says = (
                f"{one.role} has archived ACD {acd} only up to {until:{MOMENT}}: "
                "rows that are missing after it go unseen"
            )
            yield Unseen(one.role, acd, UnseenWhy.NOT_ARCHIVED, says, passes=passes)

    def _archived_by(self, one: ServerFacts, acd: int, until: datetime) -> datetime:
        """Return up to when intervals must be archived; an hour that the clock has skipped since has none."""
        due = over_before(self.looked.stop, self.lengths[acd])
        return due - AN_HOUR if clock_was_set(one, acd, until - AN_HOUR, self.looked.stop) else due


def _untold(one: ServerFacts) -> Unseen:
    if one.tells_links:
        says = f"{one.role} has only its diary of links: no table that has rows in every interval can be read"
        return Unseen(one.role, None, UnseenWhy.NO_WITNESS, says)
    return Unseen(one.role, None, UnseenWhy.NOTHING_TOLD, f"{one.role} tells neither of its links nor of its intervals")
