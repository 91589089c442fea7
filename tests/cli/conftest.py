"""What the tests of commands share: the shipped catalogue is read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.catalogue import Catalogue, load_catalogue
from tests.builders import catalogue


@pytest.fixture(autouse=True)
def catalogue_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare each opened pair the reading of all shipped specs; folders of one's own are read as ever."""

    def read(*folders: Path) -> Catalogue:
        return load_catalogue(*folders) if folders else catalogue()

    monkeypatch.setattr("syncengine.app.table_settings.load_catalogue", read)
