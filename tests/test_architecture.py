"""The layout: who may import whom, what modules are called, and how long they are."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import syncengine

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "syncengine"
LONGEST = 450
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "base", "core", "lib"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def test_no_import_contract_is_broken() -> None:
    """A module imports only from floors below it, a job no other job: import-linter says so of every contract."""
    linter = Path(sys.executable).parent / "lint-imports"

    done = subprocess.run([str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout), done.stdout


def test_only_servers_and_the_cache_open_databases() -> None:
    """DuckDB is imported by the servers, the staging cache and the demo, and by nothing else."""
    users = {
        path.relative_to(PACKAGE).parts[0]
        for path in MODULES
        if re.search(r"^\s*import duckdb", path.read_text(), re.M)
    }

    assert users <= {"servers", "staging", "demo"}


def test_the_model_and_the_planning_are_pure() -> None:
    """Neither opens files or reads clocks: values in, values out."""
    impure = re.compile(
        r"\b(open\(|datetime\.now|date\.today|time\.time|os\.environ|import (os|subprocess|socket|duckdb))"
    )
    found = [
        f"{path.relative_to(PACKAGE)}: {match.group(0)}"
        for part in ("model", "planning", "diffing")
        for path in sorted((PACKAGE / part).glob("*.py"))
        if (match := impure.search(path.read_text()))
    ]

    assert found == []


def test_one_place_writes_files() -> None:
    """Nothing but `staging.durable` flushes, writes, renames, cuts or removes files of ours."""
    exempt = {
        "staging/durable.py",
        # Opens with the permissions of our files, for `durable`.
        "staging/private_files.py",
        # The null device, to which output goes that nothing reads any more.
        "cli/streams.py",
        # Writes to its own standard error.
        "servers/watchdog.py",
    }
    direct = re.compile(
        r"\bos\.(fsync|fdatasync|open|write|pwrite|ftruncate|truncate|rename|replace|renames|remove|unlink|rmdir|mkdir"
        r"|makedirs|link|symlink)\(|\.(mkdir|rmdir|unlink|write_text|write_bytes|touch|rename)\("
        r"|shutil\.(rmtree|move|copy)|open\([^)\n]*[\"'][rwax]?b?[wax+]|\.replace\([a-z_.]*(path|aside|target|into)\b"
    )
    reads = re.compile(r"os\.open\([^)\n]*os\.O_RDONLY\)")
    found = [
        f"{name}: {match.group(0)}"
        for path in MODULES
        if (name := path.relative_to(PACKAGE).as_posix()) not in exempt
        and (
            match := direct.search(
                re.sub(r"durable\.disk\.\w+\(|durable\.rename\(", "(", reads.sub("", path.read_text()))
            )
        )
    ]

    assert found == []


def test_the_clock_waits_and_chance_come_from_one_place() -> None:
    """Nothing but `machine` reads a clock, sleeps or draws at random, so that a test can replace all three."""
    exempt = {
        "machine.py",
        # Its text runs in a process of its own, which must work when this one hangs.
        "servers/watchdog.py",
        # The speed of a progress display; a command imports nothing below the API.
        "cli/terminal.py",
        # Its generator has a fixed seed.
        "observe/check/scratch.py",
    }
    direct = re.compile(
        r"\b(datetime\.(now|today|utcnow)|date\.today|(?<!\.)time\.(time|sleep|monotonic|perf_counter)\w*\(|uuid\.uuid|"
        r"secrets\.(randbits|token|choice)|os\.urandom)|^import (time|uuid|secrets|random)\b|"
        r"^from (time|secrets|random) import|^from uuid import (?!UUID$)|wait_random|wait_exponential",
        re.M,
    )
    found = [
        f"{name}: {match.group(0)}"
        for path in MODULES
        if (name := path.relative_to(PACKAGE).as_posix()) not in exempt and (match := direct.search(path.read_text()))
    ]

    assert found == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    """There is no module or folder named utils, helpers, common or manager."""
    names = {part.removesuffix(".py") for path in MODULES for part in path.relative_to(PACKAGE).parts}

    assert not names & VAGUE


def test_no_module_is_too_long() -> None:
    """Every Python file stays under 450 lines."""
    long = {str(path.relative_to(ROOT)): n for path in MODULES if (n := len(path.read_text().splitlines())) >= LONGEST}

    assert long == {}


def test_every_module_and_every_public_name_says_what_it_is() -> None:
    """Each module, and each public class and function in it, has a docstring."""
    silent = []
    for path in MODULES:
        tree = ast.parse(path.read_text())
        silent += [] if ast.get_docstring(tree) else [str(path.relative_to(ROOT))]
        silent += [
            f"{path.relative_to(ROOT)}: {node.name}"
            for node in tree.body
            if isinstance(node, (ast.ClassDef, ast.FunctionDef))
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]

    assert silent == []


def test_public_names_are_sorted_and_there() -> None:
    """What the package exports is in order, importable, and named in what it lists."""
    assert syncengine.__all__ == sorted(syncengine.__all__)
    assert all(getattr(syncengine, name).__name__ == name for name in syncengine.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(syncengine, "nothing")  # noqa: B009


@pytest.mark.parametrize("path", [p for p in MODULES if "__all__" in p.read_text()], ids=lambda p: p.parent.name)
def test_exports_are_sorted(path: Path) -> None:
    """Wherever a module lists what it exports, the list is sorted."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            names = ast.literal_eval(node.value)
            assert list(names) == sorted(names)


def test_help_loads_no_engine() -> None:
    """Importing the package loads neither DuckDB nor pyarrow: help and listings are quick."""
    code = "import sys, syncengine; print(sorted(m for m in ('duckdb', 'pyarrow', 'pydantic') if m in sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
