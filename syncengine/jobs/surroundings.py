"""Checks the side effects of writes on the servers: before a plan is shown, before it is done, and while it is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from syncengine import machine
from syncengine.catalogue import Catalogue
from syncengine.execute.batches import buckets_of_step, done_up_to
from syncengine.model.drift import Observation
from syncengine.model.errors import StagingError, SyncError
from syncengine.model.interrupts import BY_USER, is_stop
from syncengine.model.outcome import RunOutcome
from syncengine.model.pair import Role
from syncengine.model.permission import Permission
from syncengine.model.plan import Plan, Step
from syncengine.model.policy import Policy
from syncengine.model.refusals import SideEffectError
from syncengine.model.run import RunRecord
from syncengine.model.surroundings import EVERY_WRITE, SideEffectsUnknown, TableSideEffect, Write
from syncengine.observe.rollups.possible_periods import possible_periods
from syncengine.planning.checklist import with_summarizing_lines
from syncengine.planning.plan import PlanRequest, plan
from syncengine.planning.refusals import refuse_deletions
from syncengine.planning.surroundings import (
    PLANNED,
    RefusalContext,
    ServerTable,
    Writes,
    refuse_side_effects,
    refuse_unwritable,
    side_effects_of_writes,
    unwritable,
    with_side_effects,
    without_unwritable,
    writes_of,
    writes_of_steps,
)
from syncengine.servers.protocol import Server
from syncengine.staging.run_folder import RunFolder

Servers = Mapping[Role, Server]
UNBOUNDED = 2**62
"""Deletions of a plan that is only made to see its writes."""
RECHECK_SECONDS = 5.0
"""Seconds after which a table that is being written is checked again."""
NEW_SINCE = "It was neither shown nor allowed before: it was added since, or the run had no write yet that causes it."
UNDO_CONTEXT = RefusalContext(
    NEW_SINCE,
    "or leave the rows as they are: a resync repairs what differs.",
    "to undo the run anyway",
)
NEW_RUN_CONTEXT = RefusalContext(
    "It was added after the plan was made.",
    "or run the same command again without {tables}.",
    "and run the same command again to write it anyway",
)


def resume_context(run_id: str, *, wrote: bool) -> RefusalContext:
    """Return the context of a refusal during a run; an undo of the run is offered where it `wrote`."""
    again = "run its command again without {tables}."
    return RefusalContext(
        NEW_SINCE,
        f"or undo the run (`syncengine undo {run_id}`), and {again}" if wrote else f"or {again}",
        f"to `syncengine resume {run_id}` to continue anyway",
    )


def plan_with_side_effects(
    made: Plan, servers: Servers, allowed: Permission, context: RefusalContext = PLANNED
) -> Plan:
    """Return a plan with the side effects of its writes; raises `RefusedError` for those not allowed."""
    return with_side_effects(
        made,
        _side_effects(writes_of(made, _updating(servers)), servers),
        allowed,
        _context_for(context, undoes=made.undoes),
    )


def _context_for(context: RefusalContext, *, undoes: str) -> RefusalContext:
    """Return the context of a refusal: an undo cannot exclude tables."""
    return replace(context, alternative=UNDO_CONTEXT.alternative) if undoes else context


def with_all_side_effects(made: Plan, servers: Servers) -> Plan:
    """Return a plan with the side effects of its writes, none of them allowed yet."""
    return replace(made, side_effects=_side_effects(writes_of(made, _updating(servers)), servers))


def writable_plan(
    observation: Observation,
    catalogue: Catalogue,
    request: PlanRequest,
    servers: Servers,
    *,
    partial: bool = False,
) -> Plan:
    """Return the plan of what was observed, without unwritable tables: these are skipped, with the reason.

    Raises `RefusedError` where a rule forbids it, and where only such tables would be written, unless the plan is a
    `partial` one of the request.
    """
    unbounded = replace(request, limits=replace(request.limits, deletions=UNBOUNDED))
    made = plan(observation, catalogue, unbounded)
    side_effects = _side_effects(writes_of_steps(made.steps, _updating(servers)), servers)
    forbidden = unwritable(side_effects)
    if not forbidden:
        refuse_deletions(made, request.limits)
        return _without_empty_periods(made, catalogue, servers, request)
    found = plan(observation, catalogue, replace(request, unwritable=forbidden))
    if not found.steps and not partial:
        refuse_unwritable(forbidden)
    return _without_empty_periods(found, catalogue, servers, request)


def _without_empty_periods(made: Plan, catalogue: Catalogue, servers: Servers, request: PlanRequest) -> Plan:
    """Return a plan that only adds rows, without the stale periods of which neither server has a row.

    The source has their intervals and did not summarise them, as where a week began before it was installed or is
    not stored; the target would only get rows that the source lacks.
    """
    if not request.policy.only_adds or not made.stale:
        return made
    stale = possible_periods(made.stale, catalogue, servers)
    return replace(made, stale=stale, checklist=with_summarizing_lines(made.checklist, stale, request.hooks))


def still_writable(
    saved: Plan, servers: Servers, allowed: Permission, context: RefusalContext, *, partial: bool = False
) -> Plan:
    """Return a saved plan without steps for tables that became unwritable, and with its present side effects.

    Raises `RefusedError` where these are not allowed, and where no step remains, unless it is a `partial` plan.
    """
    forbidden = unwritable_steps(saved.steps, servers)
    found = without_unwritable(saved, forbidden)
    if not found.steps and not partial:
        refuse_unwritable(forbidden)
    return plan_with_side_effects(found, servers, allowed, context)


def resumable_plan(
    saved: Plan, portion: int, record: RunRecord, servers: Servers, allowed: Permission, *, partial: bool = False
) -> Plan:
    """Return the plan of a portion to resume, as `still_writable` does: only its remaining steps are checked."""
    remaining = remaining_plan(saved, portion, record)
    context = resume_context(record.id, wrote=bool(record.done))
    writable = still_writable(remaining, servers, allowed, context, partial=partial)
    dropped = {step.number for step in remaining.steps} - {step.number for step in writable.steps}
    steps = tuple(step for step in saved.steps if step.number not in dropped)
    return replace(writable, steps=steps, stale=saved.stale if _has_another(portion, record) else writable.stale)


def unwritable_steps(steps: Collection[Step], servers: Servers) -> dict[ServerTable, str]:
    """Return the tables of some steps that cannot be written, and why."""
    return unwritable(_side_effects(writes_of_steps(steps, _updating(servers)), servers))


def remaining_plan(made: Plan, portion: int, record: RunRecord | None) -> Plan:
    """Return a portion's plan with only the steps still to do."""
    known = record.batches if record else ()
    steps = tuple(step for step in made.steps if done_up_to(known, portion, step) < buckets_of_step(step))
    return replace(made, steps=steps, stale=() if _has_another(portion, record) else made.stale)


