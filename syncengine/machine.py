"""The machine that syncengine runs on: its clock, its pauses and its chance. No other module reads them.

`replaced` puts another machine in its place, on which a run is the same each time.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo


class Machine:
    """A clock, a way to wait, and chance."""

    def now(self, zone: tzinfo | None) -> datetime:
        """Return what the clock shows, in a zone or, without one, in that of the machine."""
        return datetime.now(zone)

    def monotonic(self) -> float:
        """Return the seconds of a clock that is never set."""
        return time.monotonic()

    def wait(self, event: threading.Event | None, seconds: float) -> None:
        """Wait, no longer than until an event."""
        if event is None:
            time.sleep(seconds)
        else:
            event.wait(seconds)

    def random(self, length: int) -> bytes:
        """Return so many random bytes."""
        return secrets.token_bytes(length)


_MACHINES = [Machine()]
"""The last one counts."""


@contextmanager
def replaced(by: Machine) -> Iterator[None]:
    """Use another machine for a while."""
    _MACHINES.append(by)
    try:
        yield
    finally:
        _MACHINES.remove(by)


def now(zone: tzinfo | None = None) -> datetime:
    """Return what the clock shows, in a zone or, without one, in that of the machine."""
    return _MACHINES[-1].now(zone)


def monotonic() -> float:
    """Return the seconds of a clock that is never set."""
    return _MACHINES[-1].monotonic()


def sleep(seconds: float) -> None:
    """Wait."""
    _MACHINES[-1].wait(None, seconds)


def wait(event: threading.Event, seconds: float) -> None:
    """Wait for an event, at most so many seconds."""
    _MACHINES[-1].wait(event, seconds)


def seed() -> int:
    """Return a random number of 63 bits, from which a run takes all that is random in it."""
    return int.from_bytes(_MACHINES[-1].random(8)) >> 1


def token(length: int) -> str:
    """Return random text of so many bytes, in hexadecimal: two characters each."""
    return _MACHINES[-1].random(length).hex()
