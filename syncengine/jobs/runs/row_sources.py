"""Opens what the rows of a plan's steps are read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from syncengine.catalogue import Catalogue
from syncengine.execute.journals import Journals
from syncengine.execute.run_context import RowSource
from syncengine.execute.timetables import EditedRows
from syncengine.model.errors import StagingError
from syncengine.model.pair import Role
from syncengine.model.plan import Plan, RowsFrom
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
            return lambda into: (servers[into.other], str(into.other))
        case RowsFrom.JOURNAL:
            record, folder = ledger.find(plan.undoes), ledger.folder(plan.undoes)
            journals = {role: Journals(record, folder, cache, role) for role in Role}
            return lambda into: (journals[into], f"the journal of run {plan.undoes}")
        case RowsFrom.OWN_INTERVALS:
            rolled = {role: Recomputing(servers[role], catalogue, cache) for role in Role}
            return lambda into: (rolled[into], f"the intervals of {into}")
        case RowsFrom.TARGET_EDITED:
            if plan.edit is None:
                raise StagingError("The plan edits rows, and does not say how.", hint="Run its command again.")
            edit = plan.edit
            return lambda into: (EditedRows(servers[into], edit), str(into))
