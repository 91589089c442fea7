"""Probes of the runs of a takeover, a return and a new server: timetables over and back, history copied."""

from __future__ import annotations

from syncengine.model.filled_checklist import ProbeResult, ProbeState
from syncengine.model.pair import Role
from syncengine.model.run import RunKind, RunRecord, RunState, undone_by
from syncengine.model.timetables import Timetable, TimetableListing, named
from syncengine.planning.probes.evidence import Evidence, Need, ProbeQuestion, done, not_yet, shown, unknown


def timetables_over(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether every timetable runs on the server, except each server's own, like backups."""
    listing, role = _listing(evidence), question.roles[0]
    if isinstance(listing, ProbeResult):
        return listing
    silent = dict(listing.failed).get(role)
    if silent is not None:
        return unknown(silent.rstrip("."))
    idle = _idle(listing, role)
    run = _last_edit(evidence.runs_since, evidence.runs)
    if not idle:
        by = f"run {run.id}: " if run is not None else ""
        return done(f"{by}timetables: all run on {role}")
    sentence = f"these do not run on {role}: {named(idle)}"
    if run is not None:
        return unknown(f"run {run.id} let others run there, but {sentence}; tick the line if that is intended")
    return not_yet(sentence)


def timetables_back(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether every run that let timetables run on the server of the line has been undone."""
    timetables = [run for run in evidence.runs if run.header.kind is RunKind.TIMETABLES]
    edits = [run for run in timetables if any(batch.into in question.roles for batch in run.done)]
    standing = [run for run in edits if not undone_by(run, evidence.runs)]
    if standing:
        ids = ", ".join(f"{run.id} ({run.header.about})" for run in reversed(standing))
        return unknown(f"not undone: {ids}; undo the last one first, or tick the line if they are to stay")
    if not edits:
        return unknown("no run has let timetables run there; changes by hand are not recorded")
    last = edits[-1]
    undo = next(run for run in reversed(evidence.runs) if run.id == undone_by(last, evidence.runs))
    return done(f"run {undo.id} has undone {last.id}")


def backfilled(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether a backfill since has copied history to the server; people decide whether that was all of it."""
    runs = [run for run in evidence.runs_since if run.header.kind is RunKind.BACKFILL]
    into = [run for run in runs if {batch.into for batch in run.done} <= {*question.roles}]
    if not into:
        return not_yet(f"no backfill to {' and '.join(question.roles)} was begun since")
    last = into[-1]
    if last.state is not RunState.DONE:
        return not_yet(f"run {last.id} is {last.state}; syncengine resume continues it")
    if last.not_compared or last.differs:
        return not_yet(f"run {last.id} is done, but something still differs")
    return unknown(f"run {last.id} has copied what was requested ({last.header.about}); tick the line if that was all")


def outage_over(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say when the last outage of each server of the line was over, by its own diary of links.

    Only an outage since yesterday counts, and only of a server that works now: the diary is written when an outage is
    over, so that its last entry may be older than the outage that the checklist is about.
    """
    daily = evidence.daily
    if daily is None:
        why = evidence.problems.get(Need.ALIKE) or evidence.problems.get(Need.DAILY) or "the servers were not queried"
        return unknown(why.rstrip("."))
    moments = []
    for day in (day for day in daily.servers if day.role in question.roles):
        if day.problem or day.facts is None:
            return not_yet((day.problem or f"{day.role} was not queried").rstrip("."))
        blind = next((trouble for trouble in daily.state.of(day.role) if trouble.stops_recording), None)
        if blind is not None:
            return not_yet(blind.message.rstrip("."))
        if not day.facts.links_known:
            return unknown(f"the diary of links of {day.role} cannot be read")
        from_when = max(question.since, daily.since)
        recent = [one for one in day.facts.outages if from_when < one.span.stop <= daily.as_of]
        if not recent:
            return unknown(f"{day.role} answers, and its diary of links shows no outage since {shown(from_when)}")
        last = max(recent, key=lambda one: (one.span.stop, one.acd))
        moments.append((last, sorted({one.acd for one in recent if one.span.stop == last.span.stop})))
    outage, acds = max(moments, key=lambda one: one[0].span.stop)
    which = ", ".join(map(str, acds))
    return done(f"diary of links: down {outage.shown} (ACD {which})", outage.span.stop)


def _listing(evidence: Evidence) -> TimetableListing | ProbeResult:
    listing = evidence.timetables
    if listing is None:
        return unknown(evidence.problems.get(Need.TIMETABLES, "the timetables were not read").rstrip("."))
    if not listing.timetables and not listing.failed:
        return ProbeResult(ProbeState.NOT_NEEDED, "there are no timetables")
    if listing.flag is None or listing.faults:
        return unknown("the pair file does not name the flag of timetables ([timetables].flag)")
    return listing


def _idle(listing: TimetableListing, role: Role) -> list[Timetable]:
    """Return the timetables that are not known to run on a server, also those it lacks, except each server's own."""
    return [one for one in listing.timetables if not one.own and not one.side(role).runs]


def _last_edit(since: tuple[RunRecord, ...], every: tuple[RunRecord, ...]) -> RunRecord | None:
    edits = [run for run in since if run.header.kind is RunKind.TIMETABLES and run.done and not undone_by(run, every)]
    return edits[-1] if edits else None
