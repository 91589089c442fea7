"""The open servers of a pair, and the executor of questions about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from syncengine.model.pair import PairSettings, Role
from syncengine.servers.protocol import Server

P = ParamSpec("P")
Answer = TypeVar("Answer")


class QuestionExecutor(Protocol):
    """Answers questions about a pair concurrently."""

    def submit(
        self,
        question: Callable[Concatenate[Mapping[Role, Server], PairSettings, P], Answer],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Future[Answer]:
        """Submit a question: a function of a module and plain values, both of which may leave this process."""

    def stop(self) -> None:
        """Start no more of the submitted questions."""


class OpenServers(dict[Role, Server]):
    """The open servers by role; `executor` answers questions about them elsewhere, if there is one."""

    executor: QuestionExecutor | None = None


def executor_of(servers: Mapping[Role, Server]) -> QuestionExecutor | None:
    """Return the executor of some servers; none for those that are wrapped, as throttled ones."""
    return servers.executor if isinstance(servers, OpenServers) else None
