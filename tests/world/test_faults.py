"""A simulated process is the same each time, and ends in a documented way whatever goes wrong at whichever call."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from syncengine import machine
from syncengine.app import entry_points
from syncengine.app.pair import Pair
from syncengine.cli.exit_codes import ExitCode
from syncengine.cli.main import run_for_code
from syncengine.jobs import connections, outside_executor
from syncengine.model.plan import Plan
from syncengine.servers.duckdb import server as duckdb_server
from syncengine.staging import cache
from tests.world.beside import write_beside
from tests.world.clock import DAY, HOUR
from tests.world.collection import recorded, views
from tests.world.faults import Died, FaultPlan
from tests.world.history import history
from tests.world.life import Site
from tests.world.process import Process
from tests.world.values import SERVERS, Acd, Bag, Fault, FaultKind, LinkDown, Scenario, ServerDown

SMALL = Scenario(
    seed=4,
    acds=(Acd(agents=2, splits=1, vdns=1, calls_an_hour=3),),
    happenings=(LinkDown("secondary", 10 * HOUR, 2 * HOUR),),
)
REPAIR = ("resync", "--window", "2000-06-05 10:00..10:29", "--table", "hsplit", "--yes")
"""Repairs one bucket that the secondary has not seen."""
DOCUMENTED = frozenset(ExitCode)
LETHAL = (FaultKind.DIES, FaultKind.STOPS)
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


def typed(
    site: Site,
    *words: str,
    number: int = 0,
    fault: Fault | None = None,
    beside: Callable[[Random], None] = lambda _: None,
) -> Typed:
    """Type a command in a process of its own, with a fault in it."""
    scenario = replace(site.scenario, faults=() if fault is None else (fault,))
    out = io.StringIO()
    code: int | None = None
    with Process(scenario, site, number, beside=beside) as process, executor_of(process):
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), contextlib.suppress(Died):
            code = run_for_code([*words, "--pair", str(site.pair_file)])
        if process.dead:
            code = None
    return Typed(code, out.getvalue(), tuple(process.plan.calls), tuple(process.plan.injected))


@contextmanager
def executor_of(process: Process) -> Iterator[None]:
    """Have pairs use the executor of a process."""
    before = vars(entry_points)["Pair"]

    def pair(settings: Any, catalogue: Any, progress: Any, environment: Any, executor: Any = None) -> Pair:
        opened: Pair = before(settings, catalogue, progress, environment, executor or process.executor)
        return opened

    vars(entry_points)["Pair"] = pair
    try:
        yield
    finally:
        vars(entry_points)["Pair"] = before


def rows_of(site: Site) -> Bag:
    """Return what the secondary has of the split's first day: nothing is written to it by others meanwhile."""
    return site.databases["secondary"].bag("hsplit", "row_date = ?", (SMALL.start,))


def files_of(site: Site) -> dict[str, bytes]:
    """Return every file that is ours."""
    staging = site.pair_file.parent
    return {
        str(file.relative_to(staging)): file.read_bytes()
        for file in sorted(staging.rglob("*"))
        if file.is_file() and not file.name.startswith(("primary.", "secondary."))
    }


@pytest.fixture(scope="module")
def shared() -> Iterator[Site]:
    """Make servers that all cases use, one after the other."""
    with site_of(SMALL) as site:
        yield site


@pytest.fixture(scope="module")
def undisturbed(shared: Site) -> tuple[Bag, Typed, Bag]:
    """Return the rows before an undisturbed repair, the repair, and the rows after it."""
    before = rows_of(shared)
    done = typed(shared, *REPAIR)
    assert done.code == 0, done.said
    assert rows_of(shared) != before
    return before, done, rows_of(shared)


@pytest.fixture
def site(shared: Site, undisturbed: tuple[Bag, Typed, Bag]) -> Site:
    """Return the servers as they were before the repair, and no files of ours."""
    database = shared.databases["secondary"]
    database.run("DELETE FROM hsplit WHERE row_date = ?", (SMALL.start,))
    names = database.columns("hsplit")
    database.insert("hsplit", [dict(zip(names, line, strict=True)) for line in undisturbed[0].elements()])
    shutil.rmtree(shared.pair_file.with_name("staging"), ignore_errors=True)
    return shared


def call_of(done: Typed, kind: FaultKind) -> int:
    """Return a call at which a fault of a kind fits."""
    name = {
        FaultKind.READ_ENDS: "primary read",
        FaultKind.UNKNOWN_COMMIT: "secondary commit",
        FaultKind.DISK_FULL: "file write",
        FaultKind.OTHER_COMMITS: "secondary surroundings",
        FaultKind.CLOCK_JUMPS: "secondary begin",
    }.get(kind, "secondary insert in session")
    return done.calls.index(name)


