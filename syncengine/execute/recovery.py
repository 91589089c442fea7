"""Resolves what a crash left open: the outcome of each batch, restoring one that is half written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncengine.execute.batches import Batch, batch_of
from syncengine.execute.commit_outcome import Images, refuse_live_session, resolve
from syncengine.execute.executor import refuse_other_servers
from syncengine.execute.preparation import PreparedPart
from syncengine.execute.unlogged_rollback import restore_all
from syncengine.model.errors import StagingError, UnknownOutcomeError
from syncengine.model.pair import Limits, Role
from syncengine.model.plan import Plan
from syncengine.model.run import BatchRecord, BatchState, RunRecord, RunState
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.pieces import Piece
from syncengine.staging.run_folder import RunFolder

CRASHED = "resolved after its process had ended"


def recover(
    record: RunRecord, run: RunFolder, servers: Mapping[Role, Server], cache: Cache, limits: Limits
) -> tuple[RunRecord, int]:
    """Resolve the open batches of a run; return the run as it is then, and how many batches had to be restored.

    Raises `OtherServersError` where the pair file names other servers than the run wrote to, `StillOpenError` where the
    session that opened a batch is not known to be gone, and `UnknownOutcomeError` where a database without
    transactions has rows of another writer. A run whose files are damaged is not resolved, and nothing of it is
    restored: its sessions must be gone, no more.
    """
    if not record.unresolved:
        return record, 0
    if record.state is RunState.DAMAGED:
        for batch in record.unresolved:
            refuse_live_session(servers[batch.into], batch.session, limits.lock_seconds)
        return record, 0
    run.repair()
    restored = 0
    plans: dict[int, Plan] = {}
    for batch in record.unresolved:
        if batch.place.portion not in plans:
            plans[batch.place.portion] = run.plan(batch.place.portion)
        plan = plans[batch.place.portion]
        refuse_other_servers(plan, servers)
        step = next(one for one in plan.steps if one.number == batch.place.step)
        found = batch_of(step, batch.place)
        server = servers[batch.into]
        images = [
            Images(part, recorded.before, recorded.after)
            for part, recorded in zip(found.parts, batch.parts, strict=True)
        ]
        state = resolve(images, server, batch.session, seed=plan.seed, cache=cache, wait_seconds=limits.lock_seconds)
        why = CRASHED
        if state is BatchState.UNKNOWN and not server.describe().capabilities.transactions:
            why = _restore_half_written(found, batch, run, server, plan.seed, cache)
            state = BatchState.ROLLED_BACK
            restored += 1
        run.mark_batch(batch.place, state, into=batch.into, why=why)
    return replace(run.record(running=True), state=record.state), restored


def _restore_half_written(
    batch: Batch, record: BatchRecord, run: RunFolder, server: Server, seed: int, cache: Cache
) -> str:
    """Restore half a batch in a database without transactions, and return a note of that."""
    parts = []
    for part, recorded in zip(batch.parts, record.parts, strict=True):
        before = sum(rows for _, rows, _, _ in recorded.before.states)
        journal = Piece(run.journal(batch.place, part.table), before, recorded.journal)
        path = run.pieces / f"{batch.place.piece(part.table)}-insert.parquet"
        insert = Piece(path, recorded.inserted, recorded.insert)
        for piece in (journal, insert):
            try:
                run.refuse_changed(piece.path, piece.checksum)
            except StagingError as error:
                raise UnknownOutcomeError(
                    f"{part.table}: the step was cut short, {record.into} has no log, and {error.message}",
                    hint="Nothing was restored. `syncengine verify` shows the state of the table; a resync repairs it.",
                ) from error
        parts.append(PreparedPart(part, recorded.before, recorded.after, journal, insert, recorded.deleted, ()))
    try:
        restore_all(parts, server, seed, cache, record.into)
    except StagingError as error:
        raise UnknownOutcomeError(
            f"{record.into} has no log, and a step that was cut short cannot be restored: {error.message}",
            hint="`syncengine verify` shows the state of its tables; a resync repairs them.",
        ) from error
    return "cut short in a database without transactions, and restored from its journal"
