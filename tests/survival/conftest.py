"""What the tests of survival share."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syncengine.servers import retry
from tests.stories.servers import PostgreSQLHome
from tests.survival.embedded import EmbeddedStage
from tests.survival.live import FewColumnsHome, LiveStage
from tests.survival.outages import Outages
from tests.survival.scenes import Expected

Made = Callable[..., LiveStage]
Embedded = Callable[[str], Outages]
KINDS: dict[str, type[PostgreSQLHome] | type[FewColumnsHome]] = {
    "informix": FewColumnsHome,
    "postgresql": PostgreSQLHome,
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the waits between tries short."""
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(retry, "LONGEST_WAIT", 0.05)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[EmbeddedStage, dict[str, Expected]]:
    """Build the pair of files once, with the expected result of each policy."""
    return EmbeddedStage(tmp_path_factory.mktemp("survival")), {}


@pytest.fixture
def embedded(built: tuple[EmbeddedStage, dict[str, Expected]]) -> Embedded:
    """Return a function that gives the pair of files as it was built, and the expected result of a policy."""
    stage, expected = built
    # An earlier test's error that refers to a connection keeps the file open in this process.
    gc.collect()
    stage.reset()

    def given(policy: str) -> Outages:
        if policy not in expected:
            expected[policy] = stage.expected(policy)
        return Outages(stage, expected[policy])

    return given


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
