"""Runs a driver's calls so that Ctrl-C, a time limit or another thread can end the wait for them.

A driver blocks in C, where Python does not see Ctrl-C. So each call runs in a thread of its own; its waiting caller
stops it, and leaves when that brings no answer. The connection is then abandoned. No call is waited for
without a limit, those that close something and those at exit included.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, InvalidStateError, wait
from contextlib import suppress
from typing import Any, TypeVar

from syncengine import machine
from syncengine.model.errors import (
    CancelledError,
    ServerError,
    ServerSlowError,
    ServerUnreachableError,
    UnknownOutcomeError,
)

Result = TypeVar("Result")
WAIT_SECONDS = 0.5
"""How often a wait checks the clock, and Ctrl-C where the system does not end a wait for it."""
GRACE_SECONDS = 1.0
"""How long a stopped call may take to end, where its connection can be used after that."""
CLOSING_SECONDS = 1.5
"""How long ending a connection may take: it is no longer needed, and the server rolls back anyway."""
ENDING_SECONDS = 0.2
"""How long an abandoned call is still waited for when the process ends."""
QUERY = "a query"
LONGER = "Set limits.query_seconds in the pair file higher, or choose a shorter window."
ABANDONED: list[Future[Any]] = []
"""Calls that are no longer waited for."""


class Calls:
    """The calls on one connection, of which one runs at a time.

    `stop` ends the running call. Where the connection is usable after that, `close` ends it once
    no call uses it, and `cut` ends it under a call that continues all the same; without `close` it is abandoned
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
        """A running call is no longer waited for: the connection must not be used."""

    @property
    def interrupted(self) -> bool:
        """Say whether it was interrupted."""
        return self._interruption.done()

    def deadline(self) -> float:
        """Return the time by which a query that begins now must end."""
        return machine.monotonic() + self.seconds

    def interrupt(self) -> None:
        """End the wait for the running call, or for the next."""
        with suppress(InvalidStateError):
            self._interruption.set_result(None)

    def run(self, call: Callable[[], Result], deadline: float | None = None, what: str = QUERY) -> Result:
        """Return what a call returns, or raise what it raises.

        Raises `CancelledError` when it was interrupted and `ServerSlowError` at the deadline, which is that of
        a query where no `deadline` is given; `what` names what took too long. Ending the wait early
        stops the call.
        """
        until = self.deadline() if deadline is None else deadline
        self.check(until, what)
        running: Future[Any] = _started(call, self._name)
        try:
            while not running.done():
                remaining = min(WAIT_SECONDS, until - machine.monotonic())
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
        """Raise the error that ends a query between two calls."""
        if self.interrupted:
            raise CancelledError(f"{self._name}: the query was interrupted.")
        if self.stopped:
            raise ServerUnreachableError(
                f"{self._name}: a query took longer than {self.seconds:g} seconds, and its connection was abandoned.",
                hint=LONGER,
            )
        if machine.monotonic() > deadline:
            raise too_long(self._name, self.seconds, what)

    def _end(self, running: Future[Any]) -> None:
        self.stopped = self.abandoned = True
        ABANDONED.append(running)
        if self._close is None:
            self._stop()
            return
        # A server that does not respond does not answer this either: it is waited for no longer than the call.
        stopping: Future[Any] = _started(self._stop, self._name)
        ABANDONED.append(stopping)
        self.abandoned = bool(wait((running, stopping), GRACE_SECONDS).not_done)
        if self.abandoned:
            self._cut()
            with suppress(ServerError):
                _started(lambda: self._close_when_idle(running, stopping), self._name)

    def _close_when_idle(self, *busy: Future[Any]) -> None:
        """Close an abandoned connection as soon as no call uses it."""
        wait(busy)
        if self._close is not None:
            self._close()


def has_abandoned_calls() -> bool:
    """Say whether an abandoned call still runs, for which a driver would prevent the process from ending."""
    ABANDONED[:] = [one for one in ABANDONED if not one.done()]
    if ABANDONED:
        wait(ABANDONED, ENDING_SECONDS)
    return any(not one.done() for one in ABANDONED)


def too_long(name: str, seconds: float, what: str = QUERY) -> ServerSlowError:
    """Return the error for what exceeded the user's time limit."""
    return ServerSlowError(f"{name}: {what} took longer than {seconds:g} seconds and was stopped.", hint=LONGER)


def unknown_outcome(name: str, error: BaseException | None = None, why: str = "") -> UnknownOutcomeError:
    """Return the error for a commit without an answer; `error` is the reason that no answer came."""
    return UnknownOutcomeError(f"{_unanswered(name, error)}; whether the commit was done is not known{why}.")


def rolled_back(name: str, error: BaseException) -> ServerError:
    """Return the error for a commit without an answer that the server reports as rolled back."""
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
    """Run a call in a thread of its own, which, unlike an executor's, Python does not wait for when it ends.

    Raises `ServerError` where no thread can be started, as while Python ends.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  # any error belongs to the caller that waits
            future.set_exception(error)

    try:
        threading.Thread(target=run, name="driver", daemon=True).start()
    except RuntimeError as error:
        raise ServerError(
            f"{name}: cannot start another thread ({error}).",
            hint="Allow this user more processes (ulimit -u) or more memory.",
        ) from error
    return future
