"""Asks what writes set off or meet on the servers: before a plan is shown, before it is done, and while it is."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from syncengine.catalogue import Catalogue
from syncengine.execute.batches import buckets_of_step, done_up_to
from syncengine.model.allowed import Allowed
from syncengine.model.drift import Observation
from syncengine.model.errors import StagingError, SyncError
from syncengine.model.interrupts import BY_USER, is_stop
from syncengine.model.outcome import RunOutcome
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, Step
from syncengine.model.policy import Policy
from syncengine.model.refusals import SetOffError
from syncengine.model.run import RunRecord
from syncengine.model.surroundings import EVERY_WRITE, Meeting, SetOffUnknown, Write
from syncengine.observe.rollups.held import held_somewhere
from syncengine.planning.checklist import summarized_anew
from syncengine.planning.plan import Wishes, plan
from syncengine.planning.refusals import refuse_deletions
from syncengine.planning.surroundings import (
    PLANNED,
    Place,
    Told,
    Writes,
    kept_of,
    meetings_of,
    refuse_set_off,
    refuse_unwritable,
    unwritable,
    with_meetings,
    writes_of,
    writes_of_steps,
)
from syncengine.servers.protocol import Server
from syncengine.staging.run_folder import RunFolder

Servers = Mapping[Role, Server]
UNBOUNDED = 2**62
"""Deletions of a plan that is only made to see what it would write."""
LOOK_AGAIN = 5.0
"""Seconds after which a table that is being written is asked about again."""
SINCE = "It was neither told nor allowed before: it has come since, or nothing of the run set it off yet."
TO_UNDO = Told(
    SINCE,
    "or leave the rows as they are: a resync repairs what differs.",
    "to put its rows back all the same",
)
TO_BEGIN = Told(
    "It was not there when the plan was made.",
    "or run the same command again without {tables}.",
    "and run the same command again to write it all the same",
)


def to_go_on(run_id: str, *, wrote: bool) -> Told:
    """Return how a refusal is told of a run that is under way; an undo is offered of that run, where it `wrote`."""
    again = "run its command again without {tables}."
    return Told(
        SINCE,
        f"or undo what is done (`syncengine undo {run_id}`), and {again}" if wrote else f"or {again}",
        f"to `syncengine resume {run_id}` to go on all the same",
    )


def surrounded(made: Plan, servers: Servers, allowed: Allowed, told: Told = PLANNED) -> Plan:
    """Return a plan with what its writes set off or meet; raises `RefusedError` where that may not be."""
    return with_meetings(
        made, _met(writes_of(made, _updating(servers)), servers), allowed, _as_of(told, undoes=made.undoes)
    )


def _as_of(told: Told, *, undoes: str) -> Told:
    """Return how a refusal is told: an undo leaves no table out."""
    return replace(told, otherwise=TO_UNDO.otherwise) if undoes else told


def with_all_met(made: Plan, servers: Servers) -> Plan:
    """Return a plan with what its writes set off or meet, of which nothing is allowed yet."""
    return replace(made, meets=_met(writes_of(made, _updating(servers)), servers))


def planned(
    observation: Observation,
    catalogue: Catalogue,
    wishes: Wishes,
    servers: Servers,
    *,
    of_a_part: bool = False,
) -> Plan:
    """Return the plan of what was observed, without the tables that cannot be written: these are left, with why.

    Raises `RefusedError` where a rule forbids it, and where nothing but such tables is left to write, unless the plan
    is `of_a_part` of what is asked for.
    """
    unbounded = replace(wishes, limits=replace(wishes.limits, deletions=UNBOUNDED))
    made = plan(observation, catalogue, unbounded)
    meetings = _met(writes_of_steps(made.steps, _updating(servers)), servers)
    forbidden = unwritable(meetings)
    if not forbidden:
        refuse_deletions(made, wishes.limits)
        return _without_unheld(made, catalogue, servers, wishes)
    found = plan(observation, catalogue, replace(wishes, unwritable=forbidden))
    if not found.steps and not of_a_part:
        refuse_unwritable(forbidden)
    return _without_unheld(found, catalogue, servers, wishes)


def _without_unheld(made: Plan, catalogue: Catalogue, servers: Servers, wishes: Wishes) -> Plan:
    """Return a plan that fills, without the stale periods that neither server holds a row of.

    The source saw their intervals and has not summarised them, as where a week began before it was installed or is
    not stored; the target would only get rows that the source lacks.
    """
    if not wishes.policy.only_adds or not made.stale:
        return made
    stale = held_somewhere(made.stale, catalogue, servers)
    return replace(made, stale=stale, checklist=summarized_anew(made.checklist, stale, wishes.hooks))


def still_fit(kept: Plan, servers: Servers, allowed: Allowed, told: Told, *, of_a_part: bool = False) -> Plan:
    """Return a plan that was made before without steps that write what can be written no more, and with what it meets.

    Raises `RefusedError` where more would be set off than was allowed, and where nothing of it is left, unless it is
    `of_a_part` of what is done.
    """
    forbidden = unwritable_steps(kept.steps, servers)
    found = kept_of(kept, forbidden)
    if not found.steps and not of_a_part:
        refuse_unwritable(forbidden)
    return surrounded(found, servers, allowed, told)


def fit_to_go_on(
    kept: Plan, portion: int, record: RunRecord, servers: Servers, allowed: Allowed, *, of_a_part: bool = False
) -> Plan:
    """Return the plan of a portion to go on with, as `still_fit` does: only what is left of it is asked about."""
    left = left_of(kept, portion, record)
    told = to_go_on(record.id, wrote=bool(record.done))
    fit = still_fit(left, servers, allowed, told, of_a_part=of_a_part)
    gone = {step.number for step in left.steps} - {step.number for step in fit.steps}
    steps = tuple(step for step in kept.steps if step.number not in gone)
    return replace(fit, steps=steps, stale=kept.stale if _has_another(portion, record) else fit.stale)


def unwritable_steps(steps: Collection[Step], servers: Servers) -> dict[Place, str]:
    """Return the tables of some steps that cannot be written, and why."""
    return unwritable(_met(writes_of_steps(steps, _updating(servers)), servers))


def left_of(made: Plan, portion: int, record: RunRecord | None) -> Plan:
    """Return what of a portion's plan is left to be done."""
    known = record.batches if record else ()
    steps = tuple(step for step in made.steps if done_up_to(known, portion, step) < buckets_of_step(step))
    return replace(made, steps=steps, stale=() if _has_another(portion, record) else made.stale)


