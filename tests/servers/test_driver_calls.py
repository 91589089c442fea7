"""Waiting for a driver: what a call that took too long leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from syncengine.model.errors import CancelledError, ServerError, ServerUnreachableError
from syncengine.servers.driver_calls import Calls


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """Return what a call waits for, and in the end let it go."""
    event = threading.Event()
    yield event
    event.set()


def test_a_slow_call_does_not_count_as_interrupted(hanging: threading.Event) -> None:
    """The next question on that connection says that it was given up: whoever notes failures can note this one."""
    calls = Calls("primary", 0.01)

    with pytest.raises(ServerError, match="took longer"):
        calls.run(hanging.wait, calls.deadline())
    with pytest.raises(ServerUnreachableError, match="abandoned"):
        calls.run(lambda: None)

    assert calls.abandoned
    assert not calls.interrupted


def test_an_interrupted_call_stays_interrupted(hanging: threading.Event) -> None:
    """Whoever interrupted a query is not answered by the next one either."""
    calls = Calls("primary", 60)
    threading.Timer(0.05, calls.interrupt).start()

    for _ in range(2):
        with pytest.raises(CancelledError):
            calls.run(hanging.wait)
