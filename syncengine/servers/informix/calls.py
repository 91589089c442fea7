"""Runs the driver's calls so that Ctrl-C, a time limit or another thread can end the wait for them.

The driver blocks in C, and can neither be interrupted nor told to cancel. So each call runs in a thread of its
own, and whoever waits may go away: the connection is then given up, and its socket closed under the call.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from syncengine.model.errors import CancelledError, ServerError

Result = TypeVar("Result")
WAIT_SECONDS = 0.5
"""How often a wait looks whether it was interrupted."""


class Calls:
    """The calls on one connection, of which one runs at a time."""

    def __init__(self, name: str, seconds: float) -> None:
        self._name = name
        self._seconds = seconds
        self._changed = threading.Condition()
        self._interrupted = False
        self.given_up = False
        """Nobody waits any more for a call that runs: the connection must not be touched."""
        self.when_given_up: Callable[[], None] = _nothing
        """What makes the call that runs come to an end."""

    def deadline(self) -> float:
        """Return until when a query that begins now may take."""
        return time.monotonic() + self._seconds

    def interrupt(self) -> None:
        """End the wait for the call that runs, or for the next."""
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()

    def run(self, call: Callable[[], Result], deadline: float | None = None) -> Result:
        """Return what a call returns, or raise what it raises.

        Raises `CancelledError` when it was interrupted and `ServerError` when the time is over; `deadline` None
        waits for ever. Whatever ends the wait early gives the connection up.
        """
        self._check(deadline)
        running = _Call(call, self._changed)
        try:
            with self._changed:
                while not running.done:
                    self._check(deadline)
                    left = WAIT_SECONDS if deadline is None else min(WAIT_SECONDS, deadline - time.monotonic())
                    self._changed.wait(max(left, 0.001))
        except BaseException:
            self.given_up = True
            self.when_given_up()
            raise
        return running.result()

    def _check(self, deadline: float | None) -> None:
        if self._interrupted:
            raise CancelledError(f"{self._name}: the query was interrupted.")
        if deadline is not None and time.monotonic() > deadline:
            raise ServerError(
                f"{self._name}: a query took longer than {self._seconds:g} seconds and was stopped.",
                hint="Set limits.query_seconds in the pair file higher, or choose a shorter window.",
            )


def _nothing() -> None:
    """Let it come to an end by itself."""


class _Call(Generic[Result]):
    """One call under way in a thread of its own."""

    def __init__(self, call: Callable[[], Result], changed: threading.Condition) -> None:
        self.done = False
        self._call = call
        self._changed = changed
        self._results: list[Result] = []
        self._raised: BaseException | None = None
        threading.Thread(target=self._run, name="driver", daemon=True).start()

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
