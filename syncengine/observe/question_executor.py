"""Sends questions to both servers of a pair at once: in threads, or through an executor that the caller gives."""

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
        """Do nothing: the pool ends with its own block."""


@contextmanager
def open_executor(servers: Mapping[Role, Server], settings: PairSettings) -> Iterator[QuestionExecutor]:
    """Give an executor that answers questions in parallel; leaving early cancels those that have not begun."""
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
