"""Where there is no PostgreSQL its tests are left out with a word on how to get it; on CI they fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OPTIONS = ("-p", "without_server", "-p", "no:cacheprovider")
WITHOUT = """
import tests.servers.postgresql.cluster
tests.servers.postgresql.cluster.missing = lambda: "no initdb and postgres: apt-get install postgresql"
"""


def run_without(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a test that needs a server as on a machine that has none."""
    (folder / "without_server.py").write_text(WITHOUT)
    inherited = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *OPTIONS, "test_stopping.py", "test_dialect.py"],
        cwd=Path(__file__).parent,
        env={**inherited, "PYTHONPATH": f"{folder}:{ROOT}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.soak
def test_without_a_server_its_tests_are_left_out(tmp_path: Path) -> None:
    """The others run, and the last lines say what was left out and what to install."""
    done = run_without(tmp_path)

    assert done.returncode == 0
    assert " deselected" in done.stdout
    assert "Tests marked postgresql were left out" in done.stdout
    assert "apt-get install postgresql" in done.stdout


def test_on_ci_they_fail(tmp_path: Path) -> None:
    """A machine that must run everything does not pass over what it cannot run."""
    done = run_without(tmp_path, CI="true")

    assert done.returncode == 1
    assert "this machine has no initdb and postgres: apt-get install postgresql" in done.stdout
