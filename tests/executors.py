"""Executors of a caller's, to hand work to."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")


class PicklingExecutor(Executor):
    """Does all at once and in this process, but what goes in and comes out is pickled as for another one."""

    def __init__(self) -> None:
        self.done: list[str] = []
        """The names of what was asked, in order."""
        self.sent = b""
        """All that was handed over."""

    def submit(self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Future[Result]:
        """Do it, and return what came of it."""
        future: Future[Result] = Future()
        sent = pickle.dumps((fn, args, kwargs))
        self.sent += sent
        do, given, named = pickle.loads(sent)  # noqa: S301  # they are our own
        self.done.append(given[1].__name__)
        try:
            future.set_result(pickle.loads(pickle.dumps(do(*given, **named))))  # noqa: S301
        except Exception as error:  # noqa: BLE001  # whatever it is, it belongs to whoever waits
            future.set_exception(pickle.loads(pickle.dumps(error)))  # noqa: S301
        return future
