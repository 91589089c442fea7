"""Windows as people type them.

`2000-06-05 05:13..05:19`, `2000-06-05 23:50..00:10`, `06/05/00 05:13..06/05/00 05:19`, `2000-06-05`,
`2000-06`, `1998-01..2000-06`. A typed stop is inclusive: 05:29 ends with that minute, a day or month
named as a stop is taken whole. Two-digit years 70 to 99 are of the 1900s (High Availability guide, ch. 3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from syncengine.model.errors import WindowError
from syncengine.model.window import DAY, MINUTE, Window

EXAMPLE = "Write it like '2000-06-05 05:13..05:19', '06/05/00 05:13..05:19', '2000-06-05' or '2000-05..2000-06'."
MOMENT_EXAMPLE = "Write it like '2000-06-05' or '2000-06-05 05:13'."
OVER_MIDNIGHT = timedelta(hours=12)
"""A stop with no date and earlier than the start is of the next day, if the window stays this short."""

FIRST_YEAR, LAST_YEAR = 1970, 2069
"""The years that two digits can stand for."""

_DATE = r"(?:(?P<y>\d{4})-(?P<m>\d{1,2})(?:-(?P<d>\d{1,2}))?|(?P<um>\d{1,2})/(?P<ud>\d{1,2})/(?P<uy>\d{2}|\d{4}))"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})"
_MOMENT = re.compile(rf"(?:{_DATE})?(?:(?:(?<=\d)(?:T|\s+)|(?<!.)){_TIME})?")


@dataclass(frozen=True, slots=True)
class _Moment:
    """A typed moment: any of its parts may be missing."""

    day: date | None
    whole_month: bool
    time: tuple[int, int] | None


def parse_window(text: str) -> Window:
    """Return the window a person typed; raises `WindowError` with what to type instead."""
    start_text, dots, stop_text = text.strip().partition("..")
    first = _moment(start_text, text)
    if first.day is None:
        raise WindowError(f"{text!r} has no day to start on.", hint=EXAMPLE)
    start = _begins(first, first.day)
    if not dots:
        if first.time is not None:
            raise WindowError(f"{text!r} has no time to stop at.", hint=EXAMPLE)
        return Window(start, _ends(first, first.day))
    last = _moment(stop_text, text)
    if last.day is not None:
        return _forwards(start, _ends(last, last.day), text)
    stop = _ends(last, first.day)
    if stop <= start and stop + DAY - start < OVER_MIDNIGHT:
        stop += DAY
    return _forwards(start, stop, text)


def typed_window(window: Window) -> str:
    """Return a window as a person types it, which `parse_window` reads back: its stop is inclusive."""
    last = window.stop - MINUTE
    stop = f"{last:%H:%M}" if last.date() == window.start.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{window.start:%Y-%m-%d %H:%M}..{stop}"


def parse_moment(text: str) -> datetime:
    """Return the beginning of a day or minute a person typed; raises `WindowError` with what to type instead."""
    found = _moment(text, None)
    if found.day is None:
        raise WindowError(f"{text!r} has no day.", hint=MOMENT_EXAMPLE)
    return _begins(found, found.day)


def refuse_far(day: date, part: str, window: str | None = None) -> None:
    """Refuse a day in a year that two digits cannot stand for; `part` is how it was typed, in a window or alone."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _wrong(part, window, f"is outside the years {FIRST_YEAR} to {LAST_YEAR}")


def _forwards(start: datetime, stop: datetime, text: str) -> Window:
    if stop <= start:
        raise WindowError(
            f"The window {text!r} runs backwards: it would stop at {stop - MINUTE:%Y-%m-%d %H:%M}, before it starts.",
            hint="Put the earlier time first. If the stop is on another day, type its date too.",
        )
    return Window(start, stop)


def _moment(typed: str, window: str | None) -> _Moment:
    """Return a moment of a window, or one that is typed alone."""
    part = typed.strip()
    match = _MOMENT.fullmatch(part)
    if match is None or not part:
        raise _wrong(part or window or typed, window, "is not a time")
    found = match.groupdict()
    time = None
    if found["hour"] is not None:
        time = (int(found["hour"]), int(found["minute"]))
        if time[0] > 23 or time[1] > 59:
            raise _wrong(part, window, "is not a time of day")
    try:
        day = _day(found)
    except ValueError:
        raise _wrong(part, window, "is not a date") from None
    if day is not None:
        refuse_far(day, part, window)
    whole_month = day is not None and found["y"] is not None and found["d"] is None
    if whole_month and time is not None:
        raise _wrong(part, window, "names a month and a time, but no day")
    return _Moment(day, whole_month, time)


def _wrong(part: str, window: str | None, what: str) -> WindowError:
    if window is None:
        return WindowError(f"{part!r} {what}.", hint=MOMENT_EXAMPLE)
    return WindowError(f"{part!r} in the window {window!r} {what}.", hint=EXAMPLE)


def _day(found: dict[str, str | None]) -> date | None:
    if found["y"] is not None:
        return date(int(found["y"]), int(found["m"] or 0), int(found["d"] or 1))
    if found["uy"] is None:
        return None
    year = int(found["uy"])
    if year < 100:
        year += 1900 if year >= 70 else 2000
    return date(year, int(found["um"] or 0), int(found["ud"] or 0))


def _begins(moment: _Moment, day: date) -> datetime:
    hour, minute = moment.time or (0, 0)
    return datetime(day.year, day.month, day.day, hour, minute)


def _ends(moment: _Moment, day: date) -> datetime:
    """Return the first moment after what was typed: the next minute, day or month."""
    if moment.time is not None:
        return _begins(moment, day) + MINUTE
    if moment.whole_month:
        return datetime(day.year + day.month // 12, day.month % 12 + 1, 1)
    return _begins(moment, day) + DAY
