"""Refuses what a rule forbids, with the sentence a user reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from syncengine.model.drift import Observation, TableState
from syncengine.model.errors import ServerError
from syncengine.model.facts import ServerFacts
from syncengine.model.grain import Archive
from syncengine.model.interval import floor_to
from syncengine.model.names import argument
from syncengine.model.outages import BlindTime, UnknownCoverage
from syncengine.model.pair import Limits, Role
from syncengine.model.plan import Plan
from syncengine.model.refusals import (
    NotArchivedError,
    OutagesUnknownError,
    TooManyDeletionsError,
    UnlikeLoadsError,
    UnlikeTablesError,
)
from syncengine.model.sentences import listed, plural
from syncengine.model.spec import DataClass, TableSpec

SHOWN = 3
WAIT = "Run the same command again when archiving is done, or add `wait=True`."


def refuse_unlike(observation: Observation) -> None:
    """Refuse to write between different loads (rule 14; High Availability guide, Appendix G), or if no table is left.

    A table with unlike columns, or one that cannot be read, is skipped and named, and the others are written; raises if
    there are no others, `ServerError` if none of them can be read.
    """
    refuse_unlike_loads({facts.role: facts.load for facts in observation.facts})
    uncompared = observation.not_compared
    if not uncompared or any(table.state is TableState.COMPARED for table in observation.tables):
        return
    shown = listed([f"{table.spec.name}: {table.problem.rstrip('.')}" for table in uncompared], SHOWN, separator="; ")
    if all(table.state is TableState.NOT_READ for table in uncompared):
        raise ServerError(f"Nothing could be compared. {shown}.", hint=uncompared[0].hint)
    raise UnlikeTablesError(
        f"The servers' tables are not alike: {shown}.",
        tables=tuple(table.spec.name for table in uncompared),
        hint="Make them alike on the servers, or leave them out: without their `tables=`, or with `exclude=`.",
    )


def refuse_unlike_loads(loads: Mapping[Role, str | None]) -> None:
    """Refuse to copy between servers of which it is known that their CMS loads differ (rule 14)."""
    known = {role: load for role, load in loads.items() if load}
    if len(set(known.values())) > 1:
        shown = ", ".join(f"{role} {load}" for role, load in known.items())
        raise UnlikeLoadsError(
            f"The servers run different CMS loads: {shown}.",
            loads=known,
            hint="Bring both to the same load first: nothing can be copied between different loads.",
        )


def spec_hint(spec: TableSpec) -> str:
    """Return the hint for a custom table that no archive covers, as the end of a sentence; or nothing."""
    if spec.data_class is not DataClass.CUSTOM or spec.at_once:
        return ""
    return f"; if {spec.name} is written at once, and not by an archive of the CMS, set `at_once = true` in its spec"


def refuse_unread(facts: Iterable[ServerFacts], alternative: str = "") -> None:
    """Refuse if the archives of a server cannot be read (rule 6): waiting does not help."""
    for one in facts:
        if one.archives_unread:
            raise NotArchivedError(
                f"It is not known how far {one.role} has archived: {one.archives_unread}. Nothing may be copied.",
                temporary=False,
                hint=f"Repair that on {one.role}; waiting does not help{alternative}.",
            )


def refuse_early(times: Sequence[BlindTime]) -> None:
    """Refuse to repair outages that one of the servers has not archived yet; the message names the first (rule 6)."""
    for time in times[:1]:
        more = f", nor have {plural(len(times) - 1, 'more outage')}" if len(times) > 1 else ""
        raise NotArchivedError(
            f"The outage of ACD {time.acd} at {time.span} has not been archived on both servers yet{more}.",
            temporary=True,
            hint=WAIT,
        )


def refuse_unknown_coverage(unseen: Iterable[UnknownCoverage]) -> None:
    """Refuse to report that there was no outage if the coverage of a server is unknown."""
    unknown = tuple(one for one in unseen if one.open)
    if not unknown:
        return
    shown = listed([one.message for one in unknown], SHOWN, separator="; ")
    sentence = f"It is not known whether there was an outage: {shown}."
    if all(one.temporary for one in unknown):
        raise NotArchivedError(sentence, temporary=True, hint=WAIT)
    hint = "Check it first with `syncengine outages`, and check the clock of this machine."
    raise OutagesUnknownError(sentence, unknown_coverage=unknown, hint=hint)


def refuse_unarchived(observation: Observation) -> None:
    """Refuse a window that one of the servers has not archived to its end (rule 6)."""
    for table in observation.tables:
        spec = table.spec
        if not spec.grain.sliced or spec.future_dates or spec.at_once:
            continue
        for scope in table.scopes:
            if scope.acd is None or scope.requested is None:
                continue
            refuse_unread(observation.facts, spec_hint(spec))
            for facts in observation.facts:
                status = facts.archived(scope.acd, Archive.INTERVAL)
                if status.until is None:
                    raise NotArchivedError(
                        f"On {facts.role} the interval archive of ACD {scope.acd} {status.problem}, "
                        "so nothing may be copied yet.",
                        temporary=True,
                        hint=f"{WAIT.rstrip('.')}{spec_hint(spec)}.",
                    )
                until = floor_to(status.until, observation.length(scope.acd))
                if until < scope.requested.stop:
                    raise NotArchivedError(
                        f"{facts.role} has archived ACD {scope.acd} only up to {until:%Y-%m-%d %H:%M}, and the window "
                        f"{scope.requested} ends after that.",
                        temporary=True,
                        hint=f"Run the same command again after the archive of that interval has run, "
                        f"or add `wait=True`, or end the window before {until:%H:%M}.",
                    )


def refuse_deletions(plan: Plan, limits: Limits) -> None:
    """Refuse a plan that deletes more rows than the user allows (rule 13)."""
    for role in plan.writes_to:
        count = sum(
            part.counts.extra for step in plan.steps if step.into is role for part in step.parts if part.deletes
        )
        if count > limits.deletions:
            raise TooManyDeletionsError(
                f"The plan would delete {plural(count, 'row')} that only {role} has, "
                f"but only {limits.deletions:,} are allowed.",
                into=role,
                count=count,
                allowed=limits.deletions,
                hint=f"Check them with `syncengine verify`; then add {argument('allow_deletions', count)}, "
                "or use `policy='fill'`.",
            )