def _has_another(portion: int, record: RunRecord | None) -> bool:
    """Say whether a later portion is planned, which has the steps for days, weeks and months."""
    return record is not None and any(number > portion for number in record.portions_saved)


def side_effects_allowed(
    tables: Collection[str], into: Collection[Role], servers: Servers, allowed: Permission
) -> tuple[TableSideEffect, ...]:
    """Return the allowed side effects of any write to some tables, to name them before one is planned."""
    named = [table for table in tables if table in (*allowed.triggers, *allowed.cascades)]
    every: Writes = {(role, table): frozenset(EVERY_WRITE) for role in sorted(into) for table in named}
    return tuple(one for one in _side_effects(every, servers) if one.effect.changes_rows and allowed.allows(one))


def refuse_nothing_writable(tables: Collection[str], into: Collection[Role], servers: Servers, policy: Policy) -> None:
    """Raise `RefusedError` where none of some tables can be written, even if none needs to be."""
    done = frozenset({Write.INSERT}) if policy.only_adds else frozenset({Write.INSERT, Write.DELETE})
    updating = _updating(servers)
    every: Writes = {
        (role, table): done | ({Write.UPDATE} if role in updating else frozenset())
        for role in sorted(into)
        for table in tables
    }
    forbidden = unwritable(_side_effects(every, servers))
    if len(forbidden) == len(every):
        refuse_unwritable(forbidden)


