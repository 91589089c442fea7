"""Names in a lock error the sessions that hold the locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from syncengine.model.errors import ServerLockedError

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A session that holds locks."""

    number: int
    """The server's own."""
    description: str
    """Its user, program and host, for people."""
    termination_command: str
    """The command that ends it, for the server's administrator."""


@contextmanager
def holders_named(table: str, own: int | None, holders: Callable[[str], Sequence[LockHolder]]) -> Iterator[None]:
    """Add to an error about locks on a table which sessions hold them, except `own`, where the server reports it."""
    try:
        yield
    except ServerLockedError as error:
        others = [one for one in holders(table) if one.number != own][:MOST_NAMED]
        if others:
            sessions = ", ".join(f"session {one.number} {one.description}" for one in others)
            commands = ", ".join(f"`{one.termination_command}`" for one in others)
            error.message = f"{error.message.removesuffix('.')}; locks on {table} are held by {sessions}."
            error.hint = f"{error.hint} Its administrator can end such a session with {commands}.".strip()
        raise