def _has_another(portion: int, record: RunRecord | None) -> bool:
    """Say whether a later portion is planned, which has days, weeks and months of its own steps."""
    return record is not None and any(number > portion for number in record.portions_kept)


def told_of(tables: Collection[str], into: Collection[Role], servers: Servers, allowed: Allowed) -> tuple[Meeting, ...]:
    """Return what any write to some tables sets off that is allowed, to be told before one is planned."""
    named = [table for table in tables if table in (*allowed.triggers, *allowed.cascades)]
    every: Writes = {(role, table): frozenset(EVERY_WRITE) for role in sorted(into) for table in named}
    return tuple(one for one in _met(every, servers) if one.met.sets_off and allowed.allows(one))


def refuse_nothing_writable(tables: Collection[str], into: Collection[Role], servers: Servers, policy: Policy) -> None:
    """Raise `RefusedError` where no rows can be written to any of some tables, be it that none need be."""
    done = frozenset({Write.INSERT}) if policy.only_adds else frozenset({Write.INSERT, Write.DELETE})
    updating = _updating(servers)
    every: Writes = {
        (role, table): done | ({Write.UPDATE} if role in updating else frozenset())
        for role in sorted(into)
        for table in tables
    }
    forbidden = unwritable(_met(every, servers))
    if len(forbidden) == len(every):
        refuse_unwritable(forbidden)


