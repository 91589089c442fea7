"""A small pair, built once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from syncengine.demo import DemoPair, DemoShape, build_pair

SMALL = DemoShape(days=9, acds=2, splits=5, agents=24, vdns=10, trunks=32)


def attached(pair: DemoPair) -> duckdb.DuckDBPyConnection:
    """Open both servers of a pair on one connection, as `p` and `s`."""
    connection = duckdb.connect()
    connection.execute(f"ATTACH '{pair.primary}' AS p (READ_ONLY)")
    connection.execute(f"ATTACH '{pair.secondary}' AS s (READ_ONLY)")
    return connection


@pytest.fixture(scope="session")
def small_pair(tmp_path_factory: pytest.TempPathFactory) -> DemoPair:
    """Build a pair of nine days with few splits and agents."""
    folder: Path = tmp_path_factory.mktemp("small")
    return build_pair(folder, SMALL)


@pytest.fixture
def both(small_pair: DemoPair) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open both servers of the small pair, as `p` and `s`."""
    connection = attached(small_pair)
    yield connection
    connection.close()
