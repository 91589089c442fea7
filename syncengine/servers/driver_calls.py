"""Runs a driver's calls so that Ctrl-C, a time limit or another thread can end the wait for them.

A driver blocks in C, where Python hears no Ctrl-C. So each call runs in a thread of its own; whoever waits for it
has it stopped, and goes away when that brings no answer. The connection is given up then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, wait
from contextlib import suppress
from typing import Any, TypeVar

from syncengine.model.errors import CancelledError, ServerError, ServerUnreachableError

Result = TypeVar("Result")
WAIT_SECONDS = 0.5
"""How often a wait looks at the clock, and hears Ctrl-C where a system does not end a wait for it."""
GRACE_SECONDS = 5.0
"""How long a call that was stopped may take to come to its end, where its connection can be used after that."""


class Calls:
    """The calls on one connection, of which one runs at a time.

    `stop` makes the call that runs come to an end. Where the connection is whole after that, `close` ends it once
    nobody is busy with it; without `close` it is given up with its call.
    """

    def __init__(
        self,
        name: str,
        seconds: float,
        stop: Callable[[], None] = lambda: None,
        close: Callable[[], None] | None = None,
    ) -> None:
        self.seconds = seconds
        self._name = name
        self._stop = stop
        self._close = close
        self._interruption: Future[Any] = Future()
        self.stopped = False
        """A call was stopped: a cancellation may be under way and must hit nothing else."""
        self.given_up = False
        """Nobody waits any more for a call that runs: the connection must not be touched."""

    @property
    def interrupted(self) -> bool:
        """Say whether somebody wants no more of it."""
        return self._interruption.done()

    def deadline(self) -> float:
        """Return until when a query that begins now may take."""
        return time.monotonic() + self.seconds

    def interrupt(self) -> None:
        """End the wait for the call that runs, or for the next."""
        with suppress(InvalidStateError):
            self._interruption.set_result(None)

    def run(self, call: Callable[[], Result], deadline: float | None = None) -> Result:
        """Return what a call returns, or raise what it raises.

        Raises `CancelledError` when it was interrupted and `ServerError` when the time is over; `deadline` None
        waits for ever. Whatever ends the wait early has the call stopped.
        """
        self.check(deadline)
        running: Future[Any] = _begun(call)
        try:
            while not running.done():
                left = WAIT_SECONDS if deadline is None else min(WAIT_SECONDS, deadline - time.monotonic())
                wait((running, self._interruption), timeout=max(left, 0.001), return_when=FIRST_COMPLETED)
                if not running.done():
                    self.check(deadline)
        except BaseException as error:
            if not isinstance(error, ServerError):
                self.interrupt()
            self._end(running)
            raise
        result: Result = running.result()
        return result

    def check(self, deadline: float | None) -> None:
        """Raise what ends a query between two calls."""
        if self.interrupted:
            raise CancelledError(f"{self._name}: the query was interrupted.")
        if self.stopped:
            raise ServerUnreachableError(f"{self._name}: the connection was given up, since a query took too long.")
        if deadline is not None and time.monotonic() > deadline:
            raise too_long(self._name, self.seconds)

    def _end(self, running: Future[Any]) -> None:
        self.stopped = self.given_up = True
        if self._close is None:
            self._stop()
            return
        # A server that answers nobody does not answer this either: it is waited for no longer than the call.
        stopping: Future[Any] = _begun(self._stop)
        self.given_up = bool(wait((running, stopping), GRACE_SECONDS).not_done)
        if self.given_up:
            _begun(lambda: self._bury(running, stopping))

    def _bury(self, *busy: Future[Any]) -> None:
        """Close a connection that was given up as soon as nobody is busy with it."""
        wait(busy)
        if self._close is not None:
            self._close()


def too_long(name: str, seconds: float) -> ServerError:
    """Return the error for a query that took longer than the user allows."""
    return ServerError(
        f"{name}: a query took longer than {seconds:g} seconds and was stopped.",
        hint="Set limits.query_seconds in the pair file higher, or choose a shorter window.",
    )


def _begun(call: Callable[[], Result]) -> Future[Result]:
    """Run a call in a thread of its own, which Python does not wait for when it ends, as it would for an executor's."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  # whatever it is, it belongs to whoever waits
            future.set_exception(error)

    with suppress(RuntimeError):
        threading.Thread(target=run, name="driver", daemon=True).start()
        return future
    # No threads are begun while Python ends.
    run()
    return future
