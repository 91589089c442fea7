"""Threads in which the servers of a pair are asked at once."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from syncengine.servers.protocol import Server

AGAIN_SECONDS = 0.2
"""How often a server is told to stop that has not yet."""


@contextmanager
def server_threads(servers: Collection[Server]) -> Iterator[Executor]:
    """Give as many threads as there are servers; whatever ends the work early ends what the servers are asked.

    Once is not enough: an interruption is lost on a server that is between two of its questions.
    """
    pool = ThreadPoolExecutor(max_workers=max(len(servers), 1), thread_name_prefix="server")
    try:
        yield pool
    except BaseException:
        ending = threading.Thread(target=lambda: pool.shutdown(cancel_futures=True))
        ending.start()
        while ending.is_alive():
            for server in servers:
                server.interrupt()
            ending.join(AGAIN_SECONDS)
        raise
    pool.shutdown()
