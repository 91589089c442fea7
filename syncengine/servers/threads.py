"""Ends threads that wait for servers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor

AGAIN_SECONDS = 0.2
"""How often a server is told to stop that has not yet."""


def end(pool: Executor, interrupt: Callable[[], None]) -> None:
    """End a pool, its threads' waits for servers interrupted until none is left.

    Once is not enough: an interruption is lost on a server that is between two of its questions.
    """
    ending = threading.Thread(target=lambda: pool.shutdown(cancel_futures=True))
    ending.start()
    while ending.is_alive():
        interrupt()
        ending.join(AGAIN_SECONDS)
