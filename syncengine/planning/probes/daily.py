"""Probes of what the daily check found on both servers: fit, links, archives, backups, alike or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncengine.model.archives import fault_sentences
from syncengine.model.checklist import LineKind
from syncengine.model.daily_check import DailyCheck, HookCheck
from syncengine.model.drift import Observation, TableObservation
from syncengine.model.filled_checklist import ProbeResult, ProbeState
from syncengine.model.hooks import CheckKind, HookState
from syncengine.model.pair import Role
from syncengine.model.run import RunKind, RunRecord
from syncengine.model.sentences import listed
from syncengine.model.spec import DataClass, SyncedBy
from syncengine.planning.probes.evidence import (
    Evidence,
    Need,
    ProbeFunction,
    ProbeQuestion,
    done,
    not_yet,
    shown,
    unknown,
)

TABLES_SHOWN = 4
ADMINISTRATION = (DataClass.SYSTEM, DataClass.ACD)
MANUAL = "--include-manual"
DRY_RUN = "--dry-run"
POLICY = "--policy"


def fit(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether each server answers, archives, records its ACDs, and has its links up as a hook reports."""
    found = _daily(evidence)
    if isinstance(found, ProbeResult):
        return found
    for role in question.roles:
        trouble = next(iter(found.state.of(role)), None)
        if trouble is not None:
            return not_yet(trouble.message.rstrip("."))
    unknown_links = [role for role in question.roles if role not in found.state.links_up]
    if unknown_links:
        names = " and ".join(unknown_links)
        return unknown(f"{names} answers and archives; no table shows whether its links are up now")
    return done("answers, archives, and its links are up by the hook `links`", found.as_of)


