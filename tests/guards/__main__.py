"""Removes each guard from a copy of the project and runs the test that must fail without it.

    python -m tests.guards            # all of them: ten minutes
    python -m tests.guards journal    # those with a word in their names

Ends with 1 if no test fails without a guard, or a test fails with all guards in place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.guards.guard import ROOT, Guard
from tests.guards.table import GUARDS

COPIED = ("syncengine", "table_specs", "tests", "docs", "pyproject.toml", "README.md", "CHANGELOG.md")
FAILED = 1
"""The exit code of pytest if tests failed."""
SECONDS = 100
"""A test that takes longer without its guard hangs, and has failed."""


def main(words: list[str]) -> int:
    """Try the guards named, and return how that ended."""
    wanted = [guard for guard in GUARDS if not words or any(word in guard.name for word in words)]
    if not wanted:
        _print(f"No guard has that name. Guards: {', '.join(guard.name for guard in GUARDS)}.")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        for soak in sorted({guard.soak for guard in wanted}):
            code, output = _run(copy, *sorted({one.failing_test for one in wanted if one.soak is soak}), soak=soak)
            if code:
                _print(output)
                _print("These tests must pass with every guard in place.")
                return 1
        missed = [_is_missed(guard, copy) for guard in wanted]
    _print(f"{sum(missed)} of {len(missed)} guards are missed.")
    return 0 if all(missed) else 1


def _is_missed(guard: Guard, copy: Path) -> bool:
    """Remove a guard, run its test, and insert the guard again."""
    path = copy / guard.path
    text = path.read_text()
    path.write_text(guard.removed_from(text))
    try:
        code, output = _run(copy, guard.failing_test, soak=guard.soak)
    finally:
        path.write_text(text)
    missed = code == FAILED
    _print(f"{'missed' if missed else 'NOT MISSED'}  {guard.name}  {guard.failing_test}")
    if code not in (0, FAILED):
        _print(output)
    return missed


def _run(copy: Path, *tests: str, soak: bool) -> tuple[int, str]:
    """Run some tests of the copy in a process of their own; return its exit code and output."""
    words = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy), "CI": "true"}
    environment |= {"SOAK_SEED": "1"} if soak else {}
    limit = SECONDS * len(tests)
    try:
        done = subprocess.run(
            words, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return FAILED, f"It took longer than {limit} seconds."
    return done.returncode, done.stdout + done.stderr


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
