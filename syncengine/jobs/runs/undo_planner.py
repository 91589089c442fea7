"""Plans the undo of a run, after resolving its open steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

from syncengine.catalogue import Catalogue
from syncengine.execute.executor import refuse_other_servers
from syncengine.execute.recovery import recover
from syncengine.jobs.connections import Connections, as_of
from syncengine.jobs.surroundings import UNDO_CONTEXT, plan_with_side_effects
from syncengine.jobs.timetables.edits import EditQuestions, ScheduleChanges, plan_flag_undo
from syncengine.jobs.undo import UndoQuestions, permission_of, plan_undo, schedule_undo_steps
from syncengine.model.errors import InputError, OccupiedError, StagingError
from syncengine.model.pair import PairSettings, Role
from syncengine.model.permission import Permission
from syncengine.model.plan import Plan
from syncengine.model.refusals import CutShortError
from syncengine.model.run import RunRecord, RunState
from syncengine.staging.cache import Cache
from syncengine.staging.errors import HINT
from syncengine.staging.ledger import Ledger
from syncengine.staging.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class UndoPlanner:
    """Plans the undos of one pair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    ledger: Ledger

    def plan(self, run_id: str | None, allowed: Permission, *, dry_run: bool) -> Plan:
        """Plan the undo of a run, its open steps resolved first.

        The side effects allowed to the run are allowed to its undo, too; `allowed` is for those added since.
        """
        record = self.ledger.to_be_undone() if run_id is None else self.ledger.find(run_id)
        refuse_damaged(record)
        if record.state is RunState.RUNNING:
            raise OccupiedError(f"Run {record.id} is still running.", hint="Stop it first, or wait until it is done.")
        run = self.ledger.folder(record.id)
        if record.unresolved:
            record = self._resolved(record, run, dry_run=dry_run)
        if not record.done:
            raise InputError(f"Run {record.id} has written nothing: there is nothing to undo.")
        return self._plan(run.plan(record.portions_saved[0]), record, run, allowed)

    def _resolved(self, record: RunRecord, run: RunFolder, *, dry_run: bool) -> RunRecord:
        """Return a run that was cut short in the middle of a step, with that step resolved."""
        if dry_run:
            raise CutShortError(
                f"Run {record.id} was cut short in the middle of a step, which must be resolved first.",
                run_id=record.id,
                hint="`syncengine undo` without `dry_run=True` resolves it, shows the plan, and asks for confirmation.",
            )
        roles = frozenset(batch.into for batch in record.unresolved)
        with (
            self.connections.servers(roles, needed=_needed(record, run)) as servers,
            self.ledger.locked(),
            Cache.of(self.settings) as cache,
        ):
            return recover(record, run, servers, cache, self.settings.limits)[0]

    def _plan(self, first: Plan, record: RunRecord, run: RunFolder, allowed: Permission) -> Plan:
        """Plan the undo of a run; `first` is the plan of its first portion."""
        needed = first.servers if first.edit is None else frozenset({first.target})
        with self.connections.servers(frozenset(), needed=needed) as servers, Cache.of(self.settings) as cache:
            if first.edit is None:
                questions = UndoQuestions(self.settings, self.catalogue, as_of(self.settings), self.ledger)
                made = plan_undo(record, run, servers, questions, cache)
            else:
                refuse_other_servers(first, servers)
                flags = EditQuestions(self.settings, self.catalogue, as_of(self.settings), record.header.seed)
                into = first.target
                schedule_changes = ScheduleChanges(*schedule_undo_steps(record, run, servers, cache))
                made = plan_flag_undo(
                    record, first.edit, servers[into], into, flags, self.ledger, cache, schedule_changes
                )
            permission = allowed.with_approved(permission_of(record, run).approved)
            made = replace(made, notes=(*made.notes, *(one.message for one in record.side_effects_unknown)))
            return plan_with_side_effects(made, servers, permission, UNDO_CONTEXT)


def refuse_damaged(record: RunRecord) -> None:
    """Refuse to undo a damaged run: it is not known what it has written."""
    if record.state is RunState.DAMAGED:
        raise StagingError(record.problem, hint=f"It cannot be undone. {HINT}")


def _needed(record: RunRecord, run: RunFolder) -> frozenset[Role]:
    """Return the servers needed to resolve a run; all, where its plan cannot be read."""
    try:
        return run.plan(record.portions_saved[0]).servers
    except (StagingError, IndexError):
        return frozenset(Role)
