"""The clock, the waits and the chance of the machine: the one place that all others have them from.

They are called through this module (`machine.now()`), so that a test which replaces one of them replaces it everywhere.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from datetime import datetime, tzinfo

_CHANCE = random.SystemRandom()


def now(zone: tzinfo | None = None) -> datetime:
    """Return what the clock shows in a zone, or without one in that of this machine."""
    return datetime.now(zone)


def monotonic() -> float:
    """Return seconds that never go back, from an unknown beginning."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def wait(event: threading.Event, seconds: float) -> bool:
    """Wait for an event, at most so long, and say whether it is set."""
    return event.wait(seconds)


def seed() -> int:
    """Return a random number of 63 bits."""
    return secrets.randbits(63)


def token(size: int) -> str:
    """Return so many random bytes as hexadecimal digits."""
    return secrets.token_hex(size)


def fraction() -> float:
    """Return a random number from 0 up to 1."""
    return _CHANCE.random()
