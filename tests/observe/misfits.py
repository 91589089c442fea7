"""Pairs whose tables are not as they should be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from syncengine.model.drift import Observation
from syncengine.model.facts import ServerFacts
from syncengine.model.pair import Role
from syncengine.model.window import Window
from syncengine.observe.facts import FactQuestions, gather_facts
from syncengine.servers.kinds import open_server
from tests.builders import Files, build_files, catalogue, settings_of
from tests.scenes import outage, storage, trunks

GUIDE_DAY = Window(datetime(2000, 6, 5), datetime(2000, 6, 6))


ROLES = pytest.mark.parametrize("role", list(Role))
NUMBER = "where a whole number is needed"


def pair_of(folder: Path, **options: Any) -> Files:
    """Build a pair in sync that stores 62 days, with the guide's outage in the primary's diary."""
    return build_files(
        folder,
        ["htrunk", "synonyms"],
        both={"htrunk": trunks(400, 700), "dcalloc": [storage("trunk"), storage("exceptions", rows=300)]},
        primary={"linkex": [outage(513, 360)]},
        **options,
        whole=True,
    )


def alter(files: Files, table: str, change: str, roles: Iterable[Role | str] = tuple(Role)) -> None:
    """Change a table on one server or on both."""
    for role in roles:
        files.run(role, f"ALTER TABLE {table} {change}")


def facts_of(files: Files, role: Role, *, coverage: bool = True) -> ServerFacts:
    """Return the facts of one server for planning."""
    settings = settings_of(files.pair_file)
    server = open_server(settings.server(role), files.folder, writable=False, limits=settings.limits)
    try:
        return gather_facts(server, role, FactQuestions(settings, catalogue(), GUIDE_DAY, coverage=coverage))
    finally:
        server.close()


def noted(observation: Observation, role: Role) -> tuple[str, ...]:
    """Return the notes on one server."""
    return next(facts.notes for facts in observation.facts if facts.role is role)
