"""Leaves out tests whose server this machine cannot run, and says how to get it; where CI is set, they fail."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache

import pytest


def _informix() -> str | None:
    from tests.derby.network_server import missing

    return missing()


def _postgresql() -> str | None:
    from tests.postgresql.cluster import missing

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
    for name in ("tests.postgresql.cluster", "tests.informix.place"):
        started = sys.modules.get(name)
        if started is not None:
            started.stop()
