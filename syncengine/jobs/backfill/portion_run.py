"""One backfill under way: plans a portion, does it, looks at it afresh, and remembers how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from syncengine.catalogue import Catalogue
from syncengine.execute.executor import execute
from syncengine.execute.pacing import Pacing, parse_hours
from syncengine.jobs.backfill.progress_display import PortionProgress
from syncengine.jobs.connections import as_of
from syncengine.jobs.observation import Observer
from syncengine.jobs.runs.beginning import needed_bytes
from syncengine.jobs.runs.runs import Runs
from syncengine.jobs.surroundings import Watch, fit_to_go_on, planned, surrounded, to_go_on
from syncengine.model.allowed import Allowed
from syncengine.model.checklist import ChecklistLine
from syncengine.model.drift import Observation
from syncengine.model.errors import WindowError
from syncengine.model.outcome import RunOutcome, StepOutcome, StepState
from syncengine.model.pair import PairSettings, Role
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import BackfillPortion
from syncengine.model.portions import BackfillWishes, Portion, PortionDone, PortionFound
from syncengine.model.progress import Progress
from syncengine.model.ran import Ran
from syncengine.model.refusals import TooManyDeletionsError
from syncengine.model.run import RunRecord
from syncengine.observe.facts import running_archive
from syncengine.observe.request import Request
from syncengine.planning.plan import Wishes
from syncengine.planning.surroundings import PLANNED, Told
from syncengine.servers.protocol import Server
from syncengine.staging.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class PortionWork:
    """Plans portions and looks at them."""

    settings: PairSettings
    catalogue: Catalogue
    observer: Observer

    def plan(
        self,
        servers: Mapping[Role, Server],
        wishes: BackfillWishes,
        portion: Portion,
        seed: int,
        progress: Progress,
        allowed: Allowed,
        told: Told = PLANNED,
    ) -> Plan | None:
        """Return the plan of a portion; None where nothing of it can be compared."""
        request = replace(self._request(wishes, portion, seed), for_writing=True)
        try:
            observation = self.observer.observe(servers, request, progress)
        except WindowError:
            return None
        try:
            how = Wishes(BackfillPortion(wishes.policy), self.settings.limits, hooks=self.settings.hooks)
            made = planned(observation, self.catalogue, how, servers, of_a_part=True)
        except TooManyDeletionsError as error:
            error.hint = (
                "Look at them with `syncengine verify`; then raise limits.deletions in the pair file, or use fill."
            )
            raise
        return surrounded(made, servers, allowed, told)

    def look(
        self,
        servers: Mapping[Role, Server],
        wishes: BackfillWishes,
        portion: Portion,
        seed: int,
        progress: Progress,
    ) -> Observation | None:
        """Look at a portion afresh."""
        try:
            return self.observer.observe(servers, replace(self._request(wishes, portion, seed), fresh=True), progress)
        except WindowError:
            return None

    def _request(self, wishes: BackfillWishes, portion: Portion, seed: int) -> Request:
        return Request(
            specs=tuple(self.catalogue.table(name) for name in portion.tables),
            source=wishes.source,
            as_of=as_of(self.settings),
            seed=seed,
            window=portion.window,
            acds=wishes.acds,
        )


@dataclass(slots=True)
class Copying:
    """A backfill under way."""

    runs: Runs
    work: PortionWork
    wishes: BackfillWishes
    run: RunFolder
    paced: Callable[[], Mapping[Role, Server]]
    """Returns the servers, no faster than asked for; anew each time, since who was interrupted is held back no more."""
    record: RunRecord
    progress: PortionProgress
    allowed: Allowed
    """What may be set off, each by the name it was told by."""
    steps: list[StepOutcome] = field(default_factory=list)
    done: list[PortionDone] = field(default_factory=list)
    last: Plan | None = None
    stopped: str = ""
    cancelled: bool = False

    @property
    def wrote(self) -> bool:
        """Say whether the run has written anything, this time or before."""
        return bool(self.record.done) or any(step.wrote for step in self.steps)

    def stop(self, why: str, *, cancelled: bool = False) -> None:
        """Remember why it ends early; the first reason counts."""
        self.stopped = self.stopped or why
        self.cancelled = self.cancelled or cancelled

    def portion(self, portion: Portion) -> None:
        """Plan a portion, or go on by the plan it has; do it; look at it afresh."""
        if portion.number in self.record.portions_done:
            return
        made = self._plan(portion)
        outcome = RunOutcome(self.run.id, ())
        if made is not None:
            self.last = made
            outcome = self._execute(made, portion)
            self.steps += outcome.steps
        if outcome.stopped:
            self.stop(outcome.stopped, cancelled=outcome.cancelled)
            return
        after = None
        if made is not None:
            after = self.work.look(self.paced(), self.wishes, portion, self.record.header.seed, self.progress)
        in_sync = None if after is None else after.in_sync
        lost = tuple(table.spec.name for table in after.not_compared) if after else ()
        left = sum(table.counts.total for table in after.tables) if after else 0
        unwritable = made.unwritable if made is not None else ()
        self.done.append(PortionDone(portion, outcome.deleted, outcome.inserted, left, in_sync, lost, unwritable))
        # Steps that were left since their rows had moved are not done by this plan any more: drift remains.
        alike = outcome.done and in_sync is not False
        undone = tuple(dict.fromkeys(step.state for step in outcome.steps if step.state is not StepState.DONE))
        self.run.mark_portion(PortionFound(portion.number, alike, left, lost, unwritable, undone))

    def ended(self) -> Ran:
        """Mark how it ended, and return what became of it."""
        outcome = RunOutcome(self.run.id, tuple(self.steps), self.stopped, self.cancelled)
        if outcome.done and not self.stopped:
            every: tuple[PortionFound | PortionDone, ...] = (*self.record.portions_found, *self.done)
            in_sync = all(one.in_sync is not False for one in every) and not self._not_counted()
            lost = list(dict.fromkeys(name for one in every for name in one.not_compared))
            differs = any(one.left for one in every)
            self.run.mark("checked", in_sync=in_sync, differs=differs, not_compared=lost)
        last = self.last or nothing(self.work.settings, self.wishes, self.record.header.seed)
        ran = Ran(
            last,
            outcome,
            None,
            portions=tuple(self.done),
            before=self.record.portions_found,
            not_counted=self._not_counted(),
            wrote=self.wrote,
        )
        ran = self.runs.hooked_after(ran, self._lines(), self.runs.hooking(self.run, self.record.hooks))
        return self.runs.ended(ran, self.run)

    def _not_counted(self) -> tuple[str, ...]:
        """Return the tables of which days may have been left out, since they could not be counted."""
        request = self.record.header.request
        return request.not_counted if request is not None else ()

    def _lines(self) -> tuple[ChecklistLine, ...]:
        """Return what all its portions leave to be done, each once."""
        portions = self.run.record(running=True).portions_kept if self.wrote else ()
        return tuple(dict.fromkeys(line for number in portions for line in self.run.plan(number).checklist.after))

    def _plan(self, portion: Portion) -> Plan | None:
        if portion.number in self.record.portions_kept:
            kept = self.run.plan(portion.number)
            permission = self.allowed.and_told(kept.set_off)
            return fit_to_go_on(kept, portion.number, self.record, self.paced(), permission, of_a_part=True)
        seed = self.record.header.seed
        made = self.work.plan(
            self.paced(),
            self.wishes,
            portion,
            seed,
            self.progress,
            self.allowed,
            to_go_on(self.run.id, wrote=True) if self.wrote else PLANNED,
        )
        if made is not None:
            self.runs.ledger.check_room(needed_bytes(made))
            self.run.save_plan(portion.number, made)
        return made

    def _execute(self, made: Plan, portion: Portion) -> RunOutcome:
        with ExitStack() as stack:
            caches = self.runs.caches(stack)
            servers = self.paced()
            watch = Watch.over(made, self.run, servers, self.allowed.and_told(made.set_off))
            pacing = self._pacing(made, servers)
            context = self.runs.context(made, servers, self.run, caches, watch, before_batch=pacing)
            context = replace(context, progress=self.progress)
            return watch.after(execute(made, portion.number, context, self.record.batches))

    def _pacing(self, made: Plan, servers: Mapping[Role, Server]) -> Pacing:
        settings = self.work.settings
        return Pacing(
            run=self.run,
            servers=servers,
            into=made.writes_to,
            hours=None if self.wishes.hours is None else parse_hours(self.wishes.hours),
            wall_clock=lambda: as_of(settings),
            archiving=running_archive,
            tell=self.progress.waits,
        )


def nothing(settings: PairSettings, wishes: BackfillWishes, seed: int) -> Plan:
    """Return a plan of no steps, for a backfill that found nothing to compare."""
    return Plan(
        kind=BackfillPortion(wishes.policy),
        seed=seed,
        as_of=as_of(settings),
        target=wishes.source.other,
        zone=settings.timezone,
        identities=(),
        tables=wishes.tables,
        requested=wishes.window,
        acds=wishes.acds,
    )
