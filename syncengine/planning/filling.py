"""Fills in a checklist: from what people and hooks have ticked, and from what the pair itself shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from syncengine.model.checklist import LineKind
from syncengine.model.errors import InputError
from syncengine.model.filled_checklist import (
    ChecklistRecord,
    FilledChecklist,
    FilledLine,
    Seen,
    Sighting,
    Tick,
    TickedBy,
)
from syncengine.model.pair import PairSettings, Role
from syncengine.model.procedure import OPPOSITES, Procedure, ProcedureLine, SightName, Way
from syncengine.planning.sights.evidence import Evidence, Need, Question, not_seen
from syncengine.planning.sights.registry import SIGHTS
from syncengine.planning.support import support_line


@dataclass(frozen=True, slots=True)
class Filling:
    """A checklist as far as it could be filled in, and what has to be gathered to fill in more."""

    lines: tuple[FilledLine, ...]
    wanted: frozenset[Need]

    @property
    def new_ticks(self) -> tuple[Tick, ...]:
        """The lines that the pair shows to be done and that nobody had ticked."""
        return tuple(one.tick for one in self.lines if one.tick is not None and one.tick.by is TickedBy.SIGHT)


def chosen_way(procedure: Procedure, name: str) -> Way | None:
    """Return the way that is gone: that of a name, the first without one; None where there is only one.

    Raises `InputError` that lists the ways for a name that none has.
    """
    if not name:
        return procedure.ways[0] if procedure.ways else None
    for way in procedure.ways:
        if way.name == name:
            return way
    ways = " or ".join(way.name for way in procedure.ways)
    hint = f"Choose {ways}." if ways else "Leave `way=` out."
    raise InputError(f"The checklist {procedure.name} has no way {name!r}.", hint=hint)


def bare(procedure: Procedure, way: str = "") -> FilledChecklist:
    """Return a checklist with nothing filled in: the lines of one way, or of all."""
    lines = tuple(FilledLine(number, line) for number, line in procedure.numbered(way))
    return FilledChecklist(procedure, lines, chosen_way(procedure, way) if way else None)


def filled_in(procedure: Procedure, record: ChecklistRecord, evidence: Evidence) -> Filling:
    """Return the lines of the way that is gone, each with its tick and with what the pair shows of it.

    A line is looked at only once the one that it comes after is done, and only what happened since then counts.
    What a look needs and was not gathered yet is `wanted`: gather it, and fill in again.
    """
    way = chosen_way(procedure, record.way)
    ticks = {tick.line: tick for tick in record.ticks}
    wanted: set[Need] = set()
    lines: list[FilledLine] = []
    for number, line in procedure.numbered(way.name if way else ""):
        tick = ticks.get(line.name)
        sighting = None
        if line.seen is not None and (tick is None or (tick.by is not TickedBy.SIGHT and not line.passes)):
            sighting = _looked_at(procedure, line, ticks, replace(evidence, since=record.since_of(line.name)), wanted)
        if tick is None and sighting is not None and sighting.seen is Seen.DONE:
            tick = Tick(line.name, sighting.at or evidence.as_of, TickedBy.SIGHT, sighting.says)
            ticks[line.name] = tick
        elif tick is None and sighting is not None and sighting.seen is Seen.NOT_NEEDED:
            # What comes after a line with nothing to do counts from where that line would have.
            since = ticks[line.after].at if line.after else record.since_of(line.name)
            ticks[line.name] = Tick(line.name, since, TickedBy.SIGHT)
        hooks, details = tuple(_hooks(evidence.settings, line)), _details(line, evidence) if tick is None else ()
        lines.append(FilledLine(number, line, tick, sighting, hooks, details))
    return Filling(tuple(lines), frozenset(wanted))


def _looked_at(
    procedure: Procedure, line: ProcedureLine, ticks: Mapping[str, Tick], evidence: Evidence, wanted: set[Need]
) -> Sighting | None:
    if line.seen is None:
        return None
    since = evidence.since
    if line.after:
        before = ticks.get(line.after)
        if before is None:
            number = procedure.number_of(line.after)
            return Sighting(Seen.WAITS, f"line {number} comes first")
        opposite = OPPOSITES.get(line.seen)
        if procedure.line(line.after).seen is opposite is not None and before.by is not TickedBy.SIGHT:
            number = procedure.number_of(line.after)
            return not_seen(f"line {number} was ticked and not seen, so that this shows nothing now")
        since = max(before.at, evidence.since)
    sight = SIGHTS[line.seen]
    if sight.need is not None and sight.need not in evidence.gathered:
        wanted.add(sight.need)
        return None
    found = sight.look(evidence, Question(line, since))
    first = ticks.get(procedure.line(line.after).after) if line.after else None
    if line.seen is SightName.LOADS_ALIKE and first is not None and first.how == found.says:
        # The load that was installed between was removed again.
        return Sighting(Seen.NOT_YET, f"{found.says}, as before")
    return found


def _details(line: ProcedureLine, evidence: Evidence) -> tuple[str, ...]:
    """Return what a call to support is to tell: what the daily check would have it say, or what the pair file knows."""
    if line.kind is not LineKind.SUPPORT:
        return ()
    known = evidence.daily.where.lines if evidence.daily is not None else ()
    servers = line.place.roles or tuple(Role)
    for one in known:
        if one.kind is LineKind.SUPPORT and one.server in servers:
            return (one.text, *one.details)
    settings = evidence.settings
    loads = {role: settings.server(role).load for role in Role}
    return support_line(settings.support, servers=servers, problem="", loads=loads).details


def _hooks(settings: PairSettings, line: ProcedureLine) -> Iterator[Role]:
    if line.kind is not None:
        yield from (role for role in line.place.roles if settings.hook(line.kind, role) is not None)
