"""What the lines of a checklist are filled in from, and what a probe answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from syncengine.model.check import PairCheck
from syncengine.model.daily_check import DailyCheck, HookCheck
from syncengine.model.drift import Observation
from syncengine.model.facts import ServerFacts
from syncengine.model.filled_checklist import ProbeResult, ProbeState
from syncengine.model.outages import OutageReport
from syncengine.model.pair import PairSettings, Role
from syncengine.model.procedure import ProcedureLine
from syncengine.model.run import RunRecord
from syncengine.model.timetables import TimetableListing


class Need(StrEnum):
    """What has to be gathered of a pair before a line can be probed."""

    FACTS = "facts"
    """The links, archives and intervals of both servers."""
    CHECK = "check"
    OUTAGES = "outages"
    PROFILES = "profiles"
    """The call profiles of both servers, compared."""
    BACKUPS = "backups"
    """The answers of the hook `backups` for both servers."""
    ALIKE = "alike"
    """The daily check of both servers, with their differences since yesterday: that takes longest."""
    DAILY = "daily"
    """The daily check without that."""
    TIMETABLES = "timetables"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was gathered of a pair."""

    settings: PairSettings
    as_of: datetime
    since: datetime
    """On the clock of the switch."""
    begun: datetime
    """On that of this machine: runs that were begun before do not count."""
    gathered: frozenset[Need] = frozenset()
    problems: Mapping[Need, str] = field(default_factory=dict)
    """What could not be gathered, and why."""
    facts: Mapping[Role, ServerFacts] = field(default_factory=dict)
    silent: Mapping[Role, str] = field(default_factory=dict)
    """The servers that do not answer, and why."""
    check: PairCheck | None = None
    outages: OutageReport | None = None
    profiles: Observation | None = None
    backups: tuple[HookCheck, ...] = ()
    daily: DailyCheck | None = None
    timetables: TimetableListing | None = None
    runs: tuple[RunRecord, ...] = ()
    now: datetime | None = None
    """The time of this machine's clock at `as_of` of the switch's clock; None if that does not matter."""

    def on_the_switch(self, moment: datetime) -> datetime:
        """Return a moment on the clock of this machine, as runs have it, on that of the switch."""
        return min(self.as_of, self.as_of - (self.now - moment)) if self.now is not None else self.as_of

    @property
    def runs_since(self) -> tuple[RunRecord, ...]:
        """The runs that were begun since."""
        return tuple(run for run in self.runs if run.header.begun >= self.begun)


@dataclass(frozen=True, slots=True)
class ProbeQuestion:
    """What a probe answers: whether a line is done, by what happened since a moment on the clock of the switch."""

    line: ProcedureLine
    since: datetime

    @property
    def roles(self) -> tuple[Role, ...]:
        """The servers to probe: those of the line, both for a line without a server."""
        return self.line.place.roles or tuple(Role)


ProbeFunction = Callable[[Evidence, ProbeQuestion], ProbeResult]


@dataclass(frozen=True, slots=True)
class Probe:
    """How a line is probed, and what has to be gathered before."""

    run: ProbeFunction
    need: Need | None = None


def done(text: str, at: datetime | None = None) -> ProbeResult:
    """Return that a line is done, and when."""
    return ProbeResult(ProbeState.DONE, text, at)


def not_yet(text: str) -> ProbeResult:
    """Return that a line is not done."""
    return ProbeResult(ProbeState.NOT_YET, text)


def unknown(text: str) -> ProbeResult:
    """Return that it is not known whether a line is done."""
    return ProbeResult(ProbeState.UNKNOWN, text)


def shown(moment: datetime) -> str:
    """Return a moment as people read it."""
    return f"{moment:%Y-%m-%d %H:%M}"


def facts_or_why(evidence: Evidence, question: ProbeQuestion) -> Iterator[ServerFacts | ProbeResult]:
    """Yield the facts of each server of the line, or why there are none."""
    for role in question.roles:
        if role in evidence.facts:
            yield evidence.facts[role]
        else:
            why = evidence.silent.get(role) or evidence.problems.get(Need.FACTS) or f"{role} was not queried"
            yield unknown(why.rstrip("."))
