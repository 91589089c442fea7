"""What the tests of the Informix kind share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncengine.servers import retry
from tests.cli.terminal import Typing
from tests.scenes import trunks
from tests.servers.contract.kinds import as_arrow
from tests.servers.informix.place import InformixPlace


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the waits between tries short."""
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(retry, "LONGEST_WAIT", 0.05)


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typing:
    """Type commands in this process."""
    return Typing(capsys)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InformixPlace]:
    """Give one database to all tests of a module, with rows in htrunk."""
    folder: Path = tmp_path_factory.mktemp("informix")
    place = InformixPlace.make(folder, ("htrunk",))
    place.load("htrunk", as_arrow("htrunk", trunks()))
    yield place
    place.end()


@pytest.fixture
def informix(shared: InformixPlace) -> Iterator[InformixPlace]:
    """Give the shared database, whole again after each test."""
    yield shared
    shared.shim.faults.clear()
    shared.shim.release()
