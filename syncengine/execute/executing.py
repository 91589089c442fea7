"""Executes a plan, step by step: each one transaction, held against the plan before it is committed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncengine.execute.images import buckets_of, hold
from syncengine.execute.preparing import PreparedPart, Preparing
from syncengine.execute.putting_back import put_back
from syncengine.execute.uninterrupted import uninterrupted
from syncengine.model.errors import (
    MovedError,
    RefusedError,
    ServerError,
    StagingError,
    SyncError,
    UnknownOutcomeError,
)
from syncengine.model.outcome import RunOutcome, StepOutcome, StepState
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, Step
from syncengine.model.progress import Progress
from syncengine.servers.protocol import Server, WriteSession
from syncengine.servers.retrying import tried
from syncengine.staging.cache import Cache
from syncengine.staging.folder import RunFolder
from syncengine.staging.pieces import read_piece


def execute(plan: Plan, servers: Mapping[Role, Server], cache: Cache, run: RunFolder, progress: Progress) -> RunOutcome:
    """Do the steps of a plan in order and say what became of each.

    A step whose rows have moved is left, the others go on. Anything else that goes wrong ends the run:
    the step under way is rolled back, and those before it stay done. Never raises for what happened to a
    step: what is committed is always told.
    """
    _same_servers(plan, servers)
    running = _Running(plan, servers, cache, run)
    progress.begin("Writing", len(plan.steps))
    try:
        for step in plan.steps:
            running.attempt(step)
            last = running.outcomes[-1]
            progress.advance(1, ", ".join(part.table for part in step.parts), rows=last.deleted + last.inserted)
    except KeyboardInterrupt:
        running.stop("stopped by the user", cancelled=True)
    except SyncError as error:
        running.stop(str(error))
    except Exception as error:  # noqa: BLE001  # whatever it is, what was committed before it must be told
        running.stop(f"an unexpected error: {error!r}")
    finally:
        progress.end()
    return running.outcome()


@dataclass(slots=True)
class _Running:
    """A run under way."""

    plan: Plan
    servers: Mapping[Role, Server]
    cache: Cache
    run: RunFolder
    outcomes: list[StepOutcome] = field(default_factory=list)
    stopped: str = ""
    cancelled: bool = False

    def attempt(self, step: Step) -> None:
        """Do one step, or say why it was left."""
        undone = [o.number for o in self.outcomes if o.number in step.after and o.state is not StepState.DONE]
        if undone:
            self.outcomes.append(StepOutcome(step.number, StepState.WAITING, why=f"step {undone[0]} was not done"))
            return
        try:
            tried(lambda: self._do(step))
        except MovedError as error:
            self.outcomes.append(StepOutcome(step.number, StepState.MOVED, why=str(error)))
            self.run.mark(step=step.number, state=StepState.MOVED, why=str(error))

    def stop(self, why: str, *, cancelled: bool = False) -> None:
        """Remember why the run ends early; the first reason counts."""
        self.stopped = self.stopped or why
        self.cancelled = self.cancelled or cancelled

    def outcome(self) -> RunOutcome:
        """Return what became of the run."""
        known = {outcome.number for outcome in self.outcomes}
        waiting = [
            StepOutcome(step.number, StepState.WAITING, why=self.stopped)
            for step in self.plan.steps
            if step.number not in known
        ]
        done = sum(outcome.state is StepState.DONE for outcome in self.outcomes)
        try:
            self.run.mark(run="ended", stopped=self.stopped, done=done, of=len(self.plan.steps))
        except StagingError as error:
            self.stop(str(error))
        return RunOutcome(self.run.id, (*self.outcomes, *waiting), self.stopped, self.cancelled)

    def _do(self, step: Step) -> None:
        preparing = Preparing(
            reader=self.servers[step.into.other],
            writer=self.servers[step.into],
            from_role=step.into.other,
            into=step.into,
            seed=self.plan.seed,
            cache=self.cache,
            run=self.run,
        )
        prepared = [preparing.part(part, f"{step.number:05d}-{part.table}") for part in step.parts]
        begun: list[PreparedPart] = []
        try:
            self._write(step, prepared, begun)
        except BaseException:
            # A transaction is rolled back when its session is left; where there is none, the journal is put back.
            if begun and not self.servers[step.into].describe().capabilities.transactions:
                with uninterrupted():
                    self._put_back(begun, step.into)
            raise
        self.run.mark(step=step.number, state=StepState.DONE)

    def _write(self, step: Step, prepared: list[PreparedPart], begun: list[PreparedPart]) -> None:
        """Do the transaction of a step; `begun` is told of each part that may have been changed."""
        with self.servers[step.into].begin() as session:
            self.run.mark(
                step=step.number,
                state="open",
                into=step.into,
                session=session.id,
                seed=self.plan.seed,
                before=[one.before.as_data() for one in prepared],
                after=[one.after.as_data() for one in prepared],
            )
            for one in prepared:
                self._lock(one, session, step.into)
                begun.append(one)
                self._apply(one, session, step.into)
            # From here on a Ctrl-C waits until what was committed is known to be.
            with uninterrupted():
                self._commit(step, prepared, session)

    def _lock(self, one: PreparedPart, session: WriteSession, into: Role) -> None:
        """Keep others from one table's rows, which must be those that were journalled."""
        session.lock(buckets_of(one.part))
        if hold(one.part, self.plan.seed, session, self.cache) != one.before:
            raise MovedError(
                f"{one.part.table}: the rows of {into} changed while the step was prepared.",
                hint="Nothing of this step was written; run the same command again.",
            )

    def _apply(self, one: PreparedPart, session: WriteSession, into: Role) -> None:
        """Write one table's rows inside the transaction; what does not add up rolls everything back."""
        table = one.part.table
        deleted = sum(session.delete(selection) for selection in one.deletes)
        if deleted != one.delete_rows:
            raise ServerError(
                f"{table}: {into} deleted {deleted:,} rows where {one.delete_rows:,} were journalled; rolled back."
            )
        inserted = session.insert(table, read_piece(one.insert)) if one.insert.rows else 0
        if inserted != one.insert.rows:
            raise ServerError(
                f"{table}: {into} inserted {inserted:,} rows where {one.insert.rows:,} were staged; rolled back."
            )
        if hold(one.part, self.plan.seed, session, self.cache) != one.after:
            raise ServerError(
                f"{table}: what {into} would hold is not what was staged; rolled back.",
                hint="A trigger or a conversion on the server may have changed the rows.",
            )

    def _put_back(self, prepared: list[PreparedPart], into: Role) -> None:
        def again() -> None:
            # The session that wrote may be the one that was lost.
            with self.servers[into].begin() as session:
                for one in prepared:
                    put_back(one, session, self.plan.seed, self.cache, into)

        tried(again)

    def _commit(self, step: Step, prepared: list[PreparedPart], session: WriteSession) -> None:
        deleted = sum(one.delete_rows for one in prepared)
        inserted = sum(one.insert.rows for one in prepared)
        try:
            session.commit()
        except SyncError as error:
            # Nobody can say by the error alone whether it was done: the target can.
            state = self._resolved(step, prepared)
            if state is None:
                raise
            self.outcomes.append(StepOutcome(step.number, state, deleted, inserted, str(error)))
            if state is StepState.UNKNOWN:
                raise UnknownOutcomeError(error.message, hint=error.hint) from error
            return
        self.outcomes.append(StepOutcome(step.number, StepState.DONE, deleted, inserted))

    def _resolved(self, step: Step, prepared: list[PreparedPart]) -> StepState | None:
        """Hold the target against both images: done, not done (None), or neither."""
        server = self.servers[step.into]
        try:
            now = tried(lambda: [hold(one.part, self.plan.seed, server, self.cache) for one in prepared])
        except Exception:  # noqa: BLE001  # whatever keeps us from looking, nobody knows then
            return StepState.UNKNOWN
        if now == [one.after for one in prepared]:
            return StepState.DONE
        return None if now == [one.before for one in prepared] else StepState.UNKNOWN


def _same_servers(plan: Plan, servers: Mapping[Role, Server]) -> None:
    for role, identity in plan.identities:
        if servers[role].describe().identity != identity:
            raise RefusedError(f"The plan was made for another {role} server.", rule=14, hint="Make the plan again.")
