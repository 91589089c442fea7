"""Ctrl-C, and what stops a program like it: heard once and for all, and held back while something must not be torn."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BY_USER = "stopped by the user"
HOLD_SECONDS = 2.0
"""How long a Ctrl-C is held back at most: a server that hangs may never answer."""
_asked = threading.Event()


def listen() -> None:
    """Take a request to end, as of a service manager, and a terminal that goes away for what Ctrl-C is.

    A signal that is ignored stays so.
    """
    _asked.clear()
    for number in STOPPING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _stop)


def asked_to_stop() -> bool:
    """Say whether the user has asked this process to end.

    A driver that is busy when Ctrl-C comes may turn it into an error of its own: an error after it is no failure.
    """
    return _asked.is_set()


def stop_if_asked() -> None:
    """Raise KeyboardInterrupt where the user has asked for it and whatever was busy then has swallowed it."""
    if asked_to_stop():
        raise KeyboardInterrupt


def is_stop(error: BaseException) -> bool:
    """Say whether an error is Ctrl-C, or what became of it on its way through a driver."""
    return isinstance(error, KeyboardInterrupt) or asked_to_stop()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and the like until the block is left, but no longer than `HOLD_SECONDS`; then let it through.

    Signals reach the main thread only; elsewhere there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    holding = _Holding({number: known for number in STOPPING if callable(known := signal.getsignal(number))})
    holding.begin()
    try:
        yield
    finally:
        holding.end()


class _Holding:
    """The handlers of signals, while others that only remember them are in their place."""

    def __init__(self, handlers: Mapping[int, Callable[[int, FrameType | None], object]]) -> None:
        self._handlers = handlers
        self._held: int | None = None
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
        held, self._held = self._held, None
        self._put_back()
        if held is not None:
            self._handlers[held](held, None)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if self._held is None:
            self._held = number
            self._timer = threading.Timer(HOLD_SECONDS, self._let_through)
            self._timer.daemon = True
            self._due = True
            self._timer.start()
        elif self._late:
            self._held = None
            self._put_back()
            self._handlers[number](number, frame)

    def _let_through(self) -> None:
        """Send the signal again: whoever waits in the main thread hears it there."""
        with self._guard:
            self._late = True
            if self._due and self._held is not None:
                signal.pthread_kill(threading.main_thread().ident or 0, self._held)

    def _put_back(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)


def _stop(number: int, _: FrameType | None) -> None:
    del number
    _asked.set()
    raise KeyboardInterrupt
