"""One backfill under way: plans a portion, writes it, compares it again, and records how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from syncengine.catalogue import Catalogue
from syncengine.execute.executor import execute
from syncengine.execute.pacing import Pacer, parse_hours
from syncengine.jobs.backfill.progress_display import PortionProgress
from syncengine.jobs.connections import as_of
from syncengine.jobs.observation import Observer, not_before
from syncengine.jobs.rollups.earlier_writes import periods_written_before
from syncengine.jobs.runs.beginning import needed_bytes
from syncengine.jobs.runs.runs import Runs
from syncengine.jobs.surroundings import (
    SideEffectWatch,
    plan_with_side_effects,
    resumable_plan,
    resume_context,
    writable_plan,
)
from syncengine.model.checklist import ChecklistLine
from syncengine.model.drift import Observation
from syncengine.model.errors import WindowError
from syncengine.model.outcome import RunOutcome, StepOutcome, StepState
from syncengine.model.pair import PairSettings, Role
from syncengine.model.permission import Permission
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import BackfillPortion
from syncengine.model.portions import BackfillRequest, Portion, PortionOutcome, PortionRecord
from syncengine.model.progress import Progress
from syncengine.model.refusals import TooManyDeletionsError
from syncengine.model.run import RunRecord
from syncengine.model.verified_run import VerifiedRun
from syncengine.observe.facts import running_archive
from syncengine.observe.request import Request
from syncengine.planning.plan import PlanRequest
from syncengine.planning.surroundings import PLANNED, RefusalContext
from syncengine.planning.written_periods import WrittenPeriods
from syncengine.servers.protocol import Server
from syncengine.staging.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class PortionWork:
    """Plans portions and compares them."""

    settings: PairSettings
    catalogue: Catalogue
    observer: Observer

    def plan(
        self,
        servers: Mapping[Role, Server],
        request: BackfillRequest,
        portion: Portion,
        seed: int,
        progress: Progress,
        allowed: Permission,
        earlier: WrittenPeriods,
        context: RefusalContext = PLANNED,
    ) -> Plan | None:
        """Return the plan of a portion; None where none of its tables can be compared.

        `earlier` is what other runs have written (`written_earlier`): the same for all portions, since it counts for
        the source of one direction only, where this backfill writes nothing.
        """
        comparison = replace(self._comparison(request, portion, seed), for_writing=True)
        try:
            observation = self.observer.observe(servers, comparison, progress)
        except WindowError:
            return None
        try:
            plan_request = PlanRequest(
                BackfillPortion(request.policy),
                self.settings.limits,
                hooks=self.settings.hooks,
                runs=earlier,
            )
            made = writable_plan(observation, self.catalogue, plan_request, servers, partial=True)
        except TooManyDeletionsError as error:
            error.hint = (
                "Check them with `syncengine verify`; then raise limits.deletions in the pair file, or use fill."
            )
            raise
        return plan_with_side_effects(made, servers, allowed, context)

    def written_earlier(self, request: BackfillRequest) -> WrittenPeriods:
        """Return what earlier runs have written; reads the plans of all of them."""
        specs = (self.catalogue.table(name) for name in request.tables)
        return periods_written_before(self.observer.ledger, self.catalogue, specs)

    def compare_again(
        self,
        servers: Mapping[Role, Server],
        request: BackfillRequest,
        portion: Portion,
        made: Plan,
        progress: Progress,
    ) -> Observation | None:
        """Compare a portion again after its plan was carried out, with nothing remembered."""
        comparison = self._comparison(request, portion, made.seed)
        comparison = replace(comparison, fresh=True, as_of=not_before(comparison.as_of, made))
        try:
            return self.observer.observe(servers, comparison, progress)
        except WindowError:
            return None

    def _comparison(self, request: BackfillRequest, portion: Portion, seed: int) -> Request:
        return Request(
            specs=tuple(self.catalogue.table(name) for name in portion.tables),
            source=request.source,
            as_of=as_of(self.settings),
            seed=seed,
            window=portion.window,
            acds=request.acds,
        )


@dataclass(slots=True)
class BackfillRun:
    """A backfill under way."""

    runs: Runs
    work: PortionWork
    request: BackfillRequest
    run: RunFolder
    throttled_servers: Callable[[], Mapping[Role, Server]]
    """Returns the servers, throttled to the requested rate; each time anew, since an interrupt ends a throttle."""
    record: RunRecord
    progress: PortionProgress
    allowed: Permission
    """The side effects that are allowed, by name."""
    earlier: WrittenPeriods
    """What other runs have written."""
    steps: list[StepOutcome] = field(default_factory=list)
    done: list[PortionOutcome] = field(default_factory=list)
    last_plan: Plan | None = None
    stopped: str = ""
    cancelled: bool = False

    @property
    def wrote(self) -> bool:
        """Say whether the run has written rows, this time or before."""
        return bool(self.record.done) or any(step.wrote for step in self.steps)

    def stop(self, why: str, *, cancelled: bool = False) -> None:
        """Record why it ends early; the first reason counts."""
        self.stopped = self.stopped or why
        self.cancelled = self.cancelled or cancelled

    def copy_portion(self, portion: Portion) -> None:
        """Plan a portion, or resume by its saved plan; write it; compare it again."""
        if portion.number in self.record.portions_done:
            return
        made = self._plan(portion)
        outcome = RunOutcome(self.run.id, ())
        if made is not None:
            self.last_plan = made
            outcome = self._execute(made, portion)
            self.steps += outcome.steps
        if outcome.stopped:
            self.stop(outcome.stopped, cancelled=outcome.cancelled)
            return
        after = None
        if made is not None:
            after = self.work.compare_again(self.throttled_servers(), self.request, portion, made, self.progress)
        in_sync = None if after is None else after.in_sync
        not_compared = tuple(table.spec.name for table in after.not_compared) if after else ()
        remaining = sum(table.counts.total for table in after.tables) if after else 0
        unwritable = made.unwritable if made is not None else ()
        self.done.append(
            PortionOutcome(portion, outcome.deleted, outcome.inserted, remaining, in_sync, not_compared, unwritable)
        )
        # Steps skipped because their rows changed since planning are not done by this plan any more: drift remains.
        alike = outcome.done and in_sync is not False
        undone = tuple(dict.fromkeys(step.state for step in outcome.steps if step.state is not StepState.DONE))
        self.run.mark_portion(PortionRecord(portion.number, alike, remaining, not_compared, unwritable, undone))

    def finish(self) -> VerifiedRun:
        """Record how it ended, and return the result."""
        outcome = RunOutcome(self.run.id, tuple(self.steps), self.stopped, self.cancelled)
        if outcome.done and not self.stopped:
            every: tuple[PortionRecord | PortionOutcome, ...] = (*self.record.portion_records, *self.done)
            in_sync = all(one.in_sync is not False for one in every) and not self._not_counted()
            not_compared = list(dict.fromkeys(name for one in every for name in one.not_compared))
            differs = any(one.skipped for one in every)
            self.run.mark("checked", in_sync=in_sync, differs=differs, not_compared=not_compared)
        last_plan = self.last_plan or empty_plan(self.work.settings, self.request, self.record.header.seed)
        result = VerifiedRun(
            last_plan,
            outcome,
            None,
            portions=tuple(self.done),
            earlier_portions=self.record.portion_records,
            not_counted=self._not_counted(),
            wrote=self.wrote,
        )
        result = self.runs.run_hooks_after(result, self._lines(), self.runs.hook_runner(self.run, self.record.hooks))
        return self.runs.finish(result, self.run)

    def _not_counted(self) -> tuple[str, ...]:
        """Return the tables that could not be counted, so that days of them may be missing."""
        recorded = self.record.header.request
        return recorded.not_counted if recorded is not None else ()

    def _lines(self) -> tuple[ChecklistLine, ...]:
        """Return the checklist lines of all its portions, each once."""
        portions = self.run.record(running=True).portions_saved if self.wrote else ()
        return tuple(dict.fromkeys(line for number in portions for line in self.run.plan(number).checklist.after))

    def _plan(self, portion: Portion) -> Plan | None:
        if portion.number in self.record.portions_saved:
            saved = self.run.plan(portion.number)
            permission = self.allowed.with_approved(saved.effects_on_rows)
            return resumable_plan(
                saved, portion.number, self.record, self.throttled_servers(), permission, partial=True
            )
        seed = self.record.header.seed
        made = self.work.plan(
            self.throttled_servers(),
            self.request,
            portion,
            seed,
            self.progress,
            self.allowed,
            self.earlier,
            resume_context(self.run.id, wrote=True) if self.wrote else PLANNED,
        )
        if made is not None:
            self.runs.ledger.check_room(needed_bytes(made))
            self.run.save_plan(portion.number, made)
        return made

    def _execute(self, made: Plan, portion: Portion) -> RunOutcome:
        with ExitStack() as stack:
            caches = self.runs.caches(stack)
            servers = self.throttled_servers()
            watch = SideEffectWatch.over(made, self.run, servers, self.allowed.with_approved(made.effects_on_rows))
            pacer = self._pacer(made, servers)
            context = self.runs.context(made, servers, self.run, caches, watch, before_batch=pacer)
            context = replace(context, progress=self.progress)
            return watch.after(execute(made, portion.number, context, self.record.batches))

    def _pacer(self, made: Plan, servers: Mapping[Role, Server]) -> Pacer:
        settings = self.work.settings
        return Pacer(
            run=self.run,
            servers=servers,
            into=made.writes_to,
            hours=None if self.request.hours is None else parse_hours(self.request.hours),
            wall_clock=lambda: as_of(settings),
            archiving=running_archive,
            report=self.progress.show_wait,
        )


def empty_plan(settings: PairSettings, request: BackfillRequest, seed: int) -> Plan:
    """Return a plan of no steps, for a backfill with nothing to compare."""
    return Plan(
        kind=BackfillPortion(request.policy),
        seed=seed,
        as_of=as_of(settings),
        target=request.source.other,
        zone=settings.timezone,
        identities=(),
        tables=request.tables,
        requested=request.window,
        acds=request.acds,
    )
