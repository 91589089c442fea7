"""Opens what the rows of a plan's steps are read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace

from syncengine.catalogue import Catalogue
from syncengine.execute.batches import Batch
from syncengine.execute.journals import Journals
from syncengine.execute.preparation import Preparation, PreparedPart, RowSource
from syncengine.execute.timetables import EditedRows, Schedules
from syncengine.model.pair import PairSettings, Role
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import BackfillPortion, Resync, RollupRepair, RunOnEdit, Sync, Undo
from syncengine.model.timetable_flag import FlagEdit
from syncengine.observe.rollups.recomputed_rows import RecomputedRows
from syncengine.servers.open_servers import executor_of
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.ledger import Ledger

Sources = Callable[[Role], tuple[RowSource, str]]
"""Returns where rows for a server come from, and its name in a sentence."""


def sources_of(
    plan: Plan, servers: Mapping[Role, Server], ledger: Ledger, catalogue: Catalogue, cache: Cache
) -> Sources:
    """Return where the rows of a plan come from; `cache` is that of the thread which stages them."""
    match plan.kind:
        case Sync(schedules=FlagEdit() as made):
            return lambda into: (_with_new_schedules(servers[into.other], servers[into.other], made), str(into.other))
        case RollupRepair(copied=False):
            rolled = {role: RecomputedRows(servers[role], catalogue, cache) for role in Role}
            return lambda into: (rolled[into], f"the intervals of {into}")
        case Resync() | BackfillPortion() | Sync() | RollupRepair():
            return lambda into: (servers[into.other], str(into.other))
        case RunOnEdit(edit=edit, schedules=FlagEdit() as made):
            return lambda into: (
                _with_new_schedules(EditedRows(servers[into], edit), servers[into.other], made),
                str(into),
            )
        case RunOnEdit(edit=edit):
            return lambda into: (EditedRows(servers[into], edit), str(into))
        case Undo(run=run, edit=FlagEdit() as edit):
            # Schedules that the run had made, or removed, are restored from its journal.
            journals = _journals(run, ledger, cache)
            return lambda into: (Schedules(EditedRows(servers[into], edit), journals[into]), str(into))
        case Undo(run=run):
            journals = _journals(run, ledger, cache)
            return lambda into: (journals[into], f"the journal of run {run}")


def prepare_batch(
    servers: Mapping[Role, Server],
    settings: PairSettings,
    catalogue: Catalogue,
    plan: Plan,
    run_id: str,
    batch: Batch,
) -> list[PreparedPart]:
    """Prepare a batch of a run, without the steps of its plan; the pieces are those of the run's folder."""
    ledger = Ledger(settings.staging)
    with Cache.of(settings, at_once=2) as cache:
        source, name = sources_of(plan, servers, ledger, catalogue, cache)(batch.into)
        pieces = ledger.folder(run_id).pieces
        return Preparation(source, name, servers[batch.into], batch.into, plan.seed, cache, pieces).batch(batch)


def preparation_on_executor(
    servers: Mapping[Role, Server], catalogue: Catalogue, plan: Plan, run_id: str
) -> Callable[[Batch], Future[list[PreparedPart]]] | None:
    """Return a function that prepares batches of a run on the servers' executor; None where there is none."""
    executor, of_no_steps = executor_of(servers), replace(plan, steps=())
    if executor is None:
        return None
    return lambda batch: executor.submit(prepare_batch, catalogue, of_no_steps, run_id, batch)


def _with_new_schedules(others: RowSource, other: Server, made: FlagEdit) -> RowSource:
    return Schedules(others, EditedRows(other, made))


def _journals(run: str, ledger: Ledger, cache: Cache) -> dict[Role, Journals]:
    record, folder = ledger.find(run), ledger.folder(run)
    return {role: Journals(record, folder, cache, role) for role in Role}
