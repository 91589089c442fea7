"""Who holds the locks that somebody waited for in vain, named in the error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from syncengine.model.errors import ServerLockedError

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that holds locks."""

    number: int
    """The server's own."""
    whose: str
    """Whose it is, for people."""
    ending: str
    """What ends it, for the server's administrator."""


@contextmanager
def holders_named(table: str, own: int | None, holders: Callable[[str], Sequence[Holder]]) -> Iterator[None]:
    """Have an error about locks on a table say who holds them, but for the session `own`, where the server tells."""
    try:
        yield
    except ServerLockedError as error:
        others = [one for one in holders(table) if one.number != own][:MOST_NAMED]
        if others:
            told = ", ".join(f"session {one.number} {one.whose}" for one in others)
            ends = ", ".join(f"`{one.ending}`" for one in others)
            error.message = f"{error.message.removesuffix('.')}; locks on {table} are held by {told}."
            error.hint = f"{error.hint} Its administrator ends such a session by {ends}.".strip()
        raise
