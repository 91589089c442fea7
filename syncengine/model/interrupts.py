"""Ctrl-C, and what stops a program like it: heard once and for all, and held back while something must not be torn."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BY_USER = "stopped by the user"
DEFER_SECONDS = 2.0
"""How long a Ctrl-C is held back at most: a server that hangs may never answer."""
_stop_requested = threading.Event()


def listen() -> None:
    """Take a request to end, as of a service manager, and a terminal that goes away for what Ctrl-C is.

    A signal that is ignored stays so.
    """
    _stop_requested.clear()
    for number in STOPPING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _stop)


def stop_requested() -> bool:
    """Say whether the user has asked this process to end.

    A driver that is busy when Ctrl-C comes may turn it into an error of its own: an error after it is no failure.
    """
    return _stop_requested.is_set()


def stop_if_requested() -> None:
    """Raise KeyboardInterrupt where the user has asked for it and whatever was busy then has swallowed it."""
    if stop_requested():
        raise KeyboardInterrupt


def is_stop(error: BaseException) -> bool:
    """Say whether an error is Ctrl-C, or what became of it on its way through a driver."""
    return isinstance(error, KeyboardInterrupt) or stop_requested()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and the like until the block is left, but no longer than `HOLD_SECONDS`; then let it through.

    Signals reach the main thread only; elsewhere there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    deferred = _DeferredSignals({number: known for number in STOPPING if callable(known := signal.getsignal(number))})
    deferred.begin()
    try:
        yield
    finally:
        deferred.end()


class _DeferredSignals:
    """The handlers of signals, while others that only remember them are in their place."""

    def __init__(self, handlers: Mapping[int, Callable[[int, FrameType | None], object]]) -> None:
        self._handlers = handlers
        self._deferred: int | None = None
        self._due = False
        """Somebody waits for what is held."""
        self._late = False
        """It was held for long enough."""
        self._timer: threading.Timer | None = None
        self._guard = threading.Lock()

    def begin(self) -> None:
        """Remember what comes."""
        for number in self._handlers:
            signal.signal(number, self._remember)

    def end(self) -> None:
        """Have signals do what they did before, and let the first through that was held."""
        with self._guard:
            self._due = False
        if self._timer is not None:
            self._timer.cancel()
        deferred, self._deferred = self._deferred, None
        self._restore()
        if deferred is not None:
            self._handlers[deferred](deferred, None)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self._deferred is None:
            self._deferred = number
            self._timer = threading.Timer(DEFER_SECONDS, self._let_through)
            self._timer.daemon = True
            self._due = True
            self._timer.start()
        elif self._late:
            self._deferred = None
            self._restore()
            self._handlers[number](number, frame)

    def _let_through(self) -> None:
        """Send the signal again: whoever waits in the main thread hears it there."""
        with self._guard:
            self._late = True
            if self._due and self._deferred is not None:
                signal.pthread_kill(threading.main_thread().ident or 0, self._deferred)

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)


def _stop(number: int, _: FrameType | None) -> None:
    del number
    _stop_requested.set()
    raise KeyboardInterrupt
