"""The checklist of a pair with its state: what is ticked, what the pair itself shows, what remains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from syncengine.model.hooks import HookRecord, HookState, with_record
from syncengine.model.pair import Role
from syncengine.model.procedure import Procedure, ProcedureLine, Way


class TickedBy(StrEnum):
    """Who ticked a line."""

    HAND = "hand"
    HOOK = "hook"
    PROBE = "probe"
    """A probe of the pair showed that it is done."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line that is done."""

    line: str
    """Its name."""
    at: datetime
    """When it was done, or found to be done, on the clock of the switch."""
    by: TickedBy
    how: str = ""
    """What the probe found, or what the hook printed, as a sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class ChecklistRecord:
    """What is saved of a checklist that was begun."""

    name: str
    begun: datetime
    """On the clock of this machine, as for runs."""
    since: datetime
    """On the clock of the switch: what happened before does not count."""
    way: str = ""
    ticks: tuple[Tick, ...] = ()
    unticked: tuple[tuple[str, datetime], ...] = ()
    """Lines that a user has unticked, and when: earlier probes do not count for them."""
    hooks: tuple[HookRecord, ...] = ()
    """Each run of a hook for it, in order; from before it was begun anew, only hooks that set the mode of a server."""

    def since_of(self, line: str) -> datetime:
        """Return the time from which events count for a line."""
        return max([self.since, *(at for name, at in self.unticked if name == line)])

    def with_hook(self, hook: HookRecord) -> ChecklistRecord:
        """Return the record with the start or the result of a hook."""
        return replace(self, hooks=tuple(with_record(self.hooks, hook)))

    def hook_of(self, line: ProcedureLine) -> HookRecord | None:
        """Return the last record of a hook of a line that is not done, or None."""
        kinds = [line.kind.value] if line.kind is not None else []
        last = {one.server: one for one in self.hooks if one.kind in kinds and one.server in line.place.roles}
        return next((one for one in last.values() if one.state is not HookState.DONE), None)

    def with_tick(self, tick: Tick) -> ChecklistRecord:
        """Return the record with one more tick. A tick of a person or hook replaces one of a probe, and stays."""
        before = self.tick(tick.line)
        if before is not None and (tick.by is TickedBy.PROBE or before.by is not TickedBy.PROBE):
            return self
        return replace(self, ticks=(*(one for one in self.ticks if one is not before), tick))

    def without_tick(self, line: str, at: datetime) -> ChecklistRecord:
        """Return the record without the tick of a line; only later events count for that line."""
        ticks = tuple(one for one in self.ticks if one.line != line)
        return replace(self, ticks=ticks, unticked=(*(one for one in self.unticked if one[0] != line), (line, at)))

    def tick(self, line: str) -> Tick | None:
        """Return the tick of a line by its name, or None."""
        return next((tick for tick in self.ticks if tick.line == line), None)


class ProbeState(StrEnum):
    """The state of a line as the pair shows it."""

    DONE = "done"
    NOT_YET = "not yet"
    UNKNOWN = "unknown"
    """The pair does not show it, or could not be queried."""
    WAITS = "waits"
    """Another line comes first."""
    NOT_NEEDED = "not needed"
    """There is nothing to do on this pair."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The state of a line as the pair shows it, and why, as a sentence without a full stop."""

    state: ProbeState
    message: str
    at: datetime | None = None
    """When it was done, if that is known."""


@dataclass(frozen=True, slots=True)
class FilledLine:
    """A line and its state."""

    number: int
    line: ProcedureLine
    tick: Tick | None = None
    probe_result: ProbeResult | None = None
    """What the pair shows now; None if the line has no probe, or it was not probed."""
    hooks: tuple[Role, ...] = ()
    """The servers on which a hook of the pair file carries it out."""
    details: tuple[str, ...] = ()
    """What people need for it, one item each."""

    @property
    def done(self) -> bool:
        """Say whether nothing remains to do."""
        return self.tick is not None or (
            self.probe_result is not None and self.probe_result.state is ProbeState.NOT_NEEDED
        )

    @property
    def by_hook(self) -> bool:
        """Say whether hooks can do it, on every server of the line."""
        return bool(self.hooks) and set(self.hooks) == set(self.line.place.roles)

    @property
    def contradicted(self) -> str:
        """What the pair shows that contradicts its tick, as a sentence without a full stop; empty if nothing does."""
        if self.tick is None or self.probe_result is None or self.line.temporary:
            return ""
        return self.probe_result.message if self.probe_result.state is ProbeState.NOT_YET else ""


@dataclass(frozen=True, slots=True)
class FilledChecklist:
    """A whole checklist with its state; without a pair it has neither ticks nor a time."""

    procedure: Procedure
    lines: tuple[FilledLine, ...]
    way: Way | None = None
    as_of: datetime | None = None
    since: datetime | None = None
    begun: datetime | None = None
    """None if it was not begun: then nothing is saved."""
    notes: tuple[str, ...] = ()
    outdated: bool = False
    """It is a daily one, and was begun on another day: its ticks are of that day."""

    @property
    def finished(self) -> bool:
        """Say whether nothing remains to do, and nothing contradicts that."""
        return not (self.remaining or self.contradicted or self.outdated)

    @property
    def remaining(self) -> tuple[FilledLine, ...]:
        """The lines that remain to do, in order."""
        return tuple(line for line in self.lines if not line.done)

    @property
    def contradicted(self) -> tuple[FilledLine, ...]:
        """The lines that are ticked although the pair shows that they are not done."""
        return tuple(line for line in self.lines if line.contradicted)
