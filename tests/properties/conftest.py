"""What the properties share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.properties.small_pairs import build_empty


@pytest.fixture(scope="session")
def empty_pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an empty pair once."""
    return build_empty(tmp_path_factory.mktemp("empty") / "pair")
