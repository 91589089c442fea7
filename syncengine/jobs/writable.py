"""Finds the differing tables that the target takes no writes to, so that no command to copy them is offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncengine.model.drift import Observation
from syncengine.model.errors import ServerError
from syncengine.model.pair import Role
from syncengine.model.spec import SyncedBy
from syncengine.model.surroundings import side_effects_of
from syncengine.servers.protocol import Server


def with_unwritable(observation: Observation, servers: Mapping[Role, Server]) -> Observation:
    """Return an observation with the differing tables that the target takes no writes to.

    A server that gives no answer does not end a verify: a plan checks again. Raises `ServerError` where the whole
    server fails.
    """
    to_check = [one.spec.name for one in observation.tables if one.differing and one.spec.synced_by is SyncedBy.COPYING]
    if not to_check:
        return observation
    try:
        around = servers[observation.target].surroundings(to_check)
    except ServerError as error:
        if error.of_whole_server:
            raise
        return observation
    why = {
        name: "; ".join(effect.message for effect in side_effects_of(one) if effect.forbids)
        for name, one in around.items()
    }
    return replace(
        observation,
        tables=tuple(replace(one, unwritable=why.get(one.spec.name, "")) for one in observation.tables),
    )
