"""Lets a batch begin only when nothing speaks for waiting: the hours, an archive, others waiting for locks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncengine import machine
from syncengine.model.errors import InputError
from syncengine.model.pair import Role
from syncengine.model.window import DAY
from syncengine.servers.protocol import Server
from syncengine.staging.run_folder import RunFolder

HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-4]):([0-5]\d)")
POLL_SECONDS = 5.0
"""Between two checks of the reason to wait."""
FRESH_SECONDS = 15.0
"""How long an answer of the servers is valid."""
LONGEST_WAIT = 600.0
"""Seconds: others may wait for locks that are not ours, and must not stop a run for ever."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of the day in which a run may write; they may pass midnight."""

    start: timedelta
    stop: timedelta

    def contains(self, moment: datetime) -> bool:
        """Say whether a moment is in them."""
        passed = moment - datetime(moment.year, moment.month, moment.day)
        if self.start < self.stop:
            return self.start <= passed < self.stop
        return passed >= self.start or passed < self.stop

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.stop)}"


def parse_hours(text: str) -> Hours:
    """Return hours as people type them; raises `InputError` for invalid ones."""
    found = HOURS.fullmatch(text.strip())
    if found:
        first, first_minutes, last, last_minutes = (int(one) for one in found.groups())
        start, stop = timedelta(hours=first, minutes=first_minutes), timedelta(hours=last, minutes=last_minutes)
        if start != stop and stop <= DAY:
            return Hours(start, stop)
    raise InputError(f"Not valid hours: {text}.", hint="Type them as 22:00-05:00.")


def _clock(passed: timedelta) -> str:
    minutes = int(passed.total_seconds()) // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@dataclass(slots=True)
class Pacer:
    """Waits, and records why with the run."""

    run: RunFolder
    servers: Mapping[Role, Server]
    into: frozenset[Role]
    hours: Hours | None
    wall_clock: Callable[[], datetime]
    archiving: Callable[[Server, Role], str]
    """Returns which archive is running on a server, or an empty text."""
    report: Callable[[str], None]
    clock: Callable[[], float] = field(default_factory=lambda: machine.monotonic)
    sleep: Callable[[float], None] = field(default_factory=lambda: machine.sleep)
    _checked: float | None = None
    _waited: float = 0.0
    """Seconds waited for others' locks, in all batches together."""

    def __call__(self) -> None:
        """Wait until a batch may begin."""
        reported = ""
        while why := self._why():
            if why != reported:
                self.run.mark("waiting", why=why)
                self.report(why)
                reported = why
            self.sleep(POLL_SECONDS)
        if reported:
            self.run.mark("going on")

    def _why(self) -> str:
        if self.hours is not None and not self.hours.contains(self.wall_clock()):
            return f"for the hours {self.hours}"
        if self._checked is not None and self.clock() - self._checked < FRESH_SECONDS:
            return ""
        for role, server in self.servers.items():
            running = self.archiving(server, role)
            if running:
                return f"until {running}"
        if self._waited < LONGEST_WAIT:
            for role in self.into:
                if self.servers[role].waiting_sessions():
                    return self._for_locks(role)
        self._checked = self.clock()
        return ""

    def _for_locks(self, role: Role) -> str:
        """Return why to wait, or report that the longest wait is over."""
        self._waited += POLL_SECONDS
        if self._waited < LONGEST_WAIT:
            return f"because others wait for locks on {role}"
        minutes = LONGEST_WAIT / 60
        self.report(
            f"no longer: continues although others wait for locks on {role}, after {minutes:.0f} minutes in all"
        )
        return ""