def test_one_seed_makes_the_same_calls(site: Site, undisturbed: tuple[Bag, Typed, Bag]) -> None:
    """Two runs of one seed make the same calls in the same order."""
    _, done, rows = undisturbed
    assert typed(site, *REPAIR).calls == done.calls
    assert rows_of(site) == rows


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind not in LETHAL])
def test_each_fault_ends_as_documented(site: Site, undisturbed: tuple[Bag, Typed, Bag], kind: FaultKind) -> None:
    """Whatever goes wrong, the command ends as documented, and typed again it does the rest."""
    _, done, rows = undisturbed
    ended = typed(site, *REPAIR, fault=Fault(0, call_of(done, kind), kind, seed=2))
    assert ended.injected == (kind,)
    assert ended.code in DOCUMENTED
    assert "Traceback" not in ended.said
    assert typed(site, *REPAIR, number=2).code == 0
    assert rows_of(site) == rows


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("kind", LETHAL)
def test_nothing_is_written_after_a_death(
    site: Site, undisturbed: tuple[Bag, Typed, Bag], kind: FaultKind, part: int
) -> None:
    """From the fatal call on, no file of ours and no row changes."""
    _, done, rows = undisturbed
    call = len(done.calls) * (part + 1) // 3 + (3 if kind is FaultKind.STOPS else 0)
    at_death: list[tuple[dict[str, bytes], Bag]] = []
    with remembering_death(site, at_death):
        ended = typed(site, *REPAIR, fault=Fault(0, call, kind, seed=part))
    assert (ended.code, ended.injected) == (None, (kind,))
    assert ended.calls == done.calls[: call + 1]
    assert at_death == [(files_of(site), rows_of(site))]
    typed(site, "resume", number=1)
    assert typed(site, *REPAIR, number=2).code == 0
    assert rows_of(site) == rows


def test_another_session_writes_where_a_plan_is_about_to(site: Site) -> None:
    """A row that another session writes into a planned bucket stays, and the run says that it left that step."""
    plans: list[Plan] = []
    plan_resync = Pair.plan_resync

    def noted(self: Pair, **options: Any) -> Plan:
        plans.append(plan_resync(self, **options))
        return plans[-1]

    with replaced(Pair, "plan_resync", noted):
        fault = Fault(0, 3, FaultKind.OTHER_COMMITS, seed=3)
        ended = typed(site, *REPAIR, fault=fault, beside=lambda chance: write_beside(site, plans, chance))
    written = site.beside("secondary", "hsplit", AFTER, site.now)
    assert written.total() == 1
    assert not written - rows_of(site)
    assert ended.code == 5
    assert "Nothing of this step was written" in " ".join(ended.said.split())


@contextmanager
def remembering_death(site: Site, found: list[tuple[dict[str, bytes], Bag]]) -> Iterator[None]:
    """Note the files and rows at the instant of a death."""
    die = FaultPlan.die

    def noted(self: FaultPlan, fault: Fault) -> Died:
        death = die(self, fault)
        found.append((files_of(site), rows_of(site)))
        return death

    with replaced(FaultPlan, "die", noted):
        yield


@contextmanager
def replaced(where: type, name: str, value: object) -> Iterator[None]:
    """Replace an attribute of a class for a time."""
    before = getattr(where, name)
    setattr(where, name, value)
    try:
        yield
    finally:
        setattr(where, name, before)


def test_a_server_that_is_down_cannot_be_opened() -> None:
    """A server that is shut down is an error that names it."""
    scenario = replace(SMALL, happenings=(*SMALL.happenings, ServerDown("primary", AFTER - HOUR, 2 * HOUR)))
    with site_of(scenario) as site:
        ended = typed(site, *REPAIR)
        assert ended.code == 1
        assert "primary" in ended.said


def test_a_pause_lets_the_world_go_on(site: Site) -> None:
    """A pause of the product is time that passes in the world."""
    before = site.now
    with Process(SMALL, site, 0):
        shown = machine.now()
        machine.sleep(90)
        assert site.now == before + 90
        assert (machine.now() - shown).total_seconds() == 90


def test_nothing_stays_replaced(site: Site) -> None:
    """After a process the modules are as they were."""
    replaced: list[tuple[object, str]] = [
        (os, "fsync"), (os, "write"), (os, "open"), (os, "unlink"), (connections, "open_server"),
        (duckdb_server, "duckdb"), (cache, "duckdb"), (machine, "now"), (outside_executor, "IDLE_SECONDS"),
    ]  # fmt: skip
    before = [getattr(where, name) for where, name in replaced]
    chance = random.getstate()
    typed(site, *REPAIR)
    assert [getattr(where, name) for where, name in replaced] == before
    assert random.getstate() == chance
    assert not vars(duckdb_server)["_OPEN_SESSIONS"]
