"""One wounded demo pair for all pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncengine.demo.build import build_pair
from syncengine.demo.shape import DemoShape

SMALL = DemoShape(days=3, splits=4, agents=16, vdns=8, trunks=12)
"""The shape the tutorial builds, too."""


@pytest.fixture(scope="session")
def wounded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small demo pair after its outage; it is copied, never written to."""
    folder = tmp_path_factory.mktemp("docs") / "wounded"
    build_pair(folder, SMALL)
    return folder