@dataclass(slots=True)
class Watch:
    """Looks, while a portion is written, at what its writes set off, and records that with the run.

    A table is asked about before its first batch, again where the last look is some seconds old, and a last time
    after the last batch: what comes in between is told, and keeps the rest from being written.
    """

    run: RunFolder
    servers: Servers
    writes: Writes
    allowed: Allowed
    undoes: str = ""
    """The run whose rows are put back, where that is what is written."""
    looked: dict[Place, float] = field(default_factory=dict)
    seen: dict[Meeting, None] = field(default_factory=dict)

    @classmethod
    def over(cls, made: Plan, run: RunFolder, servers: Servers, allowed: Allowed) -> Watch:
        """Return the watch over the steps of a plan."""
        writes = writes_of_steps(made.steps, _updating(servers))
        return cls(run, servers, writes, allowed, made.undoes)

    def before(self, tables: Collection[str]) -> None:
        """Look before tables are written; raises `SetOffError` for what nobody has allowed, before it is set off."""
        now = time.monotonic()
        named = (place for place in self.writes if place[1] in tables)
        places = [place for place in named if place not in self.looked or now - self.looked[place] >= LOOK_AGAIN]
        met = self._look(places)
        try:
            if not all(map(self.allowed.allows, met)):
                refuse_set_off(met, self.allowed, self._told())
        except SetOffError as error:
            needs(self.run, error)
            raise
        # What is refused is not written, and sets off nothing.
        self.looked |= dict.fromkeys(places, now)
        self._record(met)

    def after(self, outcome: RunOutcome) -> RunOutcome:
        """Look once more at what was written: what came during the last batches may have been set off by them.

        Where that fails it is recorded that nobody knows. Returns how the portion ended, stopped where this look was.
        """
        try:
            self._record(self._look(list(self.looked)))
        except (KeyboardInterrupt, SyncError) as error:
            why = BY_USER if is_stop(error) else str(error)
            # Where it cannot be kept, that is told as the run ends.
            with suppress(StagingError):
                self.run.mark_unseen(
                    [SetOffUnknown(into, table, why) for into, table in self.looked], logged=self._logged()
                )
            if is_stop(error):
                return replace(outcome, cancelled=True, stopped=outcome.stopped or BY_USER)
        return outcome

    def _told(self) -> Told:
        """Return how a refusal is told, by what is written until then."""
        wrote = bool(self.run.record(running=True).done)
        return _as_of(to_go_on(self.run.id, wrote=wrote), undoes=self.undoes)

    def _look(self, places: Collection[Place]) -> tuple[Meeting, ...]:
        met = _met({place: self.writes[place] for place in places}, self.servers, self.writes)
        return tuple(one for one in met if one.met.sets_off)

    def _record(self, met: Collection[Meeting]) -> None:
        new = [one for one in met if one not in self.seen]
        if new:
            self.run.mark_set_off(new, logged=self._logged())
            self.seen |= dict.fromkeys(new)

    def _logged(self) -> list[Role]:
        return [role for role in Role if role in self.servers and _keeps_log(self.servers[role])]


def needs(run: RunFolder, error: BaseException) -> None:
    """Keep with a run what a resume of it has to be told, where that is why it ended."""
    if isinstance(error, SetOffError):
        run.mark_allowance("needs", error.needs)


def _keeps_log(server: Server) -> bool:
    return server.describe().capabilities.transactions


def _updating(servers: Servers) -> frozenset[Role]:
    """Return the servers that lock rows by updating them to what they are."""
    return frozenset(role for role, server in servers.items() if server.describe().capabilities.locks_by_update)


def _met(asked: Writes, servers: Servers, writes: Writes | None = None) -> tuple[Meeting, ...]:
    """Return what some writes meet; `writes` are all that the plan does beside them."""
    tables: dict[Role, list[str]] = {}
    for into, table in asked:
        tables.setdefault(into, []).append(table)
    around = {into: servers[into].surroundings(names) for into, names in tables.items()}
    return tuple(one for one in meetings_of(writes or asked, around))
