"""Runs a plan in a process of its own, which may be killed: forked from one that has every import and no connection."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from syncengine.app import Pair, VerifiedRun
from syncengine.model.plan import Plan
from syncengine.model.progress import SilentProgress
from syncengine.pair_file import read_pair_file
from tests.builders import catalogue
from tests.survival.moments import MOMENTS, Moments, count

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.survival.children"])
PATIENCE = 60

catalogue()  # read once, before anything is forked


@dataclass(frozen=True)
class Order:
    """What a process is to do: a plan, a backfill, or where there is neither, to resume the last run."""

    pair_file: Path
    plan: Plan | None
    fatal: int | None = None
    """The moment at which it dies."""
    environment: Mapping[str, str] = field(default_factory=dict)
    only: str = ""
    """The phase of which moments are counted, if not all are."""
    backfill: Mapping[str, Any] = field(default_factory=dict)
    """What a backfill is to do."""


def opened(pair_file: Path, environment: Mapping[str, str]) -> Pair:
    """Open a pair with the shipped catalogue, which is read once."""
    return Pair(read_pair_file(pair_file, environment), catalogue(), SilentProgress(), environment)


def carry_out(order: Order) -> None:
    """Do what is ordered; in a process of its own."""
    moments = Moments(order.fatal, order.pair_file.with_name(MOMENTS), only=order.only)
    count(moments)
    pair = opened(order.pair_file, order.environment)
    ran = done(pair, order)
    moments.report()
    if not ran.outcome.done:
        raise SystemExit(str(ran.outcome))


def done(pair: Pair, order: Order) -> VerifiedRun:
    """Do what is ordered, here."""
    if order.backfill:
        return pair.execute(pair.plan_backfill(**order.backfill))
    return pair.resume() if order.plan is None else pair.execute(order.plan)


def begun(order: Order) -> ForkServerProcess:
    """Begin in another process."""
    process = CONTEXT.Process(target=carry_out, args=(order,))
    process.start()
    return process


def ended(process: ForkServerProcess) -> bool:
    """Wait for the end of a process and say whether it was killed; fails where it ended with an error."""
    process.join(PATIENCE)
    assert process.exitcode in (0, -signal.SIGKILL), f"the run ended with {process.exitcode}"
    return process.exitcode != 0


def died_of(order: Order) -> str:
    """Carry out an order and return at which moment the process died, nothing where it came to its end."""
    return order.pair_file.with_name(MOMENTS).read_text() if ended(begun(order)) else ""


def counted(order: Order) -> list[str]:
    """Carry out an order to its end and return its moments."""
    assert not ended(begun(order))
    return order.pair_file.with_name(MOMENTS).read_text().split("\n")


def warm() -> None:
    """Have what processes are forked from started, so that the next one begins at once."""
    process = CONTEXT.Process(target=catalogue)
    process.start()
    process.join(PATIENCE)


def killed_after(order: Order, seconds: float) -> bool:
    """Kill a process some time after it has begun, and say whether it was still running."""
    process = begun(order)
    time.sleep(seconds)
    process.kill()
    return ended(process)
