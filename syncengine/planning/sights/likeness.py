"""Looks at whether the two servers are alike: their CMS loads, their set-up, their call profiles."""

from __future__ import annotations

from collections.abc import Iterator

from syncengine.model.check import Finding, Holding, PairCheck, Severity, Subject
from syncengine.model.filled_checklist import Sighting
from syncengine.model.pair import Role
from syncengine.model.sentences import listed
from syncengine.model.spec import DataClass
from syncengine.planning.sights.evidence import Evidence, Look, Need, Question, done, not_seen, not_yet

SET_UP = (Subject.SETUP, Subject.ACDS, Subject.INTERVALS)
SHOWN = 2
ONE_SIDED = {Holding.LACKING}
"""What a table has on one of the servers where it is more on the other."""


def loads(*, alike: bool) -> Look:
    """Return what looks whether both servers run the same CMS load, or whether they run different ones."""

    def look(evidence: Evidence, _: Question) -> Sighting:
        found = _loads(evidence)
        if isinstance(found, Sighting):
            return found
        if len(set(found.values())) > 1:
            return _told(", ".join(f"{role} runs {load}" for role, load in found.items()), is_so=not alike)
        said = "both run" if alike else "both are said to run"
        return _told(f"{said} {found[Role.PRIMARY]}", is_so=alike)

    return look


def set_up(*, alike: bool) -> Look:
    """Return what looks whether ACDs, intervals, storage and users are set up alike, or whether something is not."""

    def look(evidence: Evidence, _: Question) -> Sighting:
        found = _set_up(evidence)
        if isinstance(found, Sighting):
            return found
        unlike = listed([finding.says.rstrip(".") for finding in found], SHOWN, separator="; ")
        is_so = alike is not bool(found)
        return _told(f"{'seen by a check: ' if is_so else ''}{unlike or 'both are set up alike'}", is_so=is_so)

    return look


def profiles(*, alike: bool) -> Look:
    """Return what looks whether the call profiles are alike, or whether any of them is not."""

    def look(evidence: Evidence, _: Question) -> Sighting:
        found = evidence.profiles
        if found is None:
            return not_seen(evidence.problems.get(Need.PROFILES, "the call profiles were not compared").rstrip("."))
        lost = [table.spec.name for table in found.not_compared]
        if lost or not found.tables:
            return not_seen(f"{', '.join(lost) or 'the tables of call profiles'} could not be compared")
        if found.empty:
            return not_seen("neither server has rows in the tables of call profiles")
        names = ", ".join(table.spec.name for table in found.differing)
        says = f"{names} differ{'s' if len(found.differing) == 1 else ''}" if names else "the call profiles are alike"
        return _told(says, is_so=alike is not bool(names))

    return look


def _told(says: str, *, is_so: bool) -> Sighting:
    return done(says) if is_so else not_yet(says)


def _loads(evidence: Evidence) -> dict[Role, str] | Sighting:
    loads = {role: facts.load for role, facts in evidence.facts.items()}
    # What the pair file says of a server that does not answer is still what somebody wrote there.
    told = {role: loads.get(role) or evidence.settings.server(role).load for role in Role}
    lacking = [role for role, load in told.items() if not load]
    if lacking:
        return not_seen(f"which load {' and '.join(lacking)} runs is neither in the pair file nor told by a hook")
    return {role: load for role, load in told.items() if load}


def _set_up(evidence: Evidence) -> tuple[Finding, ...] | Sighting:
    if evidence.check is None:
        return not_seen(evidence.problems.get(Need.CHECK, "the servers were not checked").rstrip("."))
    if evidence.check.problems:
        return not_seen(evidence.check.problems[0].rstrip("."))
    unseen = list(dict.fromkeys(_not_compared(evidence.check)))
    if unseen:
        return not_seen(f"{listed(unseen, SHOWN)} could not be compared")
    return tuple(finding for finding in evidence.check.of(Severity.MUST) if finding.subject in SET_UP)


def _not_compared(check: PairCheck) -> Iterator[str]:
    """Yield the tables of the set-up that a check could not compare: unreadable, or only on one server."""
    holdings: dict[str, set[Holding]] = {}
    for table in (table for server in check.servers for table in server.tables):
        if not table.may_differ and table.data_class is not DataClass.HISTORICAL:
            holdings.setdefault(table.table, set()).add(table.holding)
    yield from (name for name, held in holdings.items() if Holding.UNREADABLE in held or held > ONE_SIDED)
    for finding in check.of(Severity.SHOULD):
        if finding.subject is Subject.SETUP:
            yield from finding.tables
