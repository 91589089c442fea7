"""Waits for what happens in another thread, process or server."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(happened: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is so; fails where it does not come to that in time."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)
