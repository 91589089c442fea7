"""Makes worlds from random seeds and shows what the oracle finds wrong in them.

    python -m tests.world                      # ten minutes on all cores, from seeds nobody has seen
    python -m tests.world --seconds 3600       # an hour
    python -m tests.world --seed 17            # the world of one seed, as a person can follow it
    python -m tests.world --level 1            # only intervals, logins and calls, outages, resync and undo
    python -m tests.world --shape lost_on_both # only worlds of a shape (tests/world/shapes)
    python -m tests.world --each --seeds 5     # worlds of each shape in turn

Ends with 1 if anything is wrong. A failing world is reduced to a few steps, and printed as commands and as a test.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
from collections import Counter

from tests.world.many import Outcome, fails_alike, run, run_many, scenario_of
from tests.world.printed import as_commands, as_test
from tests.world.scenarios import LEVELS
from tests.world.shapes import SHAPES, shapes_of
from tests.world.shrinking import shrunk
from tests.world.values import Scenario
from tests.world.world import Tally

EVERY_SECONDS = 30
SHRINKING_SECONDS = 300
MOST_FAILURES = 5
"""After so many worlds in which something is wrong, no more are made."""


def main(words: list[str]) -> int:
    """Make the requested worlds, and return how that ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.world")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, help="the world of one seed")
    parser.add_argument("--first", type=int, help="the first of the seeds, which are random otherwise")
    parser.add_argument("--seeds", type=int, help="how many seeds at most")
    parser.add_argument("--level", type=int, default=max(LEVELS), choices=LEVELS)
    parser.add_argument("--shape", default="", choices=("", *(one.name for one in SHAPES)), help="only this shape")
    parser.add_argument("--each", action="store_true", help="so many seeds of each shape in turn")
    parser.add_argument("--cores", type=int, default=0)
    parser.add_argument("--no-shrinking", action="store_true", help="show failing worlds as they are")
    parser.add_argument("--failures", type=int, default=MOST_FAILURES, help="stop after so many failing worlds")
    chosen = parser.parse_args(words)
    if chosen.seed is not None:
        scenario = scenario_of(chosen.seed, chosen.level, chosen.shape)
        return show(scenario, chosen.seed, chosen.level, shrink=not chosen.no_shrinking)
    first = random.SystemRandom().randrange(10**9) if chosen.first is None else chosen.first
    seeds = itertools.count(first) if chosen.seeds is None else range(first, first + chosen.seeds)
    shapes = [one.name for one in shapes_of(chosen.level)] if chosen.each else [chosen.shape]
    wanted = ((seed, shape) for seed in seeds for shape in shapes)
    begun, total, failed = time.monotonic(), Tally(), list[Outcome]()
    _print(f"Worlds of level {chosen.level} from seed {first} on, for {chosen.seconds:,.0f} seconds.")
    shown = begun
    for outcome in run_many(wanted, chosen.level, chosen.seconds, chosen.cores):
        total += outcome.tally
        if outcome.found:
            failed.append(outcome)
            _print(
                f"Seed {outcome.seed}{f' --shape {outcome.shape}' if outcome.shape else ''}: wrong.\n{outcome.found}"
            )
            if len(failed) >= chosen.failures:
                break
        if time.monotonic() - shown > EVERY_SECONDS:
            shown = time.monotonic()
            _print(summary(total, shown - begun, len(failed)))
    _print(details(total))
    _print(summary(total, time.monotonic() - begun, len(failed)))
    for outcome in failed[: 1 if chosen.no_shrinking else 2]:
        scenario = scenario_of(outcome.seed, chosen.level, outcome.shape)
        show(scenario, outcome.seed, chosen.level, shrink=not chosen.no_shrinking)
    return int(bool(failed))


def show(scenario: Scenario, seed: int, level: int, *, shrink: bool) -> int:
    """Print a world as a person can follow it; where something is wrong, reduced as far as it stays wrong."""
    tally, found = run(scenario)
    _print(f"The world of seed {seed}:\n\n{as_commands(scenario)}\n")
    if not found:
        _print(f"{details(tally)}\nNothing is wrong.")
        return 0
    _print(f"Something is wrong:\n{found}\n")
    if shrink:
        small = shrunk(scenario, fails_alike(found), SHRINKING_SECONDS, seed, level)
        _print(f"Reduced:\n\n{as_commands(small)}\n\n{run(small)[1]}\n\nAs a test:\n\n{as_test(small)}")
    return 1


def details(total: Tally) -> str:
    """Return how often each command was typed, each fault injected, each oracle asked, a line each."""
    return "\n".join(
        f"  {name:<9} {_counted(counts)}"
        for name, counts in (("commands", total.commands), ("faults", total.faults), ("checks", total.checks))
    )


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())) or "none"


def summary(total: Tally, seconds: float, failed: int) -> str:
    """Return one line: worlds, commands, faults, checks, and the rate."""
    rate = total.worlds * 3600 / max(seconds, 1)
    return (
        f"{total.worlds:,} worlds, {total.commands.total():,} commands, {total.faults.total():,} faults, "
        f"{total.checks.total():,} checks in {seconds:,.0f} s ({rate:,.0f} worlds an hour): "
        f"{f'{failed} wrong' if failed else 'nothing wrong'}"
    )


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
