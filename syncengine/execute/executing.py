"""Executes a plan, step by step: each one transaction, held against the plan before it is committed."""

from __future__ import annotations

from collections.abc import Mapping

from syncengine.execute.preparing import PreparedPart, Preparing, buckets_of, guard_query
from syncengine.model.bucket import Bucket, BucketState
from syncengine.model.errors import MovedError, RefusedError, ServerError, SyncError
from syncengine.model.outcome import RunOutcome, StepOutcome, StepState
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, Step
from syncengine.model.progress import Progress
from syncengine.servers.protocol import Server, WriteSession
from syncengine.staging.cache import Cache
from syncengine.staging.folder import RunFolder
from syncengine.staging.pieces import read_piece


def execute(plan: Plan, servers: Mapping[Role, Server], cache: Cache, run: RunFolder, progress: Progress) -> RunOutcome:
    """Do the steps of a plan in order and say what became of each.

    A step whose rows have moved is left, the others go on. Anything else that goes wrong ends the run:
    the step under way is rolled back, and those before it stay done.
    """
    _same_servers(plan, servers)
    outcomes: list[StepOutcome] = []
    stopped, cancelled = "", False
    progress.begin("Writing", len(plan.steps))
    try:
        for step in plan.steps:
            outcome = _attempt(plan, step, servers, cache, run, outcomes)
            outcomes.append(outcome)
            progress.advance(1, ", ".join(part.table for part in step.parts), rows=outcome.deleted + outcome.inserted)
    except KeyboardInterrupt:
        stopped, cancelled = "stopped by the user", True
    except SyncError as error:
        stopped = str(error)
    finally:
        progress.end()
    outcomes += [StepOutcome(step.number, StepState.WAITING, why=stopped) for step in plan.steps[len(outcomes) :]]
    run.mark(run="ended", stopped=stopped, done=sum(o.state is StepState.DONE for o in outcomes), of=len(plan.steps))
    return RunOutcome(run.id, tuple(outcomes), stopped, cancelled)


def _attempt(
    plan: Plan, step: Step, servers: Mapping[Role, Server], cache: Cache, run: RunFolder, before: list[StepOutcome]
) -> StepOutcome:
    undone = [o.number for o in before if o.number in step.after and o.state is not StepState.DONE]
    if undone:
        return StepOutcome(step.number, StepState.WAITING, why=f"step {undone[0]} was not done")
    try:
        return _step(plan, step, servers, cache, run)
    except MovedError as error:
        run.mark(step=step.number, state=StepState.MOVED, why=str(error))
        return StepOutcome(step.number, StepState.MOVED, why=str(error))


def _step(plan: Plan, step: Step, servers: Mapping[Role, Server], cache: Cache, run: RunFolder) -> StepOutcome:
    writer = servers[step.into]
    preparing = Preparing(
        reader=servers[step.into.other],
        writer=writer,
        from_role=step.into.other,
        into=step.into,
        seed=plan.seed,
        cache=cache,
        run=run,
    )
    prepared = [preparing.part(part, f"{step.number:05d}-{part.table}") for part in step.parts]
    with writer.begin() as session:
        run.mark(
            step=step.number,
            state="open",
            into=step.into,
            session=session.id,
            seed=plan.seed,
            before=[_images(one.before) for one in prepared],
            after=[_images(one.after) for one in prepared],
        )
        for one in prepared:
            _apply(one, session, plan.seed, step.into)
        session.commit()
    run.mark(step=step.number, state=StepState.DONE)
    return StepOutcome(
        step.number, StepState.DONE, sum(one.delete_rows for one in prepared), sum(one.insert.rows for one in prepared)
    )


def _apply(one: PreparedPart, session: WriteSession, seed: int, into: Role) -> None:
    """Write one table's rows inside the transaction; what does not add up rolls everything back."""
    query = guard_query(one.part, seed)
    session.lock(buckets_of(one.part))
    if not _same(session.fingerprint(query), one.before):
        raise MovedError(
            f"{one.part.table}: the rows of {into} changed while the step was prepared.",
            hint="Nothing of this step was written; run the same command again.",
        )
    deleted = sum(session.delete(selection) for selection in one.deletes)
    if deleted != one.delete_rows:
        raise ServerError(
            f"{one.part.table}: {into} deleted {deleted:,} rows where {one.delete_rows:,} were journalled; rolled back."
        )
    inserted = session.insert(one.part.table, read_piece(one.insert)) if one.insert.rows else 0
    if inserted != one.insert.rows:
        raise ServerError(
            f"{one.part.table}: {into} inserted {inserted:,} rows where {one.insert.rows:,} were staged; rolled back."
        )
    if not _same(session.fingerprint(query), one.after):
        raise ServerError(
            f"{one.part.table}: what {into} would hold is not what was staged; rolled back.",
            hint="A trigger or a conversion on the server may have changed the rows.",
        )


def _same(found: Mapping[Bucket, BucketState], wanted: Mapping[Bucket, BucketState]) -> bool:
    return _images(found) == _images(wanted)


def _images(states: Mapping[Bucket, BucketState]) -> list[tuple[str, int | None, int | None, int, int]]:
    """Return fingerprints as plain data, in order."""
    return [
        (str(bucket.row_date), bucket.slot, bucket.acd, state.rows, state.hash_sum)
        for bucket, state in sorted(states.items(), key=lambda item: item[0].order)
        if state.rows
    ]


def _same_servers(plan: Plan, servers: Mapping[Role, Server]) -> None:
    for role, identity in plan.identities:
        if servers[role].describe().identity != identity:
            raise RefusedError(f"The plan was made for another {role} server.", rule=14, hint="Make the plan again.")
