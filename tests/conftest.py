"""What all tests share; those whose server this machine cannot run are left out, and fail where CI is set."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from syncengine.execute.transaction import Writing
from tests.cli.terminal import Typing


def _informix() -> str | None:
    from tests.servers.derby.network_server import missing

    return missing()


def _postgresql() -> str | None:
    from tests.servers.postgresql.cluster import missing

    return missing()


NEEDS: dict[str, Callable[[], str | None]] = {"informix": _informix, "postgresql": _postgresql}
"""What tells, for each mark, what this machine lacks."""


@cache
def lacking(mark: str) -> str | None:
    """Return in one sentence what tests of a mark lack here, None where they can run."""
    return NEEDS[mark]()


def on_ci() -> bool:
    """Say whether a test that cannot run is a failure."""
    return os.environ.get("CI", "").lower() in ("true", "1")


def lacked_by(item: pytest.Item) -> str | None:
    """Return what a test lacks."""
    return next((lacks for mark in NEEDS if item.get_closest_marker(mark) and (lacks := lacking(mark))), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run, but for CI."""
    if on_ci():
        return
    left_out = [item for item in items if lacked_by(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail what cannot run and was not left out."""
    lacks = lacked_by(item)
    if lacks:
        pytest.fail(f"this machine has {lacks}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how to get what is missing."""
    for mark in NEEDS:
        lacks = lacking(mark)
        if lacks and not on_ci():
            terminalreporter.write_line(f"Tests marked {mark} were left out: this machine has {lacks}")


def pytest_sessionfinish() -> None:
    """Stop the servers that were started."""
    for name in ("tests.servers.postgresql.cluster", "tests.servers.informix.place"):
        started = sys.modules.get(name)
        if started is not None:
            started.stop()


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typing:
    """Type commands in this process."""
    return Typing(capsys)


@pytest.fixture
def before_batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, BaseException], None]]:
    """Let a run be hit by an exception before its batch of a number; later runs are left alone."""
    write, left = Writing.write, dict[str, Any]()

    def meddled(self: Writing, *given: Any, **named: Any) -> None:
        left["batches"] = left.get("batches", -1) - 1
        if left["batches"] == -1 and "error" in left:
            raise left.pop("error")
        write(self, *given, **named)

    def hit(number: int, error: BaseException) -> None:
        left.update(batches=number, error=error)

    monkeypatch.setattr(Writing, "write", meddled)
    yield hit
    assert "error" not in left, "the run ended before it was hit"
