"""The open servers of a pair, and who is handed work on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from syncengine.model.pair import PairSettings, Role
from syncengine.servers.protocol import Server

P = ParamSpec("P")
Answer = TypeVar("Answer")


class QuestionExecutor(Protocol):
    """Takes questions about a pair, and has them answered beside each other."""

    def submit(
        self,
        question: Callable[Concatenate[Mapping[Role, Server], PairSettings, P], Answer],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Future[Answer]:
        """Have a question answered, which is a function of a module and plain values: both may leave this process."""

    def stop(self) -> None:
        """Begin nothing more of what was handed over."""


class OpenServers(dict[Role, Server]):
    """The open servers by role; `handing` is where work on them goes that need not be done here, None if nowhere."""

    executor: QuestionExecutor | None = None


def executor_of(servers: Mapping[Role, Server]) -> QuestionExecutor | None:
    """Return where work on some servers goes; nowhere for those that are asked in a way of their own, as slower."""
    return servers.executor if isinstance(servers, OpenServers) else None
