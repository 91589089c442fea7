"""Keeps a plan from servers it was not made for."""

from __future__ import annotations

from collections.abc import Mapping

from syncengine.model.errors import RefusedError
from syncengine.model.pair import Role
from syncengine.model.plan import Plan
from syncengine.servers.protocol import Server


def refuse_other_servers(plan: Plan, servers: Mapping[Role, Server]) -> None:
    """Refuse a plan that was made for other servers than those a pair file names now; one that is down is not asked."""
    for role, identity in plan.identities:
        if role in servers and servers[role].describe().identity != identity:
            raise RefusedError(
                f"The plan was made for another {role} server than the pair file names now.",
                rule=14,
                hint="Make the plan again, or name the pair file it was made with.",
            )
