"""Executes a plan, step by step: each batch one transaction, compared with the plan before it is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from syncengine.execute.batches import Batch, Batcher, buckets_of_step, done_up_to
from syncengine.execute.prefetch import StagingAhead
from syncengine.execute.preparation import Preparation, PreparedPart
from syncengine.execute.run_context import RunContext
from syncengine.execute.transaction import BatchWriter
from syncengine.model.bucket import Bucket
from syncengine.model.errors import ChangedSincePlanError, ServerError, StagingError, SyncError
from syncengine.model.interrupts import BY_USER, is_stop, stop_requested
from syncengine.model.outcome import RunOutcome, StepOutcome, StepState
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, Step, written_by
from syncengine.model.portions import BackfillPlan
from syncengine.model.refusals import OtherServersError
from syncengine.model.run import BatchRecord, BatchState
from syncengine.servers.protocol import Server
from syncengine.servers.retry import is_transient, with_retries
from syncengine.staging.durable import remove
from syncengine.staging.errors import staging_error
from syncengine.staging.run_folder import RunFolder


def execute(plan: Plan, portion: int, context: RunContext, known: Sequence[BatchRecord] = ()) -> RunOutcome:
    """Do the steps of a portion's plan in order, and return the outcome of each; `known` is what a run did before.

    A step whose rows changed since planning, or that the server fails to do, is skipped, and steps that do not need
    it are still done. A failure of a whole server or of the disk ends the run: the batch under way is rolled back,
    and those before it stay done. Never raises for the outcome of a step: committed steps are always reported.
    """
    refuse_other_servers(plan, context.servers)
    portion_run = _PortionRun(plan, portion, context, tuple(known))
    context.progress.begin("Writing", len(plan.steps))
    try:
        portion_run.run()
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  # committed steps must be reported in any case
        why, cancelled = _why_stopped(error, context)
        portion_run.stop(why, cancelled=cancelled)
    finally:
        context.progress.end()
    return portion_run.outcome()


def _why_stopped(error: BaseException, context: RunContext) -> tuple[str, bool]:
    """Return why a run ended early, and whether the user ended it."""
    if is_stop(error):
        return BY_USER, True
    if isinstance(error, SyncError):
        return str(error), False
    if isinstance(error, OSError):
        # Server errors are translated where they arise, so that this one is of the disk.
        return str(staging_error(context.run.folder, error)), False
    return f"an unexpected error: {error!r}", False


COPIED_FOLDER = "A copied folder is another pair: resume and undo earlier runs in the original folder."


def refuse_other_servers(plan: Plan | BackfillPlan, servers: Mapping[Role, Server]) -> None:
    """Refuse a plan that was made for other servers than the pair file names now; one that is down is not checked."""
    for role, identity in plan.identities:
        if role in servers and servers[role].describe().identity != identity:
            raise OtherServersError(
                f"The plan was made for another {role} server than the pair file names now.",
                role=role,
                hint=f"Make the plan again, or name the pair file it was made with. {COPIED_FOLDER}",
            )


def not_begun(
    plan: Plan, portion: int, context: RunContext, known: Sequence[BatchRecord], why: str, *, cancelled: bool = False
) -> RunOutcome:
    """Return the outcome of a portion of which nothing was done this time."""
    portion_run = _PortionRun(plan, portion, context, tuple(known))
    portion_run.stop(why, cancelled=cancelled)
    return portion_run.outcome()


def is_all_done(plan: Plan, portion: int, known: Sequence[BatchRecord]) -> bool:
    """Say whether everything of a portion is written."""
    return all(done_up_to(known, portion, step) >= buckets_of_step(step) for step in plan.steps)


@dataclass(slots=True)
class _StepProgress:
    """How far a step is."""

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
class _PortionRun:
    """A portion under way."""

    plan: Plan
    portion: int
    context: RunContext
    known: tuple[BatchRecord, ...]
    batcher: Batcher = field(init=False)
    readers: Mapping[int, tuple[Step, ...]] = field(init=False)
    """By step, the later ones that read buckets it writes: those of a plan in both directions."""
    progress: dict[int, _StepProgress] = field(default_factory=dict)
    stopped: str = ""
    cancelled: bool = False

    def __post_init__(self) -> None:
        self.batcher = Batcher(self.portion, self.context.limits.step_rows)
        self.readers = dict(_readers(self.plan))
        for record in self.known:
            if record.place.portion == self.portion and record.state is BatchState.DONE:
                progress = self.progress.setdefault(record.place.step, _StepProgress())
                progress.deleted += record.deleted
                progress.inserted += record.inserted
                progress.past = max(progress.past, record.place.past)

    def run(self) -> None:
        """Do every step, or record why it was skipped."""

        def interrupt() -> None:
            for server in self.context.servers.values():
                server.interrupt()

        def begin(batch: Batch) -> Future[list[PreparedPart]]:
            return pool.submit(self._prepare, batch)

        writer = BatchWriter(self.context, self.plan.seed, self.record_batch)
        with (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix="staging") as pool,
            StagingAhead(self.context.prepare_elsewhere or begin, interrupt) as ahead,
        ):
            for at, step in enumerate(self.plan.steps):
                self._do_step(step, self.plan.steps[at + 1 : at + 2], writer, ahead)
                progress = self.progress[step.number]
                tables = ", ".join(part.table for part in step.parts)
                self.context.progress.advance(1, tables, rows=progress.deleted + progress.inserted, size=progress.size)

    def record_batch(self, batch: Batch, state: BatchState, deleted: int, inserted: int, why: str) -> None:
        """Record the outcome of a batch."""
        progress = self.progress[batch.place.step]
        if state is BatchState.UNKNOWN:
            progress.state = StepState.UNKNOWN
        elif state is BatchState.DONE:
            progress.past = batch.place.past
        progress.why = why or progress.why
        progress.deleted += deleted
        progress.inserted += inserted

    def stop(self, why: str, *, cancelled: bool = False) -> None:
        """Record why the run ends early; the first reason counts."""
        self.stopped = self.stopped or why
        self.cancelled = self.cancelled or cancelled

    def outcome(self) -> RunOutcome:
        """Return the outcome of the portion."""
        steps = []
        for step in self.plan.steps:
            progress = self.progress.get(step.number, _StepProgress())
            state = progress.state or _state_reached(step, progress)
            why = progress.why or self._why(state)
            tables = tuple(dict.fromkeys(part.table for part in step.parts))
            steps.append(
                StepOutcome(step.number, state, progress.deleted, progress.inserted, why, self.portion, tables)
            )
        return RunOutcome(self.context.run.id, tuple(steps), self.stopped, self.cancelled)

    def _why(self, state: StepState) -> str:
        return self.stopped if state in (StepState.WAITING, StepState.PARTLY) else ""

    def _do_step(self, step: Step, following: Sequence[Step], writer: BatchWriter, ahead: StagingAhead) -> None:
        progress = self.progress.setdefault(step.number, _StepProgress())
        not_done = [number for number in step.after if not self._done(number)]
        if not_done:
            progress.state, progress.why = StepState.WAITING, f"step {not_done[0]} was not done"
            return
        size = buckets_of_step(step)
        first = done_up_to(self.known, self.portion, step)
        try:
            if first < size:
                self._stage_readers(step, ahead)
            while first < size:
                batch = self.batcher.at(step, first)
                self.context.before_batch()
                if not self._do_batch(batch, self._next_batch(batch, step, following), writer, ahead):
                    continue
                first = batch.place.past
        except (ChangedSincePlanError, ServerError) as error:
            if stop_requested():
                # A driver error caused by Ctrl-C is no fault of the step.
                raise KeyboardInterrupt from error
            self._skip_step(step, progress, first, error)
            return
        progress.state = StepState.DONE
        self.context.run.mark("step", portion=self.portion, step=step.number)
        self._drop_staged(step)

    def _stage_readers(self, step: Step, ahead: StagingAhead) -> None:
        """Stage later steps that copy the buckets of this one to the other server, from the rows as they were planned.

        One bucket may have a login that is repaired on one server and one that is repaired on the other.
        """
        for later in self.readers.get(step.number, ()):
            first = done_up_to(self.known, self.portion, later)
            if first < buckets_of_step(later):
                batch = self.batcher.at(later, first)
                try:
                    with_retries(partial(ahead.take, batch))
                except (ChangedSincePlanError, ServerError) as error:
                    # What is wrong with it is said when it is its turn.
                    if isinstance(error, ServerError) and error.of_whole_server:
                        raise

    def _skip_step(
        self, step: Step, progress: _StepProgress, first: int, error: ChangedSincePlanError | ServerError
    ) -> None:
        """Skip a step whose rows changed or that the server fails to do; raises what ends the whole run."""
        changed = isinstance(error, ChangedSincePlanError)
        if progress.state is StepState.UNKNOWN or (isinstance(error, ServerError) and error.of_whole_server):
            # The mark of an unknown outcome stays open, for a resume or an undo to resolve.
            raise error
        progress.state, progress.why = StepState.CHANGED if changed else StepState.FAILED, str(error)
        state = BatchState.CHANGED if changed else BatchState.FAILED
        self.context.run.mark_batch(self.batcher.at(step, first).place, state, into=step.into, why=str(error))

    def _done(self, number: int) -> bool:
        progress = self.progress.get(number)
        return progress is not None and progress.state is StepState.DONE

    def _do_batch(self, batch: Batch, following: Batch | None, writer: BatchWriter, ahead: StagingAhead) -> bool:
        """Do a batch, and say whether it is done; where the server had no room, make the next one smaller."""

        def once(*, whole_tables: bool = False) -> None:
            prepared = ahead.take(batch)
            size = sum(one.insert.path.stat().st_size for one in prepared)
            if following is not None:
                ahead.begin(following)
            writer.write(batch, prepared, whole_tables=whole_tables)
            self.progress[batch.place.step].size += size

        try:
            with_retries(once, when=_retry_unchanged if batch.divisible else is_transient)
        except ServerError as error:
            if not error.retry_smaller:
                raise
            if batch.divisible:
                self.batcher.shrink(batch)
                return False
            self._do_under_table_lock(batch, lambda: once(whole_tables=True), error)
        self.batcher.grow(batch)
        return True

    def _do_under_table_lock(self, batch: Batch, once_more: Callable[[], None], error: ServerError) -> None:
        """Write a batch that cannot be made smaller under a table lock, which needs no room for row locks."""
        server = self.context.servers[batch.into]
        if not server.describe().capabilities.locks_per_row:
            raise error
        try:
            with_retries(once_more)
        except ServerError as again:
            if not again.retry_smaller:
                raise
            table = batch.parts[0].table
            live = server.tables([table]).get(table)
            indexes = len(live.indexes) if live is not None else 0
            raise ServerError(
                f"{again.message} The smallest batch of {table} deletes and inserts {batch.rows:,} rows, "
                f"with {indexes} indexes: {batch.rows:,} times {1 + indexes} is {batch.rows * (1 + indexes):,} locks "
                "without a lock on the table, and as many entries in the log.",
                hint="Give the server a larger lock table (LOCKS) or logical log, or write at a quiet time.",
            ) from again

    def _next_batch(self, batch: Batch, step: Step, following: Sequence[Step]) -> Batch | None:
        """Return the batch that may be staged while this one is written, if there is one."""
        if batch.place.past < buckets_of_step(step):
            upcoming = self.batcher.at(step, batch.place.past)
        elif following and all(self._done(n) or n == step.number for n in following[0].after):
            first = done_up_to(self.known, self.portion, following[0])
            if first >= buckets_of_step(following[0]):
                return None
            upcoming = self.batcher.at(following[0], first)
        else:
            return None
        numbered = {part.table for part in upcoming.parts if part.row_number is not None}
        # The target's own row numbers continue from the highest, which this batch may still raise.
        return None if numbered & {part.table for part in batch.parts} else upcoming

    def _prepare(self, batch: Batch) -> list[PreparedPart]:
        source, name = self.context.source(batch.into)
        preparation = Preparation(
            source=source,
            source_name=name,
            writer=self.context.servers[batch.into],
            into=batch.into,
            seed=self.plan.seed,
            cache=self.context.staging_cache,
            pieces=self.context.run.pieces,
        )
        return preparation.batch(batch)

    def _drop_staged(self, step: Step) -> None:
        """Delete staged rows, which can be read again; the journals stay for an undo."""
        for kind in ("source", "insert"):
            for path in self.context.run.pieces.glob(f"{self.portion:04d}-{step.number:05d}-*-{kind}.parquet"):
                remove(path)


def _readers(plan: Plan) -> Iterator[tuple[int, tuple[Step, ...]]]:
    """Yield each step with the later ones that copy a bucket of it the other way, if there are any."""
    if len(plan.writes_to) < len(Role):
        return
    by_place: dict[tuple[str, Bucket], list[Step]] = {}
    for step, part, write in written_by(plan.steps):
        by_place.setdefault((part.table, write.bucket), []).append(step)
    found: dict[int, dict[int, Step]] = {}
    for steps in by_place.values():
        for at, one in enumerate(steps):
            later = {other.number: other for other in steps[at + 1 :] if other.into is not one.into}
            found.setdefault(one.number, {}).update(later)
    yield from ((number, tuple(later.values())) for number, later in found.items() if later)


def _state_reached(step: Step, progress: _StepProgress) -> StepState:
    """Return the state of a step that was cut short, even right after its last commit."""
    if progress.past >= buckets_of_step(step):
        return StepState.DONE
    return StepState.PARTLY if progress.past else StepState.WAITING


def _retry_unchanged(error: BaseException) -> bool:
    """Say whether a divisible batch is retried unchanged: a full lock table stays full."""
    return is_transient(error) and not (isinstance(error, ServerError) and error.retry_smaller)


def mark_ended(run: RunFolder, outcome: RunOutcome) -> RunOutcome:
    """Mark how a run ended, and return its outcome, with the error where that cannot be marked."""
    done = sum(step.state is StepState.DONE for step in outcome.steps)
    try:
        run.mark("ended", stopped=outcome.stopped, done=done == len(outcome.steps), steps=done)
    except StagingError as error:
        return replace(outcome, stopped=outcome.stopped or str(error), saved=run.is_there())
    return outcome
