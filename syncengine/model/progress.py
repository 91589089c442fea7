"""Progress of long work, reported to the caller."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol


class Progress(Protocol):
    """Receives progress; called from one thread only."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Start a phase of `total` units of work, of which `done` are done already."""

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Report `units` more as done, with `rows` rows read or written, of `size` bytes as staged."""

    def end(self) -> None:
        """End the phase."""


class SilentProgress:
    """Reports nothing."""

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Ignore it."""

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Ignore it."""

    def end(self) -> None:
        """Ignore it."""


class ContainedProgress:
    """Forwards to another progress and contains its errors: after the first, it warns and reports nothing more.

    KeyboardInterrupt and other stop requests pass through.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress: Progress = progress

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Forward it, unless the other has failed before."""
        self._report(lambda progress: progress.begin(what, total, done=done))

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Forward it, unless the other has failed before."""
        self._report(lambda progress: progress.advance(units, detail, rows=rows, size=size))

    def end(self) -> None:
        """Forward it, unless the other has failed before."""
        self._report(lambda progress: progress.end())

    def _report(self, report: Callable[[Progress], None]) -> None:
        try:
            report(self._progress)
        except Exception as error:  # noqa: BLE001  # the caller's own code, which may fail in any way
            self._progress = SilentProgress()
            message = f"Progress is no longer reported, since it failed: {type(error).__name__}: {error}"
            # Warnings that are turned into errors must not stop the work either.
            with suppress(Warning):
                warnings.warn(message, RuntimeWarning, stacklevel=4)
