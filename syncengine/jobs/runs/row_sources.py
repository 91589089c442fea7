"""Opens what the rows of a plan's steps are read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from syncengine.catalogue import Catalogue
from syncengine.execute.journals import Journals
from syncengine.execute.run_context import RowSource
from syncengine.execute.timetables import EditedRows, Schedules
from syncengine.model.errors import StagingError
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, RowsFrom
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
    match plan.rows_from:
        case RowsFrom.OTHER_SERVER:
            made = plan.schedules
            if made is None:
                return lambda into: (servers[into.other], str(into.other))
            return lambda into: (_with_made(servers[into.other], servers[into.other], made), str(into.other))
        case RowsFrom.JOURNAL:
            journals = _journals(plan, ledger, cache)
            return lambda into: (journals[into], f"the journal of run {plan.undoes}")
        case RowsFrom.OWN_INTERVALS:
            rolled = {role: Recomputing(servers[role], catalogue, cache) for role in Role}
            return lambda into: (rolled[into], f"the intervals of {into}")
        case RowsFrom.TARGET_EDITED:
            if plan.edit is None:
                raise StagingError("The plan edits rows, and does not say how.", hint="Run its command again.")
            edit, schedules = plan.edit, plan.schedules
            if plan.undoes:
                # Schedules that the run had made, or taken away, are as its journal has them.
                journals_of = _journals(plan, ledger, cache)
                return lambda into: (Schedules(EditedRows(servers[into], edit), journals_of[into]), str(into))
            if schedules is None:
                return lambda into: (EditedRows(servers[into], edit), str(into))
            return lambda into: (
                _with_made(EditedRows(servers[into], edit), servers[into.other], schedules),
                str(into),
            )


def _with_made(others: RowSource, other: Server, made: FlagEdit) -> RowSource:
    return Schedules(others, EditedRows(other, made))


def _journals(plan: Plan, ledger: Ledger, cache: Cache) -> dict[Role, Journals]:
    record, folder = ledger.find(plan.undoes), ledger.folder(plan.undoes)
    return {role: Journals(record, folder, cache, role) for role in Role}
