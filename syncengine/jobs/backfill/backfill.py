"""Backfills: history in bulk, in portions, each planned, written and looked at afresh before the next."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from syncengine.execute.executor import refuse_other_servers
from syncengine.execute.pacing import parse_hours
from syncengine.jobs.backfill.portion_bounds import Cutting
from syncengine.jobs.backfill.portion_run import Copying, PortionWork
from syncengine.jobs.backfill.progress_display import PortionProgress
from syncengine.jobs.connections import as_of
from syncengine.jobs.runs.runs import Runs
from syncengine.jobs.surroundings import needs, refuse_nothing_writable, told_of
from syncengine.model.allowed import NOTHING, Allowed
from syncengine.model.errors import InputError, RefusedError, SyncError
from syncengine.model.interrupts import BY_USER, is_stop
from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.model.portions import BackfillPlan, BackfillWishes, Portion
from syncengine.model.progress import Progress
from syncengine.model.ran import Ran
from syncengine.model.run import RunKind, RunRecord
from syncengine.servers.protocol import Server
from syncengine.servers.throttle import Throttle, ThrottledServer
from syncengine.staging.ledger import Begin
from syncengine.staging.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Backfilling:
    """Backfills one pair."""

    runs: Runs
    cutting: Cutting
    work: PortionWork
    progress: Progress

    def plan(self, wishes: BackfillWishes) -> BackfillPlan:
        """Return how a backfill would be cut. Reads only."""
        self._refuse_hours(wishes)
        with self.runs.connections.servers(frozenset()) as servers:
            refuse_nothing_writable(wishes.tables, wishes.writes_to, servers, wishes.policy)
            made = self.cutting.portions(servers, wishes)
            told = told_of(wishes.tables, wishes.writes_to, servers, wishes.allowed)
        sets_off = (f"{one.says}; an undo does not put back what that changes" for one in told)
        return replace(made, notes=(*made.notes, *sets_off))

    def planned(self, plan: BackfillPlan) -> Iterator[tuple[Portion, Plan | None]]:
        """Yield the plan of each portion, as the pair is now; None where nothing of it can be compared."""
        seed, wishes = secrets.randbits(63), plan.wishes
        with self.runs.connections.servers(frozenset()) as servers:
            refuse_other_servers(plan, servers)
            for portion in plan.portions:
                yield portion, self.work.plan(servers, wishes, portion, seed, self.progress, wishes.allowed)

    def execute(self, plan: BackfillPlan, *, about: str = "") -> Ran:
        """Do a backfill as a new run."""
        wishes, into = plan.wishes, plan.writes_to
        with (
            self.runs.connections.servers(into, slowed_by=_slowed_by(wishes)) as servers,
            self.runs.ledger.locked() as lock,
        ):
            refuse_other_servers(plan, servers)
            self.runs.connections.refuse_unwritable(servers, into)
            notes = (*self.runs.recover_others(servers, into, but=""), *self.runs.prune())
            # What is there now is allowed, by its names: what comes between two portions is not.
            allowed = wishes.allowed.and_told(told_of(wishes.tables, into, servers, wishes.allowed))
            begin = Begin(RunKind.BACKFILL, secrets.randbits(63), about or plan.about, request=_with_lost(plan))
            run = self.runs.ledger.begin(lock, begin, needs_bytes=0)
            run.save_portions(plan.portions)
            if allowed.named:
                run.mark_allowance("allowed", allowed)
            ran = self._carry_out(wishes, run, servers, run.record(running=True))
        return replace(ran, notes=notes)

    def resume(self, record: RunRecord, allowed: Allowed) -> Ran:
        """Go on with a backfill: the portion under way by its own plan, then those after it.

        `allowed` is what may be set off beside what it was allowed before.
        """
        wishes = record.header.request
        if wishes is None or not self.runs.ledger.folder(record.id).is_cut():
            raise InputError(
                f"Run {record.id} was cut short before it had planned anything.", hint="Run its command again."
            )
        self._refuse_hours(wishes)
        into = wishes.writes_to
        with self.runs.connections.servers(into, slowed_by=_slowed_by(wishes)) as servers:
            self.runs.connections.refuse_unwritable(servers, into)
            for portion in record.portions_kept:
                refuse_other_servers(self.runs.ledger.folder(record.id).plan(portion), servers)
            self.runs.connections.refuse_upgraded(servers)
            with self.runs.resumed(record, servers) as (run, found):
                if allowed.named:
                    run.mark_allowance("allowed", allowed.and_told(told_of(wishes.tables, into, servers, allowed)))
                notes = self.runs.recover_others(servers, into, but=record.id)
                granted = run.record(running=True).granted
                ran = self._carry_out(wishes, run, servers, replace(found, granted=granted))
                return replace(ran, notes=tuple(notes))

    def _refuse_hours(self, wishes: BackfillWishes) -> None:
        """Refuse what are no hours, and those that a clock which stands still never reaches."""
        if wishes.hours is None:
            return
        hours, settings = parse_hours(wishes.hours), self.runs.settings
        if settings.as_of is not None and not hours.holds(as_of(settings)):
            raise InputError(
                f"{settings.file.name} fixes the clock at {settings.as_of:%H:%M}, which never comes into the hours "
                f"{hours}.",
                hint="Leave `hours=` out, or as_of in the pair file.",
            )

    def _carry_out(
        self, wishes: BackfillWishes, run: RunFolder, servers: Mapping[Role, Server], record: RunRecord
    ) -> Ran:
        def paced() -> Mapping[Role, Server]:
            if not wishes.rows_per_second:
                return servers
            throttle = Throttle(wishes.rows_per_second)
            return {role: ThrottledServer(server, throttle) for role, server in servers.items()}

        portions = run.portions()
        progress = PortionProgress(self.progress, portions, record.portions_done)
        allowed = NOTHING.and_told(record.granted.told)
        copying = Copying(self.runs, self.work, wishes, run, paced, record, progress, allowed)
        progress.open()
        try:
            for portion in portions:
                copying.portion(portion)
                if copying.stopped:
                    break
                if portion.number not in record.portions_done:
                    progress.portion_done(portion)
        except (KeyboardInterrupt, SyncError) as error:
            needs(run, error)
            copying.stop(BY_USER if is_stop(error) else str(error), cancelled=is_stop(error))
            if isinstance(error, RefusedError | InputError) and not copying.wrote:
                # Nothing was written: it is the sentence that counts, not how far the reading came.
                copying.ended()
                raise
        finally:
            progress.close()
        return copying.ended()


def _with_lost(plan: BackfillPlan) -> BackfillWishes:
    """Return what the ledger keeps of a backfill: what is asked for, and what it does not look at."""
    return replace(plan.wishes, not_counted=tuple(name for name, _ in plan.not_counted))


def _slowed_by(wishes: BackfillWishes) -> float:
    """Return how many seconds the rows of a portion take at the rate asked for: read, and written."""
    return 2 * wishes.portion_rows / wishes.rows_per_second if wishes.rows_per_second else 0.0
