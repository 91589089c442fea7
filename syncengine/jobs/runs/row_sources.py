"""Opens what the rows of a plan's steps are read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from syncengine.catalogue import Catalogue
from syncengine.execute.journals import Journals
from syncengine.execute.run_context import RowSource
from syncengine.execute.timetables import EditedRows, Schedules
from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.model.plan_kind import Copy, RollupRepair, RunOnEdit, Sync, Undo
from syncengine.model.timetable_flag import FlagEdit
from syncengine.observe.rollups.recomputed_rows import Recomputing
from syncengine.servers.protocol import Server
from syncengine.staging.cache import Cache
from syncengine.staging.ledger import Ledger

Sources = Callable[[Role], tuple[RowSource, str]]
"""Returns where rows for a server come from, and what that is called in a sentence."""


def sources_of(
    plan: Plan, servers: Mapping[Role, Server], ledger: Ledger, catalogue: Catalogue, cache: Cache
) -> Sources:
    """Return where the rows of a plan come from; `cache` is that of the thread which stages them."""
    match plan.kind:
        case Sync(schedules=FlagEdit() as made):
            return lambda into: (_with_made(servers[into.other], servers[into.other], made), str(into.other))
        case RollupRepair(copied=False):
            rolled = {role: Recomputing(servers[role], catalogue, cache) for role in Role}
            return lambda into: (rolled[into], f"the intervals of {into}")
        case Copy() | RollupRepair():
            return lambda into: (servers[into.other], str(into.other))
        case RunOnEdit(edit=edit, schedules=FlagEdit() as made):
            return lambda into: (_with_made(EditedRows(servers[into], edit), servers[into.other], made), str(into))
        case RunOnEdit(edit=edit):
            return lambda into: (EditedRows(servers[into], edit), str(into))
        case Undo(run=run, edit=FlagEdit() as edit):
            # Schedules that the run had made, or taken away, are as its journal has them.
            journals = _journals(run, ledger, cache)
            return lambda into: (Schedules(EditedRows(servers[into], edit), journals[into]), str(into))
        case Undo(run=run):
            journals = _journals(run, ledger, cache)
            return lambda into: (journals[into], f"the journal of run {run}")


def _with_made(others: RowSource, other: Server, made: FlagEdit) -> RowSource:
    return Schedules(others, EditedRows(other, made))


def _journals(run: str, ledger: Ledger, cache: Cache) -> dict[Role, Journals]:
    record, folder = ledger.find(run), ledger.folder(run)
    return {role: Journals(record, folder, cache, role) for role in Role}
