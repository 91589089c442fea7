"""One wounded demo pair for all pages."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from syncengine.demo.build import build_pair
from syncengine.demo.shape import DemoShape

SMALL = DemoShape(days=3, splits=4, agents=16, vdns=8, trunks=12)
"""The shape the tutorial builds, too."""
KEPT = ("hsplit", "hagent", "agex", "acds", "arch_stat", "dcalloc", "linkex")
"""What the slim pair has."""


@pytest.fixture(scope="session")
def wounded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small demo pair after its outage; it is copied, never written to."""
    folder = tmp_path_factory.mktemp("docs") / "wounded"
    build_pair(folder, SMALL)
    return folder


@pytest.fixture
def slim(tmp_path: Path) -> Path:
    """Return the folder of a wounded pair that has few tables: what is the same for every table is shown sooner."""
    folder = tmp_path / "slim"
    build_pair(folder, SMALL, tables=KEPT)
    for role in ("primary", "secondary"):
        with duckdb.connect(str(folder / f"{role}.duckdb")) as connection:
            names = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
            for (name,) in names:
                if name not in KEPT:
                    connection.execute(f'DROP TABLE "{name}"')
    return folder
