"""Runs the driver's calls so that Ctrl-C, a time limit or another thread can end the wait for them.

The driver blocks in C, where Python hears no Ctrl-C. So each call runs in a thread of its own; whoever waits for
it may have the server cancel it, and goes away when even that brings no answer. The connection is given up then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from syncengine.model.errors import CancelledError
from syncengine.servers.postgresql.errors import too_long

Result = TypeVar("Result")
LOOK_SECONDS = 0.5
"""How often a wait looks whether it was interrupted."""
GRACE_SECONDS = 5.0
"""How long a call that was cancelled may take to come to its end."""


class Stoppable(Protocol):
    """A connection whose call can be stopped."""

    def cancel(self) -> None:
        """Ask the server to stop what runs."""

    def close(self) -> None:
        """End it."""


class Calls:
    """The calls on one connection, of which one runs at a time."""

    def __init__(self, name: str, seconds: float, backend: Stoppable | None = None) -> None:
        self.seconds = seconds
        self._name = name
        self._backend = backend
        self._changed = threading.Condition()
        self.interrupted = False
        """Somebody stopped it: a cancellation may be under way and must hit nothing else."""
        self.given_up = False
        """Nobody waits any more for a call that runs: the connection must not be touched."""

    def deadline(self) -> float:
        """Return until when a query that begins now may take."""
        return time.monotonic() + self.seconds

    def interrupt(self) -> None:
        """End the wait for the call that runs, or for the next."""
        with self._changed:
            self.interrupted = True
            self._changed.notify_all()

    def run(self, call: Callable[[], Result], deadline: float | None = None) -> Result:
        """Return what a call returns, or raise what it raises.

        Raises `CancelledError` when it was interrupted and `ServerError` when the time is over; `deadline` None
        waits for ever. Whatever ends the wait early has the server cancel the call.
        """
        self.check(deadline)
        running = _Call(call, self._changed)
        try:
            with self._changed:
                while not running.done:
                    self.check(deadline)
                    left = LOOK_SECONDS if deadline is None else min(LOOK_SECONDS, deadline - time.monotonic())
                    self._changed.wait(max(left, 0.001))
        except BaseException:
            self._end(running)
            raise
        return running.result()

    def check(self, deadline: float | None) -> None:
        """Raise what ends a query between two calls."""
        if self.interrupted:
            raise CancelledError(f"{self._name}: the query was interrupted.")
        if deadline is not None and time.monotonic() > deadline:
            raise too_long(self._name, self.seconds)

    def _end(self, running: _Call[Result]) -> None:
        self.interrupted = True
        self.given_up = True
        # A server that answers nobody does not answer this either: it is waited for no longer than the call.
        cancelling = _Call(self._backend.cancel if self._backend is not None else _nothing, self._changed)
        with self._changed:
            self.given_up = not self._changed.wait_for(lambda: running.done and cancelling.done, GRACE_SECONDS)
        if self.given_up and self._backend is not None:
            _Call(lambda: self._bury(running, cancelling), threading.Condition())

    def _bury(self, running: _Call[Result], cancelling: _Call[None]) -> None:
        """Close a connection that was given up as soon as nobody is busy with it."""
        with self._changed:
            self._changed.wait_for(lambda: running.done and cancelling.done)
        if self._backend is not None:
            self._backend.close()


def _nothing() -> None:
    """Stop a call that nothing stops."""


class _Call(Generic[Result]):
    """One call under way in a thread of its own."""

    def __init__(self, call: Callable[[], Result], changed: threading.Condition) -> None:
        self.done = False
        self._call = call
        self._changed = changed
        self._results: list[Result] = []
        self._raised: BaseException | None = None
        with suppress(RuntimeError):
            threading.Thread(target=self._run, name="driver", daemon=True).start()
            return
        # No threads are begun while Python ends.
        self._run()

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:  # noqa: BLE001  # whatever it is, it belongs to whoever waits
            self._raised = error
        with self._changed:
            self.done = True
            self._changed.notify_all()

    def result(self) -> Result:
        """Return or raise what the call did."""
        if self._raised is not None:
            raise self._raised
        return self._results[0]
