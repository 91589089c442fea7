"""Runs the contract once for every kind of server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.contract.kinds import KINDS, Place

Make = Callable[[str, Sequence[str]], Place]


@pytest.fixture(params=sorted(KINDS))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Return what makes a database of the kind under test: a name and the tables in it."""
    kind = KINDS[request.param]

    def made(name: str, tables: Sequence[str]) -> Place:
        return kind(tmp_path / name, tables)

    return made


@pytest.fixture
def place(make: Make) -> Place:
    """Return a database with a few tables."""
    return make("one", ("hsplit", "hagent", "haglog", "call_rec", "synonyms", "dbitems", "dsplit"))
