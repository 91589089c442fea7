"""Asks the target which of the tables that differ no copy can write, so that nobody is told to try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncengine.model.drift import Observation
from syncengine.model.errors import ServerError
from syncengine.model.pair import Role
from syncengine.model.spec import Kept
from syncengine.model.surroundings import met_at
from syncengine.servers.protocol import Server


def with_unwritable(observation: Observation, servers: Mapping[Role, Server]) -> Observation:
    """Return an observation that says of each table that differs whether the target takes no writes to it.

    A server that cannot tell is no reason to end a verify: a plan asks it again. Raises `ServerError` where the
    whole server fails.
    """
    asked = [one.spec.name for one in observation.tables if one.differing and one.spec.kept is Kept.COPYING]
    if not asked:
        return observation
    try:
        around = servers[observation.target].surroundings(asked)
    except ServerError as error:
        if error.of_whole_server:
            raise
        return observation
    why = {name: "; ".join(met.says for met in met_at(one) if met.forbids) for name, one in around.items()}
    return replace(
        observation,
        tables=tuple(replace(one, unwritable=why.get(one.spec.name, "")) for one in observation.tables),
    )
