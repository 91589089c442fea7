"""A checklist that a pair is in the middle of: what is ticked, what the pair itself shows, what is left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from syncengine.model.hooks import HookRecord, HookState, with_record
from syncengine.model.pair import Role
from syncengine.model.procedure import Procedure, ProcedureLine, Way


class TickedBy(StrEnum):
    """Who says that a line is done."""

    HAND = "hand"
    HOOK = "hook"
    PROBE = "sight"
    """The pair showed it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line that is done."""

    line: str
    """Its name."""
    at: datetime
    """When it was done, or seen to be, on the clock of the switch."""
    by: TickedBy
    how: str = ""
    """How it was seen, or what the hook said, as a sentence without its end."""


@dataclass(frozen=True, slots=True)
class ChecklistRecord:
    """What is kept of a checklist that was begun."""

    name: str
    begun: datetime
    """On the clock of this machine, as runs have it."""
    since: datetime
    """On the clock of the switch: what happened before is not counted."""
    way: str = ""
    ticks: tuple[Tick, ...] = ()
    unticked: tuple[tuple[str, datetime], ...] = ()
    """Lines of which somebody said that they are not done, and when: what was seen before does not count for them."""
    hooks: tuple[HookRecord, ...] = ()
    """Every time a hook was run for it, in order; of what was ticked before it was begun anew, the modes of servers."""

    def since_of(self, line: str) -> datetime:
        """Return since when what happened counts for a line."""
        return max([self.since, *(at for name, at in self.unticked if name == line)])

    def with_hook(self, hook: HookRecord) -> ChecklistRecord:
        """Return it with what became of a hook, or that it is begun."""
        return replace(self, hooks=tuple(with_record(self.hooks, hook)))

    def hook_of(self, line: ProcedureLine) -> HookRecord | None:
        """Return the last that is known of the hooks of a line, of that which is not done first, or None."""
        kinds = [line.kind.value] if line.kind is not None else []
        last = {one.server: one for one in self.hooks if one.kind in kinds and one.server in line.place.roles}
        return next((one for one in last.values() if one.state is not HookState.DONE), None)

    def with_tick(self, tick: Tick) -> ChecklistRecord:
        """Return it with a tick more. What people and hooks say takes the place of what was seen, and stays."""
        before = self.tick(tick.line)
        if before is not None and (tick.by is TickedBy.PROBE or before.by is not TickedBy.PROBE):
            return self
        return replace(self, ticks=(*(one for one in self.ticks if one is not before), tick))

    def without_tick(self, line: str, at: datetime) -> ChecklistRecord:
        """Return it without the tick of a line, for which only what happens from now on counts."""
        ticks = tuple(one for one in self.ticks if one.line != line)
        return replace(self, ticks=ticks, unticked=(*(one for one in self.unticked if one[0] != line), (line, at)))

    def tick(self, line: str) -> Tick | None:
        """Return the tick of a line by its name, or None."""
        return next((tick for tick in self.ticks if tick.line == line), None)


class ProbeState(StrEnum):
    """What a look at the pair says of a line."""

    DONE = "done"
    NOT_YET = "not yet"
    UNKNOWN = "cannot be seen"
    """The pair does not show it, or could not be asked."""
    WAITS = "waits"
    """Another line comes first."""
    NOT_NEEDED = "not needed"
    """There is nothing to do on this pair."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a look at the pair says of a line, and how it was seen, as a sentence without its end."""

    state: ProbeState
    message: str
    at: datetime | None = None
    """When it was done, where that is shown."""


@dataclass(frozen=True, slots=True)
class FilledLine:
    """A line as it stands."""

    number: int
    line: ProcedureLine
    tick: Tick | None = None
    probe_result: ProbeResult | None = None
    """What the pair shows now; None where nothing of it shows the line, or it was not looked at."""
    hooks: tuple[Role, ...] = ()
    """The servers on which a hook of the pair file carries it out."""
    details: tuple[str, ...] = ()
    """What to have at hand for it, one thing each."""

    @property
    def done(self) -> bool:
        """Say whether nothing is left to do."""
        return self.tick is not None or (
            self.probe_result is not None and self.probe_result.state is ProbeState.NOT_NEEDED
        )

    @property
    def by_hook(self) -> bool:
        """Say whether hooks can carry it out, on every server it is done on."""
        return bool(self.hooks) and set(self.hooks) == set(self.line.place.roles)

    @property
    def contradicted(self) -> str:
        """What the pair shows that speaks against its tick, as a sentence without its end; nothing where none does."""
        if self.tick is None or self.probe_result is None or self.line.temporary:
            return ""
        return self.probe_result.message if self.probe_result.state is ProbeState.NOT_YET else ""


@dataclass(frozen=True, slots=True)
class FilledChecklist:
    """A whole checklist as it stands; one without a pair has neither ticks nor a time."""

    procedure: Procedure
    lines: tuple[FilledLine, ...]
    way: Way | None = None
    as_of: datetime | None = None
    since: datetime | None = None
    begun: datetime | None = None
    """None where it was not begun: then nothing is kept."""
    notes: tuple[str, ...] = ()
    outdated: bool = False
    """It is one for each day, and was begun on another: what is ticked is of that day."""

    @property
    def finished(self) -> bool:
        """Say whether nothing is left to do, and nothing speaks against that."""
        return not (self.remaining or self.contradicted or self.outdated)

    @property
    def remaining(self) -> tuple[FilledLine, ...]:
        """The lines that are left to do, in order."""
        return tuple(line for line in self.lines if not line.done)

    @property
    def contradicted(self) -> tuple[FilledLine, ...]:
        """The lines that are ticked, and that the pair shows to be otherwise."""
        return tuple(line for line in self.lines if line.contradicted)
