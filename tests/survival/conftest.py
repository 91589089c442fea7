"""What the tests of survival share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syncengine.servers import retry
from tests.stories.servers import PostgreSQLHome
from tests.survival.live import FewColumnsHome, LiveStage

Made = Callable[..., LiveStage]
KINDS: dict[str, type[PostgreSQLHome] | type[FewColumnsHome]] = {
    "informix": FewColumnsHome,
    "postgresql": PostgreSQLHome,
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the waits between tries short."""
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(retry, "LONGEST_WAIT", 0.05)


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Made]:
    """Return what makes a pair with its target on a live server of a kind."""
    stages: list[LiveStage] = []

    def made(kind: str, **options: Any) -> LiveStage:
        stages.append(LiveStage(tmp_path / f"{len(stages)}", KINDS[kind], **options))
        return stages[-1]

    yield made
    for stage in stages:
        stage.end()
