"""The diary of a server: when its links were down, why, and when the clock was set."""

from __future__ import annotations

from collections.abc import Iterator

from tests.world.intervals import available, down_times
from tests.world.values import ClockSet, Recorded, Scenario, View

STARTED, OFF, CLOCK_SET, SESSION_DOWN = 91, 93, 96, 97
"""Reasons: collection started, turned off, clock reset, session down."""


def diary_rows(scenario: Scenario, view: View) -> Iterator[Recorded]:
    """Yield the rows of a server's diary; that of an outage is replaced, by its `of`, when the outage ends."""
    down = down_times(scenario, view)
    for acd, blind in sorted(view.blind.items()):
        for begin, end in blind:
            first = OFF if any(since <= begin < until for since, until in down) else SESSION_DOWN
            of = ("link", view.server, acd, begin)
            opened, closed = available(begin, down), available(end, down)
            if opened < closed:
                yield _row(scenario, acd, begin, first, None, opened, (begin, end), of)
            yield _row(scenario, acd, begin, first, end - begin, closed, (begin, end), of)
            if any(begin <= since < end for since, _ in down):
                started = ("started", view.server, acd, begin)
                yield _row(scenario, acd, end, STARTED, 0, closed, (end, end), started)
        for one in scenario.happenings:
            if isinstance(one, ClockSet):
                # The label is what was shown just before: so an hour that is skipped follows it.
                shown_last = max(one.at - 1, 0)
                yield _row(
                    scenario,
                    acd,
                    shown_last,
                    CLOCK_SET,
                    0,
                    available(one.at, down),
                    (one.at, one.at),
                    ("clock", view.server, acd, one.at),
                )


def _row(
    scenario: Scenario,
    acd: int,
    when: int,
    reason: int,
    duration: int | None,
    at: int,
    span: tuple[int, int],
    of: tuple[str, str, int, int],
) -> Recorded:
    clock = scenario.clock
    row = {
        "acd": acd,
        "row_date": clock.shown(when).date(),
        "row_time": clock.label(when),
        "reason": reason,
        "duration": duration,
        "threshold": 0,
    }
    return Recorded(at, "linkex", row, acd, span, of)
