"""A simulated process is the same each time, and ends in a documented way whatever goes wrong at whichever call."""

from __future__ import annotations

import contextlib
import io
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from syncengine import machine
from syncengine.app import entry_points
from syncengine.app.pair import Pair
from syncengine.cli.main import run_for_code
from syncengine.jobs import connections, outside_executor
from syncengine.model.pair import Role
from syncengine.servers.duckdb import server as duckdb_server
from syncengine.staging import cache
from tests.world.clock import DAY, HOUR
from tests.world.collection import recorded, views
from tests.world.faults import Died
from tests.world.history import history
from tests.world.life import Site
from tests.world.process import Process
from tests.world.values import SERVERS, Acd, Bag, Fault, FaultKind, LinkDown, Scenario

SMALL = Scenario(
    seed=4,
    acds=(Acd(agents=2, splits=1, vdns=1, calls_an_hour=3),),
    happenings=(LinkDown("secondary", 10 * HOUR, 2 * HOUR),),
)
REPAIR = ("resync", "--outages", "--yes")
"""Repairs what the secondary has not seen."""
DOCUMENTED = frozenset(range(8)) | {130}
TABLES = ("hsplit", "hagent", "haglog", "call_rec")
AFTER = DAY + 6 * HOUR


@dataclass(frozen=True, slots=True)
class Typed:
    """How a command ended: its exit code, None where the process died, and what it printed and called."""

    code: int | None
    said: str
    calls: tuple[str, ...]
    injected: tuple[FaultKind, ...]


@contextmanager
def site_of(scenario: Scenario) -> Iterator[Site]:
    """Make the servers of a scenario as they are after its outage."""
    switch, seen = history(scenario), views(scenario)
    with TemporaryDirectory() as folder:
        site = Site(scenario, Path(folder), {server: recorded(scenario, switch, seen[server]) for server in SERVERS})
        site.advance(AFTER)
        try:
            yield site
        finally:
            site.close()


def typed(site: Site, *words: str, number: int = 0, fault: Fault | None = None) -> Typed:
    """Type a command in a process of its own, with a fault in it."""
    scenario = replace(site.scenario, faults=() if fault is None else (fault,))
    out = io.StringIO()
    code: int | None = None
    with Process(scenario, site, number) as process, executor_of(process):
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), contextlib.suppress(Died):
            code = run_for_code([*words, "--pair", str(site.pair_file)])
        if process.dead:
            code = None
    return Typed(code, out.getvalue(), tuple(process.plan.calls), tuple(process.plan.injected))


@contextmanager
def executor_of(process: Process) -> Iterator[None]:
    """Have pairs use the executor of a process."""
    before = entry_points.Pair

    def pair(settings: object, catalogue: object, progress: object, environment: object, executor: object = None) -> Pair:
        return before(settings, catalogue, progress, environment, executor or process.executor)  # type: ignore[arg-type]

    vars(entry_points)["Pair"] = pair
    try:
        yield
    finally:
        vars(entry_points)["Pair"] = before


def rows_of(site: Site) -> dict[str, Bag]:
    """Return the rows of the secondary, without the numbers that it gives to its own."""
    return {table: site.databases["secondary"].bag(table) for table in TABLES}


def files_of(site: Site) -> dict[str, bytes]:
    """Return every file that is ours."""
    staging = site.pair_file.parent
    return {
        str(file.relative_to(staging)): file.read_bytes()
        for file in sorted(staging.rglob("*"))
        if file.is_file() and not file.name.startswith(("primary.", "secondary."))
    }


@pytest.fixture(scope="module")
def undisturbed() -> tuple[Typed, dict[str, Bag]]:
    """Return an undisturbed repair, and the rows after it."""
    with site_of(SMALL) as site:
        done = typed(site, *REPAIR)
        assert done.code == 0, done.said
        return done, rows_of(site)


def test_one_seed_makes_the_same_calls(undisturbed: tuple[Typed, dict[str, Bag]]) -> None:
    with site_of(SMALL) as site:
        again = typed(site, *REPAIR)
        assert again.calls == undisturbed[0].calls
        assert again.said.replace(str(site.pair_file.parent), "") == again.said
        assert rows_of(site) == undisturbed[1]
