"""The outcome of a step that was cut short: rows are not read before its session is gone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from syncengine.execute.commit_outcome import resolve
from syncengine.model.errors import StillOpenError
from syncengine.model.pair import Limits, Role, ServerSettings
from syncengine.servers.duckdb.server import DuckDBServer
from syncengine.servers.kinds import open_server
from syncengine.servers.protocol import SessionState
from syncengine.staging.cache import Cache
from tests.builders import build_files
from tests.scenes import trunks


def test_an_outcome_is_not_read_while_its_session_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that may still commit is named, and the rows of its step are neither read nor called unwritten."""
    files = build_files(tmp_path, ["htrunk"], both={"htrunk": trunks(400, 500)})
    monkeypatch.setattr(DuckDBServer, "session_state", lambda *_: SessionState.ALIVE)

    url = f"duckdb:///{files.database(Role.SECONDARY)}"
    settings = ServerSettings(Role.SECONDARY, url, url)
    with (
        closing(open_server(settings, tmp_path, writable=True, limits=Limits())) as server,
        Cache(tmp_path / "staging", memory_mb=64) as cache,
        pytest.raises(StillOpenError, match="still lives"),
    ):
        resolve((), server, "session 7", seed=1, cache=cache, wait_seconds=0)
