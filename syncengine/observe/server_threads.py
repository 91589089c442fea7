"""Threads that query the servers of a pair at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from syncengine.servers import threads
from syncengine.servers.protocol import Server


@contextmanager
def server_threads(servers: Collection[Server]) -> Iterator[Executor]:
    """Give as many threads as there are servers; leaving early interrupts the servers' queries."""

    def interrupt() -> None:
        for server in servers:
            server.interrupt()

    pool = ThreadPoolExecutor(max_workers=max(len(servers), 1), thread_name_prefix="server")
    try:
        yield pool
    except BaseException:
        threads.end(pool, interrupt)
        raise
    pool.shutdown()
