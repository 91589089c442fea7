"""Ctrl-C, and what stops a program like it: heard once and for all, and held back while something must not be torn."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BY_USER = "stopped by the user"
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


def is_stop(error: BaseException) -> bool:
    """Say whether an error is Ctrl-C, or what became of it on its way through a driver."""
    return isinstance(error, KeyboardInterrupt) or asked_to_stop()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and the like until the block is left, then let it through.

    Signals reach the main thread only; elsewhere there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    handlers = {number: handler for number in STOPPING if callable(handler := signal.getsignal(number))}

    def remember(number: int, _: FrameType | None) -> None:
        held.append(number)

    for number in handlers:
        signal.signal(number, remember)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if held:
            handlers[signal.Signals(held[0])](held[0], None)


def _stop(number: int, _: FrameType | None) -> None:
    del number
    _asked.set()
    raise KeyboardInterrupt
