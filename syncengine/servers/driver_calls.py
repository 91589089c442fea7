"""Runs a driver's calls so that Ctrl-C, a time limit or another thread can end the wait for them.

A driver blocks in C, where Python hears no Ctrl-C. So each call runs in a thread of its own; whoever waits for it
has it stopped, and goes away when that brings no answer. The connection is given up then. No call is waited for
without a limit, those that close something and those at exit included.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, wait
from contextlib import suppress
from typing import Any, TypeVar

from syncengine.model.errors import (
    CancelledError,
    ServerError,
    ServerSlowError,
    ServerUnreachableError,
    UnknownOutcomeError,
)

Result = TypeVar("Result")
WAIT_SECONDS = 0.5
"""How often a wait looks at the clock, and hears Ctrl-C where a system does not end a wait for it."""
GRACE_SECONDS = 1.0
"""How long a call that was stopped may take to come to its end, where its connection can be used after that."""
CLOSING_SECONDS = 1.5
"""How long ending a connection may take: whoever ends it has no more use of it, and the server rolls back anyway."""
ENDING_SECONDS = 0.2
"""How long a call that was left is still waited for when the process ends."""
QUERY = "a query"
LONGER = "Set limits.query_seconds in the pair file higher, or choose a shorter window."
ABANDONED: list[Future[Any]] = []
"""Calls that nobody waits for any more."""


class Calls:
    """The calls on one connection, of which one runs at a time.

    `stop` makes the call that runs come to an end. Where the connection is whole after that, `close` ends it once
    nobody is busy with it, and `cut` ends it under a call that goes on all the same; without `close` it is given up
    with its call.
    """

    def __init__(
        self,
        name: str,
        seconds: float,
        stop: Callable[[], None] = lambda: None,
        close: Callable[[], None] | None = None,
        cut: Callable[[], None] = lambda: None,
    ) -> None:
        self.seconds = seconds
        self._name = name
        self._stop = stop
        self._close = close
        self._cut = cut
        self._interruption: Future[Any] = Future()
        self.stopped = False
        """A call was stopped: a cancellation may be under way and must hit nothing else."""
        self.abandoned = False
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

    def run(self, call: Callable[[], Result], deadline: float | None = None, what: str = QUERY) -> Result:
        """Return what a call returns, or raise what it raises.

        Raises `CancelledError` when it was interrupted and `ServerSlowError` when the time is over, which is that of
        a query where no `deadline` is given; `what` says what took too long. Whatever ends the wait early has the
        call stopped.
        """
        until = self.deadline() if deadline is None else deadline
        self.check(until, what)
        running: Future[Any] = _started(call, self._name)
        try:
            while not running.done():
                remaining = min(WAIT_SECONDS, until - time.monotonic())
                wait((running, self._interruption), timeout=max(remaining, 0.001), return_when=FIRST_COMPLETED)
                if not running.done():
                    self.check(until, what)
        except BaseException as error:
            if not isinstance(error, ServerError):
                self.interrupt()
            self._end(running)
            raise
        result: Result = running.result()
        return result

    def check(self, deadline: float, what: str = QUERY) -> None:
        """Raise what ends a query between two calls."""
        if self.interrupted:
            raise CancelledError(f"{self._name}: the query was interrupted.")
        if self.stopped:
            raise ServerUnreachableError(
                f"{self._name}: a query took longer than {self.seconds:g} seconds, and its connection was given up.",
                hint=LONGER,
            )
        if time.monotonic() > deadline:
            raise too_long(self._name, self.seconds, what)

    def _end(self, running: Future[Any]) -> None:
        self.stopped = self.abandoned = True
        ABANDONED.append(running)
        if self._close is None:
            self._stop()
            return
        # A server that answers nobody does not answer this either: it is waited for no longer than the call.
        stopping: Future[Any] = _started(self._stop, self._name)
        ABANDONED.append(stopping)
        self.abandoned = bool(wait((running, stopping), GRACE_SECONDS).not_done)
        if self.abandoned:
            self._cut()
            with suppress(ServerError):
                _started(lambda: self._close_when_idle(running, stopping), self._name)

    def _close_when_idle(self, *busy: Future[Any]) -> None:
        """Close a connection that was given up as soon as nobody is busy with it."""
        wait(busy)
        if self._close is not None:
            self._close()


def has_abandoned_calls() -> bool:
    """Say whether a call that nobody waits for still runs, for which a driver would keep the process from ending."""
    ABANDONED[:] = [one for one in ABANDONED if not one.done()]
    if ABANDONED:
        wait(ABANDONED, ENDING_SECONDS)
    return any(not one.done() for one in ABANDONED)


def too_long(name: str, seconds: float, what: str = QUERY) -> ServerSlowError:
    """Return the error for what took longer than the user allows."""
    return ServerSlowError(f"{name}: {what} took longer than {seconds:g} seconds and was stopped.", hint=LONGER)


def unknown_outcome(name: str, error: BaseException | None = None, why: str = "") -> UnknownOutcomeError:
    """Return the error for a commit whose answer never came, `error` being what kept it from coming."""
    return UnknownOutcomeError(f"{_unanswered(name, error)}, and that does not say whether it was done{why}.")


def rolled_back(name: str, error: BaseException) -> ServerError:
    """Return the error for a commit whose answer never came, and of which the server says that it was not done."""
    return ServerError(
        f"{_unanswered(name, error)}, and the server rolled back.",
        hint=LONGER if isinstance(error, ServerSlowError) else "Run the same command again.",
        # What took too long would take as long again.
        transient=not isinstance(error, ServerSlowError),
    )


def _unanswered(name: str, error: BaseException | None) -> str:
    if isinstance(error, ServerSlowError):
        return error.message.removesuffix(".")
    if isinstance(error, CancelledError):
        return f"{name}: the wait for a commit was ended"
    return f"{name}: the connection was lost while committing"


def _started(call: Callable[[], Result], name: str) -> Future[Result]:
    """Run a call in a thread of its own, which Python does not wait for when it ends, as it would for an executor's.

    Raises `ServerError` where there is no thread to be had, as while Python ends: nobody could end the wait for it.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  # whatever it is, it belongs to whoever waits
            future.set_exception(error)

    try:
        threading.Thread(target=run, name="driver", daemon=True).start()
    except RuntimeError as error:
        raise ServerError(
            f"{name}: there is no thread to be had to ask it in ({error}).",
            hint="Let this user have more processes (ulimit -u), or more memory.",
        ) from error
    return future
