"""Probes whether the two servers are alike: their CMS loads, their set-up, their call profiles."""

from __future__ import annotations

from collections.abc import Iterator

from syncengine.model.check import Finding, PairCheck, Severity, Subject, TablePresence
from syncengine.model.filled_checklist import ProbeResult
from syncengine.model.pair import Role
from syncengine.model.sentences import listed
from syncengine.model.spec import DataClass
from syncengine.planning.probes.evidence import Evidence, Need, ProbeFunction, ProbeQuestion, done, not_yet, unknown

SET_UP = (Subject.SETUP, Subject.ACDS, Subject.INTERVALS)
SHOWN = 2
ON_ONE_SERVER = {TablePresence.MISSING}
"""The presence of a table on the server that lacks it."""


def loads(*, alike: bool) -> ProbeFunction:
    """Return a probe of whether both servers run the same CMS load, or whether they run different ones."""

    def probe(evidence: Evidence, _: ProbeQuestion) -> ProbeResult:
        found = _loads(evidence)
        if isinstance(found, ProbeResult):
            return found
        if len(set(found.values())) > 1:
            return _result(", ".join(f"{role} runs {load}" for role, load in found.items()), is_so=not alike)
        verb = "both run" if alike else "both are reported to run"
        return _result(f"{verb} {found[Role.PRIMARY]}", is_so=alike)

    return probe


def set_up(*, alike: bool) -> ProbeFunction:
    """Return a probe of whether ACDs, intervals, storage and users are set up alike, or whether something is not."""

    def probe(evidence: Evidence, _: ProbeQuestion) -> ProbeResult:
        found = _set_up(evidence)
        if isinstance(found, ProbeResult):
            return found
        unlike = listed([finding.message.rstrip(".") for finding in found], SHOWN, separator="; ")
        is_so = alike is not bool(found)
        return _result(f"{'check: ' if is_so else ''}{unlike or 'both are set up alike'}", is_so=is_so)

    return probe


def profiles(*, alike: bool) -> ProbeFunction:
    """Return a probe of whether the call profiles are alike, or whether any of them is not."""

    def probe(evidence: Evidence, _: ProbeQuestion) -> ProbeResult:
        found = evidence.profiles
        if found is None:
            return unknown(evidence.problems.get(Need.PROFILES, "the call profiles were not compared").rstrip("."))
        uncompared = [table.spec.name for table in found.not_compared]
        if uncompared or not found.tables:
            return unknown(f"{', '.join(uncompared) or 'the tables of call profiles'} could not be compared")
        if found.empty:
            return unknown("neither server has rows in the tables of call profiles")
        names = ", ".join(table.spec.name for table in found.differing)
        text = f"{names} differ{'s' if len(found.differing) == 1 else ''}" if names else "the call profiles are alike"
        return _result(text, is_so=alike is not bool(names))

    return probe


def _result(text: str, *, is_so: bool) -> ProbeResult:
    return done(text) if is_so else not_yet(text)


def _loads(evidence: Evidence) -> dict[Role, str] | ProbeResult:
    loads = {role: facts.load for role, facts in evidence.facts.items()}
    # The load in the pair file counts even if the server does not answer.
    known = {role: loads.get(role) or evidence.settings.server(role).load for role in Role}
    lacking = [role for role, load in known.items() if not load]
    if lacking:
        return unknown(f"the load of {' and '.join(lacking)} is neither in the pair file nor reported by a hook")
    return {role: load for role, load in known.items() if load}


def _set_up(evidence: Evidence) -> tuple[Finding, ...] | ProbeResult:
    if evidence.check is None:
        return unknown(evidence.problems.get(Need.CHECK, "the servers were not checked").rstrip("."))
    if evidence.check.problems:
        return unknown(evidence.check.problems[0].rstrip("."))
    uncompared = list(dict.fromkeys(_not_compared(evidence.check)))
    if uncompared:
        return unknown(f"{listed(uncompared, SHOWN)} could not be compared")
    return tuple(finding for finding in evidence.check.of(Severity.MUST) if finding.subject in SET_UP)


def _not_compared(check: PairCheck) -> Iterator[str]:
    """Yield the tables of the set-up that a check could not compare: unreadable, or only on one server."""
    presence: dict[str, set[TablePresence]] = {}
    for table in (table for server in check.servers for table in server.tables):
        if not table.may_differ and table.data_class is not DataClass.HISTORICAL:
            presence.setdefault(table.table, set()).add(table.presence)
    yield from (name for name, found in presence.items() if TablePresence.UNREADABLE in found or found > ON_ONE_SERVER)
    for finding in check.of(Severity.SHOULD):
        if finding.subject is Subject.SETUP:
            yield from finding.tables
