"""Puts each fault of `planted.py` into a copy of the project, and says after how many seeds the world finds it.

    python -m tests.world.plant            # all of them
    python -m tests.world.plant undo       # those with a word in their names

Ends with 1 if one is not found. A world without any of them must find nothing in the same seeds: that is `make world`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.guards.guard import ROOT
from tests.world.planted import PLANTED, PlantedFault

COPIED = ("syncengine", "table_specs", "tests", "pyproject.toml")
MOST_SEEDS = 2000
MOST_SECONDS = 3600
SEED = re.compile(r"^Seed (\d+): wrong", re.MULTILINE)


def main(words: list[str]) -> int:
    """Put the named faults into the product, and return how that ended."""
    wanted = [one for one in PLANTED if not words or any(word in one.change.name for word in words)]
    if not wanted:
        _print(f"No fault has that name. Faults: {', '.join(one.change.name for one in PLANTED)}.")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        found = [_is_found(one, copy) for one in wanted]
    _print(f"{sum(found)} of {len(found)} faults are found.")
    return 0 if all(found) else 1


def _is_found(planted: PlantedFault, copy: Path) -> bool:
    """Put a fault in, make worlds until one finds it, and take it out again."""
    path = copy / planted.change.path
    text = path.read_text()
    path.write_text(planted.change.removed_from(text))
    begun = time.monotonic()
    try:
        seed, output = _first_wrong(copy, planted.level)
    finally:
        path.write_text(text)
    seconds = time.monotonic() - begun
    name = planted.change.name
    if seed is None:
        _print(f"NOT FOUND  {name}: {planted.change.prevents} ({seconds:,.0f} s)")
        return False
    _print(f"found after {seed + 1:>4} seeds, {seconds:>5,.0f} s  {name}: {_first_finding(output)}")
    return True


def _first_wrong(copy: Path, level: int) -> tuple[int | None, str]:
    """Return the first seed in whose world something is wrong, and what the search printed."""
    words = [sys.executable, "-B", "-m", "tests.world", "--first", "0", "--seeds", str(MOST_SEEDS)]
    words += ["--level", str(level), "--seconds", str(MOST_SECONDS), "--no-shrinking", "--failures", "1"]
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(words, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    found = SEED.search(done.stdout)
    return (int(found.group(1)) if found else None), done.stdout + done.stderr


def _first_finding(output: str) -> str:
    line = next((line for line in output.splitlines() if "oracle" in line), "the world broke")
    return line.strip()[:100]


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
