"""Waits for the archive: a plan that comes too early is made again until both servers have archived (rule 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from syncengine import machine
from syncengine.model.pair import Limits
from syncengine.model.progress import Progress
from syncengine.model.refusals import NotArchivedError

WAIT_SECONDS = 30.0
"""Seconds between two checks of the archive status."""
T = TypeVar("T")


def retry_until_archived(make: Callable[[], T], limits: Limits, progress: Progress, *, wait: bool) -> T:
    """Return what `make` returns; with `wait`, wait and try again while it is refused for the archive.

    Raises the refusal after `wait_minutes`. `make` opens and closes the servers itself: an embedded one that was
    open could not be written to meanwhile.
    """
    deadline = machine.monotonic() + 60 * limits.wait_minutes
    while True:
        try:
            return make()
        except NotArchivedError as refusal:
            if not wait or not refusal.temporary or machine.monotonic() > deadline:
                raise
        progress.begin(f"Waiting for the archive, at most {limits.wait_minutes} minutes", 1)
        try:
            machine.sleep(WAIT_SECONDS)
        finally:
            progress.end()
