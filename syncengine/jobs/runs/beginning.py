"""What a run needs to begin: a description, and disk space."""

from __future__ import annotations

from syncengine.catalogue import Catalogue
from syncengine.model.plan import Plan, written_by
from syncengine.model.sentences import listed

ROW_BYTES = 200
"""About what a journalled row of the widest tables takes on disk, compressed."""
TABLES_NAMED = 4
IN_FLIGHT = 4
"""How many steps' rows are on disk at a time besides the journals: staged and to be inserted, of two batches."""


def needed_bytes(plan: Plan) -> int:
    """Return about how much disk a run of a plan takes at most."""
    journalled = sum(write.target.rows for _, _, write in written_by(plan.steps))
    largest = max((step.rows for step in plan.steps), default=0)
    return (journalled + IN_FLIGHT * largest) * ROW_BYTES


def about_of(plan: Plan, catalogue: Catalogue) -> str:
    """Return what a plan does, for people; where single ACDs are requested, tables without an ACD are not compared."""
    if plan.copy is None:
        return plan.title
    compared = [name for name in plan.tables if not plan.acds or catalogue.table(name).acd is not None]
    when = str(plan.requested) if plan.requested else listed(compared, TABLES_NAMED)
    direction = "both directions" if plan.copy.policy.both_directions else f"{plan.source} to {plan.target}"
    return f"{plan.copy.policy}, {direction}, {when}"
