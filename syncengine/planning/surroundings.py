"""What a plan's writes meet at their tables: refused where it forbids them or changes other rows, else named. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from syncengine.model.errors import RefusedError
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, Policy, Rollups, TablePart
from syncengine.model.surroundings import (
    EVERY_WRITE,
    Allowed,
    Meeting,
    Met,
    MetKind,
    Surroundings,
    Write,
    met_at,
)

Place = tuple[Role, str]


def writes_of(plan: Plan, updating: frozenset[Role]) -> dict[Place, frozenset[Write]]:
    """Return the kinds of write that a plan does to each table of each server; `updating` lock rows by an update.

    Tables whose days, weeks and months are mended afterwards are among them: their steps are not planned yet.
    """
    found: dict[Place, frozenset[Write]] = {}
    for step in plan.steps:
        for part in step.parts:
            place = (step.into, part.table)
            found[place] = found.get(place, frozenset()) | _writes(part, step.into in updating)
    for one in plan.stale:
        if one.then is not Rollups.LIST:
            found[one.into, one.table] = frozenset(EVERY_WRITE)
    return found


def _writes(part: TablePart, updates: bool) -> frozenset[Write]:
    done = {
        Write.UPDATE: updates,
        Write.DELETE: part.deletes,
        Write.INSERT: any(write.source.rows for write in part.buckets),
    }
    return frozenset(write for write, so in done.items() if so)


def with_meetings(
    plan: Plan,
    around: Mapping[Role, Mapping[str, Surroundings]],
    updating: frozenset[Role],
    allowed: Allowed,
) -> Plan:
    """Return a plan with what its writes meet and set off, and what of that is allowed.

    Raises `RefusedError` where a table cannot be written (rule 14), or where rows beside those of the plan would
    change and nobody has allowed it (rule 13).
    """
    writes = writes_of(plan, updating)
    meetings = tuple(
        Meeting(into, table, _told(met, into, writes))
        for (into, table), done in writes.items()
        if table in around[into]
        for met in met_at(around[into][table])
        if done & set(met.on)
    )
    _refuse_unwritable(meetings)
    _refuse_set_off(meetings, plan, allowed)
    return replace(plan, meets=meetings, allowed=allowed)


def _told(met: Met, into: Role, writes: Mapping[Place, frozenset[Write]]) -> Met:
    """Return what is set off at a table that the plan writes itself with what comes of it."""
    if met.kind is MetKind.CASCADE and (into, met.other) in writes:
        return replace(met, says=f"{met.says}, and what {met.other} loses by it differs after the run")
    return met


def _refuse_unwritable(meetings: tuple[Meeting, ...]) -> None:
    forbidding = [meeting for meeting in meetings if meeting.met.forbids]
    if not forbidding:
        return
    hidden = any(meeting.met.kind is MetKind.ROW_SECURITY for meeting in forbidding)
    login = "Log in as somebody from whom nothing is hidden (BYPASSRLS), or leave" if hidden else "Leave"
    raise RefusedError(
        f"{_sentences(forbidding, '{table} on {into} is not written')}",
        rule=14,
        hint=f"{login} the table out: name others with --table.",
    )


def _refuse_set_off(meetings: tuple[Meeting, ...], plan: Plan, allowed: Allowed) -> None:
    refused = [one for one in meetings if one.met.sets_off and not allowed.allows(one.table, one.met.kind)]
    if not refused:
        return
    options = [
        *_options(refused, MetKind.TRIGGER, "--allow-triggers"),
        *_options(refused, MetKind.CASCADE, "--allow-cascades"),
    ]
    hint = f"Add {' '.join(options)} to write it all the same, or leave the table out."
    only_deletes = all(set(one.met.on) <= {Write.DELETE} for one in refused)
    if only_deletes and plan.policy in (Policy.REPLACE, Policy.ROWS) and not plan.undoes and plan.edit is None:
        hint = f"{hint} --policy fill deletes nothing."
    raise RefusedError(
        f"{_sentences(refused, 'Writing {table} on {into} changes rows beside those of the plan')} "
        "What that changes, no undo puts back.",
        rule=13,
        hint=hint,
    )


def _options(refused: list[Meeting], kind: MetKind, option: str) -> Iterator[str]:
    for table in dict.fromkeys(one.table for one in refused if one.met.kind is kind):
        yield f"{option} {table}"


def _sentences(meetings: list[Meeting], begin: str) -> str:
    """Return a sentence for each table of each server."""
    told: dict[Place, list[str]] = {}
    for one in meetings:
        told.setdefault((one.into, one.table), []).append(one.met.says)
    return " ".join(
        f"{begin.format(table=table, into=into)}: {'; '.join(says)}." for (into, table), says in told.items()
    )
