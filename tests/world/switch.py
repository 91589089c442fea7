"""One ACD of the switch: its agents, queues and trunks, driven by a heap of events."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from tests.world.clock import DAY, HOUR, MINUTE, WallClock
from tests.world.events import ACD, ACW, AUX, AVAIL, RING, Exceeded, Login, Segment, WorkState
from tests.world.values import Acd, Span

NEVER_ENDS = DAY
"""How long after the world's end a login or a call goes on that is still going on then."""
LAST_CALLS = 25 * MINUTE
"""How long before a quiet time the last call arrives: all are over when it begins."""
AUX_LIMIT = 10 * MINUTE
"""An exception is recorded for an agent who is longer in AUX."""
LOGGED_OFF = 0


@dataclass(slots=True)
class _Agent:
    """An agent as he is at the moment."""

    logid: str
    extension: str
    splits: tuple[int, ...] = ()
    booked: int = 0
    mode: int = LOGGED_OFF
    split: int = 0
    since: int = 0
    session: int = 0
    reason: int = 0
    states: int = 0
    leaves: bool = False
    """He logs off as soon as his call is over."""
    epoch: int = 0
    """Counts his sessions, so that what was planned for an earlier one is dropped."""
    begins: dict[int, int] = field(default_factory=dict)
    """When he was given each of his splits."""


@dataclass(slots=True)
class _Call:
    """A call as it is at the moment."""

    number: int
    begin: int
    vdn: int
    split: int
    tkgrp: int
    segment: int = 1
    origin: str = ""
    rang: int = 0
    waiting: bool = True


