"""Probes of what was done outside the tables: backups, repairs, External Call History."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from syncengine.model.filled_checklist import ProbeResult, ProbeState
from syncengine.model.outages import OutageReport, Outlook, UnknownCoverage, UnknownCoverageReason
from syncengine.model.pair import CallHistory
from syncengine.model.run import RunKind, RunRecord, RunState
from syncengine.model.sentences import plural
from syncengine.planning.probes.evidence import Evidence, Need, ProbeQuestion, done, not_yet, shown, unknown

MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})")
"""When a backup ended, as the hook `backups` prints it."""


AHEAD = timedelta(hours=1)
"""How far the clock of a server may be ahead of the switch's; a later time is that of a coming backup."""
INCREMENTAL = re.compile(r"\bincremental\b|\bCMS-\d{6}-\d+-\w{4}-\d+-I\b", re.IGNORECASE)
"""A backup of only what changed since a full one, in words or as CMS labels it (Appendix A)."""


def backup(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether the hook `backups` reports a full backup of each server that ended since."""
    ended: list[datetime] = []
    for role in question.roles:
        check = next((check for check in evidence.backups if check.role is role), None)
        if check is None:
            return unknown(f"no table shows backups of {role}, and the pair file has no hook `backups` for it")
        if check.problem:
            return unknown(f"the hook `backups` of {role} {check.problem}")
        text = " ".join(check.lines)
        found = [moment for moment in _moments(text) if moment <= evidence.as_of + AHEAD]
        if not found:
            return unknown(f"the hook `backups` of {role} prints no time of the last backup, like 2000-06-04 23:10")
        if not check.ok or max(found) <= question.since or INCREMENTAL.search(text):
            return not_yet(f"the hook `backups` of {role} answers: {text}")
        ended.append(max(found))
    return done(f"hook `backups`: ended {shown(min(ended))}", min(ended))


def repaired(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether all outages since the checklist was begun are repaired.

    A line after a step that costs a server data is about an outage: if none is known, none was repaired.
    """
    report = evidence.outages
    if report is None:
        return unknown(evidence.problems.get(Need.OUTAGES, "outages were not checked").rstrip("."))
    if report.not_compared:
        return unknown(f"{report.not_compared[0][0]} could not be compared: {report.not_compared[0][1].rstrip('.')}")
    open_ones = [one for one in report.findings if one.unsettled]
    if open_ones:
        first = open_ones[0]
        more = f", and {plural(len(open_ones) - 1, 'outage')} more" if len(open_ones) > 1 else ""
        return not_yet(f"ACD {first.time.acd} {first.time.span} {_verb(first.outlook)}{more}")
    unseen = next(
        (one for one in report.unknown_coverage if one.open and not _no_longer_stored(one, report, question)), None
    )
    if unseen is not None:
        return unknown(unseen.message.rstrip("."))
    if question.line.after and not report.findings:
        return unknown(f"neither diaries nor rows show an outage since {shown(report.window.start)}")
    run = _last_repair(evidence.runs_since)
    by = f"run {run.id}: " if run is not None else ""
    return done(f"{by}nothing is left to repair since {shown(report.window.start)}{_lost(report)}")


def _no_longer_stored(unseen: UnknownCoverage, report: OutageReport, question: ProbeQuestion) -> bool:
    """Say whether rows that begin after the window still begin before the line's moment: the window is long."""
    begun = report.covered is not None and report.covered.start < question.since
    return unseen.reason is UnknownCoverageReason.BEGINS_LATER and begun


def call_history(evidence: Evidence, _: ProbeQuestion) -> ProbeResult:
    """Say whether External Call History has to be switched over at all."""
    match evidence.settings.call_history:
        case None:
            return unknown(
                "the pair file does not say whether it is installed, and where it is on (external_call_history)"
            )
        case CallHistory.NONE:
            return ProbeResult(ProbeState.NOT_NEEDED, "External Call History is not installed, by the pair file")
        case CallHistory.BOTH:
            return ProbeResult(ProbeState.NOT_NEEDED, "External Call History is on at both servers, by the pair file")
        case CallHistory.PRIMARY:
            return unknown("no table shows where External Call History is on")


def call_history_installed(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether External Call History is installed at all: a server that was installed anew has to have it on."""
    if evidence.settings.call_history is CallHistory.BOTH:
        return unknown("External Call History is to be on at both servers, and no table shows whether it is")
    return call_history(evidence, question)


def _moments(text: str) -> list[datetime]:
    found = []
    for day, time in MOMENT.findall(text):
        try:
            found.append(datetime.fromisoformat(f"{day} {time}"))
        except ValueError:
            continue
    return found


def _verb(outlook: Outlook) -> str:
    words = outlook.value
    return words if words.startswith(("can", "waits")) else f"is {words}"


def _lost(report: OutageReport) -> str:
    lost = sum(one.outlook is Outlook.LOST for one in report.findings)
    return f"; {plural(lost, 'outage')} lost on both servers" if lost else ""


def _last_repair(runs: tuple[RunRecord, ...]) -> RunRecord | None:
    ended = [run for run in runs if run.header.kind is RunKind.RESYNC and run.state is RunState.DONE and run.done]
    return ended[-1] if ended else None
