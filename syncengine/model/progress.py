"""How long work tells whoever started it how far it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol


class Progress(Protocol):
    """Receives what is being done; called from one thread only."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Start a phase of `total` units of work, of which `done` were done before this time."""

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Tell that `units` more are done, with `rows` rows looked at or written, of `size` bytes as staged."""

    def end(self) -> None:
        """End the phase."""


class SilentProgress:
    """Says nothing."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Ignore it."""

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Ignore it."""

    def end(self) -> None:
        """Ignore it."""


class ContainedProgress:
    """Tells another one, whose faults stop nothing: the first is told by a warning, and then all is silent.

    KeyboardInterrupt and the like pass: somebody wants to stop.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress: Progress = progress

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Tell it, unless it has failed before."""
        self._report(lambda progress: progress.begin(what, total, done=done))

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Tell it, unless it has failed before."""
        self._report(lambda progress: progress.advance(units, detail, rows=rows, size=size))

    def end(self) -> None:
        """Tell it, unless it has failed before."""
        self._report(lambda progress: progress.end())

    def _report(self, report: Callable[[Progress], None]) -> None:
        try:
            report(self._progress)
        except Exception as error:  # noqa: BLE001  # it is the caller's own, and may fail in any way
            self._progress = SilentProgress()
            message = f"progress is told nothing more, since it failed: {type(error).__name__}: {error}"
            # A warning that is taken for an error stops nothing either.
            with suppress(Warning):
                warnings.warn(message, RuntimeWarning, stacklevel=4)
