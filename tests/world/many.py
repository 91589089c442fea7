"""Runs one world after the other, in one process or on all cores."""

from __future__ import annotations

import multiprocessing
import os
import re
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from tests.servers.postgresql import cluster as postgresql
from tests.world.drawing import drawn
from tests.world.values import Scenario, ServerKind
from tests.world.world import Tally, ViolatedError, World

ONE_IN = 25
"""One in so many worlds is on PostgreSQL, which takes three times as long."""
SHOWN_LINES = 12
"""Lines of a traceback that are shown of a world that broke."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a world ended: what was done in it, and what the oracle found wrong."""

    seed: int
    tally: Tally
    found: str = ""
    """What is wrong, empty where nothing is."""
    shape: str = ""
    """The name of its shape, if it has one."""


def run(scenario: Scenario) -> tuple[Tally, str]:
    """Run a world in a folder of its own; return what was done, and what is wrong."""
    with tempfile.TemporaryDirectory(prefix="world-") as folder:
        try:
            world = World(scenario, Path(folder))
        except Exception:  # noqa: BLE001  # a world that cannot be made is a finding, too
            return Tally(), _shown()
        try:
            world.run()
        except ViolatedError as error:
            return world.tally, str(error)
        except Exception:  # noqa: BLE001  # so is one that breaks
            return world.tally, _shown()
        finally:
            world.close()
        return world.tally, ""


def _shown() -> str:
    return "\n".join(traceback.format_exc().rstrip().splitlines()[-SHOWN_LINES:])


def scenario_of(seed: int, level: int, shape: str = "") -> Scenario:
    """Return the scenario of a seed; a share of them has PostgreSQL servers, where this machine can run them."""
    scenario = drawn(seed, level, shape)
    if seed % ONE_IN != ONE_IN - 1 or postgresql.missing():
        return scenario
    return replace(scenario, servers=ServerKind.POSTGRESQL)


def run_seed(seed: int, level: int, shape: str = "") -> Outcome:
    """Run the world of a seed, in a process of a pool."""
    scenario = scenario_of(seed, level, shape)
    try:
        tally, found = run(scenario)
    finally:
        if scenario.servers is ServerKind.POSTGRESQL:
            # Such a process ends without what `atexit` would do.
            postgresql.stop()
    return Outcome(seed, tally, found, scenario.shape)


def fails_alike(found: str) -> Callable[[Scenario], bool]:
    """Return whether something is wrong in a world as it was in another: by the same oracle, in the same words."""
    finding = finding_of(found)
    return lambda scenario: finding_of(run(scenario)[1]) == finding


def finding_of(found: str) -> str:
    """Return what is wrong in a world, without numbers and names: its oracle and the words; empty where nothing is."""
    line = next((line for line in found.splitlines() if line.strip().startswith("oracle")), found[-200:])
    return re.sub(r"\b(primary|secondary)\b|[^a-z ]", "", line.partition(": ")[2]) + line.partition(":")[0]


def run_many(seeds: Iterable[tuple[int, str]], level: int, seconds: float, cores: int = 0) -> Iterator[Outcome]:
    """Yield the outcome of each seed, and shape if it is to have one, on all cores, until time or seeds are over."""
    until, remaining = time.monotonic() + seconds, iter(seeds)
    cores = cores or os.cpu_count() or 1
    # Each process is replaced after some worlds: what one leaves behind must not gather.
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn"), max_tasks_per_child=100) as pool:
        running: set[Future[Outcome]] = set()
        while True:
            while len(running) < cores and time.monotonic() < until and (one := next(remaining, None)) is not None:
                running.add(pool.submit(run_seed, one[0], level, one[1]))
            if not running:
                return
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in ended)
