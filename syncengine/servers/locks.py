"""Who holds the locks that somebody waited for in vain, named in the error."""

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
    """Whose it is, for people."""
    termination_command: str
    """What ends it, for the server's administrator."""


@contextmanager
def holders_named(table: str, own: int | None, holders: Callable[[str], Sequence[LockHolder]]) -> Iterator[None]:
    """Have an error about locks on a table say who holds them, but for the session `own`, where the server tells."""
    try:
        yield
    except ServerLockedError as error:
        others = [one for one in holders(table) if one.number != own][:MOST_NAMED]
        if others:
            sessions = ", ".join(f"session {one.number} {one.description}" for one in others)
            commands = ", ".join(f"`{one.termination_command}`" for one in others)
            error.message = f"{error.message.removesuffix('.')}; locks on {table} are held by {sessions}."
            error.hint = f"{error.hint} Its administrator ends such a session by {commands}.".strip()
        raise
