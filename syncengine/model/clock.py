"""What the switch's wall clock does to a time: hours that come twice, and clocks that are set (rule 17)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from syncengine.model.facts import ClockReset, ServerFacts
from syncengine.model.interval import QUANTUM, at_label, label_at
from syncengine.model.window import Window


def repeats(span: Window, zone: str) -> bool:
    """Say whether a time of the wall clock, or some of it, comes twice."""
    info = ZoneInfo(zone)
    for quarter in span.cut(timedelta(minutes=QUANTUM)):
        first = quarter.start.replace(tzinfo=info, fold=0).utcoffset()
        second = quarter.start.replace(tzinfo=info, fold=1).utcoffset()
        # In an hour that is skipped the offsets differ too, the other way round.
        if first is not None and second is not None and first > second:
            return True
    return False


def with_shared_resets(facts: Sequence[ServerFacts], span: Window, zone: str) -> tuple[ServerFacts, ...]:
    """Return the facts of the servers, each with every clock reset: both take their time from one switch.

    These are the resets in either diary, and the hours that the time zone skips, which a diary need not record.
    """
    resets = {reset for one in facts for reset in one.clock_resets}
    resets |= {ClockReset("", 0, start.date(), label_at(start)) for start in _skipped(span, zone)}
    every = tuple(sorted(resets))
    return tuple(replace(one, clock_resets=every) for one in facts)


def _skipped(span: Window, zone: str) -> Iterator[datetime]:
    """Yield when each hour begins that a zone skips in the days of a time."""
    info, day = ZoneInfo(zone), timedelta(days=1)
    midnight = at_label(span.start.date(), 0)
    while midnight < span.stop:
        before, later = (moment.replace(tzinfo=info).utcoffset() for moment in (midnight, midnight + day))
        if before is not None and later is not None and before < later:
            quarters = Window(midnight, midnight + day).cut(timedelta(minutes=QUANTUM))
            yield from [quarter.start for quarter in quarters if _is_skipped(quarter.start, info)][:1]
        midnight += day


def _is_skipped(moment: datetime, info: ZoneInfo) -> bool:
    """Say whether the clock never shows a moment."""
    return datetime.fromtimestamp(moment.replace(tzinfo=info).timestamp(), info).replace(tzinfo=None) != moment


def clock_after(moment: datetime, seconds: int, zone: str) -> datetime:
    """Return what the wall clock shows so many seconds after a moment; in an hour that comes twice, the later time.

    Never earlier than the moment itself, though a clock that is set back in between shows such a time.
    """
    info = ZoneInfo(zone)
    # A moment of an hour that comes twice may be of either.
    ends = [
        datetime.fromtimestamp(moment.replace(tzinfo=info, fold=fold).timestamp() + seconds, info) for fold in (0, 1)
    ]
    shown = max(one.replace(tzinfo=None) for one in ends)
    # All of the hour has gone by once where it ends in its second time.
    again = any(one.fold for one in ends)
    return max(moment + timedelta(seconds=seconds) if again else moment, shown)


def clock_was_set(span: Window, acd: int | None, facts: Iterable[ServerFacts]) -> bool:
    """Say whether a server's diary has a clock reset of the ACD in a time; a reset without an ACD counts for all."""
    return any(_touches(reset, span) for one in facts for reset in one.clock_resets if reset.acd in (0, acd))


def _touches(reset: ClockReset, span: Window) -> bool:
    if reset.day == date.min:
        return True
    at = at_label(reset.day, reset.label)
    return span.start <= at < span.stop
