"""Runs: begun and resumed under the pair's lock, and recorded in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date

from syncengine import machine
from syncengine.catalogue import Catalogue
from syncengine.execute.batches import buckets_of_step, done_up_to
from syncengine.execute.executor import execute, is_all_done, mark_ended, not_begun, refuse_other_servers
from syncengine.execute.journals import refuse_damaged_journals
from syncengine.execute.recovery import recover
from syncengine.execute.run_context import RunContext
from syncengine.jobs.connections import Connections
from syncengine.jobs.hook_commands import HookCommands
from syncengine.jobs.observation import Observer
from syncengine.jobs.rollups.repair import RollupRepairJob
from syncengine.jobs.runs.beginning import about_of, needed_bytes
from syncengine.jobs.runs.earlier_runs import recover_earlier
from syncengine.jobs.runs.hooks import HookRunner
from syncengine.jobs.runs.row_sources import preparation_on_executor, sources_of
from syncengine.jobs.runs.undo_planner import refuse_damaged
from syncengine.jobs.surroundings import (
    NEW_RUN_CONTEXT,
    SideEffectWatch,
    plan_with_side_effects,
    record_needs,
    resumable_plan,
    resume_context,
    side_effects_allowed,
    still_writable,
)
from syncengine.jobs.timetables.edits import flags_unlike
from syncengine.jobs.timetables.schedules import schedules_unlike
from syncengine.jobs.undo import unlike_journal
from syncengine.model.checklist import ChecklistLine
from syncengine.model.errors import InputError, OccupiedError, StagingError, SyncError
from syncengine.model.hooks import HookRecord
from syncengine.model.interrupts import BY_USER, is_stop
from syncengine.model.outcome import RunOutcome, StepState
from syncengine.model.pair import PairSettings, Role
from syncengine.model.permission import Permission
from syncengine.model.plan import Plan, StaleRollup, written_by
from syncengine.model.plan_kind import BackfillPortion, Copy, Resync, RollupRepair, RunOnEdit, Sync, Undo
from syncengine.model.policy import Rollups
from syncengine.model.progress import Progress
from syncengine.model.run import RunKind, RunRecord, RunState, undone_by
from syncengine.model.timetable_flag import FlagEdit
from syncengine.model.timetables import SCHEDULES
from syncengine.model.verified_run import VerifiedRun
from syncengine.planning.by_hand import manual_lines_after_run
from syncengine.planning.checklist import with_summarizing_lines
from syncengine.planning.written_lines import lines_of_written_rows
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.errors import HINT
from syncengine.staging.last_synced import LastSynced
from syncengine.staging.ledger import Ledger, NewRun
from syncengine.staging.remembered_days import Memory
from syncengine.staging.run_folder import RunFolder

ROLLUP_PORTION = 2
"""Days, weeks and months are repaired after their intervals, by a plan of their own."""
Day = tuple[str, int | None, date | None]
"""A table, an ACD and a day that are written."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Begins and resumes the runs of one pair."""

    settings: PairSettings
    catalogue: Catalogue
    connections: Connections
    ledger: Ledger
    progress: Progress
    observer: Observer
    commands: HookCommands
    rollups: RollupRepairJob

    def execute(self, plan: Plan, *, about: str) -> VerifiedRun:
        """Carry out a plan as a new run, and compare the pair again."""
        with self.connections.servers(plan.writes_to, needed=plan.servers) as servers:
            self.connections.refuse_unwritable(servers, plan.writes_to)
            if not plan.steps:
                after = self.observer.compare_again(servers, plan) if plan.copy else None
                return VerifiedRun(plan, RunOutcome("", ()), after, by_hand=manual_lines_after_run(after))
            self._refuse_unfit(plan, servers)
            # A trigger or a reference may have been added since, or a table may have become a view.
            plan = still_writable(plan, servers, plan.permission, NEW_RUN_CONTEXT)
            with self.ledger.locked() as lock:
                notes = (*self.recover_others(servers, plan.writes_to, but=""), *self.prune(needed=plan.undoes))
                begin = NewRun(plan.run_kind, plan.seed, about or about_of(plan, self.catalogue), undoes=plan.undoes)
                run = self.ledger.begin(lock, begin, needs_bytes=needed_bytes(plan))
                run.save_plan(1, plan)
                result = self._carry_out(plan, run, servers, None, plan.permission)
        return replace(result, notes=notes)

    def resume(self, record: RunRecord, allowed: Permission) -> VerifiedRun:
        """Resume a run of one portion; `allowed` are side effects allowed in addition to those allowed before."""
        plan = self.ledger.folder(record.id).plan(1)
        if plan.undoes:
            undone = self.ledger.find(plan.undoes)
            refuse_damaged(undone)
            remaining = (step for step in plan.steps if done_up_to(record.batches, 1, step) < buckets_of_step(step))
            refuse_damaged_journals(remaining, undone, self.ledger.folder(plan.undoes))
        with self.connections.servers(plan.writes_to, needed=plan.servers) as servers:
            self.connections.refuse_unwritable(servers, plan.writes_to)
            self._refuse_unfit(plan, servers)
            # Triggers present now are allowed, by their names, at planned days too; those added later are not.
            named = side_effects_allowed((*allowed.triggers, *allowed.cascades), plan.writes_to, servers, allowed)
            permission = plan.permission.with_approved((*record.granted.approved, *named))
            plan = resumable_plan(plan, 1, record, servers, permission)
            with self.resumed(record, servers) as (run, found):
                if allowed.named:
                    run.mark_allowance("allowed", allowed.with_approved(named))
                notes = self.recover_others(servers, plan.writes_to, but=record.id)
                return replace(self._carry_out(plan, run, servers, found, permission), notes=tuple(notes))

    def _refuse_unfit(self, plan: Plan, servers: Mapping[Role, Server]) -> None:
        """Refuse servers other than those the plan was made for. An undo copies nothing, so that loads may differ."""
        refuse_other_servers(plan, servers)
        match plan.kind:
            case Undo(run=run):
                refuse_damaged(self.ledger.find(run))
            case Copy() | RollupRepair() | RunOnEdit():
                self.connections.refuse_upgraded(servers)

    def resumable(self, run_id: str | None) -> RunRecord:
        """Return a run that can be resumed; raises why for one that cannot."""
        record = self.ledger.find(run_id)
        if record.state is RunState.DAMAGED:
            raise StagingError(record.problem, hint=f"It cannot be resumed. {HINT}")
        if record.state is RunState.RUNNING:
            raise OccupiedError(f"Run {record.id} is still running.", hint="`syncengine status` shows how far it is.")
        if not record.resumable and not (record.state is RunState.DONE and record.hooks_open):
            if record.state is RunState.PARTLY:
                again = f"`syncengine undo {record.header.undoes}`" if record.header.undoes else "Run its command again"
                raise InputError(
                    f"Run {record.id} skipped rows that changed since planning, or steps that a server failed to do.",
                    hint=f"{again}: it plans by the present rows.",
                )
            raise InputError(f"Run {record.id} is done: there is nothing to resume.")
        undo = undone_by(record, self.ledger.runs())
        if undo:
            raise InputError(
                f"Run {record.id} was undone by run {undo}: there is nothing to resume.",
                hint="Run its command again.",
            )
        if not record.portions and record.header.kind is not RunKind.BACKFILL:
            raise InputError(
                f"Run {record.id} was cut short before it had planned anything.", hint="Run its command again."
            )
        return record

    @contextmanager
    def resumed(self, record: RunRecord, servers: Mapping[Role, Server]) -> Iterator[tuple[RunFolder, RunRecord]]:
        """Lock the pair for a run that is resumed, its open batches resolved."""
        with self.ledger.locked() as lock, Cache.of(self.settings) as cache:
            run = self.ledger.resume(lock, record.id)
            found, _ = recover(run.record(running=False), run, servers, cache, self.settings.limits)
            yield run, found

    def context(
        self,
        plan: Plan,
        servers: Mapping[Role, Server],
        run: RunFolder,
        caches: tuple[Cache, Cache],
        watch: SideEffectWatch,
        *,
        before_batch: Callable[[], None] = lambda: None,
    ) -> RunContext:
        """Return the context to carry out a plan in."""

        def forget(writes: Iterable[Day]) -> None:
            days = tuple(writes)
            watch.before({table for table, _, _ in days})
            self._forget(plan, days)

        return RunContext(
            servers=servers,
            source=sources_of(plan, servers, self.ledger, self.catalogue, caches[1]),
            cache=caches[0],
            staging_cache=caches[1],
            run=run,
            limits=self.settings.limits,
            progress=self.progress,
            forget=forget,
            prepare_elsewhere=preparation_on_executor(servers, self.catalogue, plan, run.id),
            before_batch=before_batch,
        )

    def caches(self, stack: ExitStack) -> tuple[Cache, Cache]:
        """Return the two caches of a run, open as long as `stack` is."""
        first, second = (stack.enter_context(Cache.of(self.settings, at_once=2)) for _ in range(2))
        return first, second

    def _forget(self, plan: Plan, writes: Sequence[Day]) -> None:
        with Memory(self.settings.staging) as memory:
            memory.forget(writes)
        if not plan.remembers:
            # These rows are not alike on both servers: a later change would be blamed on the wrong one.
            LastSynced(self.settings.staging).forget({table for table, _, _ in writes})

    def _carry_out(
        self,
        plan: Plan,
        run: RunFolder,
        servers: Mapping[Role, Server],
        record: RunRecord | None,
        permission: Permission,
    ) -> VerifiedRun:
        """Do the steps of a plan that are not done, verify the result, and run the hooks before and after."""
        hook_runner = self.hook_runner(run, record.hooks if record else ())
        with ExitStack() as stack:
            watch = SideEffectWatch.over(plan, run, servers, permission)
            context = self.context(plan, servers, run, self.caches(stack), watch)
            try:
                result = self._write(plan, context, record, hook_runner, watch)
                result = self.run_hooks_after(result, self._lines_after(result), hook_runner)
            except BaseException:
                # After Ctrl-C or a fault at any point, no server stays in single-user mode.
                hook_runner.restore_multi_user()
                raise
            return self.finish(result, run)

    def finish(self, result: VerifiedRun, run: RunFolder) -> VerifiedRun:
        """Record how a run ended, and return it with its side effects and what a resume needs."""
        finished = replace(result, outcome=mark_ended(run, result.outcome))
        record = run.record(running=False)
        return replace(
            finished,
            side_effects=record.side_effects,
            side_effects_unknown=record.side_effects_unknown,
            needs=record.needs,
        )

    def _write(
        self, plan: Plan, context: RunContext, record: RunRecord | None, hook_runner: HookRunner, watch: SideEffectWatch
    ) -> VerifiedRun:
        known = record.batches if record else ()
        why, cancelled = "", False
        if not is_all_done(plan, 1, known):
            try:
                why = hook_runner.before(plan.checklist.before)
            except KeyboardInterrupt:
                why, cancelled = BY_USER, True
        if why:
            return VerifiedRun(plan, not_begun(plan, 1, context, known, why, cancelled=cancelled))
        result = VerifiedRun(plan, watch.after(execute(plan, 1, context, known)))
        if plan.to_roll_up is not None and not result.outcome.stopped:
            result = self._repair_rollups(result, plan.to_roll_up, context, record, watch.allowed)
        return result if result.outcome.cancelled else self._verify(result, context.run, context.servers, context.cache)

    def _repair_rollups(
        self, result: VerifiedRun, resync: Resync, context: RunContext, record: RunRecord | None, permission: Permission
    ) -> VerifiedRun:
        """Repair the days, weeks and months whose intervals are repaired, as a second portion."""
        try:
            if record is not None and ROLLUP_PORTION in record.portions_saved:
                made = context.run.plan(ROLLUP_PORTION)
                permission = permission.with_approved(made.effects_on_rows)
                made = resumable_plan(made, ROLLUP_PORTION, record, context.servers, permission, partial=True)
            else:
                undone = [step.number for step in result.outcome.steps if step.state is not StepState.DONE]
                made = self.rollups.plan(context.servers, result.plan, resync, undone, context.cache)
                wrote = any(step.wrote for step in result.outcome.steps)
                made = plan_with_side_effects(
                    made, context.servers, permission, resume_context(context.run.id, wrote=wrote)
                )
                self.ledger.check_room(needed_bytes(made))
                context.run.save_plan(ROLLUP_PORTION, made)
        except (KeyboardInterrupt, SyncError) as error:
            if is_stop(error):
                return replace(result, outcome=replace(result.outcome, cancelled=True, stopped=BY_USER))
            record_needs(context.run, error)
            return replace(result, outcome=replace(result.outcome, stopped=f"roll-ups were not repaired: {error}"))
        caches = (context.cache, context.staging_cache)
        watch = SideEffectWatch.over(made, context.run, context.servers, permission)
        again = self.context(made, context.servers, context.run, caches, watch)
        found = watch.after(execute(made, ROLLUP_PORTION, again, record.batches if record else ()))
        outcome = replace(
            result.outcome,
            steps=(*result.outcome.steps, *found.steps),
            stopped=found.stopped,
            cancelled=found.cancelled,
            saved=found.saved,
        )
        try:
            return replace(result, outcome=outcome, rollups=self._with_still_stale(made, found, context))
        except SyncError as error:
            stopped = outcome.stopped or f"the check of roll-ups failed: {error}"
            return replace(result, outcome=replace(outcome, stopped=stopped), rollups=made)

    def _with_still_stale(self, made: Plan, found: RunOutcome, context: RunContext) -> Plan:
        """Return the second portion with all periods still stale: not written, or not as they were written."""
        undone = {step.number for step in found.steps if step.state is not StepState.DONE}
        unlike: dict[str, None] = {}
        if not found.stopped:
            unlike = dict.fromkeys(
                unlike_journal(context.run.record(running=True), context.run, context.servers, context.cache)
            )
        stale = {one.place: one for one in made.stale}
        for step, part, write in written_by(made.steps):
            why = "it was not written" if step.number in undone else ""
            why = why or ("it is not as it was written" if part.table in unlike else "")
            if why and write.bucket.row_date is not None:
                archive = self.catalogue.table(part.table).grain.archive
                one = StaleRollup(part.table, archive, write.bucket.acd, write.bucket.row_date, step.into, why=why)
                # In place of the expected repair.
                stale[one.place] = one
        return replace(made, stale=tuple(sorted(stale.values(), key=lambda one: one.order)))

    def _lines_after(self, result: VerifiedRun) -> Sequence[ChecklistLine]:
        """Return what to do after a run: lines for the tables it wrote, and Data Summarizing of stale periods."""
        stale = (
            result.rollups.stale if result.rollups else [replace(one, then=Rollups.LIST) for one in result.plan.stale]
        )
        lines = with_summarizing_lines(result.plan.checklist, stale, self.settings.hooks).after
        wrote = {step.number for step in result.outcome.steps if step.portion == 1 and step.wrote}
        planned, written = (
            {(step.into, part.table) for step in result.plan.steps if step.number in numbers for part in step.parts}
            for numbers in ({step.number for step in result.plan.steps}, wrote)
        )
        return tuple(lines_of_written_rows(lines, planned, written, self.catalogue))

    def hook_runner(self, run: RunFolder, known: Sequence[HookRecord]) -> HookRunner:
        """Return the hook runner of a run; `known` are hooks it ran before."""
        others = tuple(record for other in self.ledger.runs() if other.id != run.id for record in other.hooks)
        return HookRunner(self.commands, run, self.progress, list(known), others, self.ledger.list_hooks())

    def run_hooks_after(
        self, result: VerifiedRun, lines: Sequence[ChecklistLine], hook_runner: HookRunner
    ) -> VerifiedRun:
        """Run the hooks after a run; after one that was stopped, only those that restore multi-user mode."""
        outcome = result.outcome
        wrote = result.wrote or any(step.wrote for step in outcome.steps)
        try:
            hook_runner.restore_multi_user()
            if wrote and not outcome.stopped:
                hook_runner.after(lines)
        except (KeyboardInterrupt, SyncError) as error:
            why = f"its hooks were {BY_USER}" if is_stop(error) else str(error)
            outcome = replace(outcome, cancelled=outcome.cancelled or is_stop(error), stopped=outcome.stopped or why)
        by_hand = (*hook_runner.manual_lines(lines, wrote=wrote), *manual_lines_after_run(result.after))
        return replace(result, outcome=outcome, hooks=hook_runner.this_time, by_hand=by_hand)

    def _verify(self, result: VerifiedRun, run: RunFolder, servers: Mapping[Role, Server], cache: Cache) -> VerifiedRun:
        outcome = result.outcome
        try:
            if result.plan.copy is None:
                unlike = self._unlike(result.plan, run, servers, cache)
                run.mark(
                    "checked", in_sync=outcome.done and not (outcome.stopped or unlike or result.plan.not_as_before)
                )
                return replace(result, unlike=unlike)
            after = self.observer.compare_again(servers, result.plan)
            not_compared = [table.spec.name for table in after.not_compared]
            unlike = self._unlike(result.plan, run, servers, cache) if outcome.done else ()
            alike = after.in_sync and not unlike
            run.mark("checked", in_sync=alike, differs=bool(after.differing), not_compared=not_compared)
            return replace(result, after=after, unlike=unlike)
        except (KeyboardInterrupt, SyncError) as error:
            if is_stop(error):
                stopped = replace(outcome, cancelled=True, stopped="the check after it was stopped: run verify")
            else:
                stopped = replace(outcome, stopped=outcome.stopped or f"the check after it failed: {error}")
            return replace(result, outcome=stopped)

    def _unlike(self, plan: Plan, run: RunFolder, servers: Mapping[Role, Server], cache: Cache) -> tuple[str, ...]:
        """Return the tables that are not as the plan was to leave them, where comparing does not show it."""
        match plan.kind:
            case RunOnEdit(edit=edit) | Undo(edit=FlagEdit() as edit) if flags_unlike(edit, servers[plan.target]):
                return (SCHEDULES,)
            case Sync() | RunOnEdit():
                return schedules_unlike(plan, servers)
            case Undo(edit=None):
                return tuple(unlike_journal(run.record(running=True), run, servers, cache))
            case Resync() | BackfillPortion() | RollupRepair() | Undo():
                return ()

    def recover_others(self, servers: Mapping[Role, Server], writable: frozenset[Role], *, but: str) -> list[str]:
        """Resolve what earlier runs left open on servers that are about to be written to."""
        return recover_earlier(self.ledger, servers, writable, self.settings, but=but)

    def prune(self, *, needed: str = "") -> Iterator[str]:
        """Remove runs beyond the limits of age and size, and say which; never the one that is about to be undone."""
        limits = self.settings.limits
        yield from self.ledger.prune(
            keep_days=limits.keep_days, keep_mb=limits.keep_mb, now=machine.now(), spared=needed
        )
