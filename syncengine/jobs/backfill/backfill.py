"""Backfills: history in bulk, in portions, each planned, written and compared again before the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from syncengine import machine
from syncengine.execute.executor import refuse_other_servers
from syncengine.execute.pacing import parse_hours
from syncengine.jobs.backfill.portion_bounds import PortionPlanner
from syncengine.jobs.backfill.portion_run import BackfillRun, PortionWork
from syncengine.jobs.backfill.progress_display import PortionProgress
from syncengine.jobs.connections import as_of
from syncengine.jobs.runs.runs import Runs
from syncengine.jobs.surroundings import record_needs, refuse_nothing_writable, side_effects_allowed
from syncengine.model.errors import InputError, RefusedError, SyncError
from syncengine.model.interrupts import BY_USER, is_stop
from syncengine.model.pair import Role
from syncengine.model.permission import NO_PERMISSION, Permission
from syncengine.model.plan import Plan
from syncengine.model.portions import BackfillPlan, BackfillRequest, Portion
from syncengine.model.progress import Progress
from syncengine.model.run import RunKind, RunRecord
from syncengine.model.verified_run import VerifiedRun
from syncengine.servers.protocol import Server
from syncengine.servers.throttle import Throttle, ThrottledServer
from syncengine.staging.ledger import NewRun
from syncengine.staging.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class BackfillJob:
    """Backfills one pair."""

    runs: Runs
    portion_planner: PortionPlanner
    work: PortionWork
    progress: Progress

    def plan(self, request: BackfillRequest) -> BackfillPlan:
        """Return the portions of a backfill. Reads only."""
        self._refuse_hours(request)
        with self.runs.connections.servers(frozenset()) as servers:
            refuse_nothing_writable(request.tables, request.writes_to, servers, request.policy)
            made = self.portion_planner.portions(servers, request)
            allowed_side_effects = side_effects_allowed(request.tables, request.writes_to, servers, request.allowed)
        side_effect_notes = (
            f"{one.message}; an undo does not restore what that changes" for one in allowed_side_effects
        )
        return replace(made, notes=(*made.notes, *side_effect_notes))

    def portion_plans(self, plan: BackfillPlan) -> Iterator[tuple[Portion, Plan | None]]:
        """Yield the plan of each portion by the present rows; None where none of its tables can be compared."""
        seed, request = machine.seed(), plan.request
        earlier = self.work.written_earlier(request)
        with self.runs.connections.servers(frozenset()) as servers:
            refuse_other_servers(plan, servers)
            for portion in plan.portions:
                made = self.work.plan(servers, request, portion, seed, self.progress, request.allowed, earlier)
                yield portion, made

    def execute(self, plan: BackfillPlan, *, about: str = "") -> VerifiedRun:
        """Do a backfill as a new run."""
        request, into = plan.request, plan.writes_to
        with (
            self.runs.connections.servers(into, slowed_by=_slowed_by(request)) as servers,
            self.runs.ledger.locked() as lock,
        ):
            refuse_other_servers(plan, servers)
            self.runs.connections.refuse_unwritable(servers, into)
            notes = (*self.runs.recover_others(servers, into, but=""), *self.runs.prune())
            # Triggers present now are allowed, by their names; those added between two portions are not.
            allowed = request.allowed.with_approved(
                side_effects_allowed(request.tables, into, servers, request.allowed)
            )
            begin = NewRun(RunKind.BACKFILL, machine.seed(), about or plan.about, request=_with_not_counted(plan))
            run = self.runs.ledger.begin(lock, begin, needs_bytes=0)
            run.save_portions(plan.portions)
            if allowed.named:
                run.mark_allowance("allowed", allowed)
            result = self._carry_out(request, run, servers, run.record(running=True))
        return replace(result, notes=notes)

    def resume(self, record: RunRecord, allowed: Permission) -> VerifiedRun:
        """Resume a backfill: the portion under way by its own plan, then those after it.

        `allowed` are side effects allowed in addition to those allowed before.
        """
        request = record.header.request
        if request is None or not self.runs.ledger.folder(record.id).is_cut():
            raise InputError(
                f"Run {record.id} was cut short before it had planned anything.", hint="Run its command again."
            )
        self._refuse_hours(request)
        into = request.writes_to
        with self.runs.connections.servers(into, slowed_by=_slowed_by(request)) as servers:
            self.runs.connections.refuse_unwritable(servers, into)
            for portion in record.portions_saved:
                refuse_other_servers(self.runs.ledger.folder(record.id).plan(portion), servers)
            self.runs.connections.refuse_upgraded(servers)
            with self.runs.resumed(record, servers) as (run, found):
                if allowed.named:
                    run.mark_allowance(
                        "allowed", allowed.with_approved(side_effects_allowed(request.tables, into, servers, allowed))
                    )
                notes = self.runs.recover_others(servers, into, but=record.id)
                granted = run.record(running=True).granted
                result = self._carry_out(request, run, servers, replace(found, granted=granted))
                return replace(result, notes=tuple(notes))

    def _refuse_hours(self, request: BackfillRequest) -> None:
        """Refuse invalid hours, and hours that a fixed clock never reaches."""
        if request.hours is None:
            return
        hours, settings = parse_hours(request.hours), self.runs.settings
        if settings.as_of is not None and not hours.contains(as_of(settings)):
            raise InputError(
                f"{settings.file.name} fixes the clock at {settings.as_of:%H:%M}, which is outside of the hours "
                f"{hours}.",
                hint="Leave `hours=` out, or as_of in the pair file.",
            )

    def _carry_out(
        self, request: BackfillRequest, run: RunFolder, servers: Mapping[Role, Server], record: RunRecord
    ) -> VerifiedRun:
        def throttled_servers() -> Mapping[Role, Server]:
            if not request.rows_per_second:
                return servers
            throttle = Throttle(request.rows_per_second)
            return {role: ThrottledServer(server, throttle) for role, server in servers.items()}

        portions = run.portions()
        progress = PortionProgress(self.progress, portions, record.portions_done)
        allowed = NO_PERMISSION.with_approved(record.granted.approved)
        earlier = self.work.written_earlier(request)
        backfill_run = BackfillRun(
            self.runs, self.work, request, run, throttled_servers, record, progress, allowed, earlier
        )
        progress.open()
        try:
            for portion in portions:
                backfill_run.copy_portion(portion)
                if backfill_run.stopped:
                    break
                if portion.number not in record.portions_done:
                    progress.portion_done(portion)
        except (KeyboardInterrupt, SyncError) as error:
            record_needs(run, error)
            backfill_run.stop(BY_USER if is_stop(error) else str(error), cancelled=is_stop(error))
            if isinstance(error, RefusedError | InputError) and not backfill_run.wrote:
                # Nothing was written: only the error matters, not how far the reading came.
                backfill_run.finish()
                raise
        finally:
            progress.close()
        return backfill_run.finish()


def _with_not_counted(plan: BackfillPlan) -> BackfillRequest:
    """Return the request that the ledger records of a backfill, with the tables that could not be counted."""
    return replace(plan.request, not_counted=tuple(name for name, _ in plan.not_counted))


def _slowed_by(request: BackfillRequest) -> float:
    """Return how many seconds the rows of a portion take at the requested rate, read and written."""
    return 2 * request.portion_rows / request.rows_per_second if request.rows_per_second else 0.0
