"""Fills in a checklist: from the ticks of people and hooks, and from probes of the pair. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from syncengine.model.checklist import LineKind
from syncengine.model.errors import InputError
from syncengine.model.filled_checklist import (
    ChecklistRecord,
    FilledChecklist,
    FilledLine,
    ProbeResult,
    ProbeState,
    Tick,
    TickedBy,
)
from syncengine.model.pair import PairSettings, Role
from syncengine.model.procedure import OPPOSITES, ProbeName, Procedure, ProcedureLine, Way
from syncengine.planning.probes.evidence import Evidence, Need, ProbeQuestion, unknown
from syncengine.planning.probes.registry import PROBES
from syncengine.planning.support import support_line


@dataclass(frozen=True, slots=True)
class ChecklistProgress:
    """A checklist as far as it is filled in, and what has to be gathered to fill in more."""

    lines: tuple[FilledLine, ...]
    needed: frozenset[Need]

    @property
    def new_ticks(self) -> tuple[Tick, ...]:
        """The ticks of lines that a probe found done."""
        return tuple(one.tick for one in self.lines if one.tick is not None and one.tick.by is TickedBy.PROBE)


def chosen_way(procedure: Procedure, name: str) -> Way | None:
    """Return the way of a name, the first without a name; None if the checklist has no ways.

    Raises `InputError`, which lists the ways, for an unknown name.
    """
    if not name:
        return procedure.ways[0] if procedure.ways else None
    for way in procedure.ways:
        if way.name == name:
            return way
    ways = " or ".join(way.name for way in procedure.ways)
    hint = f"Choose {ways}." if ways else "Leave `way=` out."
    raise InputError(f"The checklist {procedure.name} has no way {name!r}.", hint=hint)


def empty_checklist(procedure: Procedure, way: str = "") -> FilledChecklist:
    """Return a checklist with nothing filled in: the lines of one way, or of all."""
    lines = tuple(FilledLine(number, line) for number, line in procedure.numbered(way))
    return FilledChecklist(procedure, lines, chosen_way(procedure, way) if way else None)


def fill_in(procedure: Procedure, record: ChecklistRecord, evidence: Evidence) -> ChecklistProgress:
    """Return the lines of the chosen way, each with its tick and its probe result.

    A line is probed only after the line it follows is done, and only what happened since then counts. What a probe
    needs and was not gathered yet is `needed`: gather it, and fill in again.
    """
    way = chosen_way(procedure, record.way)
    ticks = {tick.line: tick for tick in record.ticks}
    needed: set[Need] = set()
    lines: list[FilledLine] = []
    for number, line in procedure.numbered(way.name if way else ""):
        tick = ticks.get(line.name)
        result = None
        if line.probe is not None and (tick is None or (tick.by is not TickedBy.PROBE and not line.temporary)):
            result = _probed(procedure, line, ticks, replace(evidence, since=record.since_of(line.name)), needed)
        if tick is None and result is not None and result.state is ProbeState.DONE:
            tick = Tick(line.name, result.at or evidence.as_of, TickedBy.PROBE, result.message)
            ticks[line.name] = tick
        elif tick is None and result is not None and result.state is ProbeState.NOT_NEEDED:
            # The line after one that is not needed counts from the same moment as that one.
            since = ticks[line.after].at if line.after else record.since_of(line.name)
            ticks[line.name] = Tick(line.name, since, TickedBy.PROBE)
        hooks, details = tuple(_hooks(evidence.settings, line)), _details(line, evidence) if tick is None else ()
        lines.append(FilledLine(number, line, tick, result, hooks, details))
    return ChecklistProgress(tuple(lines), frozenset(needed))


def _probed(
    procedure: Procedure, line: ProcedureLine, ticks: Mapping[str, Tick], evidence: Evidence, needed: set[Need]
) -> ProbeResult | None:
    if line.probe is None:
        return None
    since = evidence.since
    if line.after:
        before = ticks.get(line.after)
        if before is None:
            number = procedure.number_of(line.after)
            return ProbeResult(ProbeState.WAITS, f"line {number} comes first")
        opposite = OPPOSITES.get(line.probe)
        if procedure.line(line.after).probe is opposite is not None and before.by is not TickedBy.PROBE:
            number = procedure.number_of(line.after)
            return unknown(f"line {number} was ticked by hand, so the pair cannot show this line")
        since = max(before.at, evidence.since)
    probe = PROBES[line.probe]
    if probe.need is not None and probe.need not in evidence.gathered:
        needed.add(probe.need)
        return None
    result = probe.run(evidence, ProbeQuestion(line, since))
    first = ticks.get(procedure.line(line.after).after) if line.after else None
    if line.probe is ProbeName.LOADS_ALIKE and first is not None and first.how == result.message:
        # The load that was installed between was removed again.
        return ProbeResult(ProbeState.NOT_YET, f"{result.message}, as before")
    return result


def _details(line: ProcedureLine, evidence: Evidence) -> tuple[str, ...]:
    """Return the details for a call to support: those of the daily check, or those of the pair file."""
    if line.kind is not LineKind.SUPPORT:
        return ()
    daily_lines = evidence.daily.where.lines if evidence.daily is not None else ()
    servers = line.place.roles or tuple(Role)
    for one in daily_lines:
        if one.kind is LineKind.SUPPORT and one.server in servers:
            return (one.text, *one.details)
    settings = evidence.settings
    loads = {role: settings.server(role).load for role in Role}
    return support_line(settings.support, servers=servers, problem="", loads=loads).details


def _hooks(settings: PairSettings, line: ProcedureLine) -> Iterator[Role]:
    if line.kind is not None:
        yield from (role for role in line.place.roles if settings.hook(line.kind, role) is not None)
