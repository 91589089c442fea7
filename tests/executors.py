"""Executors that a caller passes in."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")


class PicklingExecutor(Executor):
    """Runs everything at once in this process, with arguments and results pickled as for another one."""

    def __init__(self) -> None:
        self.done: list[str] = []
        """The names of the submitted functions, in order."""
        self.sent = b""
        """All that was submitted."""

    def submit(self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Future[Result]:
        """Run it, and return its result."""
        future: Future[Result] = Future()
        sent = pickle.dumps((fn, args, kwargs))
        self.sent += sent
        do, given, named = pickle.loads(sent)  # noqa: S301  # they are our own
        self.done.append(given[1].__name__)
        try:
            future.set_result(pickle.loads(pickle.dumps(do(*given, **named))))  # noqa: S301
        except Exception as error:  # noqa: BLE001  # it belongs to the caller that waits
            future.set_exception(pickle.loads(pickle.dumps(error)))  # noqa: S301
        return future