@dataclass(slots=True)
class SideEffectWatch:
    """Checks the side effects of writes while a portion is written, and records them with the run.

    A table is checked before its first batch, again where the last check is some seconds old, and a last time after
    the last batch: a side effect added in between is reported, and stops the rest from being written.
    """

    run: RunFolder
    servers: Servers
    writes: Writes
    allowed: Permission
    undoes: str = ""
    """The run that is undone, where this run is an undo."""
    checked_at: dict[ServerTable, float] = field(default_factory=dict)
    recorded: dict[TableSideEffect, None] = field(default_factory=dict)

    @classmethod
    def over(cls, made: Plan, run: RunFolder, servers: Servers, allowed: Permission) -> SideEffectWatch:
        """Return the watch of the steps of a plan."""
        writes = writes_of_steps(made.steps, _updating(servers))
        return cls(run, servers, writes, allowed, made.undoes)

    def before(self, tables: Collection[str]) -> None:
        """Check tables before they are written; raises `SideEffectError` for a side effect that is not allowed."""
        now = machine.monotonic()
        named = (place for place in self.writes if place[1] in tables)
        places = [
            place for place in named if place not in self.checked_at or now - self.checked_at[place] >= RECHECK_SECONDS
        ]
        side_effects = self._check(places)
        try:
            if not all(map(self.allowed.allows, side_effects)):
                refuse_side_effects(side_effects, self.allowed, self._context())
        except SideEffectError as error:
            record_needs(self.run, error)
            raise
        # Refused tables are not written, and have no side effects.
        self.checked_at |= dict.fromkeys(places, now)
        self._record(side_effects)

    def after(self, outcome: RunOutcome) -> RunOutcome:
        """Check written tables once more: a trigger added during the last batches may have fired.

        Where that fails, unknown side effects are recorded. Returns the outcome, stopped where this check was.
        """
        try:
            self._record(self._check(list(self.checked_at)))
        except (KeyboardInterrupt, SyncError) as error:
            why = BY_USER if is_stop(error) else str(error)
            # A failure to record is reported when the run ends.
            with suppress(StagingError):
                self.run.mark_side_effects_unknown(
                    [SideEffectsUnknown(into, table, why) for into, table in self.checked_at], logged=self._logged()
                )
            if is_stop(error):
                return replace(outcome, cancelled=True, stopped=outcome.stopped or BY_USER)
        return outcome

    def _context(self) -> RefusalContext:
        """Return the context of a refusal, by what is written so far."""
        wrote = bool(self.run.record(running=True).done)
        return _context_for(resume_context(self.run.id, wrote=wrote), undoes=self.undoes)

    def _check(self, places: Collection[ServerTable]) -> tuple[TableSideEffect, ...]:
        side_effects = _side_effects({place: self.writes[place] for place in places}, self.servers, self.writes)
        return tuple(one for one in side_effects if one.effect.changes_rows)

    def _record(self, side_effects: Collection[TableSideEffect]) -> None:
        new = [one for one in side_effects if one not in self.recorded]
        if new:
            self.run.mark_side_effects(new, logged=self._logged())
            self.recorded |= dict.fromkeys(new)

    def _logged(self) -> list[Role]:
        return [role for role in Role if role in self.servers and _logs_transactions(self.servers[role])]


def record_needs(run: RunFolder, error: BaseException) -> None:
    """Record what a resume must allow, where a side effect ended the run."""
    if isinstance(error, SideEffectError):
        run.mark_allowance("needs", error.needs)


def _logs_transactions(server: Server) -> bool:
    return server.describe().capabilities.transactions


def _updating(servers: Servers) -> frozenset[Role]:
    """Return the servers that lock rows by updating them to their own values."""
    return frozenset(role for role, server in servers.items() if server.describe().capabilities.locks_by_update)


def _side_effects(writes: Writes, servers: Servers, all_writes: Writes | None = None) -> tuple[TableSideEffect, ...]:
    """Return the side effects of some writes; `all_writes` are all of the plan."""
    tables: dict[Role, list[str]] = {}
    for into, table in writes:
        tables.setdefault(into, []).append(table)
    around = {into: servers[into].surroundings(names) for into, names in tables.items()}
    return tuple(one for one in side_effects_of_writes(all_writes or writes, around))
