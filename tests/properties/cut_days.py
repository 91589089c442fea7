"""A small switch whose truth is known, and what two servers have of it that were blind at times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from syncengine.model.interval import label_at
from tests.builders import Files, build_files, row
from tests.properties.layouts import Row

Span = tuple[datetime, datetime]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SERVERS = ("primary", "secondary")
GROUPS = (1, 2)


@dataclass(frozen=True)
class Day:
    """What happened, and what each server recorded, by a clock that is never set.

    It shows what the switch's clock shows as the evening begins; `shown` tells of both. `calls` are counted by trunk
    group, `logins` and `talks` last; `lengths` of a server are those of its intervals, each from a full hour on;
    `downs` are when its link was down, to the minute.
    """

    first: datetime
    last: datetime
    calls: tuple[tuple[int, datetime], ...]
    logins: tuple[tuple[str, Span], ...]
    talks: tuple[tuple[int, Span], ...]
    lengths: dict[str, tuple[tuple[datetime, int], ...]]
    downs: dict[str, tuple[Span, ...]]
    zone: str = "UTC"

    def intervals(self, server: str) -> Iterator[tuple[datetime, int]]:
        """Yield the intervals of a server and their lengths."""
        changes = (*self.lengths[server], (self.last, 0))
        for (since, length), (until, _) in pairwise(changes):
            at = since
            while at < until:
                yield at, length
                at += timedelta(minutes=length)

    def moment(self, at: datetime) -> datetime:
        """Return the moment of a time, with the zone of the switch."""
        zone = ZoneInfo(self.zone)
        return (self.first.replace(tzinfo=zone).astimezone(UTC) + (at - self.first)).astimezone(zone)

    def shown(self, at: datetime) -> datetime:
        """Return what the switch's clock shows at a time."""
        return self.moment(at).replace(tzinfo=None)

    def passes(self, shown: datetime) -> tuple[datetime, ...]:
        """Return the times at which the switch's clock shows a time: two in an hour it repeats."""
        plain = self.first + (shown - self.first)
        around = (plain - HOUR, plain, plain + HOUR)
        return tuple(at for at in around if self.first <= at < self.last and self.shown(at) == shown)

    def saw(self, server: str, span: Span) -> bool:
        """Say whether the link of a server was up all the time."""
        return not any(down < span[1] and span[0] < up for down, up in self.downs[server])

    def seen(self, server: str, span: Span) -> Iterator[Span]:
        """Yield the parts of a time that a server saw."""
        at = span[0]
        for down, up in sorted(self.downs[server]):
            if at < down < span[1]:
                yield at, down
            if down < span[1]:
                at = max(at, up)
        if at < span[1]:
            yield at, span[1]


def interval_rows(day: Day, server: str, *, blinded: bool = True) -> list[Row]:
    """Return what a server counted of each trunk group in each of its intervals."""
    rows = []
    for start, length in day.intervals(server):
        span = (start, start + timedelta(minutes=length))
        parts = list(day.seen(server, span)) if blinded else [span]
        for group in GROUPS if parts else ():
            counted = sum(one == group and any(begin <= at < end for begin, end in parts) for one, at in day.calls)
            whole = parts == [span]
            rows.append(
                row(
                    "htrunk",
                    row_date=day.shown(start).date(),
                    starttime=label_at(day.shown(start)),
                    intrvl=length,
                    tkgrp=group,
                    eqloc="01A0101",
                    incalls=counted,
                    incomplete=int(not whole),
                )
            )
    return rows


def login_rows(day: Day, server: str, *, blinded: bool = True) -> list[Row]:
    """Return the logins a server has, cut where its link went down and came back."""
    rows = []
    for agent, span in day.logins:
        for begin, end in day.seen(server, span) if blinded else (span,):
            rows.append(
                row(
                    "haglog",
                    row_date=day.shown(begin).date(),
                    logid=agent,
                    extn="200",
                    split=1,
                    login=epoch(day, begin),
                    logout=epoch(day, end),
                    inflag="<" if begin > span[0] else None,
                    outflag=">" if end < span[1] else None,
                )
            )
    return rows


def talk_rows(day: Day, server: str, *, blinded: bool = True) -> list[Row]:
    """Return the call records a server has, which no flag distinguishes from whole ones."""
    rows = []
    for number, span in day.talks:
        for begin, end in day.seen(server, span) if blinded else (span,):
            rows.append(
                row(
                    "call_rec",
                    row_date=day.shown(begin).date(),
                    row_time=label_at(day.shown(begin)),
                    callid=number,
                    segment=1,
                    segstart=epoch(day, begin),
                    segstop=epoch(day, end),
                )
            )
    return rows


def epoch(day: Day, moment: datetime) -> int:
    """Return the epoch second of a time."""
    return int(day.moment(moment).timestamp())


def diary(day: Day, server: str) -> list[Row]:
    """Return what a server's diary has of its link."""
    return [
        row(
            "linkex",
            row_date=day.shown(down).date(),
            row_time=label_at(day.shown(down)),
            reason=97,
            duration=epoch(day, up) - epoch(day, down),
            seqno=number,
        )
        for number, (down, up) in enumerate(day.downs[server], 1)
    ]


def built(folder: Path, day: Day) -> Files:
    """Build the pair as its two servers have the day."""
    sides: dict[str, dict[str, Any]] = {
        server: {
            "htrunk": interval_rows(day, server),
            "haglog": login_rows(day, server),
            "call_rec": talk_rows(day, server),
            "linkex": diary(day, server),
            "dcalloc": [
                row("dcalloc", item=item, num_items=100_000, days_intrahour=62, days_daily=62)
                for item in ("agent login/logout", "call records")
            ],
        }
        for server in SERVERS
    }
    return build_files(
        folder,
        ["htrunk", "haglog", "call_rec"],
        primary=sides["primary"],
        secondary=sides["secondary"],
        acds={1: day.lengths["primary"][-1][1]},
        archived=day.shown(day.last),
        as_of=day.shown(day.last) + timedelta(minutes=15),
        settings=f'timezone = "{day.zone}"',
    )
