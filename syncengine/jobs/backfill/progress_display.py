"""How far a backfill is: written rows of all rows, across portions, their phases and restarts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from syncengine.model.portions import Portion
from syncengine.model.progress import Progress


class PortionProgress:
    """Passes on written rows as progress; comparing is shown as words."""

    def __init__(self, inner: Progress, portions: Sequence[Portion], before: Collection[int] = ()) -> None:
        self._inner = inner
        self._portions = len(portions)
        self._total = sum(portion.rows for portion in portions)
        self._finished = sum(portion.rows for portion in portions if portion.number in before)
        self._reported = self._finished
        self._phase = ""

    def open(self) -> None:
        """Begin the display."""
        self._inner.begin("Copying", self._total, done=self._finished)

    def close(self) -> None:
        """End it."""
        self._inner.end()

    def portion_done(self, portion: Portion) -> None:
        """Show that a portion is done: rows that need no copying count as done too."""
        self._finished += portion.rows
        if self._finished > self._reported:
            self._inner.advance(self._finished - self._reported, self._where(portion.number))
            self._reported = self._finished

    def show_wait(self, why: str) -> None:
        """Show why the run waits."""
        self._inner.advance(0, f"waits {why}")

    def begin(self, what: str, total: int, *, done: int = 0) -> None:
        """Note the phase of a portion."""
        del total, done
        self._phase = what

    def advance(self, units: int, detail: str = "", *, rows: int = 0, size: int = 0) -> None:
        """Show written rows."""
        del units
        if self._phase == "Writing":
            counted = min(rows, self._total - self._reported)
            self._reported += counted
            self._inner.advance(counted, detail, rows=rows, size=size)
        else:
            self._inner.advance(0, f"{self._phase.lower()} {detail}")

    def end(self) -> None:
        """End the phase."""
        self._phase = ""

    def _where(self, number: int) -> str:
        return f"portion {number} of {self._portions}"
