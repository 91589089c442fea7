"""Ends threads that wait for servers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor

AGAIN_SECONDS = 0.2
"""How often a server that has not stopped is interrupted again."""


def end(pool: Executor, interrupt: Callable[[], None]) -> None:
    """Shut a pool down, interrupting its threads' waits for servers until all have ended.

    Once is not enough: an interruption between two queries has no effect.
    """
    ending = threading.Thread(target=lambda: pool.shutdown(cancel_futures=True))
    ending.start()
    while ending.is_alive():
        interrupt()
        ending.join(AGAIN_SECONDS)
