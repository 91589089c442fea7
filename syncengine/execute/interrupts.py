"""Makes Ctrl-C, and what stops a program like it, wait while something must not be torn from what is known of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


HOLD_SECONDS = 2.0
"""How long a Ctrl-C is held back at most: a server that hangs may never answer."""


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
