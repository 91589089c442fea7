"""Keeps the two servers of a CMS High Availability pair in step.

>>> import syncengine
>>> pair = syncengine.open_pair("pair.toml")            # doctest: +SKIP
>>> pair.verify(window="2000-06-05 05:13..05:19").in_sync  # doctest: +SKIP
False
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncengine.model.errors import (
    CancelledError,
    InputError,
    MovedError,
    RefusedError,
    ServerError,
    StagingError,
    SyncError,
)

if TYPE_CHECKING:
    from syncengine.app import Pair, Ran, open_pair

__all__ = [
    "CancelledError",
    "InputError",
    "MovedError",
    "Pair",
    "Ran",
    "RefusedError",
    "ServerError",
    "StagingError",
    "SyncError",
    "open_pair",
]


def __getattr__(name: str) -> object:
    """Import the engine when it is first asked for: help and listings need none of it."""
    if name in ("Pair", "Ran", "open_pair"):
        from syncengine import app

        return getattr(app, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
