"""Resolves what earlier runs left open on a server, before it is written to again."""

from __future__ import annotations

from collections.abc import Mapping

from syncengine.execute.recovery import recover
from syncengine.model.errors import ChangedSincePlanError
from syncengine.model.pair import PairSettings, Role
from syncengine.model.refusals import OtherServersError
from syncengine.model.run import BatchState, RunRecord
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.ledger import Ledger


def recover_earlier(
    ledger: Ledger,
    servers: Mapping[Role, Server],
    writable: frozenset[Role],
    settings: PairSettings,
    *,
    but: str,
) -> list[str]:
    """Resolve what all runs but one left open on servers that are about to be written to; return notes of that.

    Raises `ChangedSincePlanError` where rows were restored, so that a plan made before no longer fits.
    """
    notes = []
    for record in ledger.runs():
        if record.id == but:
            continue
        if record.unsure:
            notes.append(f"run {record.id} is damaged, and it is not known whether a step of it is still open")
        if not record.unresolved or not {batch.into for batch in record.unresolved} <= writable:
            continue
        folder = ledger.folder(record.id)
        try:
            with Cache.of(settings) as cache:
                found, restored = recover(record, folder, servers, cache, settings.limits)
        except OtherServersError:
            notes.append(f"run {record.id} was cut short on another server: not resolved")
            continue
        if restored:
            raise ChangedSincePlanError(
                f"Run {record.id} had been cut short in the middle of a step. The rows of that step were restored "
                "from its journal, and the plan no longer fits.",
                hint="Run the same command again.",
            )
        notes.append(_note_of(found))
    return notes


def _note_of(run: RunRecord) -> str:
    unknown = next((batch.why for batch in run.batches if batch.state is BatchState.UNKNOWN), run.problem)
    if unknown:
        return f"run {run.id} had been cut short, and the outcome of its open step is unknown: {unknown}"
    return f"run {run.id} had been cut short: its open step was resolved"
