"""Asks the servers of a pair at once: in threads, or by an executor from outside where the servers have one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Concatenate

from syncengine.model.pair import PairSettings, Role
from syncengine.observe.server_threads import server_threads
from syncengine.servers.open_servers import Answer, P, QuestionExecutor, executor_of
from syncengine.servers.protocol import Server


@dataclass(frozen=True, slots=True)
class _ThreadExecutor:
    """Answers questions in threads of this process."""

    servers: Mapping[Role, Server]
    settings: PairSettings
    pool: Executor

    def submit(
        self,
        question: Callable[Concatenate[Mapping[Role, Server], PairSettings, P], Answer],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Future[Answer]:
        return self.pool.submit(question, self.servers, self.settings, *args, **kwargs)

    def stop(self) -> None:
        """Leave it to the pool, which ends with the block that it is made for."""


@contextmanager
def open_executor(servers: Mapping[Role, Server], settings: PairSettings) -> Iterator[QuestionExecutor]:
    """Give what answers questions beside each other; whatever ends the work early ends what has not begun."""
    executor = executor_of(servers)
    if executor is None:
        with server_threads(servers.values()) as pool:
            yield _ThreadExecutor(servers, settings, pool)
        return
    try:
        yield executor
    except BaseException:
        executor.stop()
        raise
