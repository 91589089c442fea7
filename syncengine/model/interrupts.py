"""Ctrl-C and other stop signals: handled in one place, and deferred while work must not be interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BY_USER = "stopped by the user"
DEFER_SECONDS = 2.0
"""How long a Ctrl-C is deferred at most: a server that hangs may never answer."""
_stop_requested = threading.Event()


def listen() -> None:
    """Treat the stop signal of a service manager, and the end of the terminal, like Ctrl-C.

    A signal that is ignored stays ignored.
    """
    _stop_requested.clear()
    for number in STOPPING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _stop)


def stop_requested() -> bool:
    """Say whether the user has requested that this process stops.

    A driver that is busy during Ctrl-C may turn it into an error of its own: such an error is not a failure.
    """
    return _stop_requested.is_set()


def stop_if_requested() -> None:
    """Raise KeyboardInterrupt if the user has pressed Ctrl-C and the driver that was busy then swallowed it."""
    if stop_requested():
        raise KeyboardInterrupt


def is_stop(error: BaseException) -> bool:
    """Say whether an error is Ctrl-C, or what a driver turned it into."""
    return isinstance(error, KeyboardInterrupt) or stop_requested()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Defer Ctrl-C and other stop signals until the end of the block, but no longer than `DEFER_SECONDS`.

    Signals reach the main thread only; in other threads there is nothing to defer.
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
    """Replaces signal handlers with one that only remembers the signal, and restores them."""

    def __init__(self, handlers: Mapping[int, Callable[[int, FrameType | None], object]]) -> None:
        self._handlers = handlers
        self._deferred: int | None = None
        self._due = False
        """The block has not ended, and a deferred signal waits for it."""
        self._late = False
        """The signal was deferred for the longest time allowed."""
        self._timer: threading.Timer | None = None
        self._guard = threading.Lock()

    def begin(self) -> None:
        """Remember signals from now on."""
        for number in self._handlers:
            signal.signal(number, self._remember)

    def end(self) -> None:
        """Restore the handlers, and deliver the first deferred signal."""
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
        """Send the signal again, to the main thread, which may be waiting."""
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
