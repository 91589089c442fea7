"""Finds what stops the servers of a pair from working now, by what they report. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncengine.model.archives import ArchiveFault, ArchiveFaultKind
from syncengine.model.facts import Outage, ServerFacts
from syncengine.model.grain import Archive
from syncengine.model.interval import at_label, ceil_to
from syncengine.model.outages import BlindTime
from syncengine.model.pair import Role
from syncengine.model.where_to_work import MissingTime, PairState, Trouble, TroubleKind
from syncengine.model.window import Window
from syncengine.planning.archives import AN_HOUR, DEFAULT_LENGTH, INTERVALS_BEHIND, clock_was_set


@dataclass(frozen=True, slots=True)
class ServerReport:
    """What one server, and a hook about it, report of its state now."""

    role: Role
    problem: str = ""
    """Why it does not answer."""
    facts: ServerFacts | None = None
    """With its own coverage of the window: copied rows are no sign of life."""
    faults: tuple[ArchiveFault, ...] = ()
    links_up: bool | None = None
    """What a hook reports; None if none could."""


def state_of(
    reports: Sequence[ServerReport], blind: Iterable[BlindTime], window: Window, lengths: Mapping[int, int]
) -> PairState:
    """Return what decides where users work. `window` ends now; `lengths` are minutes of an interval by ACD."""
    facts = {one.role: one.facts for one in reports if one.facts is not None}
    acds = tuple(sorted({acd for one in facts.values() for acd in one.acds}))
    troubles: list[Trouble] = []
    for one in reports:
        other = facts.get(one.role.other)
        troubles += _of_server(one, other, window, lengths)
    return PairState(
        acds,
        tuple(troubles),
        tuple(one.role for one in reports if one.links_up),
        tuple(_missing_times(facts, blind, window, lengths)),
        _nothing_seen(facts),
    )


def _nothing_seen(facts: Mapping[Role, ServerFacts]) -> bool:
    """Say whether the coverage of both is known and empty: then the clock is probably wrong."""
    return len(facts) == len(Role) and all(
        one.coverage_known and one.acds and not one.coverage for one in facts.values()
    )


def _of_server(
    report: ServerReport, other: ServerFacts | None, window: Window, lengths: Mapping[int, int]
) -> Iterator[Trouble]:
    role, facts = report.role, report.facts
    if report.problem:
        yield Trouble(role, TroubleKind.UNREACHED, (), f"the {role} cannot be reached from here")
        return
    if report.links_up is False:
        yield Trouble(role, TroubleKind.LINKS, (), f"links of the {role} are down")
    if facts is None:
        return
    down = {acd: outage for acd in facts.acds if (outage := _down_now(facts, acd, window.stop)) is not None}
    yield from _by_start(
        role,
        TroubleKind.LINKS,
        {acd: outage.span.start for acd, outage in down.items()},
        "links to {} have been down on the {}",
    )
    off = tuple(acd for acd in facts.acds if acd in facts.collection_off and acd not in down)
    if off:
        yield Trouble(role, TroubleKind.COLLECTION_OFF, off, f"data collection of {_acds(off)} is off on the {role}")
    blind = {
        acd: since for acd, since in _blind(facts, other, window, lengths).items() if acd not in down and acd not in off
    }
    yield from _by_start(role, TroubleKind.BLIND, blind, "calls of {} have not been recorded by the {}")
    late = {
        fault.acd: fault.since
        for fault in report.faults
        if fault.acd is not None and fault.archive is Archive.INTERVAL and fault.kind is not ArchiveFaultKind.UNKNOWN
    }
    late = {
        acd: since
        for acd, since in late.items()
        if acd not in (*down, *off, *blind) and not _just_back(facts, acd, since, window.stop, lengths)
    }
    yield from _by_start(role, TroubleKind.ARCHIVES, late, "intervals of {} have not been archived on the {}")


def _by_start(role: Role, kind: TroubleKind, since: Mapping[int, datetime | None], template: str) -> Iterator[Trouble]:
    """Yield one trouble for the ACDs affected since the same moment."""
    for moment in dict.fromkeys(since.values()):
        acds = tuple(acd for acd, start in since.items() if start == moment)
        when = f" since {moment:%Y-%m-%d %H:%M}" if moment else ""
        yield Trouble(role, kind, acds, template.format(_acds(acds), role) + when, moment)


def _acds(acds: Iterable[int]) -> str:
    return f"ACD {', '.join(map(str, acds))}"


def _down_now(facts: ServerFacts, acd: int, now: datetime) -> Outage | None:
    """Return the open outage of the diary: most are entered only when they are over."""
    open_outages = (one for one in facts.outages if one.acd == acd and one.span.start < now < one.span.stop)
    return next(open_outages, None)


def _blind(
    facts: ServerFacts, other: ServerFacts | None, window: Window, lengths: Mapping[int, int]
) -> dict[int, datetime]:
    """Return the ACDs for which a server has no rows until now, each with the moment since when.

    It must have archived a whole interval after its last row; if it is not known how far it has archived, the other
    server must have rows of more intervals than an archive may be behind.
    """
    if not facts.coverage_known:
        return {}
    mine, found = _last_rows(facts, window.stop), {}
    theirs = _last_rows(other, window.stop) if other is not None and other.coverage_known else {}
    for acd in facts.acds:
        if acd not in mine and acd not in theirs:
            # A server that never recorded an ACD does not have it, or is new.
            continue
        length = timedelta(minutes=lengths.get(acd, DEFAULT_LENGTH))
        since, lacking = mine.get(acd, window.start), length
        until = facts.archived(acd, Archive.INTERVAL).before_this_run(int(length.total_seconds()) // 60)
        if until is None:
            lacking, until = length * (INTERVALS_BEHIND + 1), theirs.get(acd, window.start)
        if clock_was_set(facts, acd, since - AN_HOUR, until):
            lacking += AN_HOUR
        if min(until, window.stop) - since >= lacking and not _just_back(facts, acd, since, window.stop, lengths):
            found[acd] = since
    return found


def _last_rows(facts: ServerFacts, now: datetime) -> dict[int, datetime]:
    """Return the end of the last interval with rows of each ACD."""
    ends: dict[int, datetime] = {}
    for one in facts.coverage:
        start = at_label(one.row_date, one.label)
        if start < now:
            end = start + timedelta(minutes=one.length)
            ends[one.acd] = max(ends.get(one.acd, end), end)
    return ends


def _just_back(facts: ServerFacts, acd: int, since: datetime | None, now: datetime, lengths: Mapping[int, int]) -> bool:
    """Say whether an outage that explains what is missing is over, too recently for an archive."""
    archived_by = timedelta(minutes=INTERVALS_BEHIND * lengths.get(acd, DEFAULT_LENGTH))
    return since is not None and any(
        since <= one.span.stop <= now and now - one.span.stop <= archived_by for one in facts.outages if one.acd == acd
    )


def _missing_times(
    facts: Mapping[Role, ServerFacts], blind: Iterable[BlindTime], window: Window, lengths: Mapping[int, int]
) -> Iterator[MissingTime]:
    """Yield the longer times that the primary lacks and the secondary has.

    A link that was down within an interval or two is no reason to move users (Appendix F).
    """
    if len(facts) < len(Role):
        return
    for time in blind:
        sides = {side.role: side for side in time.sides}
        mine, theirs = sides.get(Role.PRIMARY), sides.get(Role.SECONDARY)
        if mine is not None and mine.missing and (theirs is None or theirs.missing < mine.missing):
            since = min((one.span.start for one in mine.links), default=time.span.start)
            yield MissingTime(time.acd, since, f"ACD {time.acd} {time.span}")
    for outage in facts[Role.PRIMARY].outages:
        length = lengths.get(outage.acd, DEFAULT_LENGTH)
        until = facts[Role.PRIMARY].archived(outage.acd, Archive.INTERVAL).until
        over = ceil_to(outage.span.stop, length)
        whole = outage.span.stop - outage.span.start >= timedelta(minutes=length)
        recent = outage.span.stop <= window.stop <= over + timedelta(minutes=INTERVALS_BEHIND * length)
        if whole and recent and (until is None or until < over):
            yield MissingTime(outage.acd, outage.span.start, f"ACD {outage.acd} {outage.shown}")
