"""How long work tells whoever started it how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives what is being done; called from one thread only."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Start a phase of `total` units of work, of which `done` were done before this time."""

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Tell that `units` more are done, with `rows` rows looked at or written, of `size` bytes as staged."""

    def end(self) -> None:
        """End the phase."""


class Silent:
    """Says nothing."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Ignore it."""

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Ignore it."""

    def end(self) -> None:
        """Ignore it."""
