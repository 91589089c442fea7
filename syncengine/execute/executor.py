"""Executes a plan, step by step: each batch one transaction, held against the plan before it is committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from syncengine.execute.batches import Batch, Batching, buckets_of_step, done_up_to
from syncengine.execute.prefetch import StagingAhead
from syncengine.execute.preparation import PreparedPart, Preparing
from syncengine.execute.run_context import RunContext
from syncengine.execute.transaction import Writing
from syncengine.model.errors import MovedError, ServerError, StagingError, SyncError
from syncengine.model.interrupts import BY_USER, asked_to_stop, is_stop
from syncengine.model.outcome import RunOutcome, StepOutcome, StepState
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, Step
from syncengine.model.portions import BackfillPlan
from syncengine.model.refusals import OtherServersError
from syncengine.model.run import BatchRecord, BatchState
from syncengine.servers.protocol import Server
from syncengine.servers.retry import is_transient, tried
from syncengine.staging.errors import staging_error
from syncengine.staging.run_folder import RunFolder


def execute(plan: Plan, portion: int, context: RunContext, known: Sequence[BatchRecord] = ()) -> RunOutcome:
    """Do the steps of a portion's plan in order and say what became of each; `known` is what a run did before.

    A step whose rows have moved, or that the server does not do, is left, and the others that do not need it go on.
    What goes wrong with a whole server or with the disk ends the run: the batch under way is rolled back, and
    those before it stay done. Never raises for what happened to a step: what is committed is always told.
    """
    refuse_other_servers(plan, context.servers)
    running = _Running(plan, portion, context, tuple(known))
    context.progress.begin("Writing", len(plan.steps))
    try:
        running.run()
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  # whatever it is, what was committed must be told
        why, cancelled = _why_stopped(error, context)
        running.stop(why, cancelled=cancelled)
    finally:
        context.progress.end()
    return running.outcome()


def _why_stopped(error: BaseException, context: RunContext) -> tuple[str, bool]:
    """Return why a run ended early, and whether the user ended it."""
    if is_stop(error):
        return BY_USER, True
    if isinstance(error, SyncError):
        return str(error), False
    if isinstance(error, OSError):
        # The servers' are told apart where they come from, so that this one is of the disk.
        return str(staging_error(context.run.folder, error)), False
    return f"an unexpected error: {error!r}", False


OF_A_COPY = (
    "A copied folder is another pair: what was run before it was copied is gone on with, and undone, where it was run."
)


def refuse_other_servers(plan: Plan | BackfillPlan, servers: Mapping[Role, Server]) -> None:
    """Refuse a plan that was made for other servers than those a pair file names now; one that is down is not asked."""
    for role, identity in plan.identities:
        if role in servers and servers[role].describe().identity != identity:
            raise OtherServersError(
                f"The plan was made for another {role} server than the pair file names now.",
                role=role,
                hint=f"Make the plan again, or name the pair file it was made with. {OF_A_COPY}",
            )


def not_begun(
    plan: Plan, portion: int, context: RunContext, known: Sequence[BatchRecord], why: str, *, cancelled: bool = False
) -> RunOutcome:
    """Return the outcome of a portion of which nothing is done this time."""
    running = _Running(plan, portion, context, tuple(known))
    running.stop(why, cancelled=cancelled)
    return running.outcome()


def is_all_done(plan: Plan, portion: int, known: Sequence[BatchRecord]) -> bool:
    """Say whether nothing of a portion is left to be written."""
    return all(done_up_to(known, portion, step) >= buckets_of_step(step) for step in plan.steps)


@dataclass(slots=True)
class _Told:
    """What is known of a step so far."""

    deleted: int = 0
    inserted: int = 0
    why: str = ""
    past: int = 0
    """Buckets that are written, from its first on."""
    size: int = 0
    """Bytes of the rows written this time, as staged."""
    state: StepState | None = None
    """None while it is under way."""


@dataclass(slots=True)
class _Running:
    """A portion under way."""

    plan: Plan
    portion: int
    context: RunContext
    known: tuple[BatchRecord, ...]
    batching: Batching = field(init=False)
    told: dict[int, _Told] = field(default_factory=dict)
    stopped: str = ""
    cancelled: bool = False

    def __post_init__(self) -> None:
        self.batching = Batching(self.portion, self.context.limits.step_rows)
        for record in self.known:
            if record.place.portion == self.portion and record.state is BatchState.DONE:
                told = self.told.setdefault(record.place.step, _Told())
                told.deleted += record.deleted
                told.inserted += record.inserted
                told.past = max(told.past, record.place.past)

    def run(self) -> None:
        """Do every step, or say why it was left."""

        def interrupt() -> None:
            for server in self.context.servers.values():
                server.interrupt()

        def begin(batch: Batch) -> Future[list[PreparedPart]]:
            return pool.submit(self._prepare, batch)

        writing = Writing(self.context, self.plan.seed, self.tell)
        with (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix="staging") as pool,
            StagingAhead(self.context.hand_over or begin, interrupt) as ahead,
        ):
            for at, step in enumerate(self.plan.steps):
                self._attempt(step, self.plan.steps[at + 1 : at + 2], writing, ahead)
                told = self.told[step.number]
                tables = ", ".join(part.table for part in step.parts)
                self.context.progress.advance(1, tables, rows=told.deleted + told.inserted, size=told.size)

    def tell(self, batch: Batch, state: BatchState, deleted: int, inserted: int, why: str) -> None:
        """Remember what became of a batch."""
        told = self.told[batch.place.step]
        if state is BatchState.UNKNOWN:
            told.state = StepState.UNKNOWN
        elif state is BatchState.DONE:
            told.past = batch.place.past
        told.why = why or told.why
        told.deleted += deleted
        told.inserted += inserted

    def stop(self, why: str, *, cancelled: bool = False) -> None:
        """Remember why the run ends early; the first reason counts."""
        self.stopped = self.stopped or why
        self.cancelled = self.cancelled or cancelled

    def outcome(self) -> RunOutcome:
        """Return what became of the portion."""
        steps = []
        for step in self.plan.steps:
            told = self.told.get(step.number, _Told())
            state = told.state or _reached(step, told)
            why = told.why or self._why(state)
            tables = tuple(dict.fromkeys(part.table for part in step.parts))
            steps.append(StepOutcome(step.number, state, told.deleted, told.inserted, why, self.portion, tables))
        return RunOutcome(self.context.run.id, tuple(steps), self.stopped, self.cancelled)

    def _why(self, state: StepState) -> str:
        return self.stopped if state in (StepState.WAITING, StepState.PARTLY) else ""

    def _attempt(self, step: Step, following: Sequence[Step], writing: Writing, ahead: StagingAhead) -> None:
        told = self.told.setdefault(step.number, _Told())
        undone = [number for number in step.after if not self._done(number)]
        if undone:
            told.state, told.why = StepState.WAITING, f"step {undone[0]} was not done"
            return
        size = buckets_of_step(step)
        first = done_up_to(self.known, self.portion, step)
        try:
            while first < size:
                batch = self.batching.at(step, first)
                self.context.before_batch()
                if not self._batch(batch, self._after(batch, step, following), writing, ahead):
                    continue
                first = batch.place.past
        except (MovedError, ServerError) as error:
            if asked_to_stop():
                # What a driver makes of Ctrl-C says nothing of the step.
                raise KeyboardInterrupt from error
            self._left(step, told, first, error)
            return
        told.state = StepState.DONE
        self.context.run.mark("step", portion=self.portion, step=step.number)
        self._drop_staged(step)

    def _left(self, step: Step, told: _Told, first: int, error: MovedError | ServerError) -> None:
        """Leave a step whose rows have moved, or that the server does not do; raises what ends the whole run."""
        moved = isinstance(error, MovedError)
        if told.state is StepState.UNKNOWN or (isinstance(error, ServerError) and error.of_whole_server):
            # The mark of what nobody knows stays open, for a resume or an undo to find out.
            raise error
        told.state, told.why = StepState.MOVED if moved else StepState.FAILED, str(error)
        state = BatchState.MOVED if moved else BatchState.FAILED
        self.context.run.mark_batch(self.batching.at(step, first).place, state, into=step.into, why=str(error))

    def _done(self, number: int) -> bool:
        told = self.told.get(number)
        return told is not None and told.state is StepState.DONE

    def _batch(self, batch: Batch, following: Batch | None, writing: Writing, ahead: StagingAhead) -> bool:
        """Do a batch, or make the next one smaller where the server had no room for it, and say which."""

        def once(*, whole_tables: bool = False) -> None:
            prepared = ahead.take(batch)
            size = sum(one.insert.path.stat().st_size for one in prepared)
            if following is not None:
                ahead.begin(following)
            writing.write(batch, prepared, whole_tables=whole_tables)
            self.told[batch.place.step].size += size

        try:
            tried(once, when=_worth_the_same_again if batch.divisible else is_transient)
        except ServerError as error:
            if not error.crowded:
                raise
            if batch.divisible:
                self.batching.shrink(batch)
                return False
            self._alone(batch, lambda: once(whole_tables=True), error)
        self.batching.grow(batch)
        return True

    def _alone(self, batch: Batch, once_more: Callable[[], None], error: ServerError) -> None:
        """Write what cannot be made smaller under a table lock, which needs no room for its rows."""
        server = self.context.servers[batch.into]
        if not server.describe().capabilities.locks_per_row:
            raise error
        try:
            tried(once_more)
        except ServerError as again:
            if not again.crowded:
                raise
            table = batch.parts[0].table
            live = server.tables([table]).get(table)
            indexes = len(live.indexes) if live is not None else 0
            raise ServerError(
                f"{again.message} The smallest that can be written of {table} deletes and inserts {batch.rows:,} rows, "
                f"with {indexes} indexes: {batch.rows:,} times {1 + indexes} is {batch.rows * (1 + indexes):,} locks "
                "without a lock on the table, and as many entries in the log.",
                hint="Give the server a larger lock table (LOCKS) or logical log, or write when nobody else does.",
            ) from again

    def _after(self, batch: Batch, step: Step, following: Sequence[Step]) -> Batch | None:
        """Return the batch that may be staged while this one is written, if there is one."""
        if batch.place.past < buckets_of_step(step):
            upcoming = self.batching.at(step, batch.place.past)
        elif following and all(self._done(n) or n == step.number for n in following[0].after):
            first = done_up_to(self.known, self.portion, following[0])
            if first >= buckets_of_step(following[0]):
                return None
            upcoming = self.batching.at(following[0], first)
        else:
            return None
        numbered = {part.table for part in upcoming.parts if part.row_number is not None}
        # The target's own row numbers go on from the highest, which this batch may yet raise.
        return None if numbered & {part.table for part in batch.parts} else upcoming

    def _prepare(self, batch: Batch) -> list[PreparedPart]:
        source, name = self.context.source(batch.into)
        preparing = Preparing(
            source=source,
            source_name=name,
            writer=self.context.servers[batch.into],
            into=batch.into,
            seed=self.plan.seed,
            cache=self.context.staging_cache,
            pieces=self.context.run.pieces,
        )
        return preparing.batch(batch)

    def _drop_staged(self, step: Step) -> None:
        """Give back the disk of what can be read again; the journals stay for an undo."""
        for kind in ("source", "insert"):
            for path in self.context.run.pieces.glob(f"{self.portion:04d}-{step.number:05d}-*-{kind}.parquet"):
                path.unlink(missing_ok=True)


def _reached(step: Step, told: _Told) -> StepState:
    """Return how far a step came that was cut short, be it right after its last commit."""
    if told.past >= buckets_of_step(step):
        return StepState.DONE
    return StepState.PARTLY if told.past else StepState.WAITING


def _worth_the_same_again(error: BaseException) -> bool:
    """Say whether a batch that can be made smaller is tried again as it is: a full lock table stays full."""
    return is_transient(error) and not (isinstance(error, ServerError) and error.crowded)


def end(run: RunFolder, outcome: RunOutcome) -> RunOutcome:
    """Mark how a run ended, and return its outcome with what kept that from being marked."""
    done = sum(step.state is StepState.DONE for step in outcome.steps)
    try:
        run.mark("ended", stopped=outcome.stopped, done=done == len(outcome.steps), steps=done)
    except StagingError as error:
        return replace(outcome, stopped=outcome.stopped or str(error), kept=run.is_there())
    return outcome
