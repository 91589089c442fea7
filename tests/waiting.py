"""Waits for what happens in another thread, process or server."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(happened: Callable[[], object], seconds: float = 30) -> None:
    """Wait until a condition is true; fails if it is not in time."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "the condition never became true"
        time.sleep(0.01)
