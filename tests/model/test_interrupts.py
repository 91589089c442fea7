"""Ctrl-C waits for what must not be torn, and not for ever."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from syncengine.cli.terminal import PlainProgress
from syncengine.model import interrupts
from syncengine.model.interrupts import uninterrupted


def test_a_ctrl_c_waits_until_the_end_of_the_block() -> None:
    """What came meanwhile is let through at the end, once, and the handlers are those of before."""
    before = signal.getsignal(signal.SIGINT)
    done: list[bool] = []

    def work() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()

    assert done
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_block_that_hangs_can_be_stopped(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    """A server that never answers a commit delays a stop only for a moment."""
    monkeypatch.setattr(interrupts, "DEFER_SECONDS", 0.1)
    before = {one: signal.getsignal(one) for one in interrupts.STOPPING}
    signal.signal(number, signal.default_int_handler)
    began = time.monotonic()

    def hang() -> None:
        with uninterrupted():
            os.kill(os.getpid(), number)
            time.sleep(10)

    try:
        with pytest.raises(KeyboardInterrupt):
            hang()
    finally:
        handler = signal.signal(number, before[number])

    assert time.monotonic() - began < 5
    assert handler is signal.default_int_handler


def test_a_stop_that_was_swallowed_is_raised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a driver swallowed Ctrl-C, the display of progress raises it again."""
    requested = threading.Event()
    monkeypatch.setattr(interrupts, "_stop_requested", requested)
    display = PlainProgress()
    display.begin("Comparing", 2)
    display.advance(1)
    requested.set()

    with pytest.raises(KeyboardInterrupt):
        display.advance(1)
