"""Probes of a server's own diary of links and its archives: collection off, links back, archived."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from syncengine.model.facts import Outage, ServerFacts
from syncengine.model.filled_checklist import ProbeResult
from syncengine.model.grain import Archive
from syncengine.model.interval import LENGTHS, floor_to
from syncengine.model.outages import REASONS
from syncengine.model.sentences import listed
from syncengine.planning.probes.evidence import Evidence, ProbeQuestion, done, facts_or_why, not_yet, shown, unknown

STOPPED = (91, 93)
"""Reasons in the diary for data collection that somebody stopped, or started again."""
FROM_OUTSIDE = (92, 95)
"""Reasons on the side of the network or the switch: nothing was turned off on the server."""
ACDS_SHOWN = 4


def collection_off(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say when collection went off for all ACDs of each server: the diary has that once the links are back."""
    return _went_down(evidence, question, lambda reason: reason in STOPPED)


def links_down(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say when the links of all ACDs of each server went down, for whatever reason lies with the server."""
    return _went_down(evidence, question, lambda reason: reason not in FROM_OUTSIDE)


def _went_down(evidence: Evidence, question: ProbeQuestion, counts: Callable[[int], bool]) -> ProbeResult:
    first: list[Outage] = []
    for facts in facts_or_why(evidence, question):
        found = _links_of(facts, question, counts)
        if isinstance(found, ProbeResult):
            return found
        first += [min(outages, key=lambda one: one.span.start) for outages in found.values()]
    earliest = min(first, key=lambda one: one.span.start)
    why = REASONS.get(earliest.reason, f"reason {earliest.reason}")
    at = earliest.span.start
    return done(f"diary of links: down since {shown(at)}, {why}", at)


def links_back(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say when the links of all ACDs of each server were back."""
    last: list[datetime] = []
    for facts in facts_or_why(evidence, question):
        found = _links_of(facts, question, over=True)
        if isinstance(found, ProbeResult):
            return found
        last += [max(one.span.stop for one in outages) for outages in found.values()]
    at = max(last)
    return done(f"diary of links: up again since {shown(at)}", at)


def archived(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether the interval that holds the moment has been archived, for all ACDs."""
    reached: list[datetime] = []
    for facts in facts_or_why(evidence, question):
        if isinstance(facts, ProbeResult):
            return facts
        if facts.archives_unread or not facts.acds:
            return unknown(f"{facts.role} does not show how far it has archived")
        for acd in facts.acds:
            status = facts.archived(acd, Archive.INTERVAL)
            if status.until is None:
                return unknown(f"{facts.role}: the interval archive of ACD {acd} {status.problem}")
            if status.until <= question.since:
                return not_yet(
                    f"{facts.role} has archived ACD {acd} up to {shown(status.until)}, not yet past "
                    f"{shown(question.since)}"
                )
            reached.append(status.until)
    at = min(reached)
    return done(f"archiving status: archived up to {shown(at)}", at)


def next_interval(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether the interval that holds the moment is over, for all ACDs: another outage is then in another one."""
    longest = 0
    for facts in facts_or_why(evidence, question):
        if isinstance(facts, ProbeResult):
            return facts
        lengths = [day.longest for day in facts.lengths if day.day == question.since.date()]
        longest = max([longest, *lengths, *(evidence.settings.interval(acd) or 0 for acd in facts.acds)])
    # Every full hour is a boundary, however long intervals are.
    length = longest or max(LENGTHS)
    at = floor_to(question.since, length) + timedelta(minutes=length)
    if evidence.as_of < at:
        return not_yet(f"the next interval begins {shown(at)}")
    return done(f"clock: the next interval began {shown(at)}", at)


def _links_of(
    facts: ServerFacts | ProbeResult,
    question: ProbeQuestion,
    counts: Callable[[int], bool] | None = None,
    *,
    over: bool = False,
) -> dict[int, list[Outage]] | ProbeResult:
    """Return the outages of each ACD of a server since a moment, or why it is not known that all had one.

    `counts` says which reasons do, all without it; `over` says that they have to be over.
    """
    if isinstance(facts, ProbeResult):
        return facts
    if not facts.links_known or not facts.acds:
        return unknown(f"the diary of links of {facts.role} cannot be read")
    found: dict[int, list[Outage]] = {}
    for one in facts.outages:
        # One that began before may be what a person ticked a minute late; one that is over does not count.
        if one.span.stop > question.since and (counts is None or counts(one.reason)):
            found.setdefault(one.acd, []).append(one)
    lacking = [acd for acd in facts.acds if acd not in found]
    if lacking:
        acds = f"ACD {listed(lacking, ACDS_SHOWN)}"
        text = f"the diary of links of {facts.role} has no such outage of {acds} since {shown(question.since)}"
        # It is entered when it is over: until then it may have begun without being visible.
        return not_yet(text) if over else unknown(f"{text}; it gets one once the links are back")
    return {acd: found[acd] for acd in facts.acds}
