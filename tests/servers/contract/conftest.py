"""Runs the contract once for every kind of server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.servers.contract.kinds import KINDS, Place

Make = Callable[[str, Sequence[str]], Place]
KINDS_WITH_MARKS = [pytest.param(name, marks=kind.marks) for name, kind in sorted(KINDS.items())]


@pytest.fixture(params=KINDS_WITH_MARKS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Return what makes a database of the kind under test: a name and the tables in it."""
    kind = KINDS[request.param]
    places: list[Place] = []

    def made(name: str, tables: Sequence[str]) -> Place:
        places.append(kind.make(tmp_path / name, tables))
        return places[-1]

    yield made
    for place in places:
        place.end()


@pytest.fixture
def place(make: Make) -> Place:
    """Return a database with a few tables."""
    return make("one", ("hsplit", "hagent", "haglog", "call_rec", "synonyms", "dbitems", "dsplit"))
