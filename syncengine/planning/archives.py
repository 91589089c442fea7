"""Says which archives of a server are late or failed. Pure.

A healthy CMS archives an interval within minutes of its end, a day in the night after it, weeks and months in the night
after them; while an archive is running, the last one still counts. An interval archive is late if it is more than two
intervals behind: one interval is under way, and another may just be archived.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from syncengine.model.archives import ArchiveFault, ArchiveFaultKind
from syncengine.model.checklist import ChecklistLine, LineKind
from syncengine.model.facts import ArchiveState, ArchiveStatus, ServerFacts
from syncengine.model.grain import IN_ARCH_STAT, Archive
from syncengine.model.interval import at_label
from syncengine.model.pair import Role
from syncengine.model.sentences import plural

INTERVALS_BEHIND = 2
DEFAULT_LENGTH = 30
"""Minutes of an interval whose ACD is not known."""
CATCH_UP = timedelta(hours=6)
"""How long after a midnight that one server has archived up to the other may still be behind."""
AN_HOUR = timedelta(hours=1)
"""How far a clock is set forward in spring."""


def archive_faults(
    facts: ServerFacts, other: ServerFacts | None, as_of: datetime, lengths: Mapping[int, int]
) -> Iterator[ArchiveFault]:
    """Yield the late and failed archives of a server, ACD by ACD. `lengths` are minutes of an interval by ACD.

    `other` is the other server, if it answers: a day it has archived should be archived here, too.
    """
    if facts.archives_unread:
        yield ArchiveFault(
            None, None, ArchiveFaultKind.UNKNOWN, f"it is not known how far it has archived: {facts.archives_unread}"
        )
        return
    for acd in facts.acds:
        for archive in (grain.archive for grain in IN_ARCH_STAT):
            if _is_stored(facts, acd, archive):
                theirs = other.archived(acd, archive) if other is not None else None
                fault = _fault(facts, facts.archived(acd, archive), theirs, as_of, lengths.get(acd, DEFAULT_LENGTH))
                if fault is not None:
                    yield fault


def _fault(
    facts: ServerFacts, status: ArchiveStatus, theirs: ArchiveStatus | None, as_of: datetime, length: int
) -> ArchiveFault | None:
    """Return the fault of one archive; None if it is in order, or running on time."""
    last_run = status.last or status.until
    ran = f"; it last ran at {last_run:%Y-%m-%d %H:%M}" if last_run else ""
    match status.state:
        case ArchiveState.FAILED:
            return ArchiveFault(status.acd, status.archive, ArchiveFaultKind.FAILED, f"{status.problem}{ran}", last_run)
        case ArchiveState.NOT_RUN:
            if status.archive.grain.long and _never_ran(theirs):
                # Both are new: their first week or month is not over.
                return None
            return ArchiveFault(
                status.acd, status.archive, ArchiveFaultKind.NOT_RUN, f"{status.problem}{ran}", last_run
            )
        case ArchiveState.UNKNOWN if status.until is None:
            return ArchiveFault(status.acd, status.archive, ArchiveFaultKind.UNKNOWN, status.problem)
    until = status.until or status.last
    if until is None or not _late(facts, status, theirs, until, as_of, length):
        return None
    sentence = f"has archived only up to {until:%Y-%m-%d %H:%M}"
    if status.state is ArchiveState.RUNNING:
        sentence = f"is running; it last ran at {until:%Y-%m-%d %H:%M}"
    elif status.archive.grain.sliced:
        sentence = f"{sentence}, {plural(int((as_of - until).total_seconds()) // 60, 'minute')} ago"
    return ArchiveFault(status.acd, status.archive, ArchiveFaultKind.LATE, sentence, until)


def _late(
    facts: ServerFacts,
    status: ArchiveStatus,
    theirs: ArchiveStatus | None,
    until: datetime,
    as_of: datetime,
    length: int,
) -> bool:
    overdue = status.archive.grain.overdue
    if overdue is None:
        allowed = timedelta(minutes=INTERVALS_BEHIND * length)
        if clock_was_set(facts, status.acd, until - AN_HOUR, as_of):
            allowed += AN_HOUR
        return as_of - until > allowed
    further = theirs.until if theirs is not None else None
    outrun = further is not None and further > until and as_of - further > CATCH_UP
    return outrun or as_of - until > overdue


def rerun_lines(role: Role, faults: Iterable[ArchiveFault]) -> Iterator[ChecklistLine]:
    """Yield the line to rerun Data Summarizing; missing intervals decide where users work instead."""
    acds: dict[Archive, list[int]] = {}
    for fault in faults:
        if fault.archive is not None and fault.archive.grain.summarised and fault.acd is not None:
            acds.setdefault(fault.archive, []).append(fault.acd)
    if acds:
        what = " and ".join(f"the {archive} archive of {_named(found)}" for archive, found in acds.items())
        yield ChecklistLine(
            LineKind.DATA_SUMMARIZING,
            role,
            f"Check Maintenance, Archiving Status on {role}. Rerun System Setup, Data Summarizing there for what has "
            f"not run: {what}. Call support if it fails again.",
        )


def _named(acds: Iterable[int]) -> str:
    return f"ACD {', '.join(map(str, acds))}"


def clock_was_set(facts: ServerFacts, acd: int, since: datetime, until: datetime) -> bool:
    """Say whether the clock of an ACD was set between two moments: then labels may be skipped (rule 17)."""
    return any(
        reset.acd in (0, acd) and since <= at_label(reset.day, reset.label) <= until for reset in facts.clock_resets
    )


def _never_ran(status: ArchiveStatus | None) -> bool:
    return status is not None and status.state is ArchiveState.NOT_RUN


def _is_stored(facts: ServerFacts, acd: int, archive: Archive) -> bool:
    """Say whether an archive is stored at all: one without storage need not run."""
    periods = [one.periods for one in facts.storage_allocations if one.acd == acd and one.archive is archive]
    return any(periods) or not periods
