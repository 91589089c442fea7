"""Resolves the outcome of a batch whose commit had no answer, or whose process ended in the middle of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncengine import machine
from syncengine.execute.images import buckets_of, image_of
from syncengine.model.errors import StillOpenError
from syncengine.model.plan import TablePart
from syncengine.model.run import BatchState, Image
from syncengine.servers.protocol import Server, SessionState
from syncengine.servers.retry import with_retries
from syncengine.staging.cache import Cache

POLL_SECONDS = 0.5
"""Between two checks of whether a session still lives."""


@dataclass(frozen=True, slots=True)
class Images:
    """The before image and the after image of a part of a batch."""

    part: TablePart
    before: Image
    after: Image


def resolve(
    images: Sequence[Images], server: Server, session: str, *, seed: int, cache: Cache, wait_seconds: float
) -> BatchState:
    """Return `DONE`, `ROLLED_BACK` or `UNKNOWN`, by the rows of the target.

    The session that wrote must be gone first, since a commit it has already sent could be done after the
    comparison. Raises `StillOpenError` where it is not, or may not be.
    """
    transactions = server.describe().capabilities.transactions
    refuse_live_session(server, session, wait_seconds)
    current = with_retries(lambda: _current_images(images, server, seed, cache, locked=transactions))
    if current == [one.after for one in images]:
        return BatchState.DONE
    return BatchState.ROLLED_BACK if current == [one.before for one in images] else BatchState.UNKNOWN


def refuse_live_session(server: Server, session: str, wait_seconds: float) -> None:
    """Wait for the end of a session; raises `StillOpenError` where it lives, or without a log may live."""
    transactions = server.describe().capabilities.transactions
    state = _wait_for_end(server, session, wait_seconds)
    if state is SessionState.ALIVE or (state is SessionState.UNKNOWN and not transactions):
        still = "still lives" if state is SessionState.ALIVE else "is not known to be gone"
        ending = server.termination_command(session)
        by = f" by `{ending}`" if ending else ""
        raise StillOpenError(
            f"{server.describe().role}: the session of a step that was cut short {still} ({session}).",
            hint=f"Run the same command again when the server has ended it, or have its administrator end it{by}.",
        )


def _wait_for_end(server: Server, session: str, wait_seconds: float) -> SessionState:
    deadline = machine.monotonic() + wait_seconds
    while True:
        state = with_retries(lambda: server.session_state(session))
        if state is not SessionState.ALIVE or machine.monotonic() > deadline:
            return state
        machine.sleep(POLL_SECONDS)


def _current_images(images: Sequence[Images], server: Server, seed: int, cache: Cache, *, locked: bool) -> list[Image]:
    """Return the target's images, under locks: a transaction still under way has rows locked itself."""
    with server.begin() as session:
        for one in images:
            if locked:
                session.lock(buckets_of(one.part))
        return [image_of(one.part, seed, session, cache) for one in images]
