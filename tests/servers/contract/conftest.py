"""Runs the contract once for every kind of server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from tests.servers.contract.kinds import KINDS, Place


class Make(Protocol):
    """Makes a database of the kind under test: a name, the tables in it, and whether wide ones have every column."""

    def __call__(self, name: str, tables: Sequence[str], *, whole: bool = False) -> Place:
        """Make it."""


KINDS_WITH_MARKS = [pytest.param(name, marks=kind.marks) for name, kind in sorted(KINDS.items())]


@pytest.fixture(params=KINDS_WITH_MARKS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Return what makes a database of the kind under test: a name and the tables in it."""
    kind = KINDS[request.param]
    places: list[Place] = []

    def made(name: str, tables: Sequence[str], *, whole: bool = False) -> Place:
        places.append(kind.make(tmp_path / name, tables, whole))
        return places[-1]

    yield made
    for place in places:
        place.end()


@pytest.fixture
def place(make: Make) -> Place:
    """Return a database with a few tables."""
    return make("one", ("hsplit", "hagent", "haglog", "call_rec", "synonyms", "dbitems", "dsplit"))
