"""The only wiring: a pair as one object with everything a user does to it. This is the Python API."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncengine.app.entry_points import bare_checklist, build_demo, open_catalogue, open_pair, open_procedures
    from syncengine.app.pair import Pair
    from syncengine.model.verified_run import VerifiedRun

__all__ = ["Pair", "VerifiedRun", "bare_checklist", "build_demo", "open_catalogue", "open_pair", "open_procedures"]


def __getattr__(name: str) -> object:
    """Import the engine on first use: setting up a process needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(
        import_module("syncengine.model.verified_run" if name == "VerifiedRun" else "syncengine.app.entry_points"), name
    )
