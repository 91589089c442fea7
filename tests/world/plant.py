"""Puts each fault of `planted` into a copy of the project, and says after how many seeds the world finds it.

    python -m tests.world.plant                         # all of them, an hour each at most
    python -m tests.world.plant undo                    # those with a word in their names
    python -m tests.world.plant --seeds 40 --seconds 180 --level 1

Where something is wrong in a world, it is made without the fault, too: if something is wrong all the same, the fault is
not found by it. Every second world has the shape in which the fault is likely to show, if it has one.
Ends with 1 if a fault is not found.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tests.guards.guard import ROOT
from tests.world.planted import PLANTED
from tests.world.planted.planted_fault import PlantedFault

COPIED = ("syncengine", "table_specs", "tests", "pyproject.toml")
MOST_SEEDS = 2000
MOST_SECONDS = 3600.0
MOST_WORLD_SECONDS = 300.0
"""A world that takes more processor time than this has no end: its fault is found."""
NOT_FOUND = "NOT FOUND"
REPORTED = ("oracle ", "Error", "no end")
"""Where the first of these is in what was found, that line is printed."""


class Worlds:
    """Makes worlds of a copy of the project, one after the other, in a process that stays."""

    def __init__(self, folder: Path, level: int) -> None:
        words = [sys.executable, "-B", "-m", "tests.world.plant", "--worlds-of-level", str(level)]
        self._process = subprocess.Popen(
            words,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def found(self, seed: int, shape: str) -> str:
        """Return what is found in the world of a seed; a process that ended has found something, too."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = ""
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{json.dumps([seed, shape])}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        return str(json.loads(line)) if line else "The process ended: Error"

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


class Clean:
    """The worlds of the project as it is, each made once, and only where it decides."""

    def __init__(self, folder: Path, remembered: Path | None) -> None:
        self._folder = folder
        self._remembered = remembered
        self._lock = threading.Lock()
        self._worlds: dict[int, Worlds] = {}
        self._known: dict[tuple[int, int, str], str] = {}
        if remembered is not None and remembered.exists():
            for line in remembered.read_text().splitlines():
                level, seed, shape, found = json.loads(line)
                self._known[level, seed, shape] = found

    def found(self, level: int, seed: int, shape: str) -> str:
        """Return what is found in the world of a seed without any fault."""
        with self._lock:
            place = level, seed, shape
            if place not in self._known:
                self._known[place] = self._found_out(level, seed, shape)
            return self._known[place]

    def close(self) -> None:
        """End the processes."""
        for one in self._worlds.values():
            one.close()

    def _found_out(self, level: int, seed: int, shape: str) -> str:
        if level not in self._worlds:
            self._worlds[level] = Worlds(self._folder, level)
        found = self._worlds[level].found(seed, shape)
        if found:
            name = f"level {level}, seed {seed}{f', shape {shape}' if shape else ''}"
            _print(f"({name} is wrong without any fault: {_first_finding(found)})")
        if self._remembered is not None:
            with self._remembered.open("a") as file:
                file.write(f"{json.dumps([level, seed, shape, found])}\n")
        return found


@dataclass(slots=True)
class Search:
    """The search for a seed that finds a fault."""

    clean: Clean
    seeds: int
    seconds: float

    def finds(self, planted: PlantedFault) -> bool:
        """Put a fault into a copy of the project, and make worlds until one finds it."""
        made = wrong = 0
        begun = time.monotonic()
        with _copy() as folder:
            for one in planted.changes:
                path = folder / one.path
                path.write_text(one.removed_from(path.read_text()))
            worlds = Worlds(folder, planted.level)
            try:
                for made, (seed, shape) in enumerate(self._tried(planted), 1):
                    found = worlds.found(seed, shape)
                    if found and not self.clean.found(planted.level, seed, shape):
                        how = f"seed {seed}{f' of {shape}' if shape else ''}"
                        return self._ended(planted, how, begun, made, wrong, _first_finding(found))
                    wrong += bool(found)
                    if time.monotonic() - begun > self.seconds:
                        break
            finally:
                worlds.close()
        return self._ended(planted, NOT_FOUND, begun, made, wrong, planted.change.prevents)

    def _tried(self, planted: PlantedFault) -> Iterator[tuple[int, str]]:
        """Yield seeds, every second one in a world of the shape that a fault is likely to show in."""
        for number in range(self.seeds):
            yield (number // 2, planted.shape if number % 2 == 0 else "") if planted.shape else (number, "")

    def _ended(self, planted: PlantedFault, how: str, begun: float, made: int, wrong: int, text: str) -> bool:
        counts = f"{made:>4} worlds ({wrong} wrong without it), {time.monotonic() - begun:,.0f} s"
        _print(f"{planted.change.name}: {how}, level {planted.level}, {counts}: {text}")
        return how != NOT_FOUND


def main(words: list[str]) -> int:
    """Put the named faults into the product, and return how that ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.world.plant")
    parser.add_argument("words", nargs="*", help="parts of the names of faults")
    parser.add_argument("--seeds", type=int, default=MOST_SEEDS, help="how many seeds at most")
    parser.add_argument("--seconds", type=float, default=MOST_SECONDS, help="how long at most, each fault")
    parser.add_argument("--level", type=int, help="only faults of this level")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--remembered", type=Path, help="a file for the verdicts without any fault, of this very state")
    parser.add_argument("--worlds-of-level", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args(words)
    if chosen.worlds_of_level is not None:
        make_worlds(chosen.worlds_of_level)
        return 0
    wanted = [
        one
        for one in PLANTED
        if (not chosen.words or any(word in one.change.name for word in chosen.words))
        and chosen.level in (None, one.level)
    ]
    if not wanted:
        _print(f"No fault has that name. Faults: {', '.join(one.change.name for one in PLANTED)}.")
        return 2
    with _copy() as folder:
        clean = Clean(folder, chosen.remembered)
        search = Search(clean, chosen.seeds, chosen.seconds)
        with ThreadPoolExecutor(chosen.cores) as pool:
            found = list(pool.map(search.finds, wanted))
        clean.close()
    _print(f"{sum(found)} of {len(found)} faults are found.")
    return 0 if all(found) else 1


@contextmanager
def _copy() -> Iterator[Path]:
    """Give a folder with a copy of the project."""
    with tempfile.TemporaryDirectory(prefix="planted-") as name:
        folder = Path(name)
        for one in COPIED:
            if (ROOT / one).is_dir():
                shutil.copytree(ROOT / one, folder / one, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / one, folder / one)
        yield folder


class _NoEndError(BaseException):  # no error: the product must not handle it
    """A world does not come to its end."""


def make_worlds(level: int) -> None:
    """Make the world of each seed that is read, and write what was found: in a process of a copy."""
    from tests.world.many import run_seed  # the parent needs no world

    def no_end(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise _NoEndError

    answers, sys.stdout = sys.stdout, sys.stderr
    signal.signal(signal.SIGVTALRM, no_end)
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_WORLD_SECONDS)
        try:
            seed, shape = json.loads(line)
            found = run_seed(seed, level, shape).found
        except _NoEndError:
            found = "The world has no end."
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        answers.write(f"{json.dumps(found)}\n")
        answers.flush()


def _first_finding(found: str) -> str:
    lines = [line.strip() for line in found.splitlines()]
    return next((line for line in lines if any(one in line for one in REPORTED)), lines[-1])[:110]


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
