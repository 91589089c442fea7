"""What the rule tests share: the shipped catalogue is read once, and may have few tables of a class."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.catalogue import Catalogue, load_catalogue
from tests.builders import catalogue
from tests.rules.hooked import keep_few_tables


@pytest.fixture(autouse=True)
def catalogue_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare each opened pair the reading of all shipped specs; folders of one's own are read as ever."""

    def read(*folders: Path) -> Catalogue:
        return load_catalogue(*folders) if folders else catalogue()

    monkeypatch.setattr("syncengine.app.table_settings.load_catalogue", read)


@pytest.fixture
def few_tables(monkeypatch: pytest.MonkeyPatch, catalogue_read_once: None) -> None:
    """Let the system administration be few tables."""
    del catalogue_read_once
    keep_few_tables(monkeypatch.setattr)