def by_hook(kind: CheckKind) -> ProbeFunction:
    """Return a probe of whether the hook of a kind finds all fine on every server of a line."""

    def probe(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
        found = _daily(evidence)
        return found if isinstance(found, ProbeResult) else _by_hook(found, question, kind)

    return probe


def no_users(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether the hook `users` finds nobody where nobody should be."""
    found = _daily(evidence)
    if isinstance(found, ProbeResult):
        return found
    if found.where.server is not Role.PRIMARY:
        return unknown("status says that users do not work on the primary now")
    return _by_hook(found, question, CheckKind.USERS)


def archives_run(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether no archive of a server is late or has failed."""
    found = _daily(evidence)
    if isinstance(found, ProbeResult):
        return found
    for server in (server for server in found.servers if server.role in question.roles):
        if server.problem:
            return unknown(f"{server.role} does not answer: {server.problem.rstrip('.')}")
        late = list(fault_sentences(server.archive_faults))
        if late:
            return not_yet(f"{server.role}: {late[0]}")
    return done("archiving status of both: none is late, none has failed", found.as_of)


def in_sync(evidence: Evidence, _: ProbeQuestion) -> ProbeResult:
    """Say whether both servers are in sync for the time that the daily check compares, administration included."""
    found, drift = _daily(evidence), _drift(evidence)
    if isinstance(drift, ProbeResult):
        return drift
    if isinstance(found, ProbeResult):
        return found
    uncompared = [table.spec.name for table in drift.not_compared]
    if uncompared:
        return unknown(f"{listed(uncompared, TABLES_SHOWN)} could not be compared")
    names = [table.spec.name for table in drift.differing]
    if names or not drift.in_sync:
        return not_yet(_differ(names) if names else "the servers are not in sync")
    early = [one for day in found.servers if day.facts for one in day.facts.outages if one.span.stop > found.since]
    first = min(early, key=lambda one: one.span.start, default=None)
    if first is not None and first.span.start < found.since:
        return unknown(f"nothing differs since {shown(found.since)}; an outage began before, {shown(first.span.start)}")
    return done(f"compared: nothing differs since {shown(found.since)}, administration included")


def administration_alike(evidence: Evidence, question: ProbeQuestion) -> ProbeResult:
    """Say whether no administration has to be copied; the lines around a copy are not needed then.

    Once a run has copied, the lines around it are known to be done only if a hook did them in that run.
    """
    run = _last_copy(evidence, question)
    hook = _hook_of(run, question) if run is not None else None
    if hook is not None:
        return hook
    drift = _drift(evidence)
    if isinstance(drift, ProbeResult):
        return drift
    manual = MANUAL in question.line.command
    tables = [table for table in drift.tables if table.spec.data_class in ADMINISTRATION and _copied(table, manual)]
    uncompared = [table.spec.name for table in drift.not_compared if table in tables]
    if uncompared:
        return unknown(f"{listed(uncompared, TABLES_SHOWN)} could not be compared")
    names = [table.spec.name for table in tables if table.differing]
    if names and _copies(question):
        return not_yet(_differ(names))
    if names:
        return unknown(f"{_differ(names)}: it may be needed, and no table shows it")
    before = _earlier_copy(evidence, question) if run is None and not question.line.command else None
    if before is not None and question.line.kind is not LineKind.SINGLE_USER:
        when = "copied administration before this was begun"
        return unknown(f"run {before.id} {when}; no table shows what was done by hand")
    if run is None:
        return ProbeResult(ProbeState.NOT_NEEDED, "administration is alike on both servers: nothing to copy")
    if question.line.command:
        written = evidence.on_the_switch(max(batch.at for batch in run.done))
        return done(f"run {run.id} has copied it, and it is alike on both servers", written)
    return unknown(f"run {run.id} has copied administration; no table shows what was done by hand")


def _daily(evidence: Evidence) -> DailyCheck | ProbeResult:
    if evidence.daily is None:
        why = evidence.problems.get(Need.ALIKE) or evidence.problems.get(Need.DAILY) or "the servers were not queried"
        return unknown(why.rstrip("."))
    return evidence.daily


def _drift(evidence: Evidence) -> Observation | ProbeResult:
    found = _daily(evidence)
    if isinstance(found, ProbeResult):
        return found
    if found.drift is None:
        silent = next((server.problem for server in found.servers if server.problem), "")
        return unknown((found.problem or silent or "the servers could not be compared").rstrip("."))
    return found.drift


def _by_hook(found: DailyCheck, question: ProbeQuestion, kind: CheckKind) -> ProbeResult:
    """Return what the hook of a kind reports for all servers of the line."""
    checks = {check.role: check for check in found.checks if check.kind is kind}
    for role in question.roles:
        check = checks.get(role)
        if check is None:
            return unknown(f"no table shows it, and the pair file has no hook `{kind}` for {role}")
        if check.problem:
            return unknown(f"the hook `{kind}` of {role} {check.problem}")
        if not check.ok:
            return not_yet(f"the hook `{kind}` of {role} answers: {_words(check)}")
    return done(f"hook `{kind}`: {_words(checks[question.roles[0]])}", found.as_of)


def _words(check: HookCheck) -> str:
    return " / ".join(check.lines) or ("all is fine" if check.ok else "something is not fine")


def _differ(names: list[str]) -> str:
    return f"{listed(names, TABLES_SHOWN)} differ{'s' if len(names) == 1 else ''}"


def _copied(table: TableObservation, manual: bool) -> bool:
    synced_by = table.spec.synced_by
    return synced_by is SyncedBy.COPYING or (manual and synced_by is not SyncedBy.NEVER)


def _copies(question: ProbeQuestion) -> bool:
    """Say whether the line copies everything: it is no dry run, adds no single sets, and is not done by hand."""
    return bool(question.line.command) and not {DRY_RUN, POLICY} & {*question.line.command}


def _last_copy(evidence: Evidence, question: ProbeQuestion) -> RunRecord | None:
    """Return the last run since that has written administration to a server of the line, or None."""
    written = list(_copies_to(evidence.runs_since, question))
    return written[-1] if written else None


def _earlier_copy(evidence: Evidence, question: ProbeQuestion) -> RunRecord | None:
    """Return the last earlier run that has, in the window of the daily check; none if its hook did the line.

    Somebody may have copied it beforehand, and this line may still be open.
    """
    found = _daily(evidence)
    if isinstance(found, ProbeResult):
        return None
    ones = [run for run in _copies_to(evidence.runs, question) if run.header.begun < evidence.begun]
    recent = [run for run in ones if evidence.on_the_switch(max(batch.at for batch in run.done)) >= found.since]
    return recent[-1] if recent and _hook_of(recent[-1], question) is None else None


def _copies_to(runs: Iterable[RunRecord], question: ProbeQuestion) -> Iterator[RunRecord]:
    """Yield the runs that have written administration to a server of the line."""
    for run in runs:
        if run.header.kind is RunKind.SYNC and any(batch.into in question.roles for batch in run.done):
            yield run


def _hook_of(run: RunRecord, question: ProbeQuestion) -> ProbeResult | None:
    """Return that a hook did the line in a run, or None."""
    if question.line.kind is None:
        return None
    places = {(question.line.kind.value, role) for role in question.line.place.roles}
    hooks = [one for one in run.hooks if one.place in places and one.state is HookState.DONE]
    if not hooks:
        return None
    return done(f"done by the hook {hooks[-1].kind} of {hooks[-1].server} in run {run.id}")