class Switch:
    """What happens at one ACD up to the end of the world."""

    def __init__(self, acd: Acd, clock: WallClock, last: int, quiet: Sequence[Span], chance: Random) -> None:
        self.acd = acd
        self.clock = clock
        self.last = last
        self.quiet = quiet
        self.chance = chance
        self.logins: list[Login] = []
        self.states: list[WorkState] = []
        self.segments: list[Segment] = []
        self.exceptions: list[Exceeded] = []
        self._events: list[tuple[int, int, Callable[[int], None]]] = []
        self._scheduled = 0
        self._calls = 0
        self._queues: dict[int, list[_Call]] = {split: [] for split in range(1, acd.splits + 1)}
        self._agents = [
            _Agent(f"{3000 + 1000 * acd.number + number}", f"{200 + number}") for number in range(1, acd.agents + 1)
        ]

    def run(self) -> None:
        """Let all happen that begins before the end of the world; calls that are going on then come to theirs."""
        for number, agent in enumerate(self._agents):
            self._plan_sessions(agent, night=number % 4 == 3)
        self._plan_call(0)
        while self._events and self._events[0][0] < self.last + HOUR:
            at, _, happens = heapq.heappop(self._events)
            happens(at)
        for agent in self._agents:
            if agent.mode != LOGGED_OFF:
                for split in sorted(agent.begins):
                    self._end_login(agent, split, self.last + NEVER_ENDS, 0)
                self._end_state(agent, self.last + NEVER_ENDS)

    def _at(self, at: int, happens: Callable[[int], None]) -> None:
        self._scheduled += 1
        heapq.heappush(self._events, (at, self._scheduled, happens))

    # Agents

    def _plan_sessions(self, agent: _Agent, *, night: bool) -> None:
        free_from = 0
        for number in range(-(-self.last // DAY)):
            day = self.clock.start + timedelta(days=number)
            starts = self.chance.randrange(21 * 60, 23 * 60) if night else self.chance.randrange(6 * 60 + 30, 11 * 60)
            hours, seconds = self.chance.randrange(4, 10), self.chance.randrange(HOUR)
            lunch, short = self.chance.randrange(2 * HOUR, 4 * HOUR), self.chance.random() < 0.5
            gap = self.chance.randrange(40, 400) if short else self.chance.randrange(20 * MINUTE, 70 * MINUTE)
            begins = self.clock.times(day + timedelta(minutes=starts), self.last)
            if self.chance.random() < 0.1 or not begins:
                continue
            begin = begins[0] + seconds % 60
            end = begin + hours * HOUR + seconds
            for start, stop in ((begin, begin + lunch), (begin + lunch + gap, end)):
                for first, until in self._awake(max(start, free_from), stop):
                    if until - first >= 10 * MINUTE:
                        self._at(first, self._log_on(agent, until))
                        free_from = until + HOUR // 2 if stop == end else 0
        if night and not self.quiet_at(0) and self.chance.random() < 0.8:
            first = self.chance.randrange(1, 5 * MINUTE)
            parts = self._awake(first, self.chance.randrange(4 * HOUR, 7 * HOUR))
            self._at(first, self._log_on(agent, parts[0][1]))

    def _awake(self, begin: int, end: int) -> list[Span]:
        """Return the parts of a time that are not quiet, with some minutes before those that are."""
        parts = []
        at = begin
        for first, until in self.quiet:
            if first < end and until > at:
                if first - at > 10 * MINUTE:
                    parts.append((at, first - self.chance.randrange(1, 3 * MINUTE)))
                at = max(at, until + self.chance.randrange(1, 10 * MINUTE))
        return [*parts, (at, end)] if at < end else parts

    def quiet_at(self, at: int) -> bool:
        """Say whether a second is in a quiet time."""
        return any(first <= at < until for first, until in self.quiet)

    def _log_on(self, agent: _Agent, until: int) -> Callable[[int], None]:
        def happens(at: int) -> None:
            if agent.mode != LOGGED_OFF or until - at < MINUTE:
                return
            agent.epoch += 1
            number = min(self.acd.splits, self.chance.randrange(1, 4))
            first = self.chance.randrange(self.acd.splits)
            agent.splits = tuple(1 + (first + more) % self.acd.splits for more in range(number))
            agent.booked, agent.session, agent.states, agent.leaves = agent.splits[0], at, 0, False
            agent.begins = dict.fromkeys(agent.splits, at)
            agent.mode, agent.split, agent.since, agent.reason = AUX, 0, at, 0
            self._at(at + self.chance.randrange(5, 90), self._becomes_available(agent, agent.epoch, AUX))
            self._at(until, self._leaves(agent, agent.epoch))
            self._at(at + self.chance.randrange(15 * MINUTE, 90 * MINUTE), self._rests(agent, agent.epoch))
            if self.acd.splits > 1 and self.chance.random() < 0.25:
                self._at(self.chance.randrange(at + MINUTE, max(at + 2 * MINUTE, until)), self._reskill(agent))

        return happens

    def _reskill(self, agent: _Agent) -> Callable[[int], None]:
        epoch = agent.epoch

        def happens(at: int) -> None:
            if agent.epoch != epoch or agent.mode == LOGGED_OFF or agent.leaves:
                return
            spare = [split for split in range(1, self.acd.splits + 1) if split not in agent.splits]
            surplus = [split for split in agent.splits if split not in (agent.booked, agent.split)]
            if spare and (len(agent.splits) < 3 or not surplus):
                agent.begins[spare[0]] = at
                agent.splits += (spare[0],)
            elif surplus:
                self._end_login(agent, surplus[0], at, 0)
                agent.splits = tuple(split for split in agent.splits if split != surplus[0])

        return happens

    def _leaves(self, agent: _Agent, epoch: int) -> Callable[[int], None]:
        def happens(at: int) -> None:
            if agent.epoch != epoch or agent.mode == LOGGED_OFF:
                return
            if agent.mode in (AUX, AVAIL):
                self._log_off(agent, at)
            else:
                agent.leaves = True

        return happens

    def _log_off(self, agent: _Agent, at: int) -> None:
        reason = self.chance.randrange(1, 4)
        for split in sorted(agent.begins):
            self._end_login(agent, split, at, reason)
        self._end_state(agent, at)
        agent.mode, agent.leaves = LOGGED_OFF, False
        agent.epoch += 1

    def _end_login(self, agent: _Agent, split: int, at: int, reason: int) -> None:
        place = agent.splits.index(split)
        begin = agent.begins.pop(split)
        if begin < at:
            self.logins.append(
                Login(self.acd.number, agent.logid, agent.extension, split, place, begin, at, agent.session, reason)
            )

    def _end_state(self, agent: _Agent, at: int) -> None:
        if agent.since < at:
            agent.states += 1
            self.states.append(
                WorkState(
                    self.acd.number,
                    agent.logid,
                    agent.split,
                    agent.booked,
                    agent.mode,
                    agent.states,
                    agent.since,
                    at,
                    agent.reason,
                )
            )
        if agent.mode == AUX and at - agent.since > AUX_LIMIT:
            self.exceptions.append(
                Exceeded(
                    self.acd.number,
                    agent.since,
                    agent.since + AUX_LIMIT,
                    agent.logid,
                    agent.booked,
                    AUX_LIMIT,
                    agent.reason,
                )
            )

    def _enters(self, agent: _Agent, mode: int, at: int, split: int = 0, reason: int = 0) -> None:
        self._end_state(agent, at)
        agent.mode, agent.split, agent.since, agent.reason = mode, split, at, reason

    def _becomes_available(self, agent: _Agent, epoch: int, after: int) -> Callable[[int], None]:
        def happens(at: int) -> None:
            if agent.epoch != epoch or agent.mode != after:
                return
            if agent.leaves:
                self._log_off(agent, at)
                return
            self._enters(agent, AVAIL, at)
            waiting = [queue[0] for split in agent.splits if (queue := self._queues[split])]
            if waiting:
                call = min(waiting, key=lambda one: (one.begin, one.number))
                self._queues[call.split].remove(call)
                self._ring(agent, call, at)

        return happens

    def _rests(self, agent: _Agent, epoch: int) -> Callable[[int], None]:
        def happens(at: int) -> None:
            if agent.epoch != epoch or agent.mode == LOGGED_OFF:
                return
            if agent.mode == AVAIL:
                self._enters(agent, AUX, at, reason=self.chance.randrange(1, 5))
                until = at + self.chance.randrange(2 * MINUTE, 15 * MINUTE)
                self._at(until, self._becomes_available(agent, epoch, AUX))
            self._at(at + self.chance.randrange(25 * MINUTE, 2 * HOUR), self._rests(agent, epoch))

        return happens

    # Calls

    def _plan_call(self, at: int) -> None:
        if self.acd.calls_an_hour <= 0 or at >= self.last:
            return
        shown: datetime = self.clock.shown(at)
        rate = self.acd.calls_an_hour * (1.0 if 8 <= shown.hour < 20 else 0.2)
        following = at + 1 + int(self.chance.expovariate(rate / HOUR))
        for first, until in self.quiet:
            if first - LAST_CALLS <= following < until:
                following = until + self.chance.randrange(1, 20 * MINUTE)
        if following - at > HOUR and not 8 <= shown.hour < 20:
            # The night ends meanwhile: calls arrive by the hour that the clock shows.
            self._at(at + HOUR, self._plan_call)
        elif following < self.last:
            self._at(following, self._arrives)

    def _arrives(self, at: int) -> None:
        self._plan_call(at)
        if any(first - LAST_CALLS <= at < until for first, until in self.quiet):
            return
        self._calls += 1
        vdn = self.chance.randrange(1, self.acd.vdns + 1)
        split = 1 + (vdn - 1) % self.acd.splits
        call = _Call(self._calls, at, vdn, split, self.chance.randrange(1, self.acd.trunk_groups + 1))
        if self.chance.random() < 0.06:
            call.split = 0
            ends = at + self.chance.randrange(4, 20)
            self._at(ends, lambda then: self._record(call, then, 6))
            return
        free = [one for one in self._agents if one.mode == AVAIL and split in one.splits and not one.leaves]
        if free:
            self._ring(min(free, key=lambda one: (one.since, one.logid)), call, at)
            return
        self._queues[split].append(call)
        self._at(at + self.chance.randrange(15, 240), self._gives_up(call))

    def _gives_up(self, call: _Call) -> Callable[[int], None]:
        def happens(at: int) -> None:
            if call.waiting:
                call.waiting = False
                self._queues[call.split].remove(call)
                self._record(call, at, 3)

        return happens

    def _ring(self, agent: _Agent, call: _Call, at: int) -> None:
        call.waiting, call.rang = False, at
        self._enters(agent, RING, at, call.split)
        if self.chance.random() < 0.04:
            self._at(at + self.chance.randrange(2, 9), self._abandoned_ringing(agent, call))
        else:
            self._at(at + self.chance.randrange(2, 9), self._answered(agent, call))

    def _abandoned_ringing(self, agent: _Agent, call: _Call) -> Callable[[int], None]:
        epoch = agent.epoch

        def happens(at: int) -> None:
            self._record(call, at, 3)
            self._becomes_available(agent, epoch, RING)(at)

        return happens

    def _answered(self, agent: _Agent, call: _Call) -> Callable[[int], None]:
        def happens(at: int) -> None:
            self._enters(agent, ACD, at, call.split)
            held = self.chance.randrange(10, 90) if self.chance.random() < 0.15 else 0
            talk = min(15 * MINUTE, 15 + int(self.chance.expovariate(1 / 170))) + held
            self._at(at + talk, self._ends(agent, call, at, held))

        return happens

    def _ends(self, agent: _Agent, call: _Call, answered: int, held: int) -> Callable[[int], None]:
        def happens(at: int) -> None:
            others = [one for one in self._agents if one.mode == AVAIL and call.split in one.splits and not one.leaves]
            drawn = self.chance.random()
            passes_on = call.segment < 3 and drawn < 0.15 and bool(others)
            wrap = self.chance.randrange(5, 120) if self.chance.random() < 0.8 else 0
            self.segments.append(
                Segment(
                    self.acd.number,
                    call.number,
                    call.segment,
                    call.begin,
                    at,
                    at + wrap,
                    f"{45000 + 100 * self.acd.number + call.vdn}",
                    call.vdn,
                    call.split,
                    call.tkgrp,
                    2,
                    answered,
                    answered - call.rang,
                    agent.logid,
                    call.origin,
                    held,
                    transferred=passes_on,
                    conference=passes_on and drawn < 0.05,
                    cwc=f"{100 * self.chance.randrange(1, 4)}" if self.chance.random() < 0.4 else "",
                )
            )
            epoch = agent.epoch
            if wrap:
                self._enters(agent, ACW, at, call.split)
                self._at(at + wrap, self._becomes_available(agent, epoch, ACW))
            else:
                self._becomes_available(agent, epoch, ACD)(at)
            if passes_on:
                further = _Call(
                    call.number, at, call.vdn, call.split, call.tkgrp, call.segment + 1, agent.logid, waiting=False
                )
                ready = [one for one in others if one.mode == AVAIL]
                if ready:
                    self._ring(min(ready, key=lambda one: (one.since, one.logid)), further, at)
                else:
                    self._record(further, at + self.chance.randrange(3, 30), 3)

        return happens

    def _record(self, call: _Call, at: int, disposition: int) -> None:
        self.segments.append(
            Segment(
                self.acd.number,
                call.number,
                call.segment,
                call.begin,
                at,
                at,
                f"{45000 + 100 * self.acd.number + call.vdn}",
                call.vdn,
                call.split,
                call.tkgrp,
                disposition,
                origin=call.origin,
            )
        )
