"""The rows of event tables: logins, calls, the trace and exceptions, cut where a link went down and came back."""

from __future__ import annotations

from collections.abc import Iterator

from tests.world.events import ACD, Segment, WorkState
from tests.world.history import History
from tests.world.intervals import available, delay, down_times, seen
from tests.world.values import Recorded, Scenario, Span, View

TRACED = 3
"""How many agents of an ACD are traced."""
TOO_LONG_IN_AUX = 4
"""The exception of an agent who is longer in AUX than a limit."""


class EventRows:
    """The event rows of one server."""

    def __init__(self, scenario: Scenario, history: History, view: View) -> None:
        self.scenario = scenario
        self.history = history
        self.view = view
        self.clock = scenario.clock
        self._down = down_times(scenario, view)

    def all(self) -> Iterator[Recorded]:
        """Yield every row of every event table but the diary."""
        yield from self._logins()
        yield from self._calls()
        yield from self._trace()
        yield from self._exceptions()

    def _written(self, acd: int, at: int) -> int:
        return available(at + delay(self.view, acd, at, 1, 9), self._down)

    def _logins(self) -> Iterator[Recorded]:
        for one in self.history.logins:
            of = ("login", one.acd, one.logid, one.split, one.begin)
            for begin, end in seen((one.begin, one.end), self.view.blind[one.acd]):
                if end > self.scenario.last:
                    continue
                cut = end < one.end
                row = {
                    "acd": one.acd,
                    "row_date": self.clock.shown(begin).date(),
                    "split": one.split,
                    "logid": one.logid,
                    "extn": one.extension,
                    "login": self.clock.epoch(begin),
                    "logout": self.clock.epoch(end),
                    "logout_date": self.clock.shown(end).date(),
                    "logout_reason": 0 if cut else one.reason,
                    "inflag": "<" if begin > one.begin else None,
                    "outflag": ">" if cut else None,
                    "loc_id": 1,
                    "sklevel": one.place + 1,
                    "skilltype": "p" if one.place == 0 else "s",
                }
                yield Recorded(self._written(one.acd, end), "haglog", row, one.acd, (begin, end), of)

    def _calls(self) -> Iterator[Recorded]:
        for one in self.history.segments:
            blind = self.view.blind[one.acd]
            of = ("call", one.acd, one.callid, one.segment)
            for begin, end in seen((one.begin, one.end), blind):
                # A record is written after the after-call work, or as the link goes down. That work itself is not cut:
                # no page says what a server has of it, and the demo has all.
                written = seen((begin, one.finish), blind)[0][1] if end == one.end else end
                row = self._call_row(one, (begin, end))
                yield Recorded(self._written(one.acd, written), "call_rec", row, one.acd, (begin, end), of)

    def _call_row(self, one: Segment, part: Span) -> dict[str, object]:
        begin, end = part
        answered = one.answered if one.disposition == 2 else end
        knows_answer = one.disposition == 2 and answered < end
        shown = self.clock.shown(begin)
        talked = end - max(begin, answered) if knows_answer else 0
        over = end == one.end
        return {
            "acd": one.acd,
            "row_date": shown.date(),
            "row_time": shown.hour * 100 + shown.minute,
            "callid": one.callid,
            "segment": one.segment,
            "ucid": f"{one.acd:05d}{one.callid:05d}{self.clock.epoch(one.begin):010d}",
            "segstart": self.clock.epoch(begin),
            "segstop": self.clock.epoch(end),
            "acwtime": one.finish - end if over else 0,
            "ansholdtime": min(one.held, talked) if over else 0,
            "disptime": max(0, min(answered, end) - begin),
            "duration": end - begin,
            "talktime": talked,
            "anslogin": one.logid if knows_answer else "",
            "origlogin": one.origin,
            "conference": int(over and one.conference),
            "disposition": one.disposition if over or knows_answer else 6,
            "dispsplit": one.split or None,
            "dispvdn": one.vdn,
            "dispvector": one.vector,
            "firstvdn": one.vdn,
            "firstvector": one.vector,
            "held": int(over and 0 < one.held <= talked),
            "lastcwc": one.cwc if over else "",
            "split1": one.split,
            "tkgrp": one.tkgrp,
            "transferred": int(over and one.transferred),
        }

    def _trace(self) -> Iterator[Recorded]:
        traced = {
            (acd.number, f"{3000 + 1000 * acd.number + number}")
            for acd in self.scenario.acds
            for number in range(1, TRACED + 1)
        }
        for one in self.history.states:
            if (one.acd, one.logid) not in traced:
                continue
            of = ("state", one.acd, one.logid, one.begin, one.number)
            for begin, end in seen((one.begin, one.end), self.view.blind[one.acd]):
                if end <= self.scenario.last:
                    row = self._state_row(one, begin, end)
                    yield Recorded(self._written(one.acd, end), "ag_actv", row, one.acd, (begin, end), of)

    def _state_row(self, one: WorkState, begin: int, end: int) -> dict[str, object]:
        return {
            "acd": one.acd,
            "row_date": self.clock.shown(begin).date(),
            "starttime": self.clock.epoch(begin),
            "wmode_seq": one.number,
            "logid": one.logid,
            "split": one.split,
            "workmode": one.mode,
            "direction": int(one.mode == ACD),
            "duration": end - begin,
            "event_time": 0,
            "auxreason": one.reason,
            "interrupted": "n",
            "loc_id": 1,
        }

    def _exceptions(self) -> Iterator[Recorded]:
        for one in self.history.exceptions:
            # A server times an agent by what it sees: after an outage it begins anew.
            if seen((one.since, one.at + 1), self.view.blind[one.acd]) != ((one.since, one.at + 1),):
                continue
            shown = self.clock.shown(one.at)
            row = {
                "acd": one.acd,
                "row_date": shown.date(),
                "row_time": shown.hour * 100 + shown.minute,
                "extype": TOO_LONG_IN_AUX,
                "threshold": one.threshold,
                "time": one.threshold,
                "logid": one.logid,
                "split": one.split,
                "reason_code": one.reason,
            }
            of = ("exception", one.acd, one.logid, one.at)
            yield Recorded(self._written(one.acd, one.at), "agex", row, one.acd, (one.at, one.at), of)
