"""The lower bounds of pyproject.toml, which `make test-lowest` installs and runs the values' tests with."""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.lowest import PYPROJECT, lowest

FOLDER = PYPROJECT.parent / "build" / "lowest"


def test_every_dependency_has_a_lowest_release() -> None:
    """What is installed for use names the oldest release that is enough, drivers of servers included."""
    bounds = dict(lowest())

    assert {"duckdb", "pyarrow", "typer", "sqlalchemy", "ibm-db", "adbc-driver-postgresql"} <= set(bounds)
    assert all(bounds.values())


@pytest.mark.skipif(str(FOLDER) not in map(str, map(Path.absolute, map(Path, sys.path))), reason="not make test-lowest")
def test_the_lowest_are_those_that_are_used() -> None:
    """Each is imported from the folder it was installed in, in the release that is its bound."""
    for name, bound in lowest():
        found = distribution(name)
        numbers = [int(part) for part in found.version.split(".")]
        wanted = [int(part) for part in bound.split(".")]

        assert numbers == wanted + [0] * (len(numbers) - len(wanted)), name
        assert Path(str(found.locate_file(""))).resolve() == FOLDER.resolve(), name
